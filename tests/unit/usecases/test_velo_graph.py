"""Graphs of hits: which pairs are looked at, which of them are true, and which tracks come out."""

from __future__ import annotations

import itertools

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from bartik.data.velo import VeloEvent, event_from_dict
from bartik.simulation.velo import generate_velo_event
from bartik.simulation.velo_geometry import MODULE_Z
from bartik.usecases.velo_tracking.graph import MODULES_AHEAD, STEEPEST, chain, modules_of, neighbours, positions, window_pairs
from bartik.usecases.velo_tracking.tracks import Cuts, build_tracks
from bartik.usecases.velo_tracking.truth import doublets_of, label_doublets, label_triplets, true_doublets

CUTS = Cuts(kept=0.5, elbow=0.9, short=0.5, shared=0.7)


def generated(number: int) -> VeloEvent:
    return event_from_dict(generate_velo_event(3, number), number)


def perfect(event: VeloEvent) -> list[list[int]]:
    """Tracks of a search whose networks are never wrong."""
    hits, true = positions(event), true_doublets(event)
    first, second = window_pairs(hits)
    kept = label_doublets(first, second, true, len(event))
    first, second = first[kept], second[kept]
    one, other = chain(first, second, hits)
    scores = label_triplets(first, second, one, other, true, len(event)).astype(float)
    return build_tracks(first, second, one, other, scores, CUTS)


def test_modules_are_told_from_where_hits_are_along_the_beam():
    event = generated(0)
    assert (modules_of(positions(event)) == event.modules).all()


def test_the_window_holds_every_pair_within_reach_and_no_other():
    hits = positions(generated(1))[::9]
    modules = modules_of(hits)
    first, second = window_pairs(hits)
    wanted = {
        (a, b)
        for a in range(len(hits))
        for b in range(len(hits))
        if 0 < modules[b] - modules[a] <= MODULES_AHEAD
        and np.hypot(*(hits[b] - hits[a])[:2]) < STEEPEST * (hits[b] - hits[a])[2]
        and hits[b][2] - hits[a][2] > 1
    }
    assert set(zip(first.tolist(), second.tolist(), strict=True)) == wanted


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 50), st.floats(0.0, 3.0))
def test_neighbours_are_the_pairs_of_the_window_within_the_radius(seed, radius):
    hits = positions(generated(seed % 3))[::11]
    places = np.random.default_rng(seed).normal(size=(len(hits), 4))
    first, second = window_pairs(hits)
    near = np.sqrt(((places[first] - places[second]) ** 2).sum(1)) <= radius
    found = set(zip(*(column.tolist() for column in neighbours(hits, places, radius)), strict=True))
    assert found == set(zip(first[near].tolist(), second[near].tolist(), strict=True))


def test_no_hits_make_no_graph():
    empty = np.zeros((0, 3), np.float32)
    assert [len(column) for column in window_pairs(empty)] == [0, 0]
    assert [len(column) for column in neighbours(empty, np.zeros((0, 4)), 1.0)] == [0, 0]
    none = np.zeros(0, np.int64)
    assert [len(column) for column in chain(none, none, empty)] == [0, 0]
    assert build_tracks(none, none, none, none, np.zeros(0), CUTS) == []


def test_two_hits_in_a_module_are_both_joined_to_the_next_ones():
    found = doublets_of(np.array([0, 1, 2, 3]), np.zeros(4, np.int64), np.array([5, 7, 7, 9]))
    assert list(zip(found.first.tolist(), found.second.tolist(), strict=True)) == [(0, 1), (0, 2), (1, 3), (2, 3)]


def test_a_triplet_of_two_particles_is_not_true_though_both_its_doublets_are():
    modules = np.array([0, 2, 4, 4])
    true = doublets_of(np.array([0, 1, 1, 2]), np.array([0, 0, 1, 1]), modules)  # 0-1 of one particle, 1-2 of another
    first, second = np.array([0, 1]), np.array([1, 2])
    assert label_doublets(first, second, true, 4).all()
    assert not label_triplets(first, second, np.array([0]), np.array([1]), true, 4).any()


def test_networks_that_are_never_wrong_make_no_ghosts_and_miss_next_to_no_particle():
    for number in range(3):
        event = generated(number)
        assert event.truth is not None
        made = [set(part.tolist()) for part in np.split(event.truth.hits, event.truth.offsets[1:-1])]
        tracks = [set(track) for track in perfect(event)]
        assert all(any(track <= particle for particle in made) for track in tracks)
        wanted = [particle for particle in made if len({event.modules[hit] for hit in particle}) >= 3]
        found = [particle for particle in wanted if any(track <= particle for track in tracks)]
        assert len(found) > 0.97 * len(wanted) > 20


def straight(modules: range, tx: float, ty: float = 0.0, x0: float = 6.0) -> list[tuple[float, float, float]]:
    return [(x0 + tx * (MODULE_Z[m] - MODULE_Z[modules[0]]), 1.0 + ty * (MODULE_Z[m] - MODULE_Z[modules[0]]), MODULE_Z[m]) for m in modules]


def test_two_tracks_may_share_their_first_hits():
    """An electron and a positron of a photon that converted: the same first two hits, then two ways."""
    stem, one, other = straight(range(10, 14, 2), 0.02), straight(range(14, 24, 2), 0.02), straight(range(14, 24, 2), 0.08)
    places = np.array([*stem, *one, *other], np.float32)
    order = np.argsort(places[:, 2], kind="stable")
    rank = np.argsort(order)
    lines = [[0, 1, *range(2, 7)], [0, 1, *range(7, 12)]]
    pairs = sorted({(int(rank[a]), int(rank[b])) for line in lines for a, b in itertools.pairwise(line)})
    first, second = np.array(pairs).T
    before, after = chain(first, second, places[order])
    tracks = build_tracks(first, second, before, after, np.full(len(before), 0.95), CUTS)
    assert {frozenset(track) for track in tracks} == {frozenset(int(rank[hit]) for hit in line) for line in lines}


def test_without_being_sure_a_hit_goes_to_the_better_of_two_tracks():
    first, second = np.array([0, 1, 1]), np.array([1, 2, 3])
    tracks = build_tracks(first, second, np.array([0, 0]), np.array([1, 2]), np.array([0.7, 0.8]), CUTS)
    assert tracks == [[0, 1, 3]]


def test_a_track_of_three_hits_needs_a_better_triplet_than_a_longer_one():
    first, second = np.array([0, 1, 2]), np.array([1, 2, 3])
    strict = Cuts(kept=0.3, elbow=0.9, short=0.8, shared=0.7)
    assert build_tracks(first, second, np.array([0]), np.array([1]), np.array([0.6]), strict) == []
    assert build_tracks(first, second, np.array([0, 1]), np.array([1, 2]), np.array([0.6, 0.6]), strict) == [[0, 1, 2, 3]]


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000))
def test_whatever_the_scores_tracks_are_chains_of_hits_that_rise_in_z(seed):
    random = np.random.default_rng(seed)
    hits = positions(generated(seed % 3))[:: int(random.integers(4, 12))]
    first, second = window_pairs(hits)
    kept = random.random(len(first)) < 0.1
    first, second = first[kept], second[kept]
    one, other = chain(first, second, hits)
    tracks = build_tracks(first, second, one, other, random.random(len(one)), CUTS)
    pairs = set(zip(first.tolist(), second.tolist(), strict=True))
    for track in tracks:
        assert len(track) >= 3
        assert all(pair in pairs for pair in itertools.pairwise(track))
    assert build_tracks(first, second, one, other, np.zeros(len(one)), CUTS) == []
