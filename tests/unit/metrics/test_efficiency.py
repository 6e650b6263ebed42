import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bartik.core import DataError, UsageError
from bartik.metrics import efficiency, efficiency_above, efficiency_in_bins, wilson

counts = st.integers(1, 10_000).flatmap(lambda total: st.tuples(st.integers(0, total), st.just(total)))


@given(counts)
def test_wilson_holds_its_value_and_stays_within_0_and_1(pair):
    interval = wilson(*pair)
    assert 0 <= interval.low <= interval.value <= interval.high <= 1
    assert interval.low < interval.high


@given(counts)
def test_wilson_ends_are_where_the_score_test_is_one_sigma_away(pair):
    passed, total = pair
    interval = wilson(passed, total)
    for end in (interval.low, interval.high):
        if 0 < end < 1 and end != interval.value:
            pull = abs(passed / total - end) / math.sqrt(end * (1 - end) / total)
            assert pull == pytest.approx(1.0, rel=1e-6)


def test_wilson_covers_the_truth_in_two_of_three_samples():
    random = np.random.default_rng(1)
    intervals = [wilson(int(k), 200) for k in random.binomial(200, 0.97, size=4000)]
    assert np.mean([i.low <= 0.97 <= i.high for i in intervals]) == pytest.approx(0.683, abs=0.06)


@pytest.mark.parametrize(("passed", "total"), [(1, 0), (-1, 5), (6, 5)])
def test_impossible_counts_are_refused(passed, total):
    with pytest.raises(UsageError, match="wanted 0 <= passed <= total"):
        wilson(passed, total)


def test_equal_weights_change_nothing():
    passed = np.array([1, 1, 0, 1, 0], dtype=bool)
    plain, weighted = efficiency(passed), efficiency(passed, np.full(5, 0.3))
    assert (weighted.value, weighted.low, weighted.high) == pytest.approx((plain.value, plain.low, plain.high))


def test_uneven_weights_widen_the_interval():
    passed = np.tile([True, False], 50)
    plain, weighted = efficiency(passed), efficiency(passed, np.repeat([0.1, 1.9], 50))
    assert weighted.high - weighted.low > plain.high - plain.low


def test_a_score_at_the_threshold_passes():
    assert efficiency_above(np.array([0.5, 0.4]), 0.5).value == 0.5


def test_a_score_that_is_not_finite_is_named():
    with pytest.raises(DataError, match="scores: 1 of 3 values are not finite, the first in row 1"):
        efficiency_above(np.array([0.5, np.nan, 0.1]), 0.5)


@pytest.mark.parametrize("weights", [[1, -1], [0, 0], [1, 1, 1]])
def test_weights_that_cannot_be_are_refused(weights):
    with pytest.raises(DataError, match="wanted 2 non-negative weights"):
        efficiency(np.array([True, False]), np.array(weights))


@given(st.lists(st.tuples(st.booleans(), st.floats(-1, 6)), min_size=1, max_size=60))
def test_bins_hold_every_row_inside_once(rows):
    passed, variable = (np.array(column) for column in zip(*rows, strict=True))
    binned = efficiency_in_bins(passed, variable, [0, 1, 2.5, 5])
    assert sum(binned.entries) == np.sum((variable >= 0) & (variable <= 5))
    kept = sum(n * v.value for n, v in zip(binned.entries, binned.values, strict=True) if v is not None)
    assert kept == pytest.approx(np.sum(passed & (variable >= 0) & (variable <= 5)))


def test_a_bin_without_entries_has_no_value():
    assert efficiency_in_bins(np.array([True]), np.array([0.5]), [0, 1, 2]).values[1] is None


@pytest.mark.parametrize("edges", [[1], [1, 1], [2, 1], [0, float("nan")]])
def test_edges_that_do_not_increase_are_refused(edges):
    with pytest.raises(UsageError, match="wanted two or more, increasing"):
        efficiency_in_bins(np.array([True]), np.array([0.5]), edges)


def test_lengths_that_differ_are_refused():
    with pytest.raises(UsageError, match="2 rows of passed, 1 of the variable"):
        efficiency_in_bins(np.array([True, True]), np.array([0.5]), [0, 1])


def test_rows_of_one_cluster_that_pass_together_count_once():
    passed = np.repeat(np.arange(100) % 4 != 0, 50)
    alone = efficiency(passed[::50])
    together = efficiency(passed, clusters=np.repeat(np.arange(100), 50))
    assert together.low == pytest.approx(alone.low, rel=1e-3)
    assert together.high == pytest.approx(alone.high, rel=1e-3)


def test_clusters_of_one_row_change_nothing_and_none_makes_the_interval_narrower():
    passed = np.random.default_rng(1).random(400) < 0.9
    assert efficiency(passed, clusters=np.arange(400)).high == pytest.approx(efficiency(passed).high)
    opposite = np.tile([True, False], 200)
    assert efficiency(opposite, clusters=np.arange(400) // 2) == efficiency(opposite)


def test_one_event_number_a_row_is_wanted():
    with pytest.raises(UsageError, match="wanted 3 event numbers, got 2"):
        efficiency(np.ones(3), clusters=np.arange(2))
