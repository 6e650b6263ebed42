"""Showers in a calorimeter of layers, rings and sectors, parametrised: energies of voxels in MeV, as the CaloChallenge keeps them.

Electrons and photons after Grindhammer and Peters (hep-ex/0001020); a photon begins after an exponential depth of 9/7 radiation lengths.
Pions begin after an exponential number of interaction lengths; a part of their energy, Beta(2, 3) and a rising mean, goes into an
electromagnetic shower, the rest, seen by 1/1.3, into a wide one with a gamma profile (R. K. Bock et al., NIM 186 (1981) 533). Energy
comes in spots: their number in a voxel is Poisson's, their energies are gamma distributed, so that the relative resolution has the
stochastic term of the geometry.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bartik.core import ConfigError, UnknownNameError
from bartik.simulation.shower_geometry import Geometry, Medium
from bartik.simulation.shower_profiles import Floats, Longitudinal, Radial, draw_longitudinal, radial, sector_shares

PARTICLES = ("electron", "photon", "pion")
_STEPS = 16
"""Rays a sector over which the radial profile is summed: the shares of a narrow core beside the axis then sum to 1 within 1e-4; with 4 they
fluctuate by 1%, and by 4% in `lead_scintillator`."""
_CHUNK = 500
"""Showers at once."""
_MIP = 1.8
"""MeV a radiation length that a pion leaves before it begins a shower."""


@dataclass(frozen=True)
class Showers:
    """Kinetic energies [showers] and energies read out of voxels [showers, voxels], both in MeV, float32."""

    incident: npt.NDArray[np.float32]
    voxels: npt.NDArray[np.float32]

    def __len__(self) -> int:
        """Number of showers."""
        return len(self.incident)


def log_uniform(rng: np.random.Generator, count: int, low: float, high: float) -> Floats:
    """Energies [count] between ``low`` and ``high``, uniform in the logarithm, as in sets 2 and 3."""
    if not 0 < low <= high:
        raise ConfigError(f"energies: wanted 0 < lowest <= highest, got {low:g} and {high:g}")
    return np.asarray(np.exp(rng.uniform(np.log(low), np.log(high), count)))


def generate_showers(incident: npt.ArrayLike, where: Geometry, seed: tuple[int, ...], particle: str = "electron") -> Showers:
    """Showers of ``particle`` with kinetic energies ``incident`` in MeV [showers]; the same seed gives the same showers."""
    if particle not in PARTICLES:
        raise UnknownNameError("particle", particle, PARTICLES)
    energies = np.asarray(incident, np.float64).reshape(-1)
    if (energies < 50).any() or not np.isfinite(energies).all():
        raise ConfigError(f"incident energy: wanted 50 MeV or more, got {energies.min():g} MeV", hint="the profiles know no less")
    parts = [energies[first : first + _CHUNK] for first in range(0, len(energies), _CHUNK)]
    made = [_chunk(np.random.default_rng((*seed, place)), part, where, particle) for place, part in enumerate(parts)]
    voxels = np.concatenate(made) if made else np.zeros((0, where.binning.voxels), np.float32)
    return Showers(energies.astype(np.float32), voxels)


def _chunk(rng: np.random.Generator, energy: Floats, where: Geometry, particle: str) -> npt.NDArray[np.float32]:
    expected = (_pion if particle == "pion" else _electromagnetic)(rng, energy, where, particle)
    return _read_out(rng, expected.reshape(len(energy), -1), where)


def _electromagnetic(rng: np.random.Generator, energy: Floats, where: Geometry, particle: str) -> Floats:
    start = rng.exponential(9 / 7, len(energy)) if particle == "photon" else np.zeros(len(energy))
    return _shower(rng, energy, where, start)


def _shower(rng: np.random.Generator, energy: Floats, where: Geometry, start: Floats) -> Floats:
    """Expected energies [showers, layers, sectors, rings] of showers that ``start`` [showers] so many radiation lengths deep."""
    medium = where.medium
    shape = draw_longitudinal(rng, medium, np.maximum(energy, 20.0))
    edges = np.arange(where.layers + 1) * _slant(where) / medium.radiation_length
    depths = edges[None] - start[:, None]
    layers = energy[:, None] * np.diff(shape.deposited(depths), axis=1)
    tau = _tau(shape, np.maximum((depths[:, 1:] + depths[:, :-1]) / 2, 0.0))
    wide = radial(medium, np.maximum(energy, 20.0), tau)
    return layers[..., None, None] * _across(rng, where, medium, wide)


def _pion(rng: np.random.Generator, energy: Floats, where: Geometry, _: str) -> Floats:
    """Ionisation before the first interaction; then an electromagnetic part and a hadronic one, which is wide and seen by less."""
    medium, count = where.medium, len(energy)
    edges = np.arange(where.layers + 1) * _slant(where)
    start = rng.exponential(medium.interaction_length, count)
    mean = np.clip(0.11 * np.log(np.maximum(energy, 1000.0) / 1000), 0.05, 0.75)
    share = np.clip(rng.beta(2, 3, count) / 0.4 * mean, 0, 0.95)
    inner = _shower(rng, share * energy, where, start / medium.radiation_length)
    log_e = np.log(np.maximum(energy, 1000.0) / 1000)
    shape = Longitudinal(*_hadronic(log_e))
    depths = (edges[None] - start[:, None]) / medium.interaction_length
    layers = ((1 - share) * energy / 1.3)[:, None] * np.diff(shape.deposited(depths), axis=1)
    radius = np.full((count, where.layers), 0.35 * medium.interaction_length / medium.moliere_radius)
    outer = layers[..., None, None] * _across(rng, where, medium, Radial(radius / 3, radius, np.full_like(radius, 0.4)))
    before = np.clip(start[:, None] - edges[None, :-1], 0, np.diff(edges)[None]) / medium.radiation_length * _MIP
    path = np.zeros((1, 1, where.sectors, len(where.r_edges) - 1))
    path[..., 0] = 1 / where.sectors
    return inner + outer + before[..., None, None] * path


def _hadronic(log_e: Floats) -> tuple[Floats, Floats]:
    """Depth of the maximum in interaction lengths and shape, from alpha = 1.62 + 0.32 ln E and beta = 0.91 - 0.02 ln E."""
    alpha, beta = 1.62 + 0.32 * log_e, 0.91 - 0.02 * log_e
    return (alpha - 1) / beta, alpha


def _tau(shape: Longitudinal, depth: Floats) -> Floats:
    """Depth over that of the centre of gravity of the shower."""
    return depth / (shape.t * shape.alpha / (shape.alpha - 1))[:, None]


def _across(rng: np.random.Generator, where: Geometry, medium: Medium, wide: Radial) -> Floats:
    """Shares of a layer's energy [showers, layers, sectors, rings]; what is outside of the last ring is lost."""
    middles = (np.arange(where.layers) + 0.5) * where.thickness
    begin = rng.standard_normal((2, len(wide.core), 1)) * where.axis.spread
    slope = rng.standard_normal((2, len(wide.core), 1)) * where.axis.slope
    slope[0] += np.tan(np.radians(where.axis.angle))
    x, y = (begin + slope * (middles - middles.mean() * (where.axis.angle != 0))) / medium.moliere_radius
    edges = np.asarray(where.r_edges) / medium.moliere_radius
    core, tail = (sector_shares(radius, x, y, edges, where.sectors, _STEPS) for radius in (wide.core, wide.tail))
    share = wide.share[..., None, None]
    return share * core + (1 - share) * tail


def _slant(where: Geometry) -> float:
    """Way through a layer in mm."""
    return where.thickness / float(np.cos(np.radians(where.axis.angle)))


def _read_out(rng: np.random.Generator, expected: Floats, where: Geometry) -> npt.NDArray[np.float32]:
    """Spots of sampling, the constant term of the whole shower, and the threshold."""
    response = where.response
    spot = 1000 * response.stochastic**2 / (1 + 1 / response.spot_shape)
    number = rng.poisson(expected / spot)
    scale = (1 + response.constant * rng.standard_normal((len(expected), 1))) * spot / response.spot_shape
    energies = rng.standard_gamma(response.spot_shape * number) * scale
    return np.where(energies >= response.threshold, energies, 0.0).astype(np.float32)
