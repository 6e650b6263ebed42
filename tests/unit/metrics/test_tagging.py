import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays as arrays_of

from bartik.core import DataError
from bartik.metrics import (
    calibrated_power,
    calibration_points,
    combine,
    dilution,
    fit_calibration,
    mistag,
    realised_power,
    share_of_optimum,
    tagging_power,
)

PROBABILITIES = st.floats(0, 1).map(float)


def tagged(rows: int, seed: int = 1, p0: float = 0.0, p1: float = 1.0, d0: float = 0.0, d1: float = 0.0):
    """Predicted probabilities, and flavours whose mistag is that of a line of it."""
    random = np.random.default_rng(seed)
    eta, flavour = random.uniform(0.1, 0.5, rows), random.choice([-1, 1], rows)
    mean = eta.mean()
    omega = mean + p0 + flavour * d0 / 2 + (p1 + flavour * d1 / 2) * (eta - mean)
    right = random.random(rows) >= omega
    decision = np.where(right, flavour, -flavour)
    return 0.5 + decision * (0.5 - eta), flavour, eta, right


@given(arrays_of(np.float64, st.integers(1, 30), elements=PROBABILITIES))
def test_a_power_lies_between_0_and_1_and_turning_all_flavours_changes_nothing(probability):
    power = tagging_power(probability, replicas=20)
    assert 0 <= power.low <= power.value <= power.high <= 1
    assert tagging_power(1 - probability, replicas=20).value == pytest.approx(power.value, abs=1e-9)


@given(st.integers(0, 2**32 - 1), st.floats(0.1, 10))
@settings(max_examples=30, deadline=None)
def test_claiming_smaller_mistags_does_not_raise_the_realised_power_above_that_of_the_truth(seed, stretch):
    random = np.random.default_rng(seed)
    best = np.clip(random.normal(0.5, 0.15, 500), 0.01, 0.99)
    claimed = np.clip(0.5 + stretch * (best - 0.5) + random.normal(0, 0.05, 500), 0, 1)
    assert share_of_optimum(claimed, best, replicas=20).value <= 1 + 1e-12
    assert share_of_optimum(best, best, replicas=20).value == pytest.approx(1)


def test_the_realised_power_of_a_calibrated_tagger_is_the_one_it_claims():
    probability, flavour, _, _ = tagged(100_000)
    claimed, realised = tagging_power(probability, replicas=20), realised_power(probability, flavour, replicas=100)
    assert realised.low - (realised.high - realised.low) < claimed.value < realised.high + (realised.high - realised.low)


def test_a_tagger_that_never_decides_has_no_power():
    nothing, flavour = np.full(10, 0.5), np.resize([-1, 1], 10)
    assert tagging_power(nothing, replicas=20).value == 0
    assert realised_power(nothing, flavour, replicas=20).value == 0


def test_the_mistag_counts_decisions_alone():
    found = mistag(np.array([0.9, 0.9, 0.2, 0.5]), np.array([1, -1, -1, 1]))
    assert found.value == pytest.approx(1 / 3)


@given(arrays_of(np.float64, (3, 8), elements=st.floats(0.01, 0.99)))
def test_taggers_combine_in_any_order_and_oddly(probabilities):
    together = combine(list(probabilities))
    assert combine(list(probabilities[::-1])) == pytest.approx(together)
    assert combine(list(1 - probabilities)) == pytest.approx(1 - together)


def test_a_calibration_finds_the_line_the_mistags_were_drawn_from():
    truth = {"p0": 0.02, "p1": 0.8, "Dp0": 0.03, "Dp1": 0.1}
    _, flavour, eta, right = tagged(200_000, p0=0.02, p1=0.8, d0=0.03, d1=0.1)
    calibration = fit_calibration(eta, right, flavour)
    truth["p0"] += calibration.mean
    for name, interval in calibration.intervals().items():
        assert abs(interval.value - truth[name]) < 3.5 * (interval.high - interval.value), name


