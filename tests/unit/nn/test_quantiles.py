"""Quantile functions, marginal tables and the flow made of them: both directions agree, and a density is one."""

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from bartik.nn.flows import AutoregressiveQuantiles
from bartik.nn.marginals import MarginalTables
from bartik.nn.quantiles import KNOTS, QuantileFunction

FUNCTION = QuantileFunction().double()


def raw(seed: int, rows: int) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(seed).normal(size=(rows, QuantileFunction.numbers)))


@given(st.integers(0, 10_000))
@settings(deadline=None, max_examples=20)
def test_the_inverse_undoes_the_function_inside_and_outside_of_its_knots(seed):
    numbers, noise = raw(seed, 200), torch.linspace(-12, 12, 200, dtype=torch.float64)
    value = FUNCTION(FUNCTION.basis(noise), numbers)[:, 0]
    found, _ = FUNCTION.inverse(value, numbers)
    assert torch.allclose(found, noise, atol=5e-3)  # knots are float32, and where a slope is small the noise is ill determined


def test_the_slope_is_the_derivative():
    numbers, noise = raw(1, 300), torch.linspace(-9, 9, 300, dtype=torch.float64).requires_grad_()
    value = FUNCTION(FUNCTION.basis(noise), numbers)[:, 0]
    (slope,) = torch.autograd.grad(value.sum(), noise)
    assert torch.allclose(torch.log(slope), FUNCTION.inverse(value.detach(), numbers)[1], atol=1e-5)


def test_without_weights_it_is_the_identity():
    noise = torch.tensor([-10.0, *KNOTS, 0.3, 10.0], dtype=torch.float64)
    found = FUNCTION(FUNCTION.basis(noise), torch.zeros(len(noise), QuantileFunction.numbers, dtype=torch.float64))
    assert torch.allclose(found[:, 0], noise, atol=1e-6)


def test_the_density_of_a_flow_is_that_of_what_it_draws():
    torch.manual_seed(2)
    flow = AutoregressiveQuantiles(1, 1, [6])
    with torch.no_grad():
        flow.networks[0][-1].weight.mul_(20)
        grid = torch.linspace(-60, 60, 24_001)[:, None]
        density = torch.exp(-flow.negative_log_density(grid, torch.full_like(grid, 0.4)))[:, 0].double().numpy()
        drawn = flow(torch.rand(40_000, 1).clamp(1e-6, 1 - 1e-6), torch.full((40_000, 1), 0.4))[:, 0].numpy()
    cumulative = np.cumsum(density) * 0.005
    assert abs(cumulative[-1] - 1) < 2e-3
    empirical = np.searchsorted(np.sort(drawn), grid[:, 0].numpy()) / len(drawn)
    assert np.abs(empirical - cumulative).max() < 0.012


def test_a_number_of_a_flow_depends_on_those_before_it_alone():
    torch.manual_seed(3)
    flow = AutoregressiveQuantiles(2, 3, [5])
    conditions, noise = torch.randn(10, 2), torch.rand(10, 3)
    other = noise.clone()
    other[:, 2] = torch.rand(10)
    with torch.no_grad():
        assert torch.equal(flow(noise, conditions)[:, :2], flow(other, conditions)[:, :2])
        assert not torch.equal(flow(noise, conditions)[:, 2], flow(other, conditions)[:, 2])


def test_a_number_that_is_absent_is_nothing_to_those_after_it():
    torch.manual_seed(3)
    flow = AutoregressiveQuantiles(2, 3, [5])
    conditions, noise = torch.randn(10, 2), torch.rand(10, 3)
    other, present = noise.clone(), torch.ones(10, 3)
    other[:, 1], present[:5, 1] = torch.rand(10), 0.0
    with torch.no_grad():
        first, second = flow(noise, conditions, present), flow(other, conditions, present)
    assert not first[:5, 1].any()
    assert torch.equal(first[:5], second[:5])
    assert not torch.equal(first[5:, 2], second[5:, 2])


def test_tables_make_any_marginal_logistic_and_back():
    rng = np.random.default_rng(1)
    columns = [rng.exponential(3.0, 20_000), np.round(rng.normal(20, 3, 20_000)) + rng.uniform(-0.5, 0.5, 20_000)]
    tables = MarginalTables(2)
    tables.adapt(columns)
    values = torch.from_numpy(np.stack(columns, 1).astype(np.float32))
    z = tables.inverse(values)
    ranks = torch.sigmoid(z).numpy()
    assert np.abs(np.sort(ranks, 0) - ((np.arange(20_000) + 0.5) / 20_000)[:, None]).max() < 0.02
    inside = (values > tables.values[:, 0]) & (values < tables.values[:, -1])
    assert inside.float().mean() > 0.999
    assert torch.allclose(tables(z)[inside], values[inside], atol=1e-3)
    assert tables(torch.full((1, 2), 99.0)).max() <= max(map(np.max, columns)) * 1.001


def test_without_tables_numbers_are_stretched_and_back():
    tables = MarginalTables(2)
    tables.stretch(3.0)
    z = torch.linspace(-11, 11, 40).reshape(20, 2)
    assert torch.allclose(tables(z), 3 * z, atol=1e-5)
    assert torch.allclose(tables.inverse(3 * z), z, atol=1e-5)
