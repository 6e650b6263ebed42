"""Search by triplet: what it finds, that it is always the same, and that it is what the velopix package finds."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from velopix.DetectorEvent import Event
from velopix.ReconstructionAlgorithms import SearchByTripletTrie

from bartik.data.velo import MODULES, VeloEvent, event_from_dict
from bartik.simulation.velo import generate_velo_event
from bartik.simulation.velo_geometry import MODULE_Z
from bartik.usecases.triplet_search import search_by_triplet


def event_of(hits: list[tuple[int, float, float]]) -> VeloEvent:
    """An event from (module, x, y), on the upstream face of each module, in the order given within a module."""
    hits = sorted(hits, key=lambda hit: hit[0])
    values: dict[str, Any] = {"x": [hit[1] for hit in hits], "y": [hit[2] for hit in hits]}
    values["z"] = [MODULE_Z[hit[0]] - 0.58 for hit in hits]
    values["module_prefix_sum"] = np.searchsorted([hit[0] for hit in hits], np.arange(MODULES + 1))
    return event_from_dict(values, 0)


def straight(modules: range, tx: float = 0.05, ty: float = 0.02, x0: float = 0.0) -> list[tuple[int, float, float]]:
    return [(m, x0 + tx * (MODULE_Z[m] - 0.58), ty * (MODULE_Z[m] - 0.58)) for m in modules]


def generated(number: int) -> VeloEvent:
    return event_from_dict(generate_velo_event(3, number), number)


def velopix(event: VeloEvent, max_scatter: float, min_length: int) -> set[tuple[int, ...]]:
    """Tracks of the velopix package, which wants a hit in every module: empty ones get one far away from all others."""
    sizes = np.diff(event.module_offsets)
    empty = np.flatnonzero(sizes == 0)
    places, away = event.module_offsets[empty], 1e6 * (1.0 + np.arange(len(empty)) ** 2)
    original = np.insert(np.arange(len(event)), places, -1)
    fields: dict[str, Any] = {"description": "", "montecarlo": {}, "t": [0.0] * len(original)}
    fields["module_prefix_sum"] = np.concatenate([[0], np.cumsum(np.maximum(sizes, 1))]).tolist()
    fields |= {"x": np.insert(event.x, places, away).tolist(), "y": np.insert(event.y, places, -away).tolist()}
    fields["z"] = np.insert(event.z, places, MODULE_Z[empty]).tolist()
    search = SearchByTripletTrie(max_scatter=max_scatter, min_strong_track_length=min_length)
    found = (original[[hit.id for hit in track.hits]] for track in search.solve(Event(fields)))
    return {tuple(track.tolist()) for track in found if (track >= 0).sum() >= 3}


@pytest.mark.parametrize(("scatter", "length"), [(0.1, 3), (0.1, 4), (0.03, 5)])
def test_tracks_are_one_of_the_answers_of_velopix_which_differ_from_call_to_call(scatter: float, length: int) -> None:
    for number in range(6):
        event = generated(number)
        mine = {tuple(track) for track in search_by_triplet(event, scatter, length)}
        assert len(mine) > 30
        assert any(velopix(event, scatter, length) == mine for _ in range(20))


def test_the_same_event_gives_the_same_tracks_in_the_same_order_again_and_again() -> None:
    for number in range(4):
        first = search_by_triplet(generated(number), 0.1, 3)
        assert all(search_by_triplet(generated(number), 0.1, 3) == first for _ in range(3))


@given(tx=st.floats(-0.2, 0.2), ty=st.floats(-0.2, 0.2), x0=st.floats(-1, 1), first=st.integers(0, 30), count=st.integers(3, 8))
def test_the_hits_of_a_straight_line_in_neighbouring_stations_are_one_track(
    tx: float, ty: float, x0: float, first: int, count: int
) -> None:
    hits = straight(range(first, first + 2 * count, 2), tx, ty, x0)
    if max(max(abs(x), abs(y)) for _, x, y in hits) <= 60:
        assert search_by_triplet(event_of(hits), 0.1, 3) == [list(range(count))[::-1]]


def test_of_two_equally_near_hits_the_first_is_taken() -> None:
    line = straight(range(21, 27, 2), 0.05, 0.0)
    last = line[0]
    for shift in (0.0625, -0.0625):
        event = event_of([(last[0], last[1], shift), (last[0], last[1], -shift), *line[1:]])
        assert search_by_triplet(event, 0.1, 4) == [[3, 2, 0]]


def test_a_hit_is_near_if_its_squared_distance_is_below_the_bound() -> None:
    *_, x, y = (value for hit in straight(range(21, 22)) for value in hit)
    for distance, found in ((0.31, 1), (0.32, 0)):
        event = event_of([(21, x, y + distance), *straight(range(23, 27, 2))])
        assert len(search_by_triplet(event, 0.1, 3)) == found


@pytest.mark.parametrize(("length", "tracks"), [(3, 2), (4, 1)])
def test_a_seed_shorter_than_the_length_gives_way_to_a_track_that_shares_its_hit(length: int, tracks: int) -> None:
    line = straight(range(21, 29, 2))
    first, slope = line[1], np.array([0.3, -0.1])
    other = [(m, first[1] + slope[0] * (MODULE_Z[m] - MODULE_Z[23]), first[2] + slope[1] * (MODULE_Z[m] - MODULE_Z[23])) for m in (25, 27)]
    assert len(search_by_triplet(event_of(line + other), 0.1, length)) == tracks


@pytest.mark.parametrize("hits", [[], [(30, 10.0, 3.0)], [(30, 10.0, 3.0)] * 3, straight(range(21, 25, 2))])
def test_hardly_a_hit_is_no_track(hits: list[tuple[int, float, float]]) -> None:
    assert search_by_triplet(event_of(hits), 0.1, 3) == []


def test_hits_that_all_claim_one_place_along_the_beam_are_no_track_and_no_warning() -> None:
    event = event_of(straight(range(21, 33, 2)))
    flat = VeloEvent(0, "flat", event.x, event.y, np.zeros(len(event)), event.module_offsets)
    assert search_by_triplet(flat, 0.1, 3) == []


@settings(max_examples=15, deadline=None)
@given(number=st.integers(0, 10**6))
def test_a_track_is_three_or_more_hits_of_the_event_from_outside_inwards(number: int) -> None:
    event = generated(number)
    for track in search_by_triplet(event, 0.1, 3):
        assert len(set(track)) == len(track) >= 3
        assert (np.diff(event.modules[track]) <= 0).all()
        assert (np.diff(event.modules[track])[:-1] < 0).all()  # module 0 is looked at twice, as velopix does
