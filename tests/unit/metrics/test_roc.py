import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from bartik.metrics import auc, roc_curve

scores = st.lists(st.integers(0, 8), min_size=1, max_size=40).map(lambda values: np.array(values, dtype=np.float32))


def stack(s, b):
    return np.r_[np.ones(s.size), np.zeros(b.size)], np.r_[s, b]


@given(scores, scores)
def test_auc_agrees_with_sklearn_ties_included(s, b):
    assert auc(s, b).value == pytest.approx(roc_auc_score(*stack(s, b)))


@given(scores, scores, st.integers(0, 2**32 - 1))
def test_weighted_auc_agrees_with_sklearn(s, b, seed):
    random = np.random.default_rng(seed)
    ws, wb = random.uniform(0.1, 3, s.size), random.uniform(0.1, 3, b.size)
    expected = roc_auc_score(*stack(s, b), sample_weight=np.r_[ws, wb])
    assert auc(s, b, ws, wb).value == pytest.approx(expected)


@given(scores, scores)
def test_area_under_the_curve_is_the_auc(s, b):
    curve = roc_curve(s, b)
    area = np.trapezoid(curve.signal_efficiency, 1 - curve.background_rejection)
    assert area == pytest.approx(auc(s, b).value)


@given(scores, scores)
def test_interval_holds_the_value_and_swapping_the_samples_mirrors_it(s, b):
    one, other = auc(s, b), auc(b, s)
    assert 0 <= one.low <= one.value <= one.high <= 1
    assert (one.value, one.low, one.high) == pytest.approx((1 - other.value, 1 - other.high, 1 - other.low), abs=1e-12)


def test_delong_variance_is_the_textbook_one():
    s, b = np.array([0.9, 0.8, 0.4, 0.6]), np.array([0.5, 0.3, 0.6])
    wins = (s[:, None] > b) + 0.5 * (s[:, None] == b)
    sigma = np.sqrt(np.var(wins.mean(1), ddof=1) / s.size + np.var(wins.mean(0), ddof=1) / b.size)
    value, interval = wins.mean(), auc(s, b)
    logit = np.log([x / (1 - x) for x in (interval.low, interval.high)])
    assert (logit[1] - logit[0]) / 2 == pytest.approx(sigma / (value * (1 - value)))


def test_interval_covers_the_truth_in_two_of_three_samples():
    random = np.random.default_rng(3)
    found = [auc(random.normal(1, 1, 150), random.normal(0, 1, 100)) for _ in range(1500)]
    truth = 0.7602499  # Phi(1 / sqrt 2)
    assert np.mean([i.low <= truth <= i.high for i in found]) == pytest.approx(0.683, abs=0.05)


def test_rows_that_come_in_copies_widen_the_interval_only_when_told():
    random = np.random.default_rng(4)
    s, b = np.repeat(random.normal(1, 1, 60), 9), np.repeat(random.normal(0, 1, 60), 9)
    event = np.repeat(np.arange(60), 9)
    naive, honest = auc(s, b), auc(s, b, clusters=(event, event + 60))
    assert (honest.high - honest.low) / (naive.high - naive.low) == pytest.approx(3, rel=0.05)


def test_full_separation_still_has_an_uncertainty():
    assert 0.8 < auc(np.arange(10, 20), np.arange(10)).low < 1
