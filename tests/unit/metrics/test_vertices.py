import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bartik.core import UsageError
from bartik.metrics.vertices import (
    distance_to_next,
    false_vertices,
    match_vertices,
    threshold_at_false_rate,
    vertex_curve,
    vertex_efficiency,
    vertex_purity,
    vertex_resolution,
)

NOTHING = np.zeros((0, 2))


def test_a_true_vertex_is_found_once_and_by_the_weightiest():
    vertices = match_vertices([np.array([[0.1, 1.0], [0.0, 3.0], [0.2, 2.0]])], [np.array([0.0, 4.0])])
    assert vertices.weight.tolist() == [3.0, 2.0, 1.0]
    assert vertices.owner.tolist() == [0, -1, -1]
    assert vertices.best.tolist() == [3.0, -np.inf]


def test_two_true_vertices_near_one_another_are_both_found():
    vertices = match_vertices([np.array([[1.0, 2.0], [1.3, 1.0]])], [np.array([1.05, 1.4])])
    assert sorted(vertices.owner.tolist()) == [0, 1]
    assert np.allclose(np.abs(vertices.offset), [0.05, 0.1])


def test_vertices_of_other_events_do_not_match():
    vertices = match_vertices([np.array([[1.0, 1.0]]), NOTHING], [np.zeros(0), np.array([1.0])])
    assert vertices.owner.tolist() == [-1]
    assert false_vertices(vertices, 0.5).value == 0.5
    assert vertex_efficiency(vertices, np.array([True]), 0.0).value == 0.0


def test_what_is_not_wanted_is_neither_a_merit_nor_a_fault():
    vertices = match_vertices([np.array([[1.0, 1.0], [5.0, 1.0]])], [np.array([1.0, 5.0, 9.0])])
    wanted = np.array([True, False, True])
    assert vertex_efficiency(vertices, wanted, 0.5).value == 0.5
    assert false_vertices(vertices, 0.5).value == 0.0


def test_the_threshold_allows_as_many_false_ones_as_said_and_no_more():
    found = [np.array([[10.0 * k, k + 1.0] for k in range(10)])]
    vertices = match_vertices(found, [np.zeros(0)])
    for allowed in (0, 1, 4):
        threshold = threshold_at_false_rate(vertices, allowed)
        assert false_vertices(vertices, threshold).value == allowed
    assert threshold_at_false_rate(vertices, 10) == 0.0


def test_the_interval_of_no_false_vertex_is_not_empty():
    none = false_vertices(match_vertices([NOTHING] * 10, [np.zeros(0)] * 10), 0.0)
    assert none.value == none.low == 0.0
    assert none.high == pytest.approx(0.1)


def test_the_resolution_is_the_width_of_what_was_drawn():
    rng = np.random.default_rng(1)
    shifts = rng.normal(0, 0.05, 2000)
    found = [np.array([[10 + shift, 1.0]]) for shift in shifts]
    vertices = match_vertices(found, [np.array([10.0])] * 2000)
    width = vertex_resolution(vertices, np.ones(2000, bool), 0.0)
    assert width.low < 0.05 < width.high + 0.002
    assert width.value == pytest.approx(0.05, rel=0.05)


def test_the_curve_falls_in_both_as_the_threshold_rises():
    rng = np.random.default_rng(2)
    found = [np.stack([rng.uniform(-50, 50, 8), rng.random(8)], axis=1) for _ in range(50)]
    vertices = match_vertices(found, [some[:4, 0] + 0.1 for some in found])
    curve = vertex_curve(vertices, np.ones(200, bool))
    assert (np.diff(curve[:, 0]) <= 0).all()
    assert (np.diff(curve[:, 1]) <= 0).all()
    threshold = curve[60, 2]
    assert curve[60, 0] == pytest.approx(vertex_efficiency(vertices, np.ones(200, bool), threshold).value)
    assert curve[60, 1] == pytest.approx(false_vertices(vertices, threshold).value)


def test_the_distance_to_the_next_is_infinite_for_one_alone():
    assert distance_to_next([np.array([1.0]), np.zeros(0), np.array([2.0, 5.0, 6.0])]).tolist() == [np.inf, 3.0, 1.0, 1.0]


def test_events_that_do_not_belong_together_are_refused():
    with pytest.raises(UsageError, match="found in 1 events, true ones in 2"):
        match_vertices([NOTHING], [np.zeros(0)] * 2)


def test_no_wanted_vertex_and_no_found_one_are_refused_with_a_reason():
    vertices = match_vertices([NOTHING], [np.array([1.0])])
    with pytest.raises(UsageError, match="no vertex is wanted"):
        vertex_efficiency(vertices, np.array([False]), 0.0)
    with pytest.raises(UsageError, match="fewer than two"):
        vertex_resolution(vertices, np.array([True]), 0.0)


def test_the_purity_of_nothing_says_nothing():
    assert vertex_purity(match_vertices([NOTHING], [np.zeros(0)]), 0.0).low == 0.0


@given(
    st.lists(st.tuples(st.floats(-10, 10), st.floats(0.1, 5)), max_size=8),
    st.lists(st.floats(-10, 10), max_size=8),
)
def test_no_true_vertex_has_two_owners_and_every_match_is_within_the_window(found, true):
    some = np.array(found, float).reshape(-1, 2)
    vertices = match_vertices([some], [np.array(true, float)])
    owners = vertices.owner[vertices.owner >= 0]
    assert len(set(owners.tolist())) == len(owners)
    assert (np.abs(vertices.offset[vertices.owner >= 0]) < 0.5).all()
    assert len(vertices.owner) == len(found)
