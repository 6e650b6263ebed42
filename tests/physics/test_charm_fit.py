"""Charm fits: densities are what they say, fits find the truth and what independent programs find, and say what is wrong."""

import gzip
import math
from functools import cache
from itertools import pairwise

import numpy as np
import pytest
import torch
from scipy import integrate

from bartik.core import BartikError, DataError, load_config
from bartik.core.places import samples
from bartik.core.plugins import load_part, load_usecase, usecase_folder
from bartik.data.tables import read_table
from bartik.nn.amplitudes import Dalitz, is_inside, quadrature
from bartik.nn.densities import decay_moments, johnson, johnson_integral, threshold_integral
from bartik.nn.likelihood import Accumulator, Likelihood, traced
from bartik.usecases.charm_fit import problem as problem_module
from bartik.usecases.charm_fit.mass.lifetime import fit_lifetime
from bartik.usecases.charm_fit.mass.network import MassDensity
from bartik.usecases.charm_fit.minimise import minimise
from bartik.usecases.charm_fit.problem import Fitter, check_rows
from bartik.usecases.charm_fit.result import Fit, Parameter
from bartik.usecases.charm_fit.together import summary, toys

FOLDER = samples() / "05_decays" if samples() else None
needs_data = pytest.mark.skipif(
    FOLDER is None or not (FOLDER / "D0KpiData_dev.csv.gz").is_file(), reason="needs BARTIK_DATA with 05_decays"
)
PARTS = ("mass", "asymmetry", "dalitz", "mixing")


def real(value):
    return torch.tensor(value, dtype=torch.float64)


def problem(part, *settings):
    usecase = load_part(load_usecase("charm_fit"), part)
    config = load_config(usecase_folder(usecase), layer="tiny", settings=settings)
    return usecase.problem(config), config


@cache
def mass_fit():
    found, config = problem("mass")
    rows = found.draw(np.random.default_rng(3), 30000)
    return found, config, rows, Fitter(found, config.fit)(rows)


def quadratic(matrix, middle):
    def function(values):
        away = np.asarray(values) - middle
        return 0.5 * away @ matrix @ away, matrix @ away

    return function


@pytest.mark.parametrize("slope", [-0.01, 0.0, 0.002, 0.05])
def test_the_rate_of_the_mass_integrates_to_the_candidates_expected(slope):
    density, parameters = MassDensity(1800.0, 1930.0), real([700.0, 300.0, 1864.84, 7.5, 1.1, 3.0, 8.0, 1.3, 3.5, slope])
    coefficients = density.coefficients(parameters)[0]
    rate = lambda x: math.exp(float(density.log_density(real([[x]]), coefficients)))  # noqa: E731
    edges = [1800, 1864.84 - 1.1 * 7.5, 1864.84, 1864.84 + 1.3 * 8.0, 1930]
    total = sum(integrate.quad(rate, a, b, epsabs=1e-9)[0] for a, b in pairwise(edges))
    assert total == pytest.approx(1000, rel=1e-9)


def test_integrals_of_johnson_and_of_the_threshold_are_those_of_scipy():
    found = float(johnson_integral(real(-3.0), real(7.0), real(-0.2), real(1.2)))
    wanted = integrate.quad(lambda u: math.exp(float(johnson(real(u), real(-0.2), real(1.2)))), -3, 7, epsabs=1e-12, points=[0])[0]
    assert found == pytest.approx(wanted, rel=1e-10)
    wanted = integrate.quad(lambda q: q**0.55 * math.exp(-0.02 * q), 0, 15, epsabs=1e-12, epsrel=1e-11)[0]
    assert float(threshold_integral(real(0.55), real(0.02), 15.0)) == pytest.approx(wanted, rel=1e-6)


@pytest.mark.parametrize(("time", "sigma"), [(0.3, 0.05), (-0.15, 0.05), (3.0, 0.1), (-0.01, 0.5), (8.0, 0.02)])
def test_decay_moments_are_the_folded_integrals(time, sigma):
    rate = 1 / 0.4101
    lows, highs = max(0.0, time - 10 * sigma), max(0.0, time) + 10 * sigma
    for order, value in enumerate(decay_moments(real([time]), real([sigma]), real(rate), 4)):
        folded = lambda t, n=order: (rate * t) ** n * math.exp(-rate * t - 0.5 * ((time - t) / sigma) ** 2)  # noqa: E731
        wanted = integrate.quad(folded, lows, highs, epsabs=0, epsrel=1e-11)[0] / (sigma * math.sqrt(2 * math.pi))
        assert float(value) == pytest.approx(wanted, rel=1e-8)


