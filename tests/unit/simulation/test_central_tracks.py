import numpy as np

from bartik.simulation.central_tracks import CENTRAL, EFFICIENCY, LEAST_PT, central_tracks
from bartik.simulation.conditions import conditions_of
from bartik.simulation.generate import Order, make_events

SAMPLE = make_events(Order("minbias", conditions_of("central"), 3, "parametric"), 4, progress=lambda _: None)
BEAM = np.array(conditions_of("central").position[:2])
TRUE = central_tracks(np.random.default_rng(1), SAMPLE, BEAM, smeared=False)
SEEN = central_tracks(np.random.default_rng(1), SAMPLE, BEAM)


def test_true_prompt_tracks_have_their_perigees_where_they_collided():
    event = np.repeat(np.arange(len(SAMPLE)), np.diff(TRUE.offsets))
    z = SAMPLE.collisions["z"][SAMPLE.collision_offsets[event] + TRUE.collision]
    steep = TRUE.prompt & (np.abs(np.tan(TRUE.theta)) > 0.5)
    assert np.abs(TRUE.z0 - z)[steep].max() < 0.15
    assert np.abs(TRUE.d0)[steep].max() < 0.06


def test_measured_tracks_are_fewer_central_and_off_by_their_sigmas():
    assert abs(len(SEEN.d0) / len(TRUE.d0) - EFFICIENCY) < 0.02
    assert np.abs(np.log(np.tan(SEEN.theta / 2))).max() < CENTRAL
    assert LEAST_PT > 0
    pulls = SEEN.d0[SEEN.prompt] / np.hypot(SEEN.sigma[SEEN.prompt, 0], 0.01)
    assert 0.9 < pulls.std() < 1.1
