"""Runs judged one after the other."""

import numpy as np
import pytest

from bartik.core import UsageError
from bartik.metrics import best_threshold, jaccard, judgement, mean_of, runs_to_adapt

BAD = np.array([0, 0, 1, 0, 1], bool)


def test_balanced_accuracy_is_the_mean_of_both_shares():
    found = judgement(np.array([1.0, 5.0, 5.0, 1.0, 1.0]), BAD, 3.0)
    assert found.sensitivity == 0.5
    assert found.specificity == pytest.approx(2 / 3)
    assert found.balanced_accuracy == pytest.approx((0.5 + 2 / 3) / 2)


def test_the_threshold_is_where_no_other_has_a_larger_balanced_accuracy():
    random = np.random.default_rng(1)
    bad = random.random(300) < 0.2
    scores = np.round(random.normal(size=300) + 1.5 * bad, 1)  # many of the same
    chosen = judgement(scores, bad, best_threshold(scores, bad)).balanced_accuracy
    others = [judgement(scores, bad, cut).balanced_accuracy for cut in np.unique(scores)]
    assert chosen == pytest.approx(max(others))


def test_scores_that_say_nothing_still_have_a_threshold():
    assert best_threshold(np.ones(5), BAD) == 1.0


@pytest.mark.parametrize("bad", [np.zeros(5, bool), np.ones(5, bool)])
def test_runs_of_one_kind_only_are_refused(bad):
    with pytest.raises(UsageError, match="of 5 runs are bad"):
        best_threshold(np.arange(5.0), bad)
    with pytest.raises(UsageError, match="of 5 runs are bad"):
        judgement(np.arange(5.0), bad, 1.0)


def test_adaptation_counts_good_runs_until_one_is_not_flagged_or_the_next_jump():
    scores = np.array([0, 9, 9, 0, 9, 9, 9, 0.0])
    bad = np.array([0, 0, 1, 0, 0, 0, 0, 0], bool)
    jumped = np.array([0, 1, 0, 0, 1, 0, 0, 1], bool)
    assert runs_to_adapt(scores, bad, jumped, 5).tolist() == [1, 3, 0]
    assert runs_to_adapt(scores, bad, np.zeros(8, bool), 5).tolist() == []


def test_jaccard_of_the_same_bins_is_one_of_others_zero_and_of_none_unknown():
    flagged = np.array([[1, 1, 0], [1, 0, 0], [0, 0, 0]], bool)
    wrong = np.array([[1, 1, 0], [0, 0, 1], [0, 0, 0]], bool)
    found = jaccard(flagged, wrong)
    assert found[:2].tolist() == [1.0, 0.0]
    assert np.isnan(found[2])


def test_the_error_of_a_mean_is_its_standard_error_and_unknown_values_do_not_count():
    found = mean_of(np.array([1.0, 2.0, 3.0, np.nan]))
    assert (found.value, found.high - found.value) == (2.0, pytest.approx(1 / np.sqrt(3)))
    with pytest.raises(UsageError, match="no values"):
        mean_of(np.array([np.nan]))
