"""The predecessor: one cut a variable, all of which tighten together."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from bartik.core import Array
from bartik.usecases.topological_trigger.columns import COLUMNS

_LOWER = {"sum_pt": 3.0, "min_pt": 0.5, "fd_chi2": 100.0}
"""Loosest cuts: what a candidate has at least."""
_UPPER = {"doca": 0.2, "ip_chi2": 50.0}
_WINDOW = (4.0, 7.0)
"""GeV of corrected mass: the cut-based selection of 2010 took 4 to 7 (LHCb-PUB-2011-002), as we remember it."""
_SOFTNESS = {"sum_pt": 1.0, "min_pt": 1.0, "fd_chi2": 2.0, "doca": 1.0, "ip_chi2": 2.0}
"""Powers with which cuts tighten: χ² are squares."""


def tightness(features: Array) -> npt.NDArray[np.float64]:
    """How far all cuts can be tightened [rows] before the candidate fails one, 1 for the loosest cuts, 0 outside of the mass window."""
    values = {column.name: features[:, place].astype(np.float64) for place, column in enumerate(COLUMNS)}
    reached = [(values[name] / least) ** (1 / _SOFTNESS[name]) for name, least in _LOWER.items()]
    reached += [(most / np.maximum(values[name], 1e-12)) ** (1 / _SOFTNESS[name]) for name, most in _UPPER.items()]
    inside = (values["m_corrected"] > _WINDOW[0]) & (values["m_corrected"] < _WINDOW[1])
    return np.where(inside, np.min(reached, axis=0), 0.0)
