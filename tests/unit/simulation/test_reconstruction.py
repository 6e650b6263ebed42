from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bartik.core import UsageError
from bartik.simulation.bulk import many_events
from bartik.simulation.conditions import conditions_of
from bartik.simulation.generate import Order, make_events
from bartik.simulation.reconstruction.combinations import extended, pairs_of
from bartik.simulation.reconstruction.ghosts import SHARE, with_ghosts
from bartik.simulation.reconstruction.primary import FEWEST_TRACKS, least_impact, primary_vertices
from bartik.simulation.reconstruction.vertices import fit_vertices, largest_doca, lines_of, variables
from bartik.simulation.response.detector import long_tracks, measured_tracks

RUN3 = conditions_of("run3")


@pytest.fixture(scope="module")
def minbias():
    return many_events(Order("minbias", RUN3, 3, "parametric"), 60)


def from_point(point, momenta):
    """Tracks through one point, given somewhere along them."""
    momenta = np.asarray(momenta, float)
    places = np.asarray(point) + np.linspace(-30, 40, len(momenta))[:, np.newaxis] * momenta / momenta[:, 2:]
    tracks = {name: places[:, axis] for axis, name in enumerate("xyz")}
    tracks |= {name: momenta[:, axis] for axis, name in enumerate(("px", "py", "pz"))}
    return tracks | {"event": np.zeros(len(momenta), np.int64)}


MOMENTA = [[1.0, 0.3, 20.0], [-0.8, 1.1, 30.0], [0.2, -1.5, 25.0], [2.0, 2.0, 40.0]]


@pytest.mark.parametrize("bodies", [2, 3, 4])
def test_lines_through_a_point_meet_there_with_no_chi2(bodies):
    point = np.array([0.4, -0.7, 31.0])
    lines = lines_of(from_point(point, MOMENTA), np.arange(bodies)[np.newaxis])
    found = fit_vertices(lines)
    assert np.allclose(found.position, point, atol=1e-6)
    assert found.chi2[0] < 1e-9
    assert largest_doca(lines)[0] < 1e-9


def test_the_chi2_of_smeared_tracks_has_the_mean_of_its_degrees_of_freedom():
    rng = np.random.default_rng(1)
    tracks = from_point([0.4, -0.7, 31.0], np.tile(MOMENTA[:3], (4000, 1)))
    sigma = 1 / np.sqrt(lines_of(tracks, np.arange(12000)[:, np.newaxis]).weight[:, 0])
    for axis in "xy":
        tracks[axis] = tracks[axis] + sigma * rng.standard_normal(12000)
    found = fit_vertices(lines_of(tracks, np.arange(12000).reshape(-1, 3)))
    assert abs(found.chi2.mean() - 3) < 0.15
    pulls = (found.position - [0.4, -0.7, 31.0]) / np.sqrt(np.diagonal(found.covariance, axis1=1, axis2=2))
    assert np.abs(pulls.std(axis=0) - 1).max() < 0.05


def test_the_distance_of_two_lines_by_hand():
    tracks = from_point([0.0, 0.0, 0.0], [[1.0, 0.0, 10.0], [0.0, 1.0, 10.0]])
    tracks["y"] = tracks["y"] + [0.0, 0.0]
    tracks["x"] = tracks["x"] + [0.0, 0.3]
    normal = np.cross([0.1, 0.0, 1.0], [0.0, 0.1, 1.0])
    wanted = abs(0.3 * normal[0]) / np.linalg.norm(normal)
    assert largest_doca(lines_of(tracks, np.array([[0, 1]])))[0] == pytest.approx(wanted)


def test_a_whole_decay_has_its_own_mass_corrected_and_points_back(minbias):
    primaries = primary_vertices(np.random.default_rng(1), minbias)
    first = primaries.position[0, 0]
    total = np.array([2.0, -1.0, 60.0])
    vertex = first + total / total[2] * 12.0
    tracks = from_point(vertex, [[1.5, 0.5, 25.0], [0.5, -1.5, 35.0]])
    lines = lines_of(tracks, np.array([[0, 1]]))
    found = variables(lines, fit_vertices(lines), np.array([0]), primaries)
    assert found["dira"][0] == pytest.approx(1, abs=1e-9)
    assert found["m_corrected"][0] == pytest.approx(found["m"][0], rel=1e-3)
    assert found["ip_chi2"][0] < 1e-6
    assert found["flight"][0] == pytest.approx(12 * np.linalg.norm(total / 60), rel=1e-6)
    assert found["sum_pt"][0] == pytest.approx(np.hypot(1.5, 0.5) * 2)


