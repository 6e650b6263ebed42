import doctest
import importlib
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from bartik import monitor
from bartik.core import ConfigError, DataError, UsageError
from bartik.monitor.drift import Thresholds, discoveries, drift, proportions_p, stability_index
from bartik.monitor.sketch import Sketch, sketch

RANDOM = np.random.default_rng(1)
columns = hnp.arrays(np.float64, st.integers(1, 60), elements=st.floats(-1e6, 1e6) | st.just(3.0))


@pytest.mark.parametrize("module", ["drift", "sketch", "watch"])
def test_examples(module):
    assert doctest.testmod(importlib.import_module(f"bartik.monitor.{module}"), extraglobs={"np": np}).failed == 0


def test_the_area_from_bins_is_that_of_all_pairs():
    signal, background = RANDOM.integers(0, 8, 300), RANDOM.integers(0, 6, 200)
    pairs = (signal[:, None] > background) + (signal[:, None] == background) / 2
    counts = [np.bincount(values, minlength=8) for values in (background, signal)]
    found = importlib.import_module("bartik.monitor.watch").binned_auc(*counts)
    assert found.value == pytest.approx(pairs.mean())
    assert found.low < found.value < found.high


@given(columns, st.integers(1, 30))
def test_every_value_is_in_a_bin_and_none_outside(values, bins):
    made = sketch("x", values, bins)
    assert made.rows == len(values)
    assert made.counts[0] == made.counts[-1] == 0
    assert (np.diff(made.edges) > 0).all()


@given(columns, columns)
def test_what_lies_outside_of_the_reference_is_counted_there(values, others):
    made = sketch("x", values)
    counts = made.count(others)
    assert counts.sum() == len(others)
    assert counts[0] == (others < values.min()).sum()
    assert counts[-1] == (others > values.max()).sum()


@given(columns)
def test_a_sketch_goes_through_json(values):
    made = sketch("x", values, unit="mm")
    back = Sketch.from_dict(json.loads(json.dumps(made.to_dict())))
    assert back.to_dict() == made.to_dict()


def test_thresholds_are_edges_and_missing_values_are_counted():
    made = sketch("x", np.r_[np.linspace(0, 1, 50), np.nan, np.inf], keep=[0.123, 7])
    assert 0.123 in made.edges
    assert 7 not in made.edges
    assert made.missing == 2
    with pytest.raises(UsageError, match="no finite value"):
        sketch("x", np.array([np.nan]))


@pytest.mark.parametrize(
    "change", [{"edges": [1, 0]}, {"edges": []}, {"counts": [1]}, {"counts": [-1, 0, 0, 0]}, {"name": None, "missing": "x"}]
)
def test_what_is_no_sketch_is_refused(change):
    values = {"name": "x", "edges": [0, 1, 2], "counts": [0, 1, 1, 0], "missing": 0}
    assert Sketch.from_dict(values).rows == 2
    with pytest.raises(DataError, match="sketch"):
        Sketch.from_dict(values | change)


def test_the_same_population_has_moved_by_nothing_but_chance():
    made = sketch("x", RANDOM.normal(size=20_000))
    found = drift(made, made.count(RANDOM.normal(size=20_000)), 0)
    assert found.psi < 0.01
    assert found.p > 0.001


@pytest.mark.parametrize("change", [lambda x: x + 0.5, lambda x: 2 * x, abs])
def test_a_population_that_moved_is_seen(change):
    made = sketch("x", RANDOM.normal(size=20_000))
    found = drift(made, made.count(change(RANDOM.normal(size=5_000))), 0)
    assert found.psi > 0.1
    assert found.p < 1e-10


def test_p_values_are_flat_or_careful_where_nothing_moved():
    made = sketch("x", RANDOM.normal(size=100_000))
    p = np.array([drift(made, made.count(RANDOM.normal(size=500)), 0).p for _ in range(400)])
    assert (p < 0.05).mean() < 0.08


@given(hnp.arrays(np.int64, 6, elements=st.integers(0, 1000)), hnp.arrays(np.int64, 6, elements=st.integers(0, 1000)))
def test_the_index_is_never_negative_and_zero_for_the_same(one, other):
    assert stability_index(one, other) >= 0
    assert stability_index(one, one) == pytest.approx(0)


def test_an_empty_slice_has_not_moved():
    made = sketch("x", np.arange(10.0))
    assert drift(made, made.count(np.zeros(0)), 0) == monitor.Drift("x", 0.0, 0.0, 1.0, 0.0, 0.0)
    assert drift(made, made.count(np.zeros(0)), 3).missing == 1


def test_of_many_tests_of_nothing_few_are_discoveries():
    false = np.mean([discoveries(RANDOM.uniform(size=1000), 0.01).any() for _ in range(300)])
    assert false < 0.05
    assert discoveries(np.r_[RANDOM.uniform(size=999), 1e-9], 0.01)[-1]
    assert discoveries(np.zeros(0), 0.01).tolist() == []


def test_proportions_by_hand():
    """(40 - 50) / sqrt(100 * 0.45 * 0.55 * 2) standard deviations of a normal distribution."""
    assert proportions_p(40, 100, 50, 100) == pytest.approx(0.1552, abs=1e-4)
    assert proportions_p(0, 0, 5, 10) == proportions_p(0, 10, 0, 10) == 1


def test_thresholds_come_from_a_configuration_and_unknown_ones_are_refused():
    assert Thresholds.of({"psi": 0.3}).psi == 0.3
    with pytest.raises(ConfigError, match="no threshold 'pis'"):
        Thresholds.of({"pis": 0.3})
    with pytest.raises(ConfigError, match="more than 0"):
        Thresholds.of({"psi": 0})
