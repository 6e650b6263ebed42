"""Showers as the CaloChallenge keeps them (arXiv:2410.21611): an HDF5 file of energies in MeV, and an XML file that says where voxels are.

``incident_energies`` [showers, 1] and ``showers`` [showers, voxels], compressed by gzip; of voxels the rings run fastest, then sectors,
then layers. In the XML file a layer without rings (``r_edges="0"``) has no voxels.

Rules: negative, infinite and NaN energies are refused, and so is a file whose number of voxels is not that of the binning. A shower without
any energy is allowed if it is below one in a hundred (a particle that was not seen); more are refused, as they are no showers.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element

import h5py
import numpy as np
import numpy.typing as npt

from bartik.core import ConfigError, DataError, OutputError
from bartik.core.digest import digest_arrays
from bartik.core.files import atomic_path, write_text
from bartik.core.voxels import Binning, VoxelLayer
from bartik.core.xml_tree import read_xml

SETS = {368: "set 1, photons", 533: "set 1, pions", 6480: "set 2", 40500: "set 3"}
"""By number of voxels."""
_INCIDENT, _VOXELS = "incident_energies", "showers"
_EMPTY = 0.01
_ROWS = 1000
"""Showers of a compressed piece of a file."""
_XML_BYTES = 4 * 2**20


@dataclass(frozen=True)
class ShowerFile:
    """Incident energies [showers] and energies of voxels [showers, voxels], both in MeV, float32."""

    incident: npt.NDArray[np.float32]
    showers: npt.NDArray[np.float32]

    def __len__(self) -> int:
        """Number of showers."""
        return len(self.incident)

    @property
    def digest(self) -> str:
        """SHA-256 of all energies."""
        return digest_arrays({_INCIDENT: self.incident, _VOXELS: self.showers})


def read_binning(path: Path, particle: str = "") -> Binning:
    """The voxels of ``particle`` (its ``name`` or ``pid``), or of the only one there is."""
    if not path.is_file():
        raise DataError(f"{path}: no such file")
    if path.stat().st_size > _XML_BYTES:
        raise DataError(f"{path}: {path.stat().st_size} bytes, more than a binning has")
    bins = [bin_ for bin_ in read_xml(path, path.read_bytes()).iter("Bin") if particle in {"", bin_.get("name"), bin_.get("pid")}]
    if len(bins) != 1:
        known = f"of {particle!r}" if particle else "of one particle"
        raise DataError(
            f"{path}: wanted one <Bin> {known}, found {len(bins)}", hint="say the particle's name or pid; is it a binning file?"
        )
    layers = bins[0].findall("Layer")
    numbers = [layer.get("id", "") for layer in layers]
    if numbers != [str(place) for place in range(len(layers))] or not layers:
        raise DataError(f"{path}: wanted layers with id 0, 1, 2 ... in order, found {', '.join(numbers[:8]) or 'none'}")
    return Binning(tuple(_layer(path, layer) for layer in layers))


def write_binning(path: Path, binning: Binning, name: str, pid: int) -> None:
    """As the CaloChallenge has it."""
    lines = ["<Bins>", f'   <Bin pid="{pid}" name="{_checked_name(name)}">']
    for number, layer in enumerate(binning.layers):
        edges = ",".join(f"{edge:.10g}" for edge in layer.r_edges) or "0"
        lines.append(f'      <Layer id="{number}" r_edges="{edges}" n_bin_alpha="{layer.sectors}" />')
    write_text(path, "\n".join([*lines, "   </Bin>", "</Bins>", ""]))


def read_showers(path: Path, binning: Binning | None, *, trained: tuple[float, float] | None = None) -> ShowerFile:
    """All showers of a file, if they are of this binning (nothing: of any) and possible.

    ``trained`` are the lowest and highest energy in MeV that a model knows: showers outside are kept, with a warning that says how many.
    """
    with _opened(path) as file:
        _check_layout(path, file, binning)
        found = ShowerFile(np.asarray(file[_INCIDENT], np.float32).reshape(-1), np.asarray(file[_VOXELS], np.float32))
    check_showers(f"{path}: ", found)
    if trained is not None:
        warn_outside(str(path), found.incident, *trained)
    return found


def read_showers_in_pieces(path: Path, binning: Binning, rows: int = 10_000) -> Iterator[ShowerFile]:
    """The same, so many showers at a time: a file of set 3 is larger than a memory."""
    with _opened(path) as file:
        _check_layout(path, file, binning)
        for first in range(0, file[_VOXELS].shape[0], rows):
            incident = np.asarray(file[_INCIDENT][first : first + rows], np.float32).reshape(-1)
            found = ShowerFile(incident, np.asarray(file[_VOXELS][first : first + rows], np.float32))
            check_showers(f"{path}: from row {first} on, ", found)
            yield found


def write_showers(path: Path, incident: npt.ArrayLike, showers: npt.ArrayLike) -> None:
    """Energies in MeV [showers] or [showers, 1] and [showers, voxels], whole or not at all."""
    energies, voxels = np.asarray(incident, np.float32).reshape(-1, 1), np.asarray(showers, np.float32)
    if voxels.ndim != 2 or len(voxels) != len(energies):
        raise OutputError(f"{path}: wanted showers [{len(energies)}, voxels], got {list(voxels.shape)}")
    check_showers(f"{path}: ", ShowerFile(energies[:, 0], voxels))
    with atomic_path(path) as temporary, h5py.File(temporary, "w") as file:
        for name, values in ((_INCIDENT, energies), (_VOXELS, voxels)):
            chunks = (min(_ROWS, len(values)), values.shape[1]) if values.size else None
            file.create_dataset(name, data=values, compression="gzip" if chunks else None, chunks=chunks)


def check_showers(where: str, found: ShowerFile) -> None:
    """`DataError` for energies that cannot be; the rule for showers without energy is that of this module."""
    for name, values in ((_INCIDENT, found.incident), (_VOXELS, found.showers)):
        if not np.isfinite(values).all():
            raise DataError(f"{where}{name}: {(~np.isfinite(values)).sum()} values are NaN or infinite", hint="remove those showers")
    if (found.incident <= 0).any():
        bad = found.incident[found.incident <= 0]
        raise DataError(f"{where}{_INCIDENT}: {len(bad)} are not positive (the first is {bad[0]:g} MeV)", hint="energies are in MeV")
    rows = (found.showers < 0).any(axis=1)
    if rows.any():
        lowest = found.showers.min()
        raise DataError(
            f"{where}{_VOXELS}: {rows.sum()} showers have negative energies (down to {lowest:g} MeV)", hint="cut the noise first"
        )
    empty = np.atleast_1d(~(found.showers > 0).any(axis=1))
    if len(empty) and empty.mean() > _EMPTY:
        raise DataError(
            f"{where}{_VOXELS}: {empty.sum()} of {len(empty)} showers have no energy at all", hint="one in a hundred may be: remove them"
        )


def warn_outside(where: str, incident: npt.ArrayLike, low: float, high: float) -> int:
    """How many incident energies are outside of what a model was trained on; a warning says so."""
    energies = np.asarray(incident, np.float64).reshape(-1)
    outside = int(((energies < low * (1 - 1e-6)) | (energies > high * (1 + 1e-6))).sum())
    if outside:
        text = f"{where}: {outside} of {len(energies)} incident energies are outside of the trained range, {low:g} to {high:g} MeV"
        warnings.warn(f"{text}: what a model makes of them is a guess", UserWarning, stacklevel=2)
    return outside


def _opened(path: Path) -> Any:
    if not path.is_file():
        raise DataError(f"{path}: no such file")
    try:
        return h5py.File(path, "r")
    except OSError as error:
        raise DataError(f"{path}: not readable as HDF5 ({type(error).__name__})", hint="is the file complete?") from error


def _check_layout(path: Path, file: Any, binning: Binning | None) -> None:
    for name in (_INCIDENT, _VOXELS):
        if not isinstance(file.get(name), h5py.Dataset):
            raise DataError(f"{path}: no dataset {name!r}", hint="a file of the CaloChallenge has incident_energies and showers")
        if file[name].is_virtual or file[name].external:
            raise DataError(f"{path}: dataset {name!r} keeps its values in another file", hint="store them in this one")
    incident, voxels = file[_INCIDENT].shape, file[_VOXELS].shape
    if len(voxels) != 2 or incident not in {(voxels[0],), (voxels[0], 1)}:
        raise DataError(f"{path}: wanted incident_energies [n, 1] and showers [n, voxels], got {list(incident)} and {list(voxels)}")
    if binning is not None and voxels[1] != binning.voxels:
        is_set = f" (that is {SETS[voxels[1]]})" if voxels[1] in SETS else ""
        wanted = f" ({SETS[binning.voxels]})" if binning.voxels in SETS else ""
        raise DataError(
            f"{path}: has {voxels[1]} voxels a shower{is_set}, the binning {binning.voxels}{wanted}",
            hint="give the binning file of this set, or the file of that one",
        )


def _layer(path: Path, layer: Element) -> VoxelLayer:
    number = layer.get("id", "?")
    try:
        edges = tuple(float(edge) for edge in layer.get("r_edges", "").split(","))
        sectors = int(layer.get("n_bin_alpha", ""))
    except ValueError as error:
        raise DataError(f"{path}: layer {number}: r_edges or n_bin_alpha are no numbers ({error})") from error
    if not np.isfinite(edges).all() or any(after <= before for before, after in pairwise(edges)):
        raise DataError(f"{path}: layer {number}: r_edges do not rise: {layer.get('r_edges', '')[:60]}")
    try:
        return VoxelLayer(edges if len(edges) > 1 else (), sectors)
    except ConfigError as error:
        raise DataError(f"{path}: layer {number}: {error.message}") from error


def _checked_name(name: str) -> str:
    if not name.replace("_", "").isalnum():
        raise OutputError(f"particle {name!r}: wanted letters and digits")
    return name
