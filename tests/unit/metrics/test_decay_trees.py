"""Trees to matrices of lowest common ancestors and back, and what became of a decay."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bartik.core import DataError
from bartik.metrics.decay_trees import (
    NOT_ISOLATED,
    PARTIAL,
    PERFECT,
    WRONG_HIERARCHY,
    groups_of,
    lca_matrix,
    matrix_of,
    mothers_of,
    outcomes,
)


@st.composite
def forests(draw):
    """Mothers of nodes, each before its daughters, and the nodes without daughters."""
    count = draw(st.integers(1, 24))
    mothers = [-1] + [draw(st.integers(-1, node - 1)) for node in range(1, count)]
    leaves = sorted(set(range(count)) - set(mothers))
    return np.array(mothers), np.array(draw(st.permutations(leaves)))


def lca_by_hand(mothers, one, other):
    """Generation of the lowest common ancestor, from the definition: by walking up, and the deepest way down among visible ancestors."""

    def path(node):
        found = []
        while mothers[node] >= 0:
            node = mothers[node]
            found.append(node)
        return found

    def height(node):
        daughters = [child for child, mother in enumerate(mothers) if mother == node]
        with_tracks = [height(child) for child in daughters]
        if not daughters:
            return 0
        return with_tracks[0] if len(daughters) == 1 else 1 + max(with_tracks)

    common = [node for node in path(one) if node in path(other)]
    return height(common[0]) if common else 0


@settings(max_examples=150, deadline=None)
@given(forests())
def test_a_tree_comes_back_from_its_matrix(forest):
    mothers, leaves = forest
    matrix = lca_matrix(mothers, leaves)
    groups = groups_of(matrix)
    np.testing.assert_array_equal(matrix_of(groups, len(leaves)), matrix)
    again = mothers_of(groups, len(leaves))
    np.testing.assert_array_equal(lca_matrix(again, np.arange(len(leaves))), matrix)


@settings(max_examples=60, deadline=None)
@given(forests())
def test_the_matrix_is_that_of_the_definition(forest):
    mothers, leaves = forest
    matrix = lca_matrix(mothers, leaves)
    wanted = [[0 if one == other else lca_by_hand(mothers, one, other) for other in leaves] for one in leaves]
    np.testing.assert_array_equal(matrix, wanted)


@settings(max_examples=60, deadline=None)
@given(forests(), st.randoms(use_true_random=False))
def test_the_order_of_tracks_does_not_matter(forest, random):
    mothers, leaves = forest
    order = list(range(len(leaves)))
    random.shuffle(order)
    np.testing.assert_array_equal(lca_matrix(mothers, leaves[order]), lca_matrix(mothers, leaves)[np.ix_(order, order)])


def test_mothers_in_a_circle_are_refused():
    with pytest.raises(DataError, match="go round in a circle"):
        lca_matrix(np.array([1, 2, 1]), np.array([0]))


def test_a_mother_that_does_not_exist_is_refused():
    with pytest.raises(DataError, match="end at 7, of 2 particles"):
        lca_matrix(np.array([7, -1]), np.array([0]))


def test_a_track_cannot_be_a_mother():
    with pytest.raises(DataError, match="a track is the mother of another"):
        lca_matrix(np.array([-1, 0, 0]), np.array([0, 1, 2]))


def test_a_matrix_of_no_tree_is_refused():
    disconnected = np.array([[0, 1, 0], [1, 0, 1], [0, 1, 0]])  # 0 and 2 are of one decay by track 1 and of none by their own pair
    with pytest.raises(DataError, match="one decay by some of their pairs and not by others"):
        groups_of(disconnected)
    with pytest.raises(DataError, match="symmetric"):
        groups_of(np.array([[0, 1], [2, 0]]))


def test_no_track_and_one_track_have_no_tree():
    assert lca_matrix(np.zeros(0, int), np.zeros(0, int)).shape == (0, 0)
    assert lca_matrix(np.array([-1, 0]), np.array([1])).tolist() == [[0]]
    assert groups_of(np.zeros((1, 1))) == frozenset()


def sets(*groups):
    return frozenset(map(frozenset, groups))


TRUE = sets([0, 1, 2], [1, 2])


@pytest.mark.parametrize(
    ("found", "category"),
    [
        (TRUE, PERFECT),
        (TRUE | sets([4, 5]), PERFECT),
        (sets([0, 1, 2]), WRONG_HIERARCHY),
        (sets([0, 1, 2], [0, 1]), WRONG_HIERARCHY),
        (sets([0, 1, 2, 3], [1, 2]), NOT_ISOLATED),
        (sets([1, 2]), PARTIAL),
        (sets([1, 2, 3]), PARTIAL),
        (sets(), PARTIAL),
    ],
)
def test_a_decay_becomes_one_of_four_things(found, category):
    (outcome,) = outcomes(TRUE, found)
    assert outcome.category == category
    assert outcome.tracks == 3


def test_each_true_decay_is_judged():
    both = TRUE | sets([5, 6])
    assert [outcome.category for outcome in outcomes(both, both)] == [PERFECT, PERFECT]
    assert [outcome.category for outcome in outcomes(both, sets([0, 1, 2, 5, 6]))] == [NOT_ISOLATED, NOT_ISOLATED]


@settings(max_examples=60, deadline=None)
@given(forests())
def test_with_the_truth_every_decay_is_perfect(forest):
    groups = groups_of(lca_matrix(*forest))
    assert all(outcome.category == PERFECT for outcome in outcomes(groups, groups))
