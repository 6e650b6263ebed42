"""What the selection keeps when the detector is not what it was, and what is certain of it beforehand."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from bartik.core import Array, Dataset
from bartik.metrics import event_scores
from bartik.usecases.two_track_trigger.columns import COLUMNS

_CHI2 = [place for place, column in enumerate(COLUMNS) if column.name.endswith("chi2")]


def with_wrong_errors(features: Array, factor: float) -> Array:
    """Features [rows, 4] where tracks are ``factor`` times as uncertain as is believed: every χ² is ``factor``² as large."""
    found = features.copy()
    found[:, _CHI2] *= np.float32(factor**2)
    return found


def kept(response: Array, data: Dataset, cut: float) -> float:
    """Share of the decays with a candidate whose ``response`` [rows] is at least ``cut``."""
    true = data.target > 0.5
    return float((event_scores(response.reshape(-1)[true], data.spectators["event"][true]).score >= cut).mean())


def certain(
    response: Array, moved: npt.NDArray[np.float64], data: Dataset, cut: float, bound: float, step: float = 0.0
) -> tuple[float, float]:
    """Between what `kept` can be once each row's scaled inputs have ``moved`` [rows], by the sum of |Δx|, if the certificate holds.

    ``response`` is that before; nothing need be known of the direction of the change.
    """
    reach = bound * moved + step
    values = response.reshape(-1).astype(np.float64)
    return kept(values - reach, data, cut), kept(values + reach, data, cut)
