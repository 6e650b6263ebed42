"""Coupling flows: the sampling direction undoes the one that trains, whose splines are zuko's."""

import pytest
import torch
from torch import nn

from bartik.nn.coupling import KINDS, Coupling, CouplingFlow
from bartik.nn.spline import inverse_spline, parameters

transforms = pytest.importorskip("zuko.transforms")


@pytest.mark.parametrize("bins", [2, 5, 8])
def test_our_spline_is_the_inverse_of_zukos(bins: int) -> None:
    torch.manual_seed(bins)
    raw, x = 2 * torch.randn(500, parameters(bins)).double(), 3 * torch.randn(500).double()
    widths, heights, slopes = raw.split([bins, bins, bins - 1], -1)
    y = transforms.MonotonicRQSTransform(widths, heights, slopes)(x)
    assert inverse_spline(y, raw, bins) == pytest.approx(x, abs=1e-8)


@pytest.mark.parametrize("bins", [0, 6])
@pytest.mark.parametrize("kind", KINDS)
def test_a_coupling_is_undone_and_its_volume_is_that_of_its_jacobian(kind: str, bins: int) -> None:
    torch.manual_seed(1)
    coupling = Coupling(kind, 3, 4, 2, [8], 5, bins).double()
    for values in coupling.network[-1].parameters():
        nn.init.normal_(values, std=0.3)
    x, context = torch.randn(2, 3, 4).double(), torch.randn(2, 3, 2).double()
    u, volume = coupling(x, context)
    assert coupling.inverse(u, context).detach() == pytest.approx(x, abs=1e-9)
    jacobian = torch.autograd.functional.jacobian(lambda row: coupling(row[None], context[:1])[0].reshape(-1), x[0]).reshape(12, 12)
    assert float(volume[0].detach()) == pytest.approx(float(torch.linalg.slogdet(jacobian)[1]), abs=1e-8)


def test_a_flow_samples_what_it_gives_a_density_to() -> None:
    torch.manual_seed(2)
    flow = CouplingFlow([Coupling(kind, 3, 4, 2, [8], 5, 6) for kind in KINDS])
    noise, context = torch.randn(5, 3, 4), torch.randn(5, 3, 2)
    sample = flow.sample(noise, context)
    back = sample
    for coupling in flow.couplings:
        back, _ = coupling(back, context)
    assert back.detach() == pytest.approx(noise, abs=1e-4)
    assert torch.isfinite(flow.log_density(sample, context)).all()
