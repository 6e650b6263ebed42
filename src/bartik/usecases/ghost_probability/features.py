"""The 17 features of a Velo track candidate, from the hits of its event alone."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from bartik.core import Array, Column, table
from bartik.data.velo import VeloEvent
from bartik.usecases.ghost_probability.candidates import Candidates
from bartik.usecases.ghost_probability.surroundings import cluster_oddness, neighbours, next_hit_distance, rivals, vertex_support
from bartik.usecases.ghost_probability.tracks import RESOLUTION, Line, Tracks, fit, tracks_of

_SCATTERING = 1e-3
"""Typical multiple scattering between the beam and the first hit, in rad: a pion of 1 to 2 GeV through the foil and a module."""
_NO_RIVAL = -5.0

_TABLE = (  # name, unit, whether the network takes its logarithm, description
    ("n_hits", "", False, "hits of the candidate"),
    ("chi2_per_dof", "", True, "χ² of the straight-line fit with 12 µm resolution over its degrees of freedom"),
    ("first_kink", "", True, "kink at the second hit over its resolution"),
    ("largest_kink", "mrad", True, "largest kink between consecutive pairs of hits"),
    ("log_random_hits", "", False, "sum over the third and later hits of the log of the chance hits expected as near the extrapolation"),
    ("impact_error", "um", True, "resolution of the distance to the beam line"),
    ("impact_significance", "", True, "distance to the beam line over its resolution, scattering of 1 mrad included"),
    ("first_z", "mm", False, "position of the hit nearest to the beam along it"),
    ("last_radius", "mm", False, "distance of the outermost hit from the beam line"),
    ("isolation", "", False, "mean over the hits of the log of the distance in mm to the nearest other hit of the module"),
    (
        "next_hit_distance",
        "um",
        True,
        "from the outer end extrapolated to the next module it crosses to the nearest hit; -1 if none is crossed",
    ),
    ("previous_hit_distance", "um", True, "the same from the inner end towards the beam"),
    ("rival_hits", "", False, "hits of the longest other candidate that shares a hit (0: none), less the own hits"),
    ("rival_chi2", "", False, "log of own over best chi2_per_dof (each plus 1) of candidates that share a hit; -5 if none"),
    ("shared_hits", "", False, "share of the hits that other candidates use as well"),
    ("cluster_oddness", "", False, "sum over the hits: 0 for a regular pixel cluster, 1 for one bent, 4 for one unlike a single particle"),
    ("vertex_support", "", False, "share of good tracks of the event that meet the beam line at the same place"),
)
COLUMNS: tuple[Column, ...] = tuple(Column(name, unit, description) for name, unit, _, description in _TABLE)
LOGARITHMIC: tuple[bool, ...] = tuple(logarithmic for _, _, logarithmic, _ in _TABLE)
"""Columns that span decades, for `bartik.nn.tabular.Standardise`."""
CHI2_COLUMN = [column.name for column in COLUMNS].index("chi2_per_dof")
"""What a trigger without a network cuts on."""
signature = table(COLUMNS)


def track_features(event: VeloEvent, candidates: Candidates) -> npt.NDArray[np.float32]:
    """Features [candidates, 17] in the order and units of `COLUMNS`."""
    if not len(candidates):
        return np.zeros((0, len(COLUMNS)), np.float32)
    tracks = tracks_of(event, candidates)
    line = fit(tracks, tracks.valid)
    chi2 = chi2_per_dof(tracks, line)
    found = {"n_hits": tracks.sizes, "chi2_per_dof": chi2, "first_z": tracks.z[:, 0]}
    found |= {"last_radius": np.hypot(tracks.last(tracks.x), tracks.last(tracks.y))}
    found |= _hits(event, tracks) | _ends(event, tracks) | _impact(tracks, line) | _rivals(tracks, candidates, chi2)
    return np.stack([found[column.name] for column in COLUMNS], axis=1).astype(np.float32)


def chi2_per_dof(tracks: Tracks, line: Line) -> Array:
    """χ² of the hits about ``line`` over 2 n - 4 degrees of freedom."""
    x, y = line.at(tracks.z)
    squares = np.where(tracks.valid, (tracks.x - x) ** 2 + (tracks.y - y) ** 2, 0)
    return np.asarray(squares.sum(axis=1) / RESOLUTION**2 / (2 * tracks.sizes - 4))


def kinks(tracks: Tracks) -> tuple[Array, Array, Array]:
    """At each inner hit, [tracks, longest - 2], zero beyond: kink in rad, the same over its resolution, miss of the next hit in mm."""
    between = tracks.valid[:, 1:]
    z = np.diff(tracks.z, axis=1)
    z = np.where(between & (z != 0), z, 1.0)
    tx, ty = np.diff(tracks.x, axis=1) / z, np.diff(tracks.y, axis=1) / z
    kink = np.where(tracks.valid[:, 2:], np.hypot(np.diff(tx, axis=1), np.diff(ty, axis=1)), 0)
    before, after = np.abs(z[:, :-1]), np.abs(z[:, 1:])
    resolution = RESOLUTION * np.sqrt(1 / before**2 + 1 / after**2 + (1 / before + 1 / after) ** 2)
    return kink, kink / resolution, kink * after


def _hits(event: VeloEvent, tracks: Tracks) -> dict[str, Array]:
    kink, significance, miss = kinks(tracks)
    around = neighbours(event)
    chance = np.log(1e-3 + around.density[tracks.hits[:, 2:]] * np.pi * (miss + 0.02) ** 2)
    return {
        "first_kink": significance[:, 0],
        "largest_kink": 1e3 * kink.max(axis=1),
        "log_random_hits": np.where(tracks.valid[:, 2:], chance, 0).sum(axis=1),
        "isolation": tracks.mean(np.log(around.nearest + 1e-3)[tracks.hits]),
        "cluster_oddness": np.where(tracks.valid, cluster_oddness(event)[tracks.hits], 0).sum(axis=1),
    }


def _ends(event: VeloEvent, tracks: Tracks) -> dict[str, Array]:
    slots = np.arange(tracks.hits.shape[1])
    inner, outer = tracks.valid & (slots < 3), tracks.valid & (slots >= tracks.sizes[:, np.newaxis] - 3)
    return {
        "next_hit_distance": 1e3 * next_hit_distance(event, tracks, fit(tracks, outer), outward=True),
        "previous_hit_distance": 1e3 * next_hit_distance(event, tracks, fit(tracks, inner), outward=False),
    }


def _impact(tracks: Tracks, line: Line) -> dict[str, Array]:
    step = line.beam_step
    distance = np.hypot(*line.at(line.origin + step))
    variance = line.variance + step**2 * line.slope_variance + 2 * step * line.covariance
    scattered = np.sqrt(variance + (_SCATTERING * step) ** 2)
    significance = distance / scattered
    along = np.sqrt((scattered / np.maximum(line.slope, 1e-3)) ** 2 + 0.1**2)
    good = (tracks.sizes >= 4) & (significance < 4) & (distance < 1)
    return {
        "impact_error": 1e3 * np.sqrt(variance),
        "impact_significance": significance,
        "vertex_support": vertex_support(line.origin + step, along, good),
    }


def _rivals(tracks: Tracks, candidates: Candidates, chi2: Array) -> dict[str, Array]:
    found = rivals(tracks, candidates, chi2)
    return {
        "rival_hits": found.sizes - tracks.sizes,
        "rival_chi2": np.where(found.sizes > 0, np.maximum(np.log1p(chi2) - np.log1p(found.chi2), _NO_RIVAL), _NO_RIVAL),
        "shared_hits": found.shared,
    }
