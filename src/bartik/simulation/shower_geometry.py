"""What a calorimeter is made of, from a TOML file, and the effective medium that showers see (Grindhammer and Peters, hep-ex/0001020)."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bartik.core import ConfigError, UnknownNameError
from bartik.core.voxels import Binning, VoxelLayer

_FOLDER = Path(__file__).parent / "geometries"
_SCALE_ENERGY = 21.2
"""MeV: Es of multiple scattering, in Molière's radius."""


@dataclass(frozen=True)
class Material:
    """A homogeneous material: ``thickness`` in mm, nuclear charge, density in g/cm3, lengths in mm, critical energy in MeV."""

    thickness: float
    z: float
    density: float
    radiation_length: float
    critical_energy: float
    interaction_length: float

    @property
    def mass(self) -> float:
        """Thickness times density: the weight among materials."""
        return self.thickness * self.density


@dataclass(frozen=True)
class Medium:
    """A sampling calorimeter as one material: lengths in mm, energies in MeV; ``sampling`` F_S and ``e_hat`` of hep-ex/0001020."""

    z: float
    radiation_length: float
    moliere_radius: float
    critical_energy: float
    interaction_length: float
    sampling: float
    e_hat: float


@dataclass(frozen=True)
class Response:
    """Resolution (stochastic term in sqrt(GeV), constant term), shape of a spot's energy, read-out threshold in MeV."""

    stochastic: float
    constant: float
    spot_shape: float
    threshold: float


@dataclass(frozen=True)
class Axis:
    """Angle of incidence in degrees, in the plane of x; spread of the axis in mm and of its slope."""

    angle: float
    spread: float
    slope: float


@dataclass(frozen=True)
class Geometry:
    """A calorimeter of ``layers`` alike, each ``thickness`` mm deep."""

    name: str
    layers: int
    thickness: float
    r_edges: tuple[float, ...]
    sectors: int
    absorber: Material
    active: Material
    response: Response
    axis: Axis

    @property
    def binning(self) -> Binning:
        """Its voxels."""
        return Binning((VoxelLayer(self.r_edges, self.sectors),) * self.layers)

    @property
    def medium(self) -> Medium:
        """Weights are shares of mass; section 3 of hep-ex/0001020."""
        both = (self.absorber, self.active)
        mass, depth = sum(m.mass for m in both), sum(m.thickness for m in both)
        inverse = sum(m.mass / mass / (m.radiation_length * m.density) for m in both)
        scaled = sum(m.mass / mass * m.critical_energy / (m.radiation_length * m.density) for m in both)
        density = mass / depth
        length = 1 / (inverse * density)
        interaction = 1 / sum(m.thickness / depth / m.interaction_length for m in both)
        return Medium(
            z=sum(m.mass * m.z for m in both) / mass,
            radiation_length=length,
            moliere_radius=_SCALE_ENERGY / (scaled * density),
            critical_energy=scaled / inverse,
            interaction_length=interaction,
            sampling=length / depth,
            e_hat=1 / (1 + 0.007 * (self.absorber.z - self.active.z)),
        )


def geometry(name: str) -> Geometry:
    """A geometry by the name of one that comes with Bartik, or by the path of a ``.toml`` file."""
    path = Path(name) if name.endswith(".toml") else _FOLDER / f"{name}.toml"
    if not path.is_file():
        if name.endswith(".toml"):
            raise ConfigError(f"{path}: no such geometry file")
        raise UnknownNameError("geometry", name, geometry_names())
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path}: not readable as TOML ({error})") from error
    return _made(path, values)


def geometry_names() -> list[str]:
    """Names of those that come with Bartik."""
    return sorted(path.stem for path in _FOLDER.glob("*.toml"))


def _made(path: Path, values: Mapping[str, Any]) -> Geometry:
    tables = {name: _table(path, values, name) for name in ("cells", "absorber", "active", "response", "axis")}
    cells = tables["cells"]
    try:
        made = Geometry(
            path.stem,
            int(cells["layers"]),
            float(cells["thickness"]),
            tuple(float(edge) for edge in cells["r_edges"]),
            int(cells["sectors"]),
            Material(**tables["absorber"]),
            Material(**tables["active"]),
            Response(**tables["response"]),
            Axis(**tables["axis"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise ConfigError(
            f"{path}: a key is missing, unknown or no number ({error})", hint="begin from one that `geometries` has"
        ) from error
    if made.layers < 1 or made.thickness <= 0 or made.response.threshold < 0 or made.response.spot_shape <= 0 or len(made.r_edges) < 2:
        raise ConfigError(f"{path}: wanted layers, thickness, rings and spot_shape that are positive, and a threshold that is not negative")
    if made.response.stochastic <= 0 or not 0 <= abs(made.axis.angle) < 60:
        raise ConfigError(f"{path}: wanted a positive stochastic term and an angle below 60 degrees")
    made.binning  # noqa: B018 - refuses edges that do not rise
    return made


def _table(path: Path, values: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = values.get(name)
    if not isinstance(found, Mapping):
        raise ConfigError(f"{path}: table [{name}] is missing")
    return found
