from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bartik.simulation.velo import FEWEST_HITS, _scatter, generate_velo_event
from bartik.simulation.velo_geometry import (
    MODULE_Z,
    MODULES,
    PITCH,
    SENSOR_Z,
    SENSORS,
    cartesian,
    diagonal,
    inside,
    pixel_phase,
    sensor_of,
)
from bartik.simulation.velo_particles import ELECTRON, Particles, VeloConditions

QUIET = VeloConditions(collisions=0.0, noise=0.0)


def modules(event: dict[str, np.ndarray]) -> np.ndarray:
    return np.repeat(np.arange(MODULES), np.diff(event["module_prefix_sum"]))


def test_an_event_depends_on_seed_and_number_and_not_on_the_order() -> None:
    forward = [generate_velo_event(5, number)["x"].tolist() for number in (0, 1, 2)]
    backward = [generate_velo_event(5, number)["x"].tolist() for number in (2, 1, 0)]
    assert forward == backward[::-1]
    assert generate_velo_event(6, 0)["x"].tolist() != forward[0] != forward[1]


@pytest.mark.parametrize("number", range(5))
def test_hits_lie_on_sensors_of_their_module(number: int) -> None:
    event = generate_velo_event(1, number)
    sensor = sensor_of(event["x"], event["y"], event["z"], modules(event))
    assert (inside(event["x"][:, np.newaxis], event["y"][:, np.newaxis], sensor[:, np.newaxis]) > -PITCH).all()
    assert np.allclose(event["z"], SENSOR_Z[sensor])


@pytest.mark.parametrize("number", range(5))
def test_truth_names_at_least_three_hits_in_the_event(number: int) -> None:
    event = generate_velo_event(1, number)
    assert len(event["x"]) == len(event["y"]) == len(event["z"]) == event["module_prefix_sum"][-1]
    position = event["montecarlo"]["description"].index("hits")
    for row in event["montecarlo"]["particles"]:
        hits = row[position]
        assert len(hits) == len(set(hits)) >= FEWEST_HITS
        assert 0 <= min(hits) <= max(hits) < len(event["x"])


def test_fast_particles_fly_straight() -> None:
    event = generate_velo_event(2, 1)
    names = event["montecarlo"]["description"]
    rows = [dict(zip(names, row, strict=True)) for row in event["montecarlo"]["particles"]]
    misses = []
    for row in rows:
        hits = sorted(row["hits"], key=lambda hit: event["z"][hit])[:5]
        if row["p"] > 2e4 and len(hits) == 5:
            z = event["z"][hits]
            misses += [np.polyfit(z, event[axis][hits], 1, full=True)[1][0] / 3 for axis in "xy"]
    assert len(misses) > 10
    assert 0.005 < np.sqrt(np.median(misses)) < 0.025


def test_slopes_scatter_as_highland_says() -> None:
    count = 20000
    zero, one = np.zeros(count), np.ones(count)
    particles = Particles(zero, zero, zero, zero, zero, one, one, np.full(count, ELECTRON), zero)
    tx, ty = np.zeros(count), np.zeros(count)
    _scatter(np.random.default_rng(1), particles, np.arange(count), tx, ty, np.where(np.arange(count) % 2, 0.01, 0.0))
    expected = 0.0136 * np.sqrt(0.01) * (1 + 0.038 * np.log(0.01))  # 1 GeV, 1% of a radiation length
    assert tx[1::2].std() == pytest.approx(expected, rel=0.03)
    assert ty[1::2].std() == pytest.approx(expected, rel=0.03)
    assert not tx[::2].any()


def test_no_collision_and_no_noise_leave_hardly_a_hit() -> None:
    counts = [len(generate_velo_event(3, number, QUIET)["x"]) for number in range(20)]
    assert max(counts) < 12
    assert all(not generate_velo_event(3, number, QUIET)["montecarlo"]["particles"] for number in range(5))


def test_occupancy_is_that_of_minimum_bias_in_full_simulation() -> None:
    """1964 hits, 279 particles, 12% noise and 1% shared hits per event on average; fluctuations between events are as large."""
    events = [generate_velo_event(11, number) for number in range(80)]
    hits = np.array([len(event["x"]) for event in events])
    particles = np.array([len(event["montecarlo"]["particles"]) for event in events])
    uses = [np.bincount(np.concatenate([row[-1] for row in event["montecarlo"]["particles"]] or [[]]).astype(int), minlength=n)
            for event, n in zip(events, hits, strict=True)]  # fmt: skip
    uses_all = np.concatenate(uses)
    assert hits.mean() == pytest.approx(1964, rel=0.2)
    assert particles.mean() == pytest.approx(279, rel=0.2)
    assert (uses_all == 0).mean() == pytest.approx(0.12, abs=0.03)
    assert 0.005 < (uses_all > 1).mean() < 0.02


def test_sensors_of_a_module_leave_the_beam_free_and_do_not_overlap_on_a_face() -> None:
    assert len(SENSORS) == 4 * MODULES
    assert len(MODULE_Z) == MODULES
    grid = np.arange(-60, 60, 0.25)
    x, y = (axis.ravel()[:, np.newaxis] for axis in np.meshgrid(grid, grid))
    covered = inside(x, y, np.arange(8)) > 0
    assert not covered[np.hypot(x, y).ravel() < 5.0].any()
    faces = covered[:, [0, 2, 4, 6]].astype(int) + covered[:, [1, 3, 5, 7]]
    assert faces.max() == 1
    area = covered.mean(axis=0) * (grid[-1] - grid[0] + 0.25) ** 2
    assert np.allclose(area, 42.57 * 14.08, rtol=0.01)


@given(u=st.floats(-60, 60), v=st.floats(-60, 60))
def test_diagonal_and_cartesian_are_inverse(u: float, v: float) -> None:
    back = diagonal(*cartesian(np.array(u), np.array(v)))
    assert np.allclose(back, (u, v), atol=1e-9)


@given(sensor=st.integers(0, 207), column=st.integers(1, 500), row=st.integers(1, 500))
def test_centres_and_corners_of_pixels_have_no_phase(sensor: int, column: int, row: int) -> None:
    u, v = SENSORS[sensor, 1] - column * PITCH / 2, SENSORS[sensor, 3] - row * PITCH / 2
    phases = pixel_phase(*(np.array([value]) for value in cartesian(u, v)), np.array([sensor]))
    assert np.allclose(phases, 0, atol=1e-9)
    phases = pixel_phase(*(np.array([value]) for value in cartesian(u + PITCH / 6, v)), np.array([sensor]))
    assert phases[0][0] == pytest.approx(PITCH / 6, abs=1e-9)


@given(sensor=st.integers(0, 207), along=st.floats(0.01, 0.99), across=st.floats(0.01, 0.99))
def test_the_sensor_of_a_point_on_it_is_found(sensor: int, along: float, across: float) -> None:
    low_u, high_u, low_v, high_v, z = SENSORS[sensor]
    x, y = cartesian(low_u + along * (high_u - low_u), low_v + across * (high_v - low_v))
    found = sensor_of(np.array([x]), np.array([y]), np.array([z]), np.array([sensor // 4]))
    assert found[0] == sensor
