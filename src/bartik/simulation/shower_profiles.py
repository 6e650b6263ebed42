"""Profiles of electromagnetic showers: G. Grindhammer and S. Peters, hep-ex/0001020, appendix A (the numbers that GFlash of Geant4 has).

Depths t are in radiation lengths, radii in Molière radii, y is the energy over the critical energy.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt
from scipy.special import gammainc

from bartik.simulation.shower_geometry import Medium

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Longitudinal:
    """Depth of the maximum ``t`` and shape ``alpha`` of each shower [showers]."""

    t: Floats
    alpha: Floats

    @property
    def beta(self) -> Floats:
        """Scale of the gamma distribution [showers]: (alpha - 1) / t."""
        return (self.alpha - 1) / self.t

    def deposited(self, depths: Floats) -> Floats:
        """Share of the energy before each of ``depths`` [showers, edges] or [edges]; none before 0."""
        return np.asarray(gammainc(self.alpha[:, None], self.beta[:, None] * np.maximum(depths, 0.0)))


def mean_longitudinal(medium: Medium, energy: Floats) -> tuple[Floats, Floats]:
    """<ln T> and <ln alpha> of showers of an ``energy`` in MeV [showers] in a sampling calorimeter (A.2.2)."""
    log_y = np.log(energy / medium.critical_energy)
    t_homogeneous = np.maximum(-0.812 + log_y, 0.1)
    alpha_homogeneous = np.maximum(0.81 + (0.458 + 2.26 / medium.z) * log_y, 0.1)
    t = t_homogeneous - 0.55 / medium.sampling - 0.69 * (1 - medium.e_hat)
    alpha = alpha_homogeneous - 0.476 / medium.sampling
    return np.log(np.maximum(t, 1.0)), np.log(np.maximum(alpha, 1.1))


def draw_longitudinal(rng: np.random.Generator, medium: Medium, energy: Floats) -> Longitudinal:
    """Correlated Gaussian fluctuations of ln T and ln alpha of each shower (A.2.2)."""
    log_y = np.log(energy / medium.critical_energy)
    log_t, log_alpha = mean_longitudinal(medium, energy)
    spread_t, spread_alpha = _spread(-2.5 + 1.25 * log_y), _spread(-0.82 + 0.79 * log_y)
    rho = np.clip(0.784 - 0.023 * log_y, -1, 1)
    first, second = rng.standard_normal((2, len(energy)))
    common, apart = np.sqrt((1 + rho) / 2) * first, np.sqrt((1 - rho) / 2) * second
    t = np.maximum(np.exp(log_t + spread_t * (common + apart)), 1.0)
    return Longitudinal(t, np.maximum(np.exp(log_alpha + spread_alpha * (common - apart)), 1.1))


@dataclass(frozen=True)
class Radial:
    """Core and tail radius, and share of the core, each [showers, layers]."""

    core: Floats
    tail: Floats
    share: Floats


def radial(medium: Medium, energy: Floats, tau: Floats) -> Radial:
    """Of showers of an ``energy`` in MeV [showers] where ``tau`` [showers, layers] is the depth over that of the middle (A.1.4, A.2.4)."""
    log_e, z, thin, less = np.log(energy / 1000)[:, None], medium.z, 1 / medium.sampling, 1 - medium.e_hat
    core = 0.0251 + 0.00319 * log_e + (0.1162 - 0.000381 * z) * tau
    late = 0.3585 + 0.0421 * log_e
    tail = (0.659 - 0.00309 * z) * (np.exp(-2.59 * (tau - 0.645)) + np.exp(late * (tau - 0.645)))
    scaled = (0.401 + 0.00187 * z - tau) / (1.313 - 0.0686 * log_e)
    share = (2.632 - 0.00094 * z) * np.exp(scaled - np.exp(scaled))
    core = core - 0.0203 * less + 0.0397 * thin * np.exp(-tau)
    tail = tail - 0.14 * less - 0.495 * thin * np.exp(-tau)
    share = share + less * (0.348 - 0.642 * thin * np.exp(-((tau - 1) ** 2)))
    core = np.maximum(core, 0.01)
    return Radial(core, np.clip(tail, core, 20.0), np.clip(share, 0.0, 1.0))


def sector_shares(radius: Floats, x: Floats, y: Floats, edges: Floats, sectors: int, steps: int) -> Floats:
    """Share of 2 r R² / (r² + R²)² around an axis at ``x``, ``y`` in each ring and sector, [..., sectors, rings]; all lengths in one unit.

    Along a ray from the middle of the cylinder the integral is a closed form; over the azimuth it is a sum over ``steps`` rays a sector.
    """
    angles = (np.arange(sectors * steps) + 0.5) * 2 * np.pi / (sectors * steps)
    along = x[..., None] * np.cos(angles) + y[..., None] * np.sin(angles)
    rest = (x**2 + y**2 + radius**2)[..., None] - along**2
    at = [_ray(edge, along, rest) for edge in edges]
    rays = np.stack([after - before for before, after in pairwise(at)], axis=-1)
    rays *= (radius**2)[..., None, None] / np.pi * (2 * np.pi / (sectors * steps))
    return np.asarray(rays.reshape(*rays.shape[:-2], sectors, steps, len(edges) - 1).sum(-2))


def _ray(edge: float, along: Floats, rest: Floats) -> Floats:
    """Integral of r / (r² - 2 r ``along`` + ...)² up to ``edge``, where the bracket is (r - ``along``)² + ``rest``."""
    s, root = edge - along, np.sqrt(rest)
    bracket = s**2 + rest
    return np.asarray(-0.5 / bracket + along * (s / (2 * rest * bracket) + np.arctan(s / root) / (2 * rest * root)))


def _spread(inverse: Floats) -> Floats:
    """1 / ``inverse``, at most 0.5, as GFlash bounds it at low energies."""
    return np.asarray(1 / np.maximum(inverse, 2.0))