def test_what_is_missing_raises_the_corrected_mass(minbias):
    primaries = primary_vertices(np.random.default_rng(1), minbias)
    vertex = primaries.position[0, 0] + [0.1, 0.2, 12.0]
    lines = lines_of(from_point(vertex, MOMENTA[:2]), np.array([[0, 1]]))
    found = variables(lines, fit_vertices(lines), np.array([0]), primaries)
    assert found["m_corrected"][0] > found["m"][0] + 0.1


@given(st.lists(st.integers(0, 6), min_size=0, max_size=25).map(sorted), st.integers(0, 1000))
@settings(deadline=None)
def test_sets_are_those_that_trying_all_finds(events, seed):
    event = np.array(events, np.int64)
    every = [(i, j) for i, j in combinations(range(len(event)), 2) if event[i] == event[j]]
    assert [tuple(pair) for pair in pairs_of(event).tolist()] == every
    kept = np.array(
        [pair for pair, keep in zip(every, np.random.default_rng(seed).random(len(every)) < 0.7, strict=True) if keep], np.int64
    )
    kept = kept.reshape(-1, 2)
    good = {tuple(pair) for pair in kept.tolist()}
    sets = kept
    for bodies in (3, 4):
        sets = extended(sets, kept, len(event))
        wanted = [some for some in combinations(range(len(event)), bodies) if all(pair in good for pair in combinations(some, 2))]
        assert [tuple(some) for some in sets.tolist()] == wanted


def test_prompt_tracks_have_the_impact_that_their_resolution_says(minbias):
    rng = np.random.default_rng(4)
    tracks, primaries = measured_tracks(rng, minbias), primary_vertices(rng, minbias)
    assert np.allclose(np.diff(np.sort(tracks["event"])), np.diff(tracks["event"]))
    chi2 = least_impact(tracks, primaries)
    assert 0.8 < np.median(chi2) < 1.7  # 2 degrees of freedom: 1.39, less for the nearest of several vertices, more with tails
    assert (chi2 > 16).mean() < 0.15


def test_collisions_with_few_tracks_make_no_primary_vertex(minbias):
    found = primary_vertices(np.random.default_rng(1), minbias).found.sum()
    assert 0.6 * len(minbias.collisions["x"]) < found < len(minbias.collisions["x"])
    assert FEWEST_TRACKS == 5


def test_ghosts_are_as_many_as_they_should_be_and_stand_with_their_event(minbias):
    rng = np.random.default_rng(2)
    tracks = measured_tracks(rng, minbias)
    both = with_ghosts(rng, tracks)
    share = (both["particle"] < 0).mean()
    assert abs(share - SHARE) < 4 * np.sqrt(SHARE / len(both["event"]))
    assert (np.diff(both["event"]) >= 0).all()
    real = both["particle"] >= 0
    assert np.array_equal(both["px"][real], tracks["px"])
    assert with_ghosts(rng, tracks, 0.0) is tracks


def test_tracks_without_identity_are_those_with_it(minbias):
    plain, whole = (make(np.random.default_rng(5), minbias) for make in (measured_tracks, long_tracks))
    assert all(np.array_equal(plain[name], whole[name]) for name in plain)


def test_many_events_at_once_are_like_events_one_by_one():
    one = make_events(Order("minbias", RUN3, 1, "parametric"), 150, progress=lambda _: None)
    many = many_events(Order("minbias", RUN3, 1, "parametric"), 150)
    for count in (lambda sample: sample.particles["final"].sum() / 150, lambda sample: len(sample.collisions["x"]) / 150):
        assert abs(count(many) / count(one) - 1) < 0.2
    daughters = np.flatnonzero(many.particles["mother"] >= 0)
    assert (many.particles["collision"][daughters] == many.particles["collision"][many.mothers[daughters]]).all()


def test_a_block_is_the_same_again_and_another_is_not():
    order = Order("bbbar", RUN3, 1, "parametric", "Bs_PhiPhi")
    assert many_events(order, 4, 2).digest == many_events(order, 4, 2).digest != many_events(order, 4, 3).digest


def test_unknown_samples_are_refused():
    with pytest.raises(UsageError, match="samples: minbias"):
        many_events(Order("ttbar", RUN3, 1, "parametric"), 3)
