"""Tracks against particles: by hand, by counting one by one, and on events of LHCb's simulation."""

import doctest

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bartik.core import UsageError
from bartik.metrics import efficiency_by, ghost_rate, match_tracks, performance, tracking


def ragged(lists):
    return np.array([hit for part in lists for hit in part], np.int64), np.cumsum([0, *map(len, lists)]).astype(np.int64)


def one_by_one(tracks, particles):
    """The definition, word by word."""
    found = []
    for track in tracks:
        shared = [len([hit for hit in track if hit in particle]) for particle in map(set, particles)]
        best = int(np.argmax(shared)) if shared and max(shared) else -1
        found.append(best if best >= 0 and shared[best] >= 0.7 * len(track) else -1)
    return found


def test_the_example_in_the_docstring_is_true():
    assert doctest.testmod(tracking).failed == 0
    assert doctest.testmod(tracking).attempted > 0


_LISTS = st.lists(st.lists(st.integers(0, 30), min_size=3, max_size=8, unique=True), max_size=8)


@given(_LISTS, _LISTS)
def test_matching_is_what_the_definition_says(tracks, particles):
    found = match_tracks(*ragged(tracks), *ragged(particles))
    wanted = one_by_one(tracks, particles)
    assert found.particle.tolist() == wanted
    assert found.tracks.tolist() == [wanted.count(k) for k in range(len(particles))]
    for track, particle, purity, completeness in zip(tracks, wanted, found.purity, found.completeness, strict=True):
        if particle >= 0:
            shared = len(set(track) & set(particles[particle]))
            assert purity == pytest.approx(shared / len(track))
            assert completeness == pytest.approx(shared / len(particles[particle]))


def test_seven_of_ten_hits_are_enough_and_two_of_three_are_not():
    particles = ragged([[0, 1, 2, 3, 4, 5, 6, 7]])
    assert match_tracks(*ragged([[0, 1, 2, 3, 4, 5, 6, 20, 21, 22]]), *particles).particle.tolist() == [0]
    assert match_tracks(*ragged([[0, 1, 20]]), *particles).particle.tolist() == [-1]


def test_numbers_of_two_events_counted_by_hand():
    first = match_tracks(*ragged([[0, 1, 2], [0, 1, 2, 3], [8, 9, 10]]), *ragged([[0, 1, 2, 3], [4, 5, 6]]))  # a clone, a ghost
    second = match_tracks(*ragged([[0, 1, 2]]), *ragged([[0, 1, 2], [3, 4, 5], [6, 7, 8]]))
    events, everyone = [first, second], [np.array([True, True]), np.array([True, True, True])]
    found = performance(events, everyone)
    assert ghost_rate(events).value == pytest.approx(1 / 4)
    assert found.efficiency.value == pytest.approx(2 / 5)
    assert found.clone_rate.value == pytest.approx(1 / 3)
    assert found.hit_purity.value == pytest.approx(1)
    assert found.hit_efficiency.value == pytest.approx((0.75 + 1 + 1) / 3)
    first_only = performance(events, [np.array([True, False]), np.array([False, False, False])])
    assert (first_only.efficiency.value, first_only.clone_rate.value) == (1, pytest.approx(1 / 2))
    by_p = efficiency_by(events, everyone, [np.array([1.0, 9.0]), np.array([1.0, 1.0, 9.0])], [0, 5, 10, 20])
    assert {edges: interval.value for edges, interval in by_p.items()} == {(0, 5): pytest.approx(2 / 3), (5, 10): 0}


def test_events_without_tracks_or_particles_count_as_such():
    nothing = match_tracks(*ragged([]), *ragged([]))
    lost = match_tracks(*ragged([]), *ragged([[0, 1, 2]]))
    found = performance([nothing, lost], [np.zeros(0, bool), np.ones(1, bool)])
    assert (found.efficiency.value, found.clone_rate.value) == (0, 0)
    assert np.isnan(found.hit_purity.value)
    with pytest.raises(UsageError, match="no tracks"):
        ghost_rate([nothing])
    with pytest.raises(UsageError, match="no particle of this kind"):
        performance([nothing], [np.zeros(0, bool)])
    with pytest.raises(UsageError, match="another length"):
        performance([lost], [np.ones(2, bool)])
