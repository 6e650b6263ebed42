"""What else is in the event around a track: other hits, other tracks, other tracks from the same place on the beam line."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bartik.core import Array
from bartik.data.velo import VeloEvent
from bartik.simulation.velo_geometry import MODULE_Z, MODULES, SENSOR_Z, SENSORS_PER_MODULE, inside, pixel_phase, sensor_of
from bartik.usecases.ghost_probability.candidates import Candidates
from bartik.usecases.ghost_probability.tracks import Line, Tracks

NEIGHBOURHOOD = 5.0
"""Radius in mm in which other hits of a module are counted."""
FARTHEST = 20.0
"""Distances to hits saturate here, in mm."""
_EDGE = 0.05  # mm; a line closer to the edge of a sensor may miss it
_EXACT = 0.0035  # mm; positions are rounded to 1 µm
_THIRD = (0.0065, 0.0117)  # mm, around a sixth of the pitch, the phase of an L of three pixels
_QUARTER = 0.0123  # mm, just below a quarter of the pitch, the phase of a T of four pixels


@dataclass(frozen=True)
class Neighbours:
    """Per hit of the event: distance to the nearest other hit of its module in mm, and other hits per mm² around it."""

    nearest: Array
    density: Array


def neighbours(event: VeloEvent) -> Neighbours:
    """Distances among the hits of each module."""
    distances, starts = _distances(event, event.modules, event.x, event.y)
    own = starts + np.arange(len(event)) - event.module_offsets[event.modules]
    others = np.add.reduceat(distances < NEIGHBOURHOOD, starts) - 1 if len(event) else np.zeros(0)
    distances[own] = FARTHEST
    nearest = np.minimum.reduceat(distances, starts) if len(event) else np.zeros(0)
    return Neighbours(np.minimum(nearest, FARTHEST), others / (np.pi * NEIGHBOURHOOD**2))


def cluster_oddness(event: VeloEvent) -> Array:
    """How unlike the cluster of one particle each hit is, from where its centre lies in the pixel grid.

    0 for one pixel, a line or a rectangle of them (centre on a half pixel in both directions), 1 for an L or T of three or four,
    4 for all else: large clusters of low-energy electrons, or of two particles.
    """
    phases = pixel_phase(event.x, event.y, sensor_of(event.x, event.y, event.z, event.modules))
    low, high = np.minimum(*phases), np.maximum(*phases)
    bent = ((low > _THIRD[0]) & (high < _THIRD[1])) | ((low < _EXACT) & (high > _QUARTER))
    return np.select([high < _EXACT, bent], [0.0, 1.0], 4.0)


def next_hit_distance(event: VeloEvent, tracks: Tracks, line: Line, *, outward: bool) -> Array:
    """Distance in mm from ``line`` to the nearest hit of the next module it crosses beyond the last hit, or before the first.

    Saturates at `FARTHEST`; -0.001 where the line leaves the detector, or comes to the beam, before it meets a module.
    """
    module, sensor = _next_module(event, tracks, line, outward=outward)
    crossed = np.flatnonzero(module >= 0)
    x, y = line.at(SENSOR_Z[sensor])
    found = np.full(len(tracks), -1e-3)
    found[crossed] = FARTHEST
    busy = crossed[np.diff(event.module_offsets)[module[crossed]] > 0]
    if len(busy):
        distances, starts = _distances(event, module[busy], x[busy], y[busy])
        found[busy] = np.minimum(np.minimum.reduceat(distances, starts), FARTHEST)
    return found


@dataclass(frozen=True)
class Rivals:
    """Per track, over the best other candidate at each of its hits: most hits (0: none), least χ² (inf: none), share of hits shared."""

    sizes: Array
    chi2: Array
    shared: Array


def rivals(tracks: Tracks, candidates: Candidates, chi2: Array) -> Rivals:
    """Other candidates that use the same hits; better is longer, and of equal length has the smaller ``chi2``."""
    count = int(candidates.hits.max(initial=-1)) + 1
    owners = candidates.owners
    ranking = np.lexsort((chi2[owners], -tracks.sizes[owners], candidates.hits))
    hits, ranked = candidates.hits[ranking], owners[ranking]
    place = np.arange(len(hits)) - np.searchsorted(hits, hits)
    best, second = np.full(count, -1), np.full(count, -1)
    best[hits[place == 0]], second[hits[place == 1]] = ranked[place == 0], ranked[place == 1]
    other = np.where(best[tracks.hits] == np.arange(len(tracks))[:, np.newaxis], second[tracks.hits], best[tracks.hits])
    other = np.where(tracks.valid, other, -1)
    sizes = np.append(tracks.sizes, 0)[other].max(axis=1)
    return Rivals(sizes, np.append(chi2, np.inf)[other].min(axis=1), (other >= 0).sum(axis=1) / tracks.sizes)


def vertex_support(z: Array, error: Array, good: npt.NDArray[np.bool_]) -> Array:
    """Share of the ``good`` tracks that meet the beam line at the same ``z`` within ``error`` (both in mm), the track itself aside."""
    sources = np.flatnonzero(good)
    variance = np.minimum(error, FARTHEST) ** 2
    agreement = np.exp(-0.5 * (z[:, np.newaxis] - z[sources]) ** 2 / (variance[:, np.newaxis] + variance[sources]))
    agreement[sources, np.arange(len(sources))] = 0
    return np.asarray(agreement.sum(axis=1) / max(len(sources), 1))


def _next_module(event: VeloEvent, tracks: Tracks, line: Line, *, outward: bool) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """The next module a line crosses (-1: none) and the sensor of it that it crosses, [tracks] each."""
    end = (tracks.last(tracks.z) if outward else tracks.z[:, 0])[:, np.newaxis]
    ahead = (MODULE_Z - end) * tracks.outward[:, np.newaxis] * (1 if outward else -1)
    margin = inside(*line.at(np.broadcast_to(SENSOR_Z, (len(tracks), len(SENSOR_Z)))), np.arange(len(SENSOR_Z)))
    margin = margin.reshape(len(tracks), MODULES, SENSORS_PER_MODULE)
    open_ = (ahead > 1) & (margin.max(axis=2) > _EDGE)
    if not outward:
        beam = (line.origin + line.beam_step)[:, np.newaxis]
        open_ &= (MODULE_Z - beam) * tracks.outward[:, np.newaxis] > -5
    open_[np.arange(len(tracks))[:, np.newaxis], event.modules[tracks.hits]] = False
    module = np.where(open_, ahead, np.inf).argmin(axis=1)
    sensor = SENSORS_PER_MODULE * module + margin[np.arange(len(tracks)), module].argmax(axis=1)
    return np.where(open_.any(axis=1), module, -1), sensor


def _distances(event: VeloEvent, module: Array, x: Array, y: Array) -> tuple[Array, npt.NDArray[np.int64]]:
    """Distances from each point to all hits of its ``module`` (which has some), end to end, and where those of each point start."""
    counts = np.diff(event.module_offsets)[module]
    starts = np.cumsum(counts) - counts
    point = np.repeat(np.arange(len(module)), counts)
    hit = event.module_offsets[module][point] + np.arange(len(point)) - starts[point]
    return np.hypot(x[point] - event.x[hit], y[point] - event.y[hit]), starts
