"""What the networks are to say: a peak at each true vertex, as narrow as it can be known.

After PV-Finder (``origdata_mdsA.py``, ``efficiency_res_optimized.py`` of github.com/uc-lhcb/pv-finder): a vertex of n tracks is known to
926 µm n^-0.84 + 10.7 µm, LHCb's resolution. Its peak is integrated over the bins, and is larger where it is narrow.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr

from bartik.core import Array, ConfigError
from bartik.usecases.vertex_finding.columns import BINS

FEWEST = 5
"""Tracks of a vertex that is to be found; those of fewer are neither wanted nor wrong."""
_REACH = 5  # bins on each side
_WIDE, _NARROW = 0.100, 0.150  # mm


def resolution(count: Array) -> npt.NDArray[np.float64]:
    """Sigma along z in mm of vertices of ``count`` tracks [vertices]: 926 n^-0.84 + 10.7 µm, 100 µm for fewer than four.

    >>> resolution(np.array([30, 2])).round(4).tolist()
    [0.0639, 0.1]
    """
    number = np.maximum(np.asarray(count, np.float64), 1.0)
    return np.where(number < 4, _WIDE, (926.0 * number**-0.84 + 10.7) / 1000)


def histogram(z: Array, count: Array, low: float, width: float, scale: float = 1.0) -> npt.NDArray[np.float32]:
    """Target float32 [bins] from ``low`` in bins of ``width`` mm; NaN where only vertices of few tracks are.

    ``scale`` times that resolution, for another detector. Vertices outside do not count.
    """
    if not width > 0:
        raise ConfigError(f"bins.width: wanted a positive number of mm, got {width!r}")
    found, others = np.zeros(BINS + 2 * _REACH), np.zeros(BINS + 2 * _REACH)
    places = np.floor((np.asarray(z) - low) / width).astype(np.int64)
    around = np.arange(-_REACH, _REACH + 2)
    for position, number, place in zip(z, count, places, strict=True):
        if not 0 <= place < BINS:
            continue
        sigma = scale * float(resolution(np.array(number)))
        area = np.diff(ndtr((low + (place + around) * width - position) / sigma)) * max(1.0, _NARROW / sigma)
        (found if number >= FEWEST else others)[place : place + 2 * _REACH + 1] += area
    inside = slice(_REACH, _REACH + BINS)
    return np.where((found[inside] == 0) & (others[inside] > 0), np.nan, found[inside]).astype(np.float32)
