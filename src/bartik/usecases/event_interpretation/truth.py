"""From a record of simulated events to tracks, primary vertices and the exact trees of b decays."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from bartik.core import Array, Arrays, DataError
from bartik.metrics.decay_trees import Indices, ancestors, lca_matrix
from bartik.simulation.record import EventSample, decay_vertices, is_beauty, last_of
from bartik.simulation.response.detector import long_tracks
from bartik.simulation.response.impact import impact_parameter
from bartik.simulation.response.primary import found_vertices
from bartik.usecases.event_interpretation.event import Event, clusters_of

SHORTEST = 0.01
"""Flight in mm below which an ancestor is no vertex of its own: resonances, and what decayed on the spot."""


def events_of_sample(sample: EventSample, seed: int, first: int) -> Iterator[Event]:
    """Events of a record, numbered from ``first``; `DataError` where mothers go round in a circle."""
    check_mothers(sample)
    rng = np.random.default_rng([seed, first])
    tracks = long_tracks(rng, sample)
    vertices, rows = found_vertices(rng, sample)
    parents, hadrons = visible_mothers(sample), last_of(sample, is_beauty(sample.particles["pdg"]))
    bounds = np.searchsorted(tracks["event"], np.arange(len(sample) + 1))
    ends = np.searchsorted(rows, sample.collision_offsets)
    for number in range(len(sample)):
        mine = {name: column[bounds[number] : bounds[number + 1]] for name, column in tracks.items()}
        some = slice(ends[number], ends[number + 1])
        yield _event(sample, mine, (vertices[some], rows[some]), (parents, hadrons), first + number)


def check_mothers(sample: EventSample) -> None:
    """`DataError` where following mothers never ends."""
    above = sample.mothers
    for _ in range(64):
        if (above < 0).all():
            return
        above = np.where(above >= 0, sample.mothers[above], -1)
    event = int(np.searchsorted(sample.particle_offsets, np.flatnonzero(above >= 0)[0], side="right")) - 1
    raise DataError(f"event {event}: mothers of a particle go round in a circle", hint="the record is damaged")


def visible_mothers(sample: EventSample) -> Indices:
    """The nearest ancestor [particles] that flew: what decayed on the spot is taken out of the tree, its daughters are its mother's."""
    born = np.stack([sample.particles[axis] for axis in "xyz"], axis=1)
    flight = np.linalg.norm(decay_vertices(sample)[:, :3] - born, axis=1)
    hidden = (flight < SHORTEST) & ~last_of(sample, is_beauty(sample.particles["pdg"]))
    found = sample.mothers
    while True:
        skipped = (found >= 0) & hidden[found]
        if not skipped.any():
            return found
        found = np.where(skipped, sample.mothers[found], found)


def trees(parents: Indices, hadrons: Array, particles: Indices) -> tuple[Indices, Indices]:
    """Which of the ``particles`` [tracks] are of a b decay, and the generations of their common ancestors, 0 between two decays."""
    paths = [ancestors(parents, int(row)) for row in particles]
    heads = [next((place for place, node in enumerate(path) if hadrons[node]), -1) for path in paths]
    members = np.array([place for place, head in enumerate(heads) if head >= 0], np.int64)
    nodes = sorted({node for place in members.tolist() for node in paths[place][: heads[place] + 1]} | set(particles[members].tolist()))
    place_of = {node: place for place, node in enumerate(nodes)}
    local = np.array([-1 if hadrons[node] else place_of[int(parents[node])] for node in nodes], np.int64)
    return members, lca_matrix(local, np.array([place_of[int(particles[place])] for place in members], np.int64))


def columns_of(points: Array, momenta: Array, charge: Array, vertices: Array) -> Array:
    """Tracks [tracks, 10] in float32 from any points on them, momenta in GeV, charges, and the vertices found, all in mm."""
    across = (momenta[:, :2] ** 2).sum(axis=1)
    step = -(points[:, :2] * momenta[:, :2]).sum(axis=1) / np.maximum(across, 1e-9)
    origin = points + step[:, np.newaxis] * momenta
    nearest = np.stack([np.zeros(len(origin)), np.zeros(len(origin)), origin[:, 2]], axis=1)
    if len(vertices) and len(origin):
        passed = np.stack([impact_parameter(origin, momenta, np.broadcast_to(one, origin.shape)) for one in vertices], axis=1)
        nearest = vertices[passed.argmin(axis=1)]
    return np.concatenate([origin, momenta, nearest, charge[:, np.newaxis]], axis=1).astype(np.float32)


def _event(sample: EventSample, tracks: Arrays, vertices: tuple[Array, Array], tree: tuple[Indices, Array], number: int) -> Event:
    points, momenta = (np.stack([tracks[name] for name in names], axis=1) for names in ("xyz", ("px", "py", "pz")))
    particle = tracks["particle"]
    pt = np.hypot(momenta[:, 0], momenta[:, 1])
    order = np.argsort(-pt, kind="stable")
    particle, points, momenta = particle[order], points[order], momenta[order]
    members, matrix = trees(*tree, particle)
    event = np.searchsorted(sample.particle_offsets, particle, side="right") - 1
    collision = sample.collision_offsets[event] + sample.particles["collision"][particle]
    place = np.searchsorted(vertices[1], collision)
    known = np.isin(collision, vertices[1])
    columns = columns_of(points, momenta, sample.particles["charge"][particle], vertices[0])
    clusters = clusters_of(matrix, members, len(particle))
    pdg = sample.particles["pdg"][particle].astype(np.int64)
    return Event(number, columns, vertices[0].astype(np.float32), np.where(known, place, -1), clusters, pdg)
