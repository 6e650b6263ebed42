"""A small parametric vertex locator: particles fly straight, scatter in foil and modules, and leave clusters of pixels.

Not a substitute for the full simulation, but close enough to it in occupancy, track lengths, shared and random hits for ghosts to arise the
same way. Scattering: G. R. Lynch and O. I. Dahl, NIM B58 (1991) 6 (Highland's formula); pixels: LHCb-TDR-013.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from bartik.core import Array
from bartik.simulation.velo_geometry import MODULES, PITCH, SENSOR_Z, SENSORS, SENSORS_PER_MODULE, cartesian, diagonal, inside
from bartik.simulation.velo_particles import ELECTRON, Particles, VeloConditions, draw_particles

FEWEST_HITS = 3
"""Particles with fewer hits are not in the truth; their hits count as noise, as in the full simulation."""
_THICKNESS = 0.2  # mm of silicon
_DIFFUSION = 0.006  # mm that charge spreads to each side
_MODULE_MATERIAL, _FOIL_MATERIAL = 0.005, 0.005  # radiation lengths a sensor with its share of the module, and of the foil
_FOIL_RADIUS = 4.5  # mm
_ABSORPTION = 0.006  # chance of a particle to end in a sensor by nuclear interaction
_SLOWEST = 0.03  # GeV; below, a particle ends in the first sensor
_MERGED = PITCH
_ODD = {True: 0.025, False: 0.3}  # share of clusters of odd shape among those of particles and among noise
_MISSING_CORNER = 0.45  # share of two by two clusters with one pixel below threshold
_COLUMNS = ("key", "pid", "p", "pt", "eta", "phi", "isLong", "hasVelo", "fromStrangeDecay", "charge", "hits")
_DEFAULT = VeloConditions()


def generate_velo_event(seed: int, number: int, conditions: VeloConditions = _DEFAULT) -> dict[str, Any]:
    """One event in the fields of the Velo JSON format; the same for the same ``seed`` and ``number``, in whatever order events are made.

    Positions ``x``, ``y``, ``z`` in mm are arrays [hits]; momenta in ``montecarlo`` are in MeV, angles in rad.

    >>> event = generate_velo_event(1, 0)
    >>> len(event["x"]) == event["module_prefix_sum"][-1]
    True
    """
    rng = np.random.default_rng([seed, number])
    particles = draw_particles(rng, conditions)
    particle, sensor, u, v, slope_u, slope_v = _fly(rng, particles, conditions.efficiency)
    hit_of, sensor, u, v = _clusters(rng, sensor, u, v, slope_u, slope_v)
    sensor, u, v = _add_noise(rng, sensor, u, v, conditions.noise)
    return _event(particles, particle, hit_of, sensor, u, v)


def _fly(rng: np.random.Generator, particles: Particles, efficiency: float) -> tuple[Array, ...]:
    """Sensor crossings that were seen: particle, sensor, u, v, slopes along u and v."""
    x, y, z = particles.x.copy(), particles.y.copy(), particles.z.copy()
    tx, ty, alive = particles.tx.copy(), particles.ty.copy(), np.ones(len(particles), bool)
    seen: list[tuple[Array, ...]] = [tuple(np.zeros(0, np.int64) for _ in range(2)) + tuple(np.zeros(0) for _ in range(4))]
    faces = np.arange(len(SENSORS)).reshape(-1, 2)[np.argsort(SENSOR_Z[::2], kind="stable")]
    for sense in (1, -1):
        for pair in faces[::sense]:
            here = np.flatnonzero(alive & (particles.sense == sense) & ((SENSOR_Z[pair[0]] - z) * sense > 0))
            before = np.hypot(x[here], y[here])
            step = SENSOR_Z[pair[0]] - z[here]
            x[here], y[here], z[here] = x[here] + tx[here] * step, y[here] + ty[here] * step, SENSOR_Z[pair[0]]
            margin = inside(x[here, np.newaxis], y[here, np.newaxis], pair)
            crossed = margin.max(axis=1) > 0
            found = crossed & (rng.random(len(here)) < efficiency)
            at = here[found]
            seen.append((at, pair[margin[found].argmax(axis=1)], *diagonal(x[at], y[at]), *diagonal(tx[at], ty[at])))
            foil = (before < _FOIL_RADIUS) & (np.hypot(x[here], y[here]) >= _FOIL_RADIUS)
            _scatter(rng, particles, here, tx, ty, _MODULE_MATERIAL * crossed + _FOIL_MATERIAL * foil)
            alive[here] &= ~(crossed & ((rng.random(len(here)) < _ABSORPTION) | (particles.p[here] < _SLOWEST)))
    return tuple(np.concatenate(columns) for columns in zip(*seen, strict=True))


def _scatter(rng: np.random.Generator, particles: Particles, here: Array, tx: Array, ty: Array, material: Array) -> None:
    """Turn the slopes of the particles ``here`` by multiple scattering in ``material`` radiation lengths, in place."""
    hit = here[material > 0]
    stretch = 1 + tx[hit] ** 2 + ty[hit] ** 2
    path = material[material > 0] * np.sqrt(stretch)
    angle = 0.0136 / (particles.beta[hit] * particles.p[hit]) * np.sqrt(path) * (1 + 0.038 * np.log(path))
    angle = np.minimum(angle, 0.3) * stretch
    tx[hit] += rng.normal(0, 1, len(hit)) * angle
    ty[hit] += rng.normal(0, 1, len(hit)) * angle


def _clusters(rng: np.random.Generator, sensor: Array, u: Array, v: Array, slope_u: Array, slope_v: Array) -> tuple[Array, ...]:
    """Cluster of each crossing, and sensor, u, v of each cluster: crossings of the same pixel give one."""
    cells = np.stack([sensor, np.floor(u / _MERGED), np.floor(v / _MERGED)])
    _, first, hit_of = np.unique(cells, axis=1, return_index=True, return_inverse=True)
    merged = np.bincount(hit_of.reshape(-1), minlength=len(first)) > 1
    low_u, high_u = _pixels(sensor[first], 1, u[first], slope_u[first])
    low_v, high_v = _pixels(sensor[first], 3, v[first], slope_v[first])
    bent = (high_u - low_u == 1) & (high_v - low_v == 1) & (rng.random(len(first)) < _MISSING_CORNER)
    odd = rng.random(len(first)) < np.where(merged, 0.5, _ODD[True])
    u, v = (_centre(rng, *edges, bent, odd) for edges in ((low_u, high_u), (low_v, high_v)))
    return hit_of.reshape(-1), sensor[first], SENSORS[sensor[first], 1] - u, SENSORS[sensor[first], 3] - v


def _pixels(sensor: Array, edge: int, position: Array, slope: Array) -> tuple[Array, Array]:
    """First and last pixel with charge, counted from the sensor's high edge."""
    reach = 0.5 * _THICKNESS * np.minimum(np.abs(slope), 1.5) * 0.7 + _DIFFUSION  # the outermost charges stay below threshold
    depth = SENSORS[sensor, edge] - position
    last = np.round((SENSORS[sensor, edge] - SENSORS[sensor, edge - 1]) / PITCH) - 1
    return np.clip(np.floor((depth - reach) / PITCH), 0, last), np.clip(np.floor((depth + reach) / PITCH), 0, last)


