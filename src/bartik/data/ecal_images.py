"""Images of showers in a square of calorimeter cells, as LHCb's fast-simulation studies keep them (arXiv:1812.01319): an ``.npz`` file.

``EnergyDeposit`` [showers, 30, 30] energies of cells in MeV, ``ParticlePoint`` [showers, 2] where the particle enters, in mm,
``ParticleMomentum`` [showers, 3] in MeV, and ``ParticlePDG`` [showers] where particles differ. Axes of length 1 around the image and a
third coordinate of the point are left out. Energies that are negative or no numbers, and particles without momentum, are refused.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from bartik.core import Array, Arrays, DataError
from bartik.core.files import read_arrays, write_arrays

CELLS = 30
"""On each side of an image."""
_KEYS = ("EnergyDeposit", "ParticlePoint", "ParticleMomentum")
_KNOWN = (11, 13, 22, 111, 130, 211, 321, 2112, 2212)


@dataclass(frozen=True)
class EcalImages:
    """Energies [showers, 30, 30] in MeV, points [showers, 2] in mm, momenta [showers, 3] in MeV, and kinds [showers]."""

    energies: npt.NDArray[np.float32]
    point: npt.NDArray[np.float32]
    momentum: npt.NDArray[np.float32]
    pdg: npt.NDArray[np.int64]

    def __len__(self) -> int:
        """Number of showers."""
        return len(self.energies)


def read_ecal_images(path: Path, pdg: int = 22) -> EcalImages:
    """All showers of a file; ``pdg`` is what they are where the file does not say."""
    arrays = read_arrays(path)
    for name in _KEYS:
        if name not in arrays:
            raise DataError(f"{path}: no array {name!r}", hint=f"wanted {', '.join(_KEYS)}; it has {', '.join(arrays) or 'none'}")
        _check_numbers(path, name, arrays[name])
    energies = _image(path, arrays["EnergyDeposit"])
    point = _columns(path, "ParticlePoint", arrays["ParticlePoint"], len(energies), (2, 3))[:, :2]
    momentum = _columns(path, "ParticleMomentum", arrays["ParticleMomentum"], len(energies), (3,))
    kinds = np.asarray(arrays.get("ParticlePDG", np.full(len(energies), pdg))).reshape(-1).astype(np.int64)
    return _checked(path, EcalImages(energies, point, momentum, kinds))


def write_ecal_images(path: Path, images: EcalImages) -> None:
    """In the same layout."""
    _checked(path, images)
    arrays: Arrays = {"EnergyDeposit": images.energies, "ParticlePoint": images.point, "ParticleMomentum": images.momentum}
    write_arrays(path, arrays | {"ParticlePDG": images.pdg})


def _checked(path: Path, images: EcalImages) -> EcalImages:
    if len(images.pdg) != len(images):
        raise DataError(f"{path}: {len(images)} images and {len(images.pdg)} kinds of particles")
    if (images.energies < 0).any():
        count = (images.energies < 0).any(axis=(1, 2)).sum()
        raise DataError(f"{path}: EnergyDeposit: {count} showers have negative energies", hint="cut the noise first")
    if not (np.abs(images.momentum).sum(1) > 0).all():
        raise DataError(f"{path}: ParticleMomentum: a particle has none")
    unknown = ~np.isin(np.abs(images.pdg), _KNOWN)
    if unknown.any():
        raise DataError(f"{path}: ParticlePDG: {images.pdg[unknown][0]} in {unknown.sum()} rows", hint="particles that reach a calorimeter")
    return images


def _image(path: Path, values: Array) -> npt.NDArray[np.float32]:
    kept = [size for place, size in enumerate(values.shape) if place == 0 or size != 1]
    if kept[1:] != [CELLS, CELLS]:
        raise DataError(f"{path}: EnergyDeposit: wanted [showers, {CELLS}, {CELLS}], got {list(values.shape)}")
    return values.reshape(-1, CELLS, CELLS).astype(np.float32)


def _columns(path: Path, name: str, values: Array, rows: int, widths: tuple[int, ...]) -> npt.NDArray[np.float32]:
    flat = values.reshape(len(values), -1) if values.ndim else values.reshape(1, 1)
    if len(flat) != rows or flat.shape[1] not in widths:
        raise DataError(f"{path}: {name}: wanted [{rows}, {widths[0]}], got {list(values.shape)}")
    return flat.astype(np.float32)


def _check_numbers(path: Path, name: str, values: Array) -> None:
    if values.dtype.kind not in "fiu" or not np.isfinite(values).all():
        raise DataError(f"{path}: {name}: not all are finite numbers")
