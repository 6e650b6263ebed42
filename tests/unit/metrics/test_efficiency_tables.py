"""Efficiencies in bins with weights of both signs, and their errors."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bartik.core import DataError, UsageError
from bartik.metrics import efficiency_table, find_bins, pidcalib_edges, weighted_efficiency

EDGES = {"P": [0.0, 1.0, 2.0, 4.0], "ETA": [2.0, 3.0, 5.0]}


def tracks(rows=2000, seed=1):
    rng = np.random.default_rng(seed)
    columns = {"P": rng.uniform(0, 4, rows), "ETA": rng.uniform(2, 5, rows)}
    return columns, rng.random(rows) < 0.8, rng.normal(0.6, 0.8, rows)


@given(seed=st.integers(0, 1000))
@settings(max_examples=30, deadline=None)
def test_sums_over_bins_are_those_of_all_rows_inside(seed):
    columns, passed, weights = tracks(200, seed)
    table = efficiency_table(passed, columns, EDGES, weights)
    assert table.total.sum() == pytest.approx(weights.sum())
    assert table.passed.sum() == pytest.approx(weights[passed].sum())
    assert table.total_squares.sum() == pytest.approx((weights**2).sum())


def test_without_weights_it_is_counting_with_the_binomial_error():
    columns, passed, _ = tracks()
    table = efficiency_table(passed, columns, EDGES)
    inside = (columns["P"] >= 1) & (columns["P"] < 2) & (columns["ETA"] < 3)
    share = passed[inside].mean()
    assert table.values[1, 0] == pytest.approx(share)
    assert table.errors[1, 0] == pytest.approx(np.sqrt(share * (1 - share) / inside.sum()))


def test_the_error_is_the_spread_of_repeated_samples():
    found = [weighted_efficiency(passed, weights) for _, passed, weights in (tracks(800, seed) for seed in range(300))]
    spread = np.std([one.value for one in found])
    assert np.mean([one.high - one.value for one in found]) == pytest.approx(spread, rel=0.15)


def test_efficiencies_with_negative_weights_are_not_cut_at_one():
    assert weighted_efficiency(np.array([True, True, False]), np.array([1.0, 1.0, -0.5])).value == pytest.approx(4 / 3)


def test_bins_without_a_positive_sum_have_no_efficiency():
    table = efficiency_table(np.array([True, False]), {"P": np.array([0.5, 1.5])}, {"P": [0, 1, 2, 3]}, np.array([1.0, -1.0]))
    assert np.isnan(table.values).tolist() == [False, True, True]
    with pytest.raises(UsageError, match="their sum is -1"):
        weighted_efficiency(np.array([True]), np.array([-1.0]))


def test_a_lookup_gives_tracks_the_efficiency_of_their_bin_and_none_outside():
    columns, passed, weights = tracks()
    table = efficiency_table(passed, columns, EDGES, weights)
    found = table.lookup({"P": np.array([0.5, 3.0, 4.0]), "ETA": np.array([2.5, 4.0, 4.0])})
    assert found[:2].tolist() == [table.values[0, 0], table.values[2, 1]]
    assert np.isnan(found[2])


def test_bins_count_along_the_last_variable_first():
    assert find_bins({"P": np.array([1.5]), "ETA": np.array([3.5])}, {name: np.array(v) for name, v in EDGES.items()}).tolist() == [3]


def test_a_table_is_written_as_json_with_null_where_there_is_no_efficiency(tmp_path):
    table = efficiency_table(np.array([True]), {"P": np.array([0.5])}, {"P": [0, 1, 2]})
    table.write(tmp_path / "table.json")
    rows = json.loads((tmp_path / "table.json").read_text())["rows"]
    assert [row["efficiency"] for row in rows] == [1.0, None]
    assert rows[1]["P_low"] == 1.0


@pytest.mark.parametrize(
    ("edges", "columns", "message"),
    [
        ({"P": [0, 1]}, {"Q": np.zeros(2)}, "no column 'P'"),
        ({"P": [1, 0]}, {"P": np.zeros(2)}, "increasing"),
        ({"P": [0]}, {"P": np.zeros(2)}, "two or more"),
        ({"P": [0, 1]}, {"P": np.zeros(3)}, "2 tracks, 3 values"),
    ],
)
def test_what_cannot_be_is_refused(edges, columns, message):
    with pytest.raises(UsageError, match=message):
        efficiency_table(np.array([True, False]), columns, edges)


def test_weights_that_are_not_finite_or_not_one_a_row_are_refused():
    with pytest.raises(DataError, match="weights"):
        weighted_efficiency(np.array([True, False]), np.array([1.0, np.nan]))
    with pytest.raises(UsageError, match="2 tracks, 1 weights"):
        efficiency_table(np.array([True, False]), {"P": np.zeros(2)}, {"P": [0, 1]}, np.ones(1))


def test_the_bins_of_pidcalib_are_18_by_4_by_4():
    assert [len(pidcalib_edges(name)) - 1 for name in ("P", "ETA", "nTracks")] == [18, 4, 4]
    with pytest.raises(UsageError, match="no bins for 'PT'"):
        pidcalib_edges("PT")
