"""Showers that a trained model draws by number: each has random numbers of its own, so that shards of a sample are the sample."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from bartik.core import Array, DataError, Session, UsageError
from bartik.core.bundle import Bundle
from bartik.data.calochallenge import ShowerFile, warn_outside
from bartik.simulation.counters import Keys, event_keys, normal, uniform, within

_ENERGY, _NOISE = 0, 1
"""What the numbers of a shower are for."""
_BATCH = 1000


def trained_energies(bundle: Bundle) -> tuple[float, float]:
    """Lowest and highest incident energy in MeV that the model has seen; `DataError` where its provenance does not say."""
    found: Any = bundle.provenance
    for key in ("configuration", "data", "energies"):
        found = found.get(key) if isinstance(found, dict) else None
    if not isinstance(found, list) or len(found) != 2 or not 0 < float(found[0]) < float(found[1]):
        raise DataError(f"{bundle.path}: does not say which energies it was trained for", hint="give --energies LOW,HIGH in MeV")
    return float(found[0]), float(found[1])


def draw(bundle: Bundle, session: Session, numbers: npt.ArrayLike, seed: int, energies: tuple[float, float] | None) -> ShowerFile:
    """Showers ``numbers`` [showers] of the sample ``seed``, incident energies in MeV uniform in the logarithm.

    A shower depends on its number, the seed, the energies and the model alone.
    """
    shapes = {spec.name: spec.shape for spec in bundle.signature.inputs}
    if set(shapes) != {"energy", "noise"} or not isinstance(shapes["noise"][1], int):
        raise UsageError(f"{bundle.path}: takes {', '.join(sorted(shapes))}", hint="wanted a generator of showers: energy and noise")
    low, high = trained_energies(bundle) if energies is None else energies
    keys = event_keys(seed, numbers)
    incident = np.exp(np.log(low) + (np.log(high) - np.log(low)) * uniform(within(keys, _ENERGY))).astype(np.float32)
    if energies is not None:
        warn_outside(bundle.name, incident, *trained_energies(bundle))
    parts = [
        _showers(session, keys[at : at + _BATCH], incident[at : at + _BATCH], shapes["noise"][1]) for at in range(0, len(keys), _BATCH)
    ]
    return ShowerFile(incident, np.concatenate(parts) if parts else np.zeros((0, 0), np.float32))


def _showers(session: Session, keys: Keys, incident: npt.NDArray[np.float32], width: int) -> Array:
    pairs = within(within(keys, _NOISE)[:, None], np.arange((width + 1) // 2)[None])
    noise = np.stack(normal(pairs), axis=2).reshape(len(keys), -1)[:, :width].astype(np.float32)
    return session.run({"energy": incident[:, None], "noise": noise})["showers"]
