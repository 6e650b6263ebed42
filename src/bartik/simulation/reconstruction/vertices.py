"""Secondary vertices of n tracks: least squares of straight lines, and what a trigger asks of them."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt

from bartik.core import Arrays
from bartik.simulation.particles import TABLE
from bartik.simulation.reconstruction.primary import Primaries
from bartik.simulation.response.impact import impact_resolution

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]
_PION = TABLE["pi+"].mass


@dataclass(frozen=True)
class Lines:
    """Tracks of candidates [candidates, bodies]: at z = 0 x and y, slopes, weights 1/σ² in mm⁻² and momenta [..., 3] in GeV."""

    x: Floats
    y: Floats
    tx: Floats
    ty: Floats
    weight: Floats
    momentum: Floats


@dataclass(frozen=True)
class Vertices:
    """Positions [candidates, 3] in mm, their covariance [candidates, 3, 3], χ² [candidates] with 2 n - 3 degrees of freedom."""

    position: Floats
    covariance: Floats
    chi2: Floats


def lines_of(tracks: Arrays, members: Indices) -> Lines:
    """The tracks of candidates: ``members`` [candidates, bodies] are rows of ``tracks``."""
    momentum = np.stack([tracks[name] for name in ("px", "py", "pz")], axis=1)
    tx, ty = momentum[:, 0] / momentum[:, 2], momentum[:, 1] / momentum[:, 2]
    x, y = tracks["x"] - tx * tracks["z"], tracks["y"] - ty * tracks["z"]
    sigma = impact_resolution(np.hypot(momentum[:, 0], momentum[:, 1])) / 1000
    return Lines(*(values[members] for values in (x, y, tx, ty, sigma**-2, momentum)))


def fit_vertices(lines: Lines) -> Vertices:
    """The point nearest to all lines of a candidate, each distance in x and y in units of its track's resolution.

    The sum of squares is quadratic in the point, so one solution of three equations is exact.
    """
    w, tx, ty = lines.weight, lines.tx, lines.ty
    matrix = np.zeros((len(w), 3, 3))
    matrix[:, 0, 0] = matrix[:, 1, 1] = w.sum(axis=1)
    matrix[:, 0, 2] = matrix[:, 2, 0] = -(w * tx).sum(axis=1)
    matrix[:, 1, 2] = matrix[:, 2, 1] = -(w * ty).sum(axis=1)
    matrix[:, 2, 2] = (w * (tx**2 + ty**2)).sum(axis=1)
    right = np.stack([(w * lines.x).sum(axis=1), (w * lines.y).sum(axis=1), -(w * (tx * lines.x + ty * lines.y)).sum(axis=1)], axis=1)
    matrix[:, 2, 2] *= 1 + 1e-9  # parallel lines meet nowhere: far away, and not in an error
    covariance: Floats = np.linalg.inv(matrix).astype(np.float64)
    position = np.einsum("nij,nj->ni", covariance, right)
    x, y, z = (position[:, axis, np.newaxis] for axis in range(3))
    chi2 = (w * ((x - lines.x - tx * z) ** 2 + (y - lines.y - ty * z) ** 2)).sum(axis=1)
    return Vertices(position, covariance, chi2)


def largest_doca(lines: Lines) -> Floats:
    """Largest distance of closest approach [candidates] in mm between two of the lines."""
    found = [_doca(lines, i, j) for i, j in combinations(range(lines.x.shape[1]), 2)]
    return np.asarray(np.max(found, axis=0))


def variables(lines: Lines, vertices: Vertices, event: Indices, primaries: Primaries) -> Arrays:
    """What a trigger asks of candidates, each [candidates], with the primary vertex to which they point best.

    ``fd_chi2`` and ``ip_chi2`` to it; ``m_corrected`` in GeV, the mass with what is missing across the line of flight; ``dira``, cosine
    of the angle between that line and the momentum; ``eta`` of the line; ``sum_pt``, ``min_pt``, ``pt`` and ``m`` (of pions) in GeV;
    ``flight`` and its part ``across`` the beam in mm; ``primary``, the number of that vertex.
    """
    total = lines.momentum.sum(axis=1)
    number, ip_chi2 = _best_primary(total, vertices, event, primaries)
    away = vertices.position - primaries.position[event, number]
    spread = vertices.covariance.copy()
    for axis, variance in enumerate((primaries.across, primaries.across, primaries.along)):
        spread[:, axis, axis] += variance[event, number]
    flight = np.linalg.norm(away, axis=1)
    along = away / np.maximum(flight, 1e-12)[:, np.newaxis]
    missing = np.linalg.norm(total - (total * along).sum(axis=1, keepdims=True) * along, axis=1)
    mass, pt = _mass(lines.momentum), np.hypot(lines.momentum[..., 0], lines.momentum[..., 1])
    return {
        "fd_chi2": np.einsum("ni,nij,nj->n", away, np.linalg.inv(spread), away),
        "ip_chi2": ip_chi2,
        "m_corrected": np.sqrt(mass**2 + missing**2) + missing,
        "dira": (total * along).sum(axis=1) / np.linalg.norm(total, axis=1),
        "eta": np.arctanh(np.clip(along[:, 2], -1 + 1e-12, 1 - 1e-12)),
        "sum_pt": pt.sum(axis=1),
        "min_pt": pt.min(axis=1),
        "pt": np.hypot(total[:, 0], total[:, 1]),
        "m": mass,
        "flight": flight,
        "across": np.hypot(away[:, 0], away[:, 1]),
        "primary": number,
    }


def _doca(lines: Lines, i: int, j: int) -> Floats:
    """Distance [candidates] between lines ``i`` and ``j``: along the normal of both directions."""
    dx, dy = lines.x[:, i] - lines.x[:, j], lines.y[:, i] - lines.y[:, j]
    first, second = (np.stack([lines.tx[:, k], lines.ty[:, k], np.ones(len(lines.x))], axis=1) for k in (i, j))
    normal = np.cross(first, second)
    return np.asarray(np.abs(dx * normal[:, 0] + dy * normal[:, 1]) / np.maximum(np.linalg.norm(normal, axis=1), 1e-12))


def _best_primary(total: Floats, vertices: Vertices, event: Indices, primaries: Primaries) -> tuple[Indices, Floats]:
    """Number of the primary vertex that a candidate points to best, and the χ² of its impact parameter to it."""
    vertex = primaries.position[event]
    sx, sy = (total[:, axis] / total[:, 2] for axis in range(2))
    step = vertex[..., 2] - vertices.position[:, 2, np.newaxis]
    dx = vertices.position[:, 0, np.newaxis] + sx[:, np.newaxis] * step - vertex[..., 0]
    dy = vertices.position[:, 1, np.newaxis] + sy[:, np.newaxis] * step - vertex[..., 1]
    turn = np.zeros((len(sx), 2, 3))
    turn[:, 0, 0] = turn[:, 1, 1] = 1
    turn[:, 0, 2], turn[:, 1, 2] = -sx, -sy
    own = np.einsum("nij,njk,nlk->nil", turn, vertices.covariance, turn)[:, np.newaxis]
    across, along = primaries.across[event], primaries.along[event]
    xx = own[..., 0, 0] + across + sx[:, np.newaxis] ** 2 * along
    yy = own[..., 1, 1] + across + sy[:, np.newaxis] ** 2 * along
    xy = own[..., 0, 1] + (sx * sy)[:, np.newaxis] * along
    chi2 = (dx**2 * yy - 2 * dx * dy * xy + dy**2 * xx) / (xx * yy - xy**2)
    number = np.argmin(chi2, axis=1)
    return number, chi2[np.arange(len(number)), number]


def _mass(momentum: Floats) -> Floats:
    """Invariant mass [candidates] in GeV of tracks [candidates, bodies, 3] as pions."""
    energy = np.sqrt((momentum**2).sum(axis=2) + _PION**2).sum(axis=1)
    return np.asarray(np.sqrt(np.maximum(energy**2 - (momentum.sum(axis=1) ** 2).sum(axis=1), 0)))
