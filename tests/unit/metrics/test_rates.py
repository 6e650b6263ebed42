import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from bartik.core import UsageError
from bartik.metrics import EventScores, efficiency_at_share, event_scores, threshold_at_share


def events(scores):
    scores = np.asarray(scores, float)
    return EventScores(scores, np.arange(len(scores)), np.arange(len(scores)), np.ones(len(scores)))


@given(hnp.arrays(np.float64, st.integers(1, 40), elements=st.sampled_from([0.1, 0.2, 0.5, 0.9])), st.floats(0.01, 1))
def test_no_more_than_the_share_passes_and_one_step_lower_would_be_more_or_all_pass(scores, share):
    crossings = 50
    threshold = threshold_at_share(scores, share, crossings)
    assert (scores >= threshold).sum() <= share * crossings + 1e-6
    lower = scores[scores < threshold]
    if len(lower):
        assert (scores >= lower.max()).sum() > share * crossings


@given(hnp.arrays(np.float64, st.integers(1, 60), elements=st.floats(0, 1)), st.integers(0, 2**32 - 1))
def test_an_event_has_the_highest_score_of_its_candidates(scores, seed):
    number = np.random.default_rng(seed).integers(0, 8, len(scores))
    found = event_scores(scores, number)
    assert found.number.tolist() == np.unique(number).tolist()
    for k, event in enumerate(found.number):
        assert found.score[k] == scores[number == event].max()
        assert scores[found.row[k]] == found.score[k]
        assert number[found.row[k]] == event


def test_events_that_were_drawn_twice_count_twice():
    scores, number, candidates = np.array([0.1, 0.4, 0.1, 0.4, 0.3]), np.array([1, 1, 1, 1, 2]), np.array([2, 2, 2, 2, 1])
    assert event_scores(scores, number, candidates).times.tolist() == [2.0, 1.0]


def test_efficiency_at_a_share_by_hand():
    background, signal = events([0.1, 0.2, 0.3, 0.4]), events([0.05, 0.35, 0.45, 0.55])
    found = efficiency_at_share(signal, background, 0.02, 100)
    assert found.value == 0.75
    assert found.low < 0.75 < found.high


def test_a_share_that_is_none_is_refused():
    with pytest.raises(UsageError, match="share of 0"):
        threshold_at_share(np.array([0.5]), 0, 10)
    with pytest.raises(UsageError, match="no event of signal"):
        efficiency_at_share(events([]), events([0.5]), 0.1, 10)
