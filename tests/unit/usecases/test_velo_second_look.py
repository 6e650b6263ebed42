"""The second look: what is found among hits in no track, and pieces that are joined."""

import itertools

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from bartik.simulation.velo_geometry import MODULE_Z
from bartik.usecases.velo_tracking.continued import continued
from bartik.usecases.velo_tracking.leftover import left_tracks


def line(modules, tx, ty=0.01, x0=8.0):
    z = MODULE_Z[list(modules)]
    return np.stack([x0 + tx * (z - MODULE_Z[modules[0]]), 2.0 + ty * (z - MODULE_Z[modules[0]]), z], axis=1)


def event(*lines):
    """Hits [hits, 3] sorted along the beam, and the places of those of each line."""
    hits = np.concatenate(lines).astype(np.float32)
    order = np.argsort(hits[:, 2], kind="stable")
    rank = np.argsort(order)
    ends = np.cumsum([0, *map(len, lines)])
    return hits[order], [sorted(rank[low:high].tolist()) for low, high in itertools.pairwise(ends)]


def test_a_track_in_no_track_is_found_and_hits_of_tracks_are_not_used():
    hits, (taken, short) = event(line(range(10, 26, 2), 0.02), line(range(20, 26, 2), 0.1, x0=12.0))
    assert left_tracks(hits, [taken], 0.05) == [short]
    assert left_tracks(hits, [taken, short], 0.05) == []
    assert left_tracks(hits, [taken], 0.0) == []
    assert left_tracks(np.zeros((0, 3), np.float32), [], 0.05) == []


def test_a_line_that_turns_more_than_the_cut_is_not_found():
    bent = line(range(20, 26, 2), 0.1)
    bent[2, 0] += 0.5
    hits, _ = event(bent)
    assert left_tracks(hits, [], 0.05) == []
    assert len(left_tracks(hits, [], 0.5)) == 1


def test_pieces_of_a_straight_track_are_joined_over_a_gap():
    whole = line(range(4, 24, 2), 0.05)
    hits, (first, second) = event(whole[:4], whole[5:])
    assert continued(hits, [first, second], 0.1) == [[*first, *second]]
    assert continued(hits, [second, first], 0.1) == [[*first, *second]]
    assert continued(hits, [first, second], 0.0) == [first, second]


def test_pieces_that_meet_in_the_gap_but_turn_there_are_two_tracks():
    z = MODULE_Z[10]
    bent = line(range(12, 20, 2), 0.06, x0=8.0 + 0.05 * (z - MODULE_Z[4]) + 0.06 * (MODULE_Z[12] - z))
    hits, (first, second) = event(line(range(4, 11, 2), 0.05), bent)
    assert sorted(continued(hits, [first, second], 0.5)) == sorted([first, second])


def test_three_pieces_become_one_and_one_that_turns_stays():
    whole, other = line(range(4, 28, 2), 0.05), line(range(10, 18, 2), 0.06, x0=8.0 + 0.05 * (MODULE_Z[10] - MODULE_Z[4]))
    hits, (first, second, third, turned) = event(whole[:3], whole[3:8], whole[8:], other)
    assert sorted(continued(hits, [third, turned, first, second], 0.1)) == sorted([[*first, *second, *third], turned])


def test_no_tracks_are_no_tracks():
    assert continued(np.zeros((0, 3), np.float32), [], 0.1) == []


@given(st.integers(0, 2**32), st.integers(1, 30), st.floats(0.01, 50))
def test_every_hit_of_every_piece_is_kept_once(seed, count, apart):
    random = np.random.default_rng(seed)
    lines = [
        line(range(start := int(random.integers(0, 40)), start + 2 * int(random.integers(3, 6)), 2), *random.normal(0, 0.002, 2))
        for _ in range(count)
    ]
    hits, pieces = event(*lines)
    joined = continued(hits, pieces, apart)
    assert sorted(hit for track in joined for hit in track) == sorted(hit for piece in pieces for hit in piece)
    assert all((np.diff(hits[track, 2]) > 0).all() for track in joined)
    assert len(joined) <= len(pieces)
