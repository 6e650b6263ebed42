"""Events of PV-Finder's own programs (github.com/uc-lhcb/pv-finder): its toy in ROOT, with the densities it computed, and its HDF5 files.

Toy: tree ``data`` has hits and the particles that made them, tree ``kernel`` the density in 4000 bins of 0.1 mm from -100 mm and the
true vertices. HDF5: ragged arrays of POCA ellipsoids by their half axes, and target histograms in ``pv``. Layout of the ragged arrays as
the package awkward 0 wrote it: a group with ``content`` and ``counts``, or ``starts`` and ``stops``; written after the code that reads them
there, not tried on a file of theirs, of which none is public.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from bartik.core import Array, DataError
from bartik.data.ellipsoids import ellipsoids
from bartik.data.velo_lines import NEAREST, line_near_beam
from bartik.data.vertex_event import VertexEvent

LOW, WIDTH = -100.0, 0.1
"""mm, of the published histograms."""
SIGMA = 0.04
"""mm: how well a track fitted to its hits is said to be known near the beam."""
_LEAST_ANGLE = 1e-3
_AXES = ("major_axis", "minor_axis1", "minor_axis2")
_HINT = "wanted a file that PV-Finder's programs wrote"


def read_toy(events: Path, densities: Path) -> list[VertexEvent]:
    """Events of the toy: lines fitted to the hits of each particle, true vertices, and ``extra["kde"]`` [4000] as published."""
    hits = _tree(events, "data", ("hit_x", "hit_y", "hit_z", "hit_prt"))
    kernel = _tree(densities, "kernel", ("zdata", "pv_loc", "pv_ntrks"))
    if len(hits["hit_x"]) != len(kernel["zdata"]):
        raise DataError(f"{densities}: {len(kernel['zdata'])} events, {events} has {len(hits['hit_x'])}", hint="give both of one sample")
    return [_toy_event(number, hits, kernel) for number in range(len(kernel["zdata"]))]


def read_pvfinder_hdf5(path: Path) -> Iterator[VertexEvent]:
    """Events with their ellipsoids and true vertices; ``extra["histogram"]`` [4000], the published target, where the file has it."""
    import h5py  # noqa: PLC0415 - an optional package

    with h5py.File(path, "r") as file:
        centre = [_ragged(file, f"poca_{axis}", path) for axis in "zxy"]
        axes = [[_ragged(file, f"{name}_{axis}", path) for axis in "xyz"] for name in _AXES]
        z, count = _ragged(file, "pv_loc", path), _ragged(file, "pv_ntracks", path)
        targets = np.asarray(file["pv"], np.float32) if "pv" in file else None
        for number in range(len(z)):
            half = np.stack([np.stack([part[number] for part in axis], axis=1) for axis in axes], axis=1)
            tracks = np.concatenate([np.stack([part[number] for part in centre], axis=1), _surface(half)], axis=1).astype(np.float32)
            extra = {} if targets is None else {"histogram": targets[number]}
            yield VertexEvent(number, tracks, np.zeros(2, np.float32), z[number].astype(np.float64), count[number].astype(np.int64), extra)


def _surface(half: Array) -> npt.NDArray[np.float64]:
    """A to F [tracks, 6] of ellipsoids by their half axes [tracks, axis, xyz], which are at right angles."""
    length = np.maximum((half**2).sum(axis=2, keepdims=True), 1e-12)
    scaled = half / length
    matrix = np.einsum("tki,tkj->tij", scaled, scaled)
    return np.stack([matrix[:, i, j] for i, j in ((0, 0), (1, 1), (2, 2), (0, 1), (0, 2), (1, 2))], axis=1)


def _toy_event(number: int, hits: Mapping[str, Array], kernel: Mapping[str, Array]) -> VertexEvent:
    places = np.stack([hits[name][number] for name in ("hit_x", "hit_y", "hit_z")], axis=1).astype(np.float64)
    owner = hits["hit_prt"][number].astype(np.int64)
    lines = [line_near_beam(places[owner == particle]) for particle in np.unique(owner) if (owner == particle).sum() >= NEAREST]
    point, way = (np.array(part).reshape(-1, 3) for part in zip(*lines, strict=True)) if lines else (np.zeros((0, 3)), np.zeros((0, 3)))
    steep = np.hypot(way[:, 0], way[:, 1]) > _LEAST_ANGLE
    tracks = ellipsoids(point[steep], way[steep], np.full(int(steep.sum()), SIGMA), np.zeros(2))
    z, count = (np.asarray(kernel[name][number], np.float64) for name in ("pv_loc", "pv_ntrks"))
    return VertexEvent(number, tracks, np.zeros(2, np.float32), z, count.astype(np.int64), {"kde": kernel["zdata"][number]})


def _tree(path: Path, name: str, columns: tuple[str, ...]) -> dict[str, Array]:
    import uproot  # noqa: PLC0415 - an optional package

    if not path.is_file():
        raise DataError(f"{path}: no such file")
    with uproot.open(path) as file:
        if name not in file:
            raise DataError(f"{path}: no tree {name!r}", hint=_HINT)
        missing = [column for column in columns if column not in file[name]]
        if missing:
            raise DataError(f"{path}: tree {name!r} has no {', '.join(missing)}", hint=_HINT)
        return dict(file[name].arrays(columns, library="np"))


def _ragged(file: Any, name: str, path: Path) -> list[Array]:
    """Values of each event."""
    if name not in file or "content" not in file[name]:
        raise DataError(f"{path}: no ragged array {name!r}", hint=_HINT)
    group = file[name]
    content = np.asarray(group["content"])
    if "counts" in group:
        stops = np.cumsum(np.asarray(group["counts"]))
        starts = stops - np.asarray(group["counts"])
    elif "starts" in group and "stops" in group:
        starts, stops = np.asarray(group["starts"]), np.asarray(group["stops"])
    else:
        raise DataError(f"{path}: {name!r} has neither counts nor starts and stops", hint=_HINT)
    if len(stops) and (stops.max() > len(content) or (starts > stops).any() or starts.min() < 0):
        raise DataError(f"{path}: {name!r} counts more values than it has", hint="the file is damaged")
    return [content[start:stop] for start, stop in zip(starts, stops, strict=True)]
