"""Clusters, material and conditions of the vertex locator, each by what defines it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bartik.core import UsageError
from bartik.simulation.conditions import VeloState
from bartik.simulation.counters import event_keys, within
from bartik.simulation.velo_clusters import Paths, clusters
from bartik.simulation.velo_detector import detector, planes, substrate_first
from bartik.simulation.velo_geometry import PITCH, SENSOR_Z, SENSORS


def paths(places, slope=0.0, sensor=40, event=0):
    """Paths through one sensor, ``places`` pixels from its middle."""
    places = np.atleast_2d(np.asarray(places, float))
    count, (low_u, high_u, low_v, high_v, _) = len(places), SENSORS[sensor]
    u, v = (low_u + high_u) / 2 + PITCH * places[:, 0], (low_v + high_v) / 2 + PITCH * places[:, 1]
    key = within(event_keys(5, [event])[0], np.arange(count))
    flat = np.full(count, slope)
    return Paths(np.full(count, event), np.full(count, sensor), u, v, flat, np.zeros(count), np.arange(count), key)


def test_a_straight_path_fires_a_pixel_or_two_and_its_hit_is_near():
    places = np.stack([12.0 * np.arange(20) - 120 + 0.3, np.linspace(-100, 100, 20)], axis=1)
    wanted, found = paths(places), clusters(paths(places))
    assert len(found.u) == 20
    owner = found.links[np.argsort(found.links[:, 0]), 1]
    assert np.abs(found.u - wanted.u[owner]).max() < PITCH
    assert np.abs(found.v - wanted.v[owner]).max() < PITCH


@pytest.mark.parametrize(("apart", "hits"), [(0.0, 1), (1.0, 1), (4.0, 2)])
def test_paths_whose_pixels_touch_are_one_hit_of_both(apart, hits):
    found = clusters(paths([[0.5, 0.5], [0.5 + apart, 0.5]]))
    assert len(found.u) == hits
    assert sorted(map(tuple, found.links.tolist())) == ([(0, 0), (0, 1)] if hits == 1 else sorted(map(tuple, found.links.tolist())))
    assert set(found.links[:, 1].tolist()) == {0, 1}


def test_steep_paths_share_their_charge_and_are_measured_better_than_a_pixel():
    rng = np.random.default_rng(1)
    off = {}
    for slope in (0.0, 0.25):
        places = np.stack([5.0 * np.arange(-60, 60) + rng.uniform(0, 1, 120), rng.uniform(-100, 100, 120)], axis=1)
        wanted, found = paths(places, slope), clusters(paths(places, slope))
        owner = found.links[np.argsort(found.links[:, 0]), 1]
        off[slope] = np.sqrt(np.mean((found.u[found.links[:, 0]] - wanted.u[found.links[:, 1]]) ** 2)), len(owner)
    assert off[0.0][0] == pytest.approx(PITCH / np.sqrt(12), rel=0.3)
    assert off[0.25][0] < off[0.0][0]


def test_no_path_is_no_hit():
    empty = paths(np.zeros((1, 2)))
    nothing = Paths(*(getattr(empty, name)[:0] for name in Paths.__dataclass_fields__))
    assert len(clusters(nothing).u) == 0


@given(sensor=st.integers(0, 207))
def test_material_is_between_the_two_faces_of_a_module(sensor):
    middle = SENSOR_Z[sensor - sensor % 4 : sensor - sensor % 4 + 4].mean()
    forward = bool(substrate_first(np.array(sensor), np.array(1)))
    assert forward == (SENSOR_Z[sensor] > middle)
    assert bool(substrate_first(np.array(sensor), np.array(-1))) != forward


@pytest.mark.parametrize("sense", [1, -1])
def test_planes_come_in_the_order_of_the_flight_and_each_sensor_once(sense):
    order = planes(sense)
    assert (np.diff([SENSOR_Z[pair[0]] for pair in order]) * sense > 0).all()
    assert sorted(np.concatenate(order).tolist()) == list(range(len(SENSORS)))


def test_a_gap_is_known_and_a_misalignment_is_not():
    state = detector(VeloState(gap=6.0, misalignment=0.01))
    assert state.known[4:8, 0].tolist() == [3.0] * 4  # module 1 stands at x > 0
    assert state.known[:4, 0].tolist() == [-3.0] * 4
    assert (state.shift - state.known).std() == pytest.approx(0.01, rel=0.2)
    assert np.array_equal(detector(VeloState()).shift, np.zeros((208, 2)))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"dead_modules": (52,)}, r"velo\.dead_modules \(52,\)"),
        ({"dead_sensors": (-1,)}, r"velo\.dead_sensors \(-1,\)"),
        ({"efficiency": 1.5}, r"velo\.efficiency 1\.5"),
        ({"noise": 1e6}, "noise 1000000"),
    ],
)
def test_conditions_that_cannot_be_are_refused(change, said):
    with pytest.raises(UsageError, match=said):
        detector(VeloState(**change))


def test_a_dead_module_is_dead():
    state = detector(VeloState(dead_modules=(3,), dead_sensors=(0,)))
    assert set(range(208)) - set(state.live.tolist()) == {0, 12, 13, 14, 15}
