"""Histograms from outside: what is refused, and files of them."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np

from bartik.core import Array, Config, DataError
from bartik.core.digest import digest_file
from bartik.core.files import read_arrays
from bartik.simulation.runs import EDGES

_FLAT = 3
"""Entries a bin, from which on the same number in every bin is no chance."""


class Stream(NamedTuple):
    """Runs of a file in the order of time."""

    counts: Array  # [runs, bins], float64
    good: Array  # [runs], bool
    labelled: bool  # whether the file said which were good


def checked(counts: Array, name: str, edges: Array | None = None) -> Array:
    """Entries [bins] as float64; `DataError` names the run where they can be no histogram of ours.

    ``edges`` [bins + 1], where they are known, must be those of the network up to a stretch and a shift of the whole axis.
    """
    found = np.asarray(counts)
    if found.dtype.kind not in "iuf":
        raise DataError(f"{name}: wanted numbers of entries, got {found.dtype}")
    found = found.astype(np.float64)
    _binning(found, name, edges)
    bad = ~np.isfinite(found)
    if bad.any():
        raise DataError(f"{name}: {bad.sum()} of {found.size} bins are no number", hint="leave the run out, or fill it again")
    if (found < 0).any():
        raise DataError(f"{name}: bin {int(np.argmax(found < 0))} has {found.min():g} entries", hint="give entries before any subtraction")
    if not found.any():
        raise DataError(f"{name}: no entries", hint="leave out runs without data")
    if found[0] >= _FLAT and (found == found[0]).all():
        raise DataError(f"{name}: every bin has {found[0]:g} entries", hint="a constant histogram is no measurement: was it filled?")
    if np.isclose(found.sum(), 1.0) and found.max() <= 1:
        raise DataError(f"{name}: the bins sum to 1", hint="give numbers of entries, not shares: their statistics count")
    return found


def read_stream(path: Path, *, labelled: bool = True) -> Stream:
    """``counts`` [runs, bins], ``edges`` [bins + 1] and, ``labelled``, ``good`` [runs] (1 or 0) of an ``.npz`` file, in the order of time.

    Without labels every run counts as good. `DataError` names the first run that is refused.
    """
    arrays = read_arrays(path)
    for name in ("counts", "edges", *(["good"] if labelled else [])):
        if name not in arrays:
            raise DataError(f"{path}: no array {name!r}", hint=f"it has {', '.join(arrays) or 'none'}")
    counts, edges = arrays["counts"], arrays["edges"]
    if counts.ndim != 2 or not len(counts):
        raise DataError(f"{path}: counts of shape {counts.shape}", hint="wanted [runs, bins]")
    good = arrays.get("good", np.ones(len(counts), bool))
    if good.shape != (len(counts),) or not np.isin(good, (0, 1)).all():
        raise DataError(f"{path}: good must be 1 or 0 for each of {len(counts)} runs, got shape {good.shape}")
    rows = [checked(row, f"{path}: run {number}", edges) for number, row in enumerate(counts)]
    return Stream(np.stack(rows), good.astype(bool), "good" in arrays)


def _binning(counts: Array, name: str, edges: Array | None) -> None:
    if counts.shape != (len(EDGES) - 1,):
        raise DataError(f"{name}: histogram of shape {counts.shape}", hint=f"the network was made for {len(EDGES) - 1} bins")
    if edges is None:
        return
    if np.shape(edges) != EDGES.shape or not np.isfinite(edges).all():
        raise DataError(f"{name}: {np.size(edges)} edges for {len(counts)} bins", hint=f"wanted {len(EDGES)} finite edges")
    if not np.allclose(np.diff(edges), (edges[-1] - edges[0]) / len(counts), rtol=1e-3) or edges[-1] <= edges[0]:
        raise DataError(f"{name}: bins of different widths", hint="the network was made for bins of one width")


def source(config: Config) -> str:
    """What the rows depend on beside the configuration: the user's file, if there is one."""
    return digest_file(Path(config.data.path)) if config.data.path else ""
