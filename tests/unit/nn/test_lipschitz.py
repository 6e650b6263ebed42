import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from bartik.core import UsageError
from bartik.nn.lipschitz import BoundedLinear, LipschitzMonotonic, Scaled, SortPairs

DIRECTIONS = (1, -1, 0, 1)


def network(seed, bound=3.0, scale=5.0, directions=DIRECTIONS):
    """Weights far above their bounds: what is true of it is true whatever a training does."""
    torch.manual_seed(seed)
    made = LipschitzMonotonic([20, 20], bound, directions)
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.mul_(scale)
    return made.eval().double()


@given(seed=st.integers(0, 1000), bound=st.floats(0.1, 20), scale=st.floats(0.01, 100))
@settings(max_examples=25, deadline=None)
def test_the_response_changes_by_at_most_the_bound_times_the_sum_of_changes(seed, bound, scale):
    made = network(seed, bound, scale)
    a, b = torch.randn(2, 400, 4, dtype=torch.float64) * 3
    change = (made(a) - made(b)).abs().squeeze(1)
    assert (change <= bound * (a - b).abs().sum(1) * (1 + 1e-9)).all()
    assert made.certified() <= bound


@given(seed=st.integers(0, 1000), scale=st.floats(0.01, 100))
@settings(max_examples=25, deadline=None)
def test_its_gradient_has_the_signs_that_were_asked_for_everywhere(seed, scale):
    made = network(seed, scale=scale)
    x = (torch.randn(400, 4, dtype=torch.float64) * 3).requires_grad_()
    made(x).sum().backward()
    assert (x.grad[:, 0] >= -1e-9).all()
    assert (x.grad[:, 1] <= 1e-9).all()
    assert (x.grad[:, 3] >= -1e-9).all()


def test_a_free_input_can_go_both_ways():
    gradients = []
    for seed in range(5):
        x = torch.randn(200, 4, dtype=torch.float64, requires_grad=True)
        network(seed)(x).sum().backward()
        gradients.append(x.grad[:, 2])
    whole = torch.cat(gradients)
    assert (whole > 0).any()
    assert (whole < 0).any()


def test_without_directions_the_layers_have_the_whole_bound():
    made = network(3, bound=2.0, directions=(0, 0, 0))
    assert made.residual == 0
    assert 1.9 < made.certified() <= 2.0


def test_pairs_are_sorted_and_nothing_is_lost():
    x = torch.tensor([[1.0, 5.0, 3.0, 2.0]])
    assert SortPairs()(x).tolist() == [[3.0, 5.0, 1.0, 2.0]]


def test_weights_within_the_bound_are_left_alone():
    layer = BoundedLinear(4, 3, 100.0)
    assert torch.equal(layer._divided(), layer.weight)


def test_gradients_pass_through_the_division_while_training():
    layer = BoundedLinear(4, 3, 0.1)
    layer(torch.ones(2, 4)).sum().backward()
    assert layer.weight.grad.abs().sum() > 0


def test_in_evaluation_the_weights_are_those_of_the_last_training_step():
    layer = BoundedLinear(4, 3, 0.5).train()
    with torch.no_grad():
        layer.weight.fill_(7.0)
    wanted = layer(torch.ones(1, 4))
    assert torch.equal(layer.eval()(torch.ones(1, 4)), wanted)


@pytest.mark.parametrize(("hidden", "bound", "directions"), [([20, 19], 1.0, (1,)), ([20], 0.0, (1,)), ([20], 1.0, (2,)), ([0], 1.0, (1,))])
def test_what_cannot_be_is_refused(hidden, bound, directions):
    with pytest.raises(UsageError, match="Lipschitz network"):
        LipschitzMonotonic(hidden, bound, directions)


def test_a_constant_column_is_refused_by_number():
    rows = np.ones((10, 2), np.float32)
    rows[:, 0] = np.arange(10)
    with pytest.raises(UsageError, match=r"column 1 .* constant"):
        Scaled([False, False]).adapt(rows)


def test_scaled_columns_have_mean_zero_and_spread_one_and_are_cut_to_the_range_of_training():
    rows = np.exp(np.random.default_rng(1).normal(0, 1, (500, 2))).astype(np.float32)
    scaled = Scaled([True, False])
    scaled.adapt(rows)
    found = scaled(torch.from_numpy(rows))
    assert found.mean(0).abs().max() < 1e-5
    assert (found.std(0) - 1).abs().max() < 1e-4
    wild = scaled(torch.tensor([[1e18, 1e18], [-1e18, -1e18]]))
    assert torch.allclose(wild[0], found.amax(0))
    assert torch.allclose(wild[1], found.amin(0))


def test_norms_and_sorting_are_those_of_the_package_of_the_methods_authors():
    peer = pytest.importorskip("monotonenorm")
    for first, kind in ((True, "one-inf"), (False, "inf")):
        layer = BoundedLinear(6, 8, 0.7, first=first)
        theirs = peer.get_normed_weights(layer.weight, kind, always_norm=False, max_norm=0.7, vectorwise=True)
        assert torch.allclose(layer._divided(), theirs, rtol=2e-6)
    x = torch.randn(50, 8)
    interleaved = x.reshape(50, 2, 4).transpose(1, 2).reshape(50, 8)
    sorted_pairs = peer.GroupSort(4)(interleaved).reshape(50, 4, 2)
    ours = SortPairs()(x)
    assert torch.equal(ours[:, :4], sorted_pairs[..., 1])
    assert torch.equal(ours[:, 4:], sorted_pairs[..., 0])


def test_the_whole_is_that_of_the_package_of_the_methods_authors():
    peer = pytest.importorskip("monotonenorm")
    made = network(4, bound=3.0)
    theirs = peer.SigmaNet(made.dense, made.residual, list(DIRECTIONS)).double()
    x = torch.randn(30, 4, dtype=torch.float64)
    assert torch.allclose(theirs(x), made(x))