def test_plain_moments_are_those_of_the_special_functions_to_single_precision():
    time, sigma = real(np.linspace(-0.3, 5, 200)), real(np.full(200, 0.07))
    pairs = zip(decay_moments(time, sigma, real(2.44), 1), decay_moments(time, sigma, real(2.44), 1, plain=True), strict=True)
    assert all(torch.allclose(one, other, rtol=2e-5, atol=1e-9) for one, other in pairs)


def test_amplitudes_are_normalised_over_the_exact_phase_space():
    model = Dalitz()
    assert np.allclose(model.products.diagonal().real, 1, atol=1e-9)
    finer = Dalitz(nodes=(900, 300))
    assert float((model.products - finer.products).abs().max()) < 1e-5
    minus, plus, weights = quadrature(400, 50)
    assert bool(is_inside(torch.from_numpy(minus), torch.from_numpy(plus)).all())
    grid = np.linspace(0.3, 3.1, 1501)
    x, y = (torch.from_numpy(one) for one in np.meshgrid(grid, grid))
    assert weights.sum() == pytest.approx(float(is_inside(x, y).sum()) * (grid[1] - grid[0]) ** 2, rel=2e-3)


@pytest.mark.parametrize("part", PARTS)
def test_the_gradient_is_that_of_differences(part):
    found, config = problem(part)
    rows = found.draw(np.random.default_rng(1), 3000)
    parameters = found.start(rows)
    values = np.array([one.start for one in parameters]) * 1.01 + 1e-3
    likelihood = Fitter(found, config.fit).likelihood(rows, values)
    value, slope = likelihood.value_and_gradient(values)
    assert value == pytest.approx(likelihood.value(values), rel=1e-12)
    for place in range(0, len(values), max(1, len(values) // 8)):
        step = np.zeros(len(values))
        step[place] = 1e-5 * max(abs(values[place]), 0.1)
        wanted = (likelihood.value(values + step) - likelihood.value(values - step)) / (2 * step[place])
        assert slope[place] == pytest.approx(wanted, rel=2e-4, abs=2e-3), found.columns


def test_sums_lose_nothing_and_threads_change_no_bit():
    sums = Accumulator(1)
    for value in (1.0, 1e100, 1.0, -1e100):
        sums.add(np.array([value]))
    assert sums.total[0] == 2.0
    found, _, rows, fit = mass_fit()
    one, two = (Likelihood(found.density, [rows], threads=threads, chunk=1000).value_and_gradient(fit.values) for threads in (1, 2))
    assert one[0] == two[0]
    assert np.array_equal(one[1], two[1])


def test_what_is_computed_anew_in_each_call_gives_the_same():
    found, _ = problem("mixing")
    columns, values = found.categories(found.draw(np.random.default_rng(1), 2000)), np.array([0.4, 0.6, 0.0, 0.0, 0.41])
    kept, anew = (Likelihood(found.density, columns, prepare=found.prepare, keep=keep).value_and_gradient(values) for keep in (True, False))
    assert kept[0] == anew[0]
    assert np.array_equal(kept[1], anew[1])


def test_a_traced_likelihood_has_no_number_that_float32_does_not_have():
    found, _ = problem("asymmetry")  # the threshold is at 139.57039 MeV; the exporter would round it
    graph = traced(found.density, 1, 10)
    plain = [arg for node in graph.graph.nodes for arg in node.args if isinstance(arg, float)]
    assert plain
    assert all(float(np.float32(number)) == number for number in plain)
    given = found.density.coefficients(real([found.truth[name] for name in found.truth]))[3]
    rows = real([[140.0], [145.4], [150.0]])
    logs = graph(rows, given.expand(3, 10))[:, 0]
    assert torch.allclose(logs, found.density.log_density(rows, given), rtol=1e-14, atol=0)


def test_a_fit_by_way_of_a_part_of_the_events_is_that_of_all(monkeypatch):
    found, config, rows, fit = mass_fit()
    monkeypatch.setattr(problem_module, "PART", 5000)
    other = Fitter(found, config.fit)(rows)
    assert other.calls < 0.7 * fit.calls
    assert np.abs((other.values - fit.values) / fit.errors).max() < 1e-3
    assert other.errors == pytest.approx(fit.errors, rel=1e-3)


def test_the_compiled_likelihood_is_that_of_torch():
    found, config, rows, fit = mass_fit()
    compiled = Fitter(found, config.fit.replace({"engine": "compiled"})).likelihood(rows, fit.values)
    for values in (fit.values, fit.values * 1.02):
        value, slope = Likelihood(found.density, [rows]).value_and_gradient(values)
        other, gradient = compiled.value_and_gradient(values)
        assert other == pytest.approx(value, rel=1e-13)
        assert gradient == pytest.approx(slope, rel=1e-8, abs=1e-7)


def test_a_fit_agrees_with_iminuit_on_numba_stats_to_a_thousandth_of_a_standard_deviation():
    pytest.importorskip("numba_stats")
    from iminuit import Minuit, cost
    from numba_stats import crystalball_ex, truncexpon

    _, config, rows, fit = mass_fit()
    low, high = config.data.low, config.data.high

    def rate(x, signal, background, mean, sigma1, left, power1, sigma2, right, power2, slope):  # noqa: PLR0913, PLR0917 - iminuit hands them over one by one
        shape = left, power1, sigma1, right, power2, sigma2, mean
        inside = np.diff(crystalball_ex.cdf(np.array([low, high]), *shape))
        flat = truncexpon.pdf(x, low, high, low, 1 / slope)
        return signal + background, signal / inside * crystalball_ex.pdf(x, *shape) + background * flat

    function = cost.ExtendedUnbinnedNLL(rows[:, 0], rate)
    minuit = Minuit(function, *fit.values, name=fit.names)
    minuit.errors, minuit.tol, minuit.strategy = fit.errors, 1e-5, 2
    minuit.migrad()
    assert np.abs((np.array(minuit.values) - fit.values) / fit.errors).max() < 1e-3
    # MINUIT's own are differences over wide steps: on some processors 26% apart for the power of a tail, 74% for where it begins
    errors = np.sqrt(np.diag(2 * np.linalg.inv(_second_derivatives(function, fit.values, 0.02 * fit.errors))))
    assert errors == pytest.approx(fit.errors, rel=0.03)


def _second_derivatives(function, at, steps):
    """Of a function of several numbers, by central differences."""

    def corners(a, b):
        return sum(one * other * function(*(at + one * a + other * b)) for one in (1, -1) for other in (1, -1))

    return np.array([[corners(a, b) for b in np.diag(steps)] for a in np.diag(steps)]) / (4 * np.outer(steps, steps))


@pytest.mark.parametrize("part", ["mass", "mixing"])
def test_pulls_of_a_few_toys_are_about_standard_normal(part):
    config = load_config(usecase_folder(load_usecase("charm_fit")), layer="tiny", settings=["toys.number=16"])
    found, own = problem(part)
    names, pulls, failed = toys(part, own.to_dict(), config)
    assert names == tuple(found.truth)
    assert failed <= 2
    low, middle, high = np.quantile(pulls, [0.159, 0.5, 0.841])
    assert abs(middle) < 0.4
    assert 0.75 < (high - low) / 2 < 1.3
    assert (np.abs(pulls) > 4).mean() < 0.02  # tails of the Crystal Ball have errors that are not symmetric with so few events


@pytest.mark.slow
@pytest.mark.parametrize("part", PARTS)
def test_pulls_of_200_toys_have_mean_0_and_width_1(part):
    config = load_config(usecase_folder(load_usecase("charm_fit")))
    _, own = problem(part)
    _, pulls, failed = toys(part, own.to_dict(), config)
    assert failed <= 4
    found = summary(pulls, failed)
    for name, wanted in (("mean of pulls", 0.0), ("width of pulls", 1.0), ("coverage of 68.3%", 0.683)):
        interval = found[name]
        assert abs(interval.value - wanted) < 3.5 * (interval.high - interval.low) / 2 + 0.02, f"{name}: {interval}"


@needs_data
def test_the_lifetime_of_real_d0_candidates_is_that_of_the_pdg(tmp_path):
    plain = tmp_path / "candidates.csv"
    plain.write_bytes(gzip.decompress((FOLDER / "D0KpiData_dev.csv.gz").read_bytes()))
    table = read_table(plain, ["mass", "decaytime", "ipchi2"])
    prompt = np.log(table["ipchi2"]) < 1.0
    rows = np.stack([table["mass"], table["decaytime"]], 1).astype(np.float64)[prompt]
    fit = fit_lifetime(rows, (1816.0, 1914.0), (0.3, 6.0))
    assert abs(fit["lifetime"] - 0.4101) < 3 * math.hypot(fit.error("lifetime"), 0.0015)  # the PDG's, and what LHCb's exercise gives
    assert fit["mean"] == pytest.approx(1864.84, abs=1.0)


def test_no_events_constant_data_and_missing_values_are_refused_by_name():
    with pytest.raises(DataError, match="there are no events to fit"):
        check_rows(("mass",), np.zeros((0, 1)))
    with pytest.raises(DataError, match="column 'mass' is 1865 in all 7 events"):
        check_rows(("mass",), np.full((7, 1), 1865.0))
    with pytest.raises(DataError, match="column 'mass' is not finite in 2 of 4 events"):
        check_rows(("mass",), np.array([[1.0], [np.nan], [np.inf], [2.0]]))


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_likelihood_of_zero_at_the_start_is_said(value):
    with pytest.raises(BartikError, match="zero, infinite or not a number where the fit starts") as caught:
        minimise(lambda _: (value, np.zeros(1)), [Parameter("mean", 0.0, 1.0)])
    assert "narrow the range" in caught.value.hint


def valley(values):
    x, y = values
    return (1 - x) ** 2 + 100 * (y - x * x) ** 2, np.array([-2 * (1 - x) - 400 * x * (y - x * x), 200 * (y - x * x)])


@pytest.mark.parametrize("near", [np.array([0.4, 0.3]), np.array([3.0, -2.0])])
def test_a_fit_from_near_the_minimum_finds_it_with_a_covariance_that_is_not_right(near):
    fit = minimise(valley, [Parameter("x", -5.0, 0.1), Parameter("y", 9.0, 0.1)], near=(near, np.diag([0.5, 0.5])))
    assert fit.values == pytest.approx([1, 1], abs=1e-3)
    assert fit.covariance == pytest.approx(np.linalg.inv([[802, -400], [-400, 200]]), rel=0.05)


def test_where_near_is_of_no_help_the_fit_begins_as_without():
    def broken(values):
        return (math.inf, np.zeros(1)) if values[0] > 5 else (0.5 * values[0] ** 2, np.array(values))

    assert minimise(broken, [Parameter("x", 1.0, 0.1)], near=(np.array([7.0]), np.eye(1)))["x"] == pytest.approx(0, abs=1e-3)
    flat = minimise(broken, [Parameter("x", 1.0, 0.1)], part=lambda _: (1.0, np.zeros(1)))  # a part that determines nothing
    assert flat["x"] == pytest.approx(0, abs=1e-3)


def test_a_parameter_at_its_limit_is_named():
    function = quadratic(np.eye(2), np.array([0.0, -3.0]))
    with pytest.raises(BartikError, match="parameter 'power' stands at its limit 1"):
        minimise(function, [Parameter("mean", 1.0, 0.1), Parameter("power", 2.0, 0.1, 1.0, 10.0)])


def test_a_start_outside_of_the_limits_is_refused():
    with pytest.raises(BartikError, match="'power' starts at 20, outside of its limits 1 to 10"):
        minimise(quadratic(np.eye(1), np.zeros(1)), [Parameter("power", 20.0, 0.1, 1.0, 10.0)])


def test_too_few_calls_are_said_with_what_to_try():
    with pytest.raises(BartikError, match="did not converge") as caught:
        minimise(valley, [Parameter("x", -5.0, 0.1), Parameter("y", 9.0, 0.1)], most_calls=5)
    assert "fit.calls" in caught.value.hint


def test_what_the_data_do_not_determine_is_named():
    with pytest.raises(BartikError, match=r"not positive definite: the likelihood does not determine '(a|b)' and '(a|b)'"):
        minimise(quadratic(np.array([[1.0, 1.0], [1.0, 1.0]]), np.zeros(2)), [Parameter("a", 1.0, 0.1), Parameter("b", 1.0, 0.1)])


def test_a_fit_is_read_as_it_was_written(tmp_path):
    fit = Fit(("a", "b"), np.array([1.0, 2.0]), np.array([[0.04, 0.01], [0.01, 0.09]]), -3.0, 17)
    fit.write(tmp_path / "fit.json", {"truth": {}})
    again = Fit.read(tmp_path / "fit.json")
    assert again.names == fit.names
    assert np.array_equal(again.covariance, fit.covariance)
    assert again.error("b") == pytest.approx(0.3)
    (tmp_path / "other.json").write_text("{}")
    with pytest.raises(DataError, match="holds no fit"):
        Fit.read(tmp_path / "other.json")


def test_a_table_without_a_mass_in_the_range_is_refused(tmp_path):
    usecase = load_part(load_usecase("charm_fit"), "mass")
    (tmp_path / "gev.csv").write_text("mass\n1.86\n1.87\n")
    config = load_config(usecase_folder(usecase), settings=[f"data.path={tmp_path / 'gev.csv'}"])
    with pytest.raises(DataError, match="no value between 1800 and 1930 MeV"):
        usecase.data("train", config)
