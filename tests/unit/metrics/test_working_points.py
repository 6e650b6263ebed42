import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bartik.core import DataError, UsageError
from bartik.metrics import efficiency_above, rejection_at_efficiency, threshold_at_efficiency

scores = st.lists(st.integers(0, 8), min_size=1, max_size=40).map(lambda values: np.array(values, dtype=np.float32))
shares = st.sampled_from([0.01, 0.5, 0.9, 0.95, 0.99, 1.0])


@given(scores, shares)
def test_the_threshold_is_the_largest_that_keeps_the_share(signal, share):
    threshold = threshold_at_efficiency(signal, share)
    assert efficiency_above(signal, threshold).value >= share - 1e-9
    higher = signal[signal > threshold]
    assert higher.size < share * signal.size


@given(scores, scores, shares)
def test_rejection_is_what_fails_the_threshold(signal, background, share):
    interval = rejection_at_efficiency(signal, background, share, replicas=20)
    threshold = threshold_at_efficiency(signal, share)
    assert interval.value == pytest.approx(np.mean(background < threshold))
    assert 0 <= interval.low <= interval.value <= interval.high <= 1 + 1e-12


@given(scores, scores, shares, st.integers(0, 2**32 - 1))
def test_weighted_rejection_is_the_weight_that_fails_the_weighted_threshold(signal, background, share, seed):
    random = np.random.default_rng(seed)
    ws, wb = random.uniform(0.1, 3, signal.size), random.uniform(0.1, 3, background.size)
    interval = rejection_at_efficiency(signal, background, share, ws, wb, replicas=20)
    threshold = threshold_at_efficiency(signal, share, ws)
    assert interval.value == pytest.approx(wb[background < threshold].sum() / wb.sum())


def test_ninety_nine_of_a_hundred_is_99_percent():
    assert threshold_at_efficiency(np.arange(100), 0.99) == 1


def test_weights_move_the_threshold():
    assert threshold_at_efficiency(np.array([1, 2, 3]), 0.5, np.array([8, 1, 1])) == 1


def test_the_interval_covers_the_truth_though_the_threshold_is_fitted():
    random, truth, inside = np.random.default_rng(5), 0.5, 0
    for _ in range(300):
        signal, background = random.uniform(0, 1, 100), random.uniform(-0.4, 0.6, 400)  # at 0.1, half of the background fails
        interval = rejection_at_efficiency(signal, background, 0.9, replicas=100)
        inside += interval.low <= truth <= interval.high
    assert inside / 300 == pytest.approx(0.683, abs=0.09)


def test_a_fitted_threshold_is_less_certain_than_a_fixed_one():
    random = np.random.default_rng(6)
    signal, background = random.uniform(0, 1, 50), random.uniform(-0.4, 0.6, 5000)
    fitted = rejection_at_efficiency(signal, background, 0.9)
    fixed = efficiency_above(-background, -threshold_at_efficiency(signal, 0.9))
    assert fitted.high - fitted.low > 3 * (fixed.high - fixed.low)


def test_whole_events_are_drawn_when_told():
    random = np.random.default_rng(7)
    signal, background = np.repeat(random.normal(1, 1, 80), 9), np.repeat(random.normal(0, 1, 80), 9)
    event = np.repeat(np.arange(80), 9)
    naive = rejection_at_efficiency(signal, background, 0.9)
    honest = rejection_at_efficiency(signal, background, 0.9, clusters=(event, event))
    assert (honest.high - honest.low) > 2 * (naive.high - naive.low)


def test_the_same_seed_gives_the_same_interval():
    signal, background = np.random.default_rng(8).normal(size=(2, 60))
    first, again = (rejection_at_efficiency(signal, background, 0.9, seed=3) for _ in range(2))
    assert first == again


def test_full_rejection_still_has_an_uncertainty():
    assert 0.8 < rejection_at_efficiency(np.ones(20), np.zeros(20), 0.95).low < 1


@pytest.mark.parametrize("share", [0.0, -0.1, 1.01, float("nan")])
def test_an_impossible_efficiency_is_refused(share):
    with pytest.raises(UsageError, match="wanted a share above 0 and at most 1"):
        threshold_at_efficiency(np.ones(3), share)


def test_no_background_is_refused():
    with pytest.raises(DataError, match="background scores: wanted one value a row"):
        rejection_at_efficiency(np.ones(3), np.ones(0), 0.9)


def test_event_numbers_of_other_rows_are_refused():
    with pytest.raises(UsageError, match="wanted 3 and 2 event numbers, got 3 and 3"):
        rejection_at_efficiency(np.ones(3), np.ones(2), 0.9, clusters=(np.ones(3), np.ones(3)))