def test_the_errors_of_a_calibration_are_those_of_many_samples():
    samples = [tagged(2000, seed) for seed in range(120)]
    found = [fit_calibration(eta, right, flavour) for _, flavour, eta, right in samples]
    pulls = np.array([(c.parameters - [c.mean, 1, 0, 0]) / np.sqrt(np.diag(c.covariance)) for c in found])
    assert np.abs(pulls.mean(0)).max() < 0.35
    assert pulls.std(0) == pytest.approx(1, abs=0.25)


def test_rows_of_weight_two_count_as_two_rows():
    _, flavour, eta, right = tagged(3000)
    twice = [np.concatenate([array, array[:1000]]) for array in (eta, right, flavour)]
    weights = np.where(np.arange(3000) < 1000, 2.0, 1.0)
    assert fit_calibration(eta, right, flavour, weights).parameters == pytest.approx(fit_calibration(*twice).parameters, abs=1e-6)


def test_negative_weights_take_a_background_away():
    _, flavour, eta, right = tagged(60_000)
    random = np.random.default_rng(5)
    noise = random.uniform(0.1, 0.5, 20_000), random.random(20_000) < 0.5, random.choice([-1, 1], 20_000)
    again = random.uniform(0.1, 0.5, 20_000), random.random(20_000) < 0.5, random.choice([-1, 1], 20_000)
    mixed = [np.concatenate(parts) for parts in zip((eta, right, flavour), noise, again, strict=True)]
    weights = np.concatenate([np.ones(80_000), -np.ones(20_000)])
    found = fit_calibration(*mixed, weights).intervals()["p1"]
    assert abs(found.value - 1) < 3 * (found.high - found.value)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"eta": [0.2, 0.6, 0.3]}, "wanted mistags of 0 to 0.5, got 0.2 to 0.6"),
        ({"eta": [0.2, np.nan, 0.3]}, "eta: 1 of 3 values are not finite"),
        ({"eta": [0.2, 0.2, 0.2]}, "every mistag is the same"),
        ({"flavour": [1, 1, 1]}, "one flavour only"),
        ({"flavour": [1, 0, -1]}, "flavour: wanted \\+1 or -1, got 0 in row 1"),
        ({"weights": [1.0, -2.0, 0.5]}, "weights: wanted 3 with a positive sum"),
    ],
)
def test_what_cannot_be_calibrated_is_refused_with_the_reason(change, message):
    given_ = {"eta": [0.2, 0.4, 0.3], "right": [True, False, True], "flavour": [1, -1, 1], "weights": None} | change
    with pytest.raises(DataError, match=message):
        fit_calibration(*(None if v is None else np.array(v) for v in given_.values()))


def test_probabilities_outside_0_to_1_are_refused():
    with pytest.raises(DataError, match=r"probability: wanted 0 to 1, got -999 to 0\.5"):
        dilution(np.array([0.5, -999.0]))


def test_calibration_makes_claims_true_on_another_sample():
    control, test = tagged(40_000, 1, p1=0.6), tagged(40_000, 2, p1=0.6)
    power, calibration = calibrated_power(control[:2], test[0], replicas=40)
    claimed, realised = tagging_power(test[0], replicas=20), realised_power(calibration.probability(test[0]), test[1], replicas=40)
    assert abs(power.value - realised.value) < 3 * (realised.high - realised.low)
    assert claimed.value > power.high


def test_points_of_a_calibration_hold_all_rows_in_order():
    _, _, eta, right = tagged(1000)
    points = calibration_points(eta, right, bins=5)
    assert points.shape == (5, 6)
    assert points[:, 5].mean() == pytest.approx(eta.mean(), abs=0.01)
    assert (np.diff(points[:, 0]) > 0).all()
    assert (points[:, 3] <= points[:, 2]).all()
    assert (points[:, 2] <= points[:, 4]).all()
