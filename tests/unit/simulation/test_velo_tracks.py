import numpy as np

from bartik.simulation.conditions import conditions_of
from bartik.simulation.generate import Order, make_events
from bartik.simulation.velo_tracks import EFFICIENCY, velo_tracks

SAMPLE = make_events(Order("minbias", conditions_of("run3"), 3, "parametric"), 20, progress=lambda _: None)
TRUE = velo_tracks(np.random.default_rng(1), SAMPLE, smeared=False)
SEEN = velo_tracks(np.random.default_rng(1), SAMPLE)


def test_true_tracks_go_through_where_their_particles_were_born():
    assert np.array_equal(TRUE.point[:, 2], SAMPLE.particles["z"][TRUE.particle])
    assert np.allclose(np.linalg.norm(TRUE.way, axis=1), 1)


def test_measured_tracks_are_fewer_and_beside_the_true_ones():
    assert abs(len(SEEN.particle) / len(TRUE.particle) - EFFICIENCY) < 0.01
    assert set(SEEN.particle.tolist()) < set(TRUE.particle.tolist())
    away = np.hypot(SEEN.point[:, 0] - SAMPLE.particles["x"][SEEN.particle], SEEN.point[:, 1] - SAMPLE.particles["y"][SEEN.particle])
    assert 0.02 < np.median(away) < 0.15


def test_offsets_divide_the_tracks_among_the_events():
    event = np.searchsorted(SAMPLE.particle_offsets, SEEN.particle, side="right") - 1
    assert SEEN.offsets[0] == 0
    assert SEEN.offsets[-1] == len(event)
    assert np.array_equal(np.diff(SEEN.offsets), np.bincount(event, minlength=len(SAMPLE)))


def test_prompt_tracks_are_born_at_their_collision_and_some_are_not():
    event = np.searchsorted(SAMPLE.particle_offsets, SEEN.particle, side="right") - 1
    z = SAMPLE.collisions["z"][SAMPLE.collision_offsets[event] + SEEN.collision]
    born = SAMPLE.particles["z"][SEEN.particle]
    assert np.abs(born - z)[SEEN.prompt].max() < 0.011
    assert 0.05 < (~SEEN.prompt).mean() < 0.5


def test_tracks_go_both_ways():
    assert 0.2 < (SEEN.way[:, 2] < 0).mean() < 0.6
