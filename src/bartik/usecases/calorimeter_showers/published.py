"""Results of the CaloChallenge, as its tables have them: from the samples of BARTIK_DATA, where they are."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np

from bartik.core import Arrays, DataError
from bartik.core.places import samples

_FOLDER, _FILE = "09_calorimeter", "calochallenge_ds2.csv"
COLUMNS = ("FPD * 1e3", "binary cls low", "binary cls high", "time CPU 100", "time GPU 100", "Parameters generation")
"""Of the tables; NaN where a submission has none. Times are ms a shower."""
GEANT4 = "GEANT4"
"""The row of two halves of the full simulation."""


def published() -> Arrays:
    """``published|names`` [submissions] and ``published|values`` [submissions, columns] of set 2; nothing without the samples."""
    folder = samples()
    path = folder / _FOLDER / _FILE if folder else None
    return read_results(path) if path is not None and path.is_file() else {}


def read_results(path: Path) -> Arrays:
    """Of a table of submissions in CSV."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    missing = [name for name in ("submission name", *COLUMNS) if not rows or name not in rows[0]]
    if missing:
        raise DataError(f"{path}: no column {missing[0]!r}", hint="wanted a table of the CaloChallenge's results")
    values = [[_number(path, row[name]) for name in COLUMNS] for row in rows]
    return {"published|names": np.asarray([row["submission name"] for row in rows]), "published|values": np.asarray(values, np.float64)}


def _number(path: Path, text: str | None) -> float:
    try:
        return float(text) if text else np.nan
    except ValueError as error:
        raise DataError(f"{path}: {text!r} is no number") from error
