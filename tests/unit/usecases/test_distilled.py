"""A table whose bins begin where a forest cuts, and which answers as the forest does."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.ensemble import HistGradientBoostingClassifier

from bartik.core import ConfigError, load_config
from bartik.core.plugins import load_usecase, usecase_folder
from bartik.usecases.topological_trigger.bonsai import Bins
from bartik.usecases.topological_trigger.distilled import _edges, distilled, edges_where_cut, lookalikes
from bartik.usecases.topological_trigger.model import bins_of

NAMES = ("first", "second", "nothing")


def rows(seed, count=2000):
    """Signal is inside of a square of the first two columns; the third says nothing, and is the same everywhere."""
    rng = np.random.default_rng(seed)
    features = np.column_stack([rng.random((count, 2)), np.ones(count)]).astype(np.float32)
    return features, ((features[:, 0] > 0.4) & (features[:, 1] < 0.7)).astype(np.float32)


@pytest.fixture(scope="module")
def forest():
    return HistGradientBoostingClassifier(max_iter=30, max_leaf_nodes=6, random_state=1, early_stopping=False).fit(*rows(1))


@pytest.fixture(scope="module")
def config():
    return load_config(usecase_folder(load_usecase("topological_trigger")), layer="tiny")


@settings(max_examples=20, deadline=None)
@given(most=st.integers(8, 5000))
def test_a_table_is_no_larger_than_asked_for_and_a_column_that_is_not_cut_has_two_bins(forest, most):
    edges = edges_where_cut(forest, NAMES, most)
    bins = Bins.of(edges, NAMES)
    assert bins.size <= most
    assert bins.counts[2] == 2


def test_bins_begin_where_the_forest_cuts_most(forest):
    edges = edges_where_cut(forest, NAMES, 18)
    assert min(abs(edge - 0.4) for edge in edges["first"]) < 0.01
    assert min(abs(edge - 0.7) for edge in edges["second"]) < 0.01


def test_edges_have_the_same_gain_between_them():
    assert _edges(np.arange(100.0), np.ones(100), 4).tolist() == [12, 37, 62, 87]
    assert _edges(np.arange(100.0), np.where(np.arange(100) < 50, 0.0, 1.0), 2).tolist() == [62, 87]


def test_what_is_learnt_from_a_forest_in_bins_answers_as_it_does(forest, config):
    bins = Bins.of(edges_where_cut(forest, NAMES, 2000), NAMES)
    made = lookalikes(rows(1)[0], 3, 8, 1)
    trees = distilled(bins.digits(made), forest.decision_function(made), config.replace({"table": {"number": 200}}))
    unseen, truth = rows(2)
    assert np.mean((trees.predict(bins.digits(unseen)) > 0) == truth) > np.mean(forest.predict(unseen) == truth) - 0.01


def test_rows_that_are_made_have_values_of_rows_that_are_there_and_begin_with_those():
    features, _ = rows(3, 200)
    made = lookalikes(features, 2, 5, 1)
    assert made.shape == (600, 3)
    assert np.array_equal(made[:200], features)
    for column in range(3):
        assert np.isin(made[:, column], features[:, column]).all()
    assert len(np.unique(made[:, :2], axis=0)) > 300
    assert np.abs(made[200:400, 0] - features[:, 0]).max() < 0.5


def test_edges_from_nowhere_are_refused(forest, config):
    with pytest.raises(ConfigError, match=r"table\.edges: 'guess'"):
        bins_of(forest, config.replace({"table": {"edges": "guess"}}))


def test_the_published_edges_can_be_had(forest, config):
    assert bins_of(forest, config.replace({"table": {"edges": "published"}})).size == 617_760
