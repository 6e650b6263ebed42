"""Columns with offsets in files: HDF5, Parquet and ROOT, for samples of simulated events.

HDF5 has each array as it is. Parquet has a row an event and lists in it, ROOT a tree ``events`` with an entry an event: what awkward,
pandas and RDataFrame read as it is.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from bartik.core import Array, Arrays, DataError, UsageError
from bartik.core.files import atomic_path

ABOUT = "about"
_INSTALL = "pip install 'bartik[tables]'"
Content = tuple[Arrays, dict[str, str]]


def write_columns(path: Path, arrays: Mapping[str, Array], about: Mapping[str, str]) -> None:
    """Write ``GROUP.NAME`` arrays and ``GROUP_offsets``, and what they are about, as the ending of ``path`` says; whole or not at all."""
    _, write = _format(path)
    with atomic_path(path) as temporary:
        write(temporary, dict(arrays), dict(about))


def read_columns(path: Path) -> Content:
    """What `write_columns` wrote: arrays and about; `DataError` names a file that is missing, truncated or something else."""
    read, _ = _format(path)
    if not path.is_file():
        raise DataError(f"{path}: no such file")
    try:
        return read(path)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, IndexError, EOFError) as error:
        raise DataError(f"{path}: truncated or no sample of events ({_first_line(error)})", hint="make or copy the file again") from error


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0][:120] or type(error).__name__


def _format(path: Path) -> tuple[Callable[[Path], Content], Callable[[Path, Arrays, dict[str, str]], None]]:
    found = FORMATS.get(path.suffix)
    if found is None:
        raise UsageError(f"{path}: cannot tell the format from {path.suffix or 'no ending'!r}", hint=f"wanted {', '.join(FORMATS)}")
    return found


def _groups(arrays: Mapping[str, Array]) -> list[str]:
    return sorted(name.removesuffix("_offsets") for name in arrays if name.endswith("_offsets"))


def _write_hdf5(path: Path, arrays: Arrays, about: dict[str, str]) -> None:
    import h5py  # noqa: PLC0415 - an optional package

    with h5py.File(path, "w") as file:
        file.attrs[ABOUT] = json.dumps(about)
        for name, values in arrays.items():
            file.create_dataset(name, data=values, compression="gzip", shuffle=True)


def _read_hdf5(path: Path) -> Content:
    import h5py  # noqa: PLC0415 - an optional package

    with h5py.File(path) as file:
        return {name: file[name][()] for name in file}, _about(file.attrs[ABOUT])


def _lists(arrays: Arrays) -> dict[str, Any]:
    """Every group as one list an event of records."""
    import awkward  # noqa: PLC0415 - an optional package

    found: dict[str, Any] = {}
    for group in _groups(arrays):
        layout = {name.partition(".")[2]: values for name, values in arrays.items() if name.startswith(f"{group}.")}
        counts = np.diff(arrays[f"{group}_offsets"])
        found |= {f"{group}_{name}": awkward.unflatten(values, counts) for name, values in layout.items()}
    return found


def _arrays(lists: Any, names: list[str]) -> Arrays:
    """Inverse of `_lists`."""
    import awkward  # noqa: PLC0415 - an optional package

    arrays: Arrays = {}
    for name in names:
        group, _, column = name.partition("_")
        arrays[f"{group}.{column}"] = awkward.to_numpy(awkward.flatten(lists[name]))
        arrays[f"{group}_offsets"] = np.concatenate([[0], np.cumsum(awkward.to_numpy(awkward.num(lists[name])))]).astype(np.int64)
    return arrays


def _write_parquet(path: Path, arrays: Arrays, about: dict[str, str]) -> None:
    import awkward  # noqa: PLC0415 - an optional package
    from pyarrow import parquet  # noqa: PLC0415 - likewise

    table = awkward.to_arrow_table(awkward.zip(_lists(arrays), depth_limit=1), extensionarray=False)
    parquet.write_table(table.replace_schema_metadata({ABOUT: json.dumps(about)}), path)


def _read_parquet(path: Path) -> Content:
    import awkward  # noqa: PLC0415 - an optional package
    import pyarrow as pa  # noqa: PLC0415 - likewise
    from pyarrow import parquet  # noqa: PLC0415 - likewise

    try:
        table = parquet.read_table(path)
    except pa.ArrowException as error:
        raise ValueError(str(error)) from error
    about = _about((table.schema.metadata or {})[ABOUT.encode()])
    return _arrays(awkward.from_arrow(table), table.column_names), about


def _write_root(path: Path, arrays: Arrays, about: dict[str, str]) -> None:
    import uproot  # noqa: PLC0415 - an optional package

    lists = _lists(arrays)
    with uproot.recreate(path) as file:
        file.mktree("events", {name: values.type.content for name, values in lists.items()}, counter_name=lambda name: f"n_{name}")
        file["events"].extend(lists)
        file[ABOUT] = json.dumps(about)


def _read_root(path: Path) -> Content:
    import uproot  # noqa: PLC0415 - an optional package

    with uproot.open(path) as file:
        tree = file["events"]
        names = [name for name in tree.keys() if not name.startswith("n_")]  # noqa: SIM118 - a tree is no dictionary
        return _arrays(tree.arrays(names, library="ak"), names), _about(str(file[ABOUT]))


def _about(text: str | bytes) -> dict[str, str]:
    values = json.loads(text)
    if not isinstance(values, dict):
        raise ValueError("about is no table")  # noqa: TRY004 - the file is wrong, not the call
    return {str(key): str(value) for key, value in values.items()}


FORMATS: Mapping[str, tuple[Callable[[Path], Content], Callable[[Path, Arrays, dict[str, str]], None]]] = {
    ".h5": (_read_hdf5, _write_hdf5),
    ".parquet": (_read_parquet, _write_parquet),
    ".root": (_read_root, _write_root),
}
