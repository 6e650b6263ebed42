"""What the vertex locator recorded of a sample: hits, the particles that made them, and which made which."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from bartik.core import Array, Arrays, DataError

COLUMNS: Mapping[str, Mapping[str, str]] = {
    "hit": {"x": "f8", "y": "f8", "z": "f8", "module": "i2"},
    "seen": {
        "particle": "i4", "ancestor": "i4", "process": "i1", "pdg": "i4", "charge": "f4", "x": "f8", "y": "f8", "z": "f8",
        "px": "f8", "py": "f8", "pz": "f8", "long": "?", "beauty": "?", "charm": "?", "strange": "?",
    },
    "link": {"hit": "i4", "seen": "i4"},
}  # fmt: skip
"""Tables of a record and their columns.

Hits are in mm, in the order of their modules. Particles seen are those that made any: ``particle`` is their number among the event's, -1
for one made in material by its ``ancestor`` in ``process`` 1 conversion, 2 interaction, 3 knocked on; birth in mm, momentum in GeV;
``long`` ones cross the whole spectrometer; ``beauty``, ``charm``, ``strange``: from a decay of such. Links are many to many.
"""


@dataclass(frozen=True)
class VeloRecord:
    """Tables ``hit``, ``seen``, ``link`` as in `COLUMNS`, events one behind the other: rows ``offsets[table][k]`` to ``[k + 1]``."""

    tables: Mapping[str, Arrays]
    offsets: Mapping[str, Array]

    def __post_init__(self) -> None:
        """`DataError` for columns that are missing or of other lengths, and for hits or particles linked that there are not."""
        for name, columns in COLUMNS.items():
            _check(name, self.tables[name], columns, self.offsets[name])
        if len({len(offsets) for offsets in self.offsets.values()}) != 1:
            raise DataError("hits, particles seen and links are of different numbers of events", hint="the file is damaged")
        for column in ("hit", "seen"):
            _check_index("link", column, self.tables["link"][column], self.offsets["link"], self.offsets[column])

    def __len__(self) -> int:
        """Number of events."""
        return len(self.offsets["hit"]) - 1

    def between(self, start: int, stop: int) -> VeloRecord:
        """Some events in a row."""
        rows = {name: slice(offsets[start], offsets[stop]) for name, offsets in self.offsets.items()}
        tables = {name: {key: values[rows[name]] for key, values in table.items()} for name, table in self.tables.items()}
        return VeloRecord(tables, {name: offsets[start : stop + 1] - offsets[start] for name, offsets in self.offsets.items()})

    def to_arrays(self) -> Arrays:
        """Flat arrays ``hit.x`` ... and ``hit_offsets`` ..."""
        arrays: Arrays = {f"{name}.{key}": values for name, table in self.tables.items() for key, values in table.items()}
        return arrays | {f"{name}_offsets": np.asarray(offsets) for name, offsets in self.offsets.items()}

    @classmethod
    def typed(cls, tables: Mapping[str, Arrays], offsets: Mapping[str, Array]) -> VeloRecord:
        """A record of columns of any numbers, turned into those of `COLUMNS`."""
        kinds = {name: {key: np.asarray(tables[name][key], kind) for key, kind in columns.items()} for name, columns in COLUMNS.items()}
        return cls(kinds, {name: np.asarray(offsets[name], np.int64) for name in COLUMNS})

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Array]) -> VeloRecord | None:
        """Inverse of `to_arrays`; None where there are no hits at all, `DataError` where some of it is missing."""
        if "hit_offsets" not in arrays:
            return None
        wanted = [f"{name}.{key}" for name, columns in COLUMNS.items() for key in columns] + [f"{name}_offsets" for name in COLUMNS]
        missing = [name for name in wanted if name not in arrays]
        if missing:
            raise DataError(f"hits, but no {', '.join(missing[:4])}", hint="bartik generate writes such files")
        tables = {name: {key: arrays[f"{name}.{key}"] for key in columns} for name, columns in COLUMNS.items()}
        return cls.typed(tables, {name: arrays[f"{name}_offsets"] for name in COLUMNS})


def joined_records(records: Sequence[VeloRecord]) -> VeloRecord:
    """Events of several records one behind the other."""
    tables = {
        name: {key: np.concatenate([record.tables[name][key] for record in records]) for key in columns}
        for name, columns in COLUMNS.items()
    }
    sizes = {name: np.concatenate([np.diff(record.offsets[name]) for record in records]) for name in COLUMNS}
    return VeloRecord(tables, {name: np.concatenate([[0], np.cumsum(size)]).astype(np.int64) for name, size in sizes.items()})


def _check(what: str, table: Arrays, columns: Mapping[str, str], offsets: Array) -> None:
    if len(offsets) < 1 or offsets[0] != 0 or (np.diff(offsets) < 0).any():
        raise DataError(f"{what}: offsets do not rise from 0", hint="the file is damaged")
    wrong = [name for name in columns if table[name].shape != (offsets[-1],)]
    if wrong:
        raise DataError(f"{what}: column {wrong[0]} has {table[wrong[0]].shape} entries for {offsets[-1]} rows", hint="the file is damaged")


def _check_index(table: str, column: str, values: Array, rows: Array, into: Array) -> None:
    sizes = np.repeat(np.diff(into), np.diff(rows))
    if ((values < 0) | (values >= sizes)).any():
        raise DataError(f"{table}: {column} points outside of its event", hint="the file is damaged")
