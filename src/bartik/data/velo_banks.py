"""Raw hits of LHCb's vertex locator as the first trigger stage gets them, and the true vertices of simulated events.

Files of Allen (gitlab.cern.ch/lhcb/Allen): one of the VP banks an event, each bank the *super-pixels* of a sensor (2 columns of 4 pixels:
which of the 8 fired, row and column of the group, in 32 bits); ``velo_geometry.bin`` with the places of sensors; ``MC_info/PVs``: for each
true vertex the number of tracks, x, y, z. All little-endian. Pixels that touch, at corners too, are a hit, at their middle.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from bartik.core import Array, DataError
from bartik.data.velo_event import MODULES, VeloEvent, checked_event

_COLUMNS, _SENSORS, _NUMBERS, _PER_MODULE = 768, 208, 12, 4
_PIXEL = 0.055  # mm
_STRIDE = 258  # rows, and two that are none
_STEPS = (1, _STRIDE - 1, _STRIDE, _STRIDE + 1)
"""From a pixel to those that touch it, on one side."""
_MOST = 1 << 24  # bytes of a file
_HINT = "wanted a file as Allen writes it"
_VERTEX = np.dtype([("tracks", "<i4"), ("x", "<f8"), ("y", "<f8"), ("z", "<f8")])


@dataclass(frozen=True)
class VeloSensors:
    """Where pixels are: ``column`` [768] in mm along a sensor, and for each of 208 a rotation and a shift in mm."""

    column: npt.NDArray[np.float64]
    rotation: npt.NDArray[np.float64]
    shift: npt.NDArray[np.float64]


def read_sensors(path: Path) -> VeloSensors:
    """From ``velo_geometry.bin``; `DataError` for a file of other sizes."""
    content = _bytes(path)
    sizes = [8, 4 * MODULES, 8, 4 * _COLUMNS, 8, 4 * _COLUMNS, 16, 4 * _NUMBERS * _SENSORS]
    starts = np.concatenate([[0], np.cumsum(sizes)])
    if len(content) != starts[-1]:
        raise DataError(f"{path}: {len(content)} bytes, a geometry of {_SENSORS} sensors has {starts[-1]}", hint=_HINT)
    column, places = (np.frombuffer(content[starts[k] : starts[k + 1]], "<f4").astype(np.float64) for k in (3, 7))
    places = places.reshape(_SENSORS, _NUMBERS)
    return VeloSensors(column, places[:, :9].reshape(-1, 3, 3), places[:, 9:])


def read_velo_banks(path: Path, sensors: VeloSensors, number: int = 0) -> VeloEvent:
    """The hits of one event; `DataError` for a file that is cut short or names sensors that there are not."""
    content = _bytes(path)
    if len(content) < 8 or len(content) % 4:
        raise DataError(f"{path}: {len(content)} bytes are no banks", hint=_HINT)
    words = np.frombuffer(content, "<u4").astype(np.int64)
    banks = int(words[0])
    if not 0 < banks <= _SENSORS or len(words) < banks + 2 or 4 * (len(words) - banks - 2) != words[banks + 1]:
        raise DataError(f"{path}: {banks} banks do not fill {len(content)} bytes", hint=_HINT)
    body, starts = words[banks + 2 :], words[1 : banks + 2] // 4
    found = [_bank(body[first:last], path) for first, last in pairwise(starts.tolist())]
    sensor = np.concatenate([np.full(len(groups), number_of) for number_of, groups in found])
    return _event(path, number, sensor, np.concatenate([groups for _, groups in found]), sensors)


def read_true_vertices(path: Path) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]:
    """Places [vertices, 3] in mm of the true vertices of an event, and their tracks."""
    content = _bytes(path)
    count = int(np.frombuffer(content[:4], "<i4")[0]) if len(content) >= 4 else -1
    if len(content) != 4 + count * _VERTEX.itemsize:
        raise DataError(f"{path}: {len(content)} bytes are not {max(count, 0)} vertices", hint=_HINT)
    rows = np.frombuffer(content[4:], _VERTEX)
    return np.stack([rows[axis] for axis in "xyz"], axis=1), rows["tracks"].astype(np.int64)


def _bank(words: Array, path: Path) -> tuple[int, Array]:
    """A sensor's number and its super-pixels."""
    if len(words) < 2 or words[0] >= _SENSORS or len(words) != 2 + words[1]:
        raise DataError(f"{path}: a bank that is no sensor's", hint=_HINT)
    return int(words[0]), words[2:]


def _event(path: Path, number: int, sensor: Array, groups: Array, sensors: VeloSensors) -> VeloEvent:
    """Hits in space, in the order of their modules."""
    which, bit = np.nonzero((groups[:, np.newaxis] >> np.arange(8)) & 1)
    column, row = 2 * ((groups >> 14) & 0x1FF)[which] + bit // 4, 4 * ((groups >> 8) & 0x3F)[which] + bit % 4
    if (column >= _COLUMNS).any():
        raise DataError(f"{path}: a column beyond {_COLUMNS}", hint=_HINT)
    hits, hit = _touching(sensor[which], column, row)
    size = np.maximum(np.bincount(hit, minlength=hits), 1)
    along, across = (np.bincount(hit, place, hits) / size for place in (sensors.column[column], (0.5 + row) * _PIXEL))
    owner = np.zeros(hits, np.int64)
    owner[hit] = sensor[which]
    place = np.einsum("hij,hj->hi", sensors.rotation[owner][:, :, :2], np.stack([along, across], axis=1)) + sensors.shift[owner]
    module = owner // _PER_MODULE
    order = np.argsort(module, kind="stable")
    offsets = np.concatenate([[0], np.cumsum(np.bincount(module, minlength=MODULES))])
    x, y, z = place[order].T
    return checked_event(VeloEvent(number, path.stem, x, y, z, offsets))


def _touching(sensor: Array, column: Array, row: Array) -> tuple[int, Array]:
    """How many groups of touching pixels there are, and which each pixel is of."""
    keys, pixel = np.unique((sensor * (_COLUMNS + 2) + column) * _STRIDE + row, return_inverse=True)
    near = [np.flatnonzero(np.isin(keys + step, keys)) for step in _STEPS]
    first = np.concatenate(near)
    second = np.searchsorted(keys, np.concatenate([keys[some] + step for some, step in zip(near, _STEPS, strict=True)]))
    hits, owner = connected_components(coo_matrix((np.ones(len(first)), (first, second)), shape=(len(keys), len(keys))), directed=False)
    return int(hits), owner[pixel]


def _bytes(path: Path) -> bytes:
    if not path.is_file():
        raise DataError(f"{path}: no such file")
    if path.stat().st_size > _MOST:
        raise DataError(f"{path}: {path.stat().st_size} bytes are too many for an event", hint=_HINT)
    return path.read_bytes()
