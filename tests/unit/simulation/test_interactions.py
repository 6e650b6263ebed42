"""What hard particles make in the vertex locator's material."""

import numpy as np
import pytest

from bartik.simulation.bulk import many_events
from bartik.simulation.conditions import conditions_of
from bartik.simulation.generate import Order
from bartik.simulation.interactions import ACROSS, HARD, SOFT, with_interactions
from bartik.simulation.record import PARTICLES
from bartik.simulation.velo_detector import FOIL_RADIUS

RUN3 = conditions_of("run3")
EVENTS = 60


@pytest.fixture(scope="module")
def before():
    return many_events(Order("minbias", RUN3, 5, "parametric"), EVENTS)


@pytest.fixture(scope="module")
def after(before):
    return with_interactions(before, RUN3, 5, range(EVENTS))


def momentum(sample):
    return np.sqrt(sum(sample.particles[name] ** 2 for name in ("px", "py", "pz")))


def test_particles_of_the_record_stay_but_those_that_ended_in_the_material(before, after):
    sample, born = after
    for name in PARTICLES:
        same = sample.particles[name][~born] == before.particles[name]
        if name == "final":
            ended = before.particles["final"] & ~sample.particles["final"][~born]
            assert (same | ended).all()
            assert 0 < ended.sum() < 0.05 * before.particles["final"].sum()
            assert momentum(before)[ended].min() > HARD
            assert before.pt[ended].min() > ACROSS
        else:
            assert same.all(), name


def test_what_is_made_begins_in_the_material_on_the_way_of_its_mother(after):
    sample, born = after
    mother = sample.mothers[born]
    assert born.sum() > 20
    assert (mother >= 0).all()
    assert not born[mother].any()
    place, start = (np.stack([sample.particles[axis][rows] for axis in "xyz"], axis=1) for rows in (np.flatnonzero(born), mother))
    assert np.hypot(place[:, 0], place[:, 1]).min() > FOIL_RADIUS - 0.2
    way = np.stack([sample.particles[name][mother] for name in ("px", "py", "pz")], axis=1)
    away = place - start
    across = np.linalg.norm(np.cross(away, way), axis=1) / np.linalg.norm(way, axis=1)
    assert np.median(across / np.linalg.norm(away, axis=1)) < 1e-3
    assert ((away * way).sum(axis=1) > 0).all()
    assert (sample.particles["t"][born] > sample.particles["t"][mother]).all()


def test_nothing_soft_is_made_and_nothing_harder_than_its_mother(after):
    sample, born = after
    p = momentum(sample)
    assert p[born].min() > SOFT
    assert (p[born] < 1.2 * p[sample.mothers[born]]).all()  # transverse momenta are added


def test_an_event_is_the_same_in_any_batch(before, after):
    sample, born = after
    alone, made = with_interactions(before.event(7), RUN3, 5, [7])
    rows = slice(sample.particle_offsets[7], sample.particle_offsets[8])
    assert np.array_equal(made, born[rows])
    for name in PARTICLES:
        assert np.array_equal(alone.particles[name], sample.particles[name][rows]), name