def _centre(rng: np.random.Generator, low: Array, high: Array, bent: Array, odd: Array) -> Array:
    """Distance of the cluster's centre from the edge in mm; bent clusters lack one pixel of four, odd ones have a tail."""
    side = rng.choice([-1, 1], len(low))
    shift = np.where(bent, side / 6, 0) + np.where(odd, side * rng.uniform(0.08, 0.45, len(low)), 0)
    return np.asarray(((low + high + 1) / 2 + shift) * PITCH)


def _add_noise(rng: np.random.Generator, sensor: Array, u: Array, v: Array, share: float) -> tuple[Array, ...]:
    """Append hits of no particle: half beside a hit, as low-energy electrons leave them, half anywhere, denser near the beam."""
    count = int(rng.poisson(share * len(sensor) + 2))
    chosen = rng.integers(0, max(len(sensor), 1), count if len(sensor) else 0)
    beside = chosen[: len(chosen) // 2]
    new_sensor = np.concatenate([sensor[beside], rng.integers(0, len(SENSORS), count - len(beside))]).astype(np.int64)
    places = []
    for edge, near in ((1, u), (3, v)):
        close = near[beside] + rng.laplace(0, 1.0, len(beside))
        span = SENSORS[new_sensor[len(beside) :], edge] - SENSORS[new_sensor[len(beside) :], edge - 1]
        free = SENSORS[new_sensor[len(beside) :], edge] - span * rng.random(count - len(beside))
        depth = SENSORS[new_sensor, edge] - np.concatenate([close, free])
        last = np.round((SENSORS[new_sensor, edge] - SENSORS[new_sensor, edge - 1]) / PITCH) - 1
        pixel = np.clip(np.floor(depth / PITCH), 0, last)
        odd = rng.random(count) < _ODD[False]
        places.append(SENSORS[new_sensor, edge] - _centre(rng, pixel, pixel, np.zeros(count, bool), odd))
    return np.concatenate([sensor, new_sensor]), np.concatenate([u, places[0]]), np.concatenate([v, places[1]])


def _event(particles: Particles, particle: Array, hit_of: Array, sensor: Array, u: Array, v: Array) -> dict[str, Any]:
    """Hits in the order of modules, rounded to 1 µm, and the particles with enough of them."""
    module = sensor // SENSORS_PER_MODULE
    order = np.argsort(module, kind="stable")
    place = np.argsort(order, kind="stable")
    x, y = cartesian(u[order], v[order])
    offsets = np.searchsorted(module[order], np.arange(MODULES + 1))
    rows = _rows(particles, *np.unique(np.stack([particle, place[hit_of]]), axis=1))
    return {
        "x": np.round(x, 3),
        "y": np.round(y, 3),
        "z": np.round(SENSOR_Z[sensor[order]], 3),
        "module_prefix_sum": offsets,
        "montecarlo": {"description": list(_COLUMNS), "particles": rows},
    }


def _rows(particles: Particles, owner: Array, hit: Array) -> list[list[Any]]:
    counts = np.bincount(owner, minlength=len(particles))
    hits = np.split(hit, np.cumsum(counts)[:-1])
    kept = np.flatnonzero(counts >= FEWEST_HITS)
    pz = particles.sense / np.sqrt(1 + particles.tx**2 + particles.ty**2)
    eta, phi = np.arctanh(pz), np.arctan2(particles.ty * particles.sense, particles.tx * particles.sense)
    p, pt = 1e3 * particles.p, 1e3 * particles.p * np.sqrt(1 - pz**2)
    is_long = (eta > 2) & (eta < 5) & (p > 3000) & (np.abs(particles.pid) != ELECTRON)
    charge = np.sign(particles.pid) * np.where(np.abs(particles.pid) == ELECTRON, -1, 1)
    one = np.ones(len(particles), np.int64)
    strange = particles.strange.astype(np.int64)
    table = (np.arange(len(particles)), particles.pid, p, pt, eta, phi, is_long.astype(np.int64), one, strange, charge)
    columns = [column[kept].tolist() for column in table]
    return [[*row, hits[k].tolist()] for k, row in zip(kept, zip(*columns, strict=True), strict=True)]
