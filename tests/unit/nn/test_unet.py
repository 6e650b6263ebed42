import pytest
import torch

from bartik.nn.unet import UNet1d, conv_block


@pytest.mark.parametrize("normalised", [True, False])
def test_a_u_net_gives_as_many_bins_as_it_takes(normalised):
    network = UNet1d(3, 4, [9, 5, 5], normalised=normalised).eval()
    assert network(torch.rand(2, 3, 64)).shape == (2, 4, 64)
    assert any(isinstance(layer, torch.nn.BatchNorm1d) for layer in network.modules()) == normalised


def test_far_from_the_ends_what_is_shifted_by_a_period_is_answered_the_same():
    torch.manual_seed(1)
    network = UNet1d(1, 4, [5, 3, 3]).eval()
    x = torch.zeros(1, 1, 128)
    x[0, 0, 60:64] = torch.tensor([1.0, 3.0, 2.0, 0.5])
    with torch.no_grad():
        assert torch.allclose(network(torch.roll(x, 8, 2))[:, :, 50:90], torch.roll(network(x), 8, 2)[:, :, 50:90], atol=1e-6)


def test_a_block_keeps_its_size_or_divides_it():
    assert conv_block(1, 2, 5, dilation=4)(torch.rand(1, 1, 40)).shape == (1, 2, 40)
    assert conv_block(1, 2, 5, stride=2)(torch.rand(1, 1, 40)).shape == (1, 2, 20)
