"""Combined differences of log-likelihoods: what LHCb used before networks, and what they are compared with.

Likelihoods of the RICHs, of the calorimeters and of the muon stations are multiplied, for each hypothesis (F. Alessio et al., LHCb,
arXiv:1412.6352, section 5). Those of the calorimeters and muon stations are counted from training tracks, in bins of the momentum.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from bartik.core import Array
from bartik.usecases.particle_identification.columns import NAMES

_CHARGED = 5
_MOMENTA = (5.0, 7.0, 10.0, 15.0, 22.0, 35.0, 60.0)
_ECAL = (0.0, 0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 0.65, 0.8, 0.9, 0.97, 1.03, 1.1, 1.3)
_HCAL = (0.0, 0.02, 0.08, 0.2, 0.4, 0.6, 0.9, 1.3)
_PATTERNS = 10
"""Bins of the momentum in GeV and of the shares of it in both calorimeters (below 0: not measured); patterns of the muon stations."""


class CombinedDll:
    """Log-likelihoods [tracks, 5] of e, mu, pi, K, p up to a common constant."""

    def __init__(self, features: Array, species: Array) -> None:
        """Count calorimeters and muon stations of training tracks ``features`` [tracks, 14] of known ``species`` [tracks]."""
        cells = [_calorimeter_cell(features), _muon_cell(features)]
        self.tables = [_counted(cell, species, size) for cell, size in zip(cells, _SIZES, strict=True)]

    def log_likelihoods(self, features: Array) -> npt.NDArray[np.float64]:
        """Of tracks [tracks, 14]."""
        rich = [_column(features, name) for name in ("dll_e", "dll_mu")]
        found = np.stack([*rich, np.zeros(len(features)), _column(features, "dll_k"), _column(features, "dll_p")], axis=1)
        for table, cell in zip(self.tables, (_calorimeter_cell(features), _muon_cell(features)), strict=True):
            found += table[cell]
        return np.asarray(found)

    def scores(self, features: Array) -> Array:
        """Float32 [tracks, 6]: log-likelihood of a species less that of all others together, equally many.

        There is no hypothesis of a ghost: its score is the sum of both χ² over their degrees of freedom, on which cuts were.
        """
        found = self.log_likelihoods(features)
        others = [np.logaddexp.reduce(np.delete(found, place, axis=1), axis=1) for place in range(_CHARGED)]
        ghost = _column(features, "track_chi2") + _column(features, "match_chi2")
        return np.stack([*(found - np.stack(others, axis=1)).T, ghost], axis=1).astype(np.float32)


_SIZES = (
    (len(_MOMENTA) + 1) * (len(_ECAL) + 1) * (len(_HCAL) + 1),
    (len(_MOMENTA) + 1) * _PATTERNS,
)


def _calorimeter_cell(features: Array) -> npt.NDArray[np.int64]:
    p = np.maximum(_column(features, "p"), 0.1)
    ecal, hcal = (np.digitize(_column(features, name) / p, edges) for name, edges in (("ecal", _ECAL), ("hcal", _HCAL)))
    return np.asarray((np.digitize(p, _MOMENTA) * (len(_ECAL) + 1) + ecal) * (len(_HCAL) + 1) + hcal)


def _muon_cell(features: Array) -> npt.NDArray[np.int64]:
    pattern = 5 * (_column(features, "is_muon") > 0.5) + np.clip(_column(features, "muon_stations"), 0, 4).astype(np.int64)
    return np.asarray(np.digitize(_column(features, "p"), _MOMENTA) * _PATTERNS + pattern)


def _counted(cell: Array, species: Array, size: int) -> npt.NDArray[np.float64]:
    """Logarithm of the share of each species' tracks in a cell among those of its bin of momentum [cells, 5]; half a track is added."""
    counts = np.stack([np.bincount(cell[species == one], minlength=size) for one in range(_CHARGED)], axis=1) + 0.5
    bins = counts.reshape(len(_MOMENTA) + 1, -1, _CHARGED)
    return np.asarray(np.log(bins / bins.sum(axis=1, keepdims=True)).reshape(size, _CHARGED))


def _column(features: Array, name: str) -> npt.NDArray[np.float64]:
    return np.asarray(features[:, NAMES.index(name)], np.float64)
