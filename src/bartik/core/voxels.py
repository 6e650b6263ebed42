"""Voxels of a shower in cylinders: layers along the axis, rings and sectors in each; the order of the CaloChallenge (arXiv:2410.21611)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from bartik.core.errors import ConfigError

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class VoxelLayer:
    """One layer: edges of its rings in mm, rising, and the number of its sectors; a layer without rings has no voxels."""

    r_edges: tuple[float, ...]
    sectors: int

    def __post_init__(self) -> None:
        """Refuse edges that do not rise and sectors that are none."""
        if self.sectors < 1:
            raise ConfigError(f"sectors of a layer: wanted 1 or more, got {self.sectors}")
        if any(b <= a for a, b in zip(self.r_edges, self.r_edges[1:], strict=False)) or (self.r_edges and self.r_edges[0] < 0):
            raise ConfigError(f"r_edges of a layer: wanted rising radii from 0 on, got {list(self.r_edges)}")

    @property
    def rings(self) -> int:
        """Number of rings."""
        return max(0, len(self.r_edges) - 1)

    @property
    def voxels(self) -> int:
        """Number of voxels."""
        return self.rings * self.sectors


@dataclass(frozen=True)
class Binning:
    """Layers from the front; flat arrays have the rings running fastest, then sectors, then layers.

    >>> Binning((VoxelLayer((0.0, 1.0, 2.0), 4), VoxelLayer((0.0, 2.0), 1))).voxels
    9
    """

    layers: tuple[VoxelLayer, ...]

    @property
    def voxels(self) -> int:
        """Number of voxels of all layers."""
        return sum(layer.voxels for layer in self.layers)

    @property
    def filled(self) -> tuple[int, ...]:
        """Numbers of the layers that have voxels."""
        return tuple(number for number, layer in enumerate(self.layers) if layer.voxels)

    @property
    def regular(self) -> bool:
        """Whether all layers are alike, so that rows can be seen as [layers, sectors, rings]."""
        return len(set(self.layers)) == 1

    @cached_property
    def layer(self) -> npt.NDArray[np.int64]:
        """Which layer each voxel is in [voxels]."""
        return np.repeat(np.arange(len(self.layers)), [layer.voxels for layer in self.layers])

    @cached_property
    def radius(self) -> Floats:
        """Middle of each voxel's ring in mm [voxels]."""
        return self._flat(lambda layer: np.tile((_edges(layer)[1:] + _edges(layer)[:-1]) / 2, layer.sectors))

    @cached_property
    def azimuth(self) -> Floats:
        """Middle of each voxel's sector in rad [voxels]; the first sector begins at the axis of x."""
        return self._flat(lambda layer: np.repeat((np.arange(layer.sectors) + 0.5) * 2 * np.pi / layer.sectors, layer.rings))

    @cached_property
    def x(self) -> Floats:
        """Middle of each voxel across the axis in mm [voxels]; 0 where a ring is one sector."""
        return self._across(np.cos(self.azimuth))

    @cached_property
    def y(self) -> Floats:
        """As `x`, in the other direction [voxels]."""
        return self._across(np.sin(self.azimuth))

    def _across(self, direction: Floats) -> Floats:
        single = self._flat(lambda layer: np.full(layer.voxels, layer.sectors == 1))
        return np.where(single > 0, 0.0, self.radius * direction)

    def _flat(self, of: object) -> Floats:
        return np.concatenate([of(layer) for layer in self.layers if layer.voxels] or [np.zeros(0)]).astype(np.float64)  # type: ignore[operator]


def merged(showers: npt.NDArray[np.floating], fine: Binning, coarse: Binning) -> npt.NDArray[np.float32]:
    """Energies [showers, voxels of ``fine``] summed into the voxels of ``coarse``, into which those of ``fine`` must fit.

    So a file of set 2 becomes a sample of a coarser geometry: neighbouring layers, sectors and rings are added. `ConfigError` where a
    border of ``coarse`` is none of ``fine``.
    """
    if not (fine.regular and coarse.regular):
        raise ConfigError("voxels are merged where all layers are alike")
    (layers, one), (into, other) = (len(fine.layers), fine.layers[0]), (len(coarse.layers), coarse.layers[0])
    if layers % into or one.sectors % other.sectors:
        raise ConfigError(f"{layers} layers of {one.sectors} sectors do not fit into {into} of {other.sectors}")
    places = np.searchsorted(np.asarray(one.r_edges), np.asarray(other.r_edges) - 1e-6)
    known = np.asarray(one.r_edges)[np.minimum(places, one.rings)]
    if not np.allclose(known, other.r_edges, atol=1e-5):
        raise ConfigError(f"rings of {list(one.r_edges)} mm do not fit into {list(other.r_edges)} mm")
    cube = np.asarray(showers).reshape(-1, into, layers // into, other.sectors, one.sectors // other.sectors, one.rings)
    summed = np.add.reduceat(cube[..., : places[-1]].sum((2, 4)), places[:-1], axis=-1)
    return summed.reshape(len(cube), coarse.voxels).astype(np.float32)


def _edges(layer: VoxelLayer) -> Floats:
    return np.asarray(layer.r_edges, np.float64)
