"""One event of ACTS' vertexing tests (github.com/acts-project/acts, ``Tests/Data/vertexing_event_mu20_*.csv``): perigees and vertices."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from bartik.core import DataError
from bartik.data.ellipsoids import from_perigees
from bartik.data.vertex_event import VertexEvent

_TRACKS, _SPOT, _VERTICES = "tracks.csv", "beamspot.csv", "vertices_AMVF.csv"
_COLUMNS = {_TRACKS: ("d0", "z0", "phi", "theta", "covD0D0", "covZ0Z0"), _SPOT: ("posX", "posY"), _VERTICES: ("posZ", "nTracks")}


def read_acts_event(folder: Path, prefix: str = "acts_vertexing_event_mu20_") -> VertexEvent:
    """The tracks, with what each knows of itself, and as truth the vertices that ACTS' own adaptive multi-vertex finder gives."""
    tracks, spot, vertices = (_table(folder / f"{prefix}{name}", columns) for name, columns in _COLUMNS.items())
    beam = np.array([spot["posX"][0], spot["posY"][0]])
    sigma = np.sqrt(np.stack([tracks["covD0D0"], tracks["covZ0Z0"]], axis=1))
    features = from_perigees(tracks["d0"], tracks["z0"], tracks["phi"], tracks["theta"], sigma, beam)
    return VertexEvent(0, features, beam.astype(np.float32), vertices["posZ"], vertices["nTracks"].astype(np.int64))


def _table(path: Path, columns: tuple[str, ...]) -> dict[str, npt.NDArray[np.float64]]:
    if not path.is_file():
        raise DataError(f"{path}: no such file")
    names = path.read_text(encoding="utf-8").partition("\n")[0].strip().split(",")
    missing = [column for column in columns if column not in names]
    if missing:
        raise DataError(f"{path}: no column {', '.join(missing)}", hint="wanted a table of ACTS' vertexing tests")
    wanted = [names.index(column) for column in columns]
    try:
        rows = np.loadtxt(path, delimiter=",", skiprows=1, usecols=wanted, ndmin=2)
    except ValueError as error:
        raise DataError(f"{path}: {error}", hint="the file is damaged") from error
    return {column: rows[:, place] for place, column in enumerate(columns)}
