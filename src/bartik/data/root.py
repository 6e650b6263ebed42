"""Tables in ROOT files, by uproot: the only tree of the file, or all of them in pieces."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import awkward as ak
import numpy as np
import uproot

from bartik.core import Array, Arrays, DataError
from bartik.core.files import atomic_path
from bartik.data.values import PIECE, Piece, Values, from_numpy, unreadable, words


def names(path: Path) -> list[str]:
    """Names of all columns."""
    with _tree(path) as tree:
        return [str(name) for name in tree.keys()]  # noqa: SIM118 - a tree is no mapping


def read(path: Path, columns: Sequence[str]) -> Arrays:
    """The given columns."""
    with _tree(path) as tree:
        return {name: np.asarray(array) for name, array in tree.arrays(list(columns), library="np").items()}


def write(path: Path, arrays: Mapping[str, Array]) -> None:
    """One tree named ``scores``."""
    with atomic_path(path) as temporary, uproot.recreate(temporary) as file:
        file["scores"] = {name: np.ascontiguousarray(array) for name, array in arrays.items()}


def pieces(path: Path) -> Iterator[Piece]:
    """Some rows at a time of every tree; its name is left out where there is but one."""
    with _opened(path) as file:
        trees = _tree_names(file)
        for name in trees:
            for columns in _tree_pieces(file[name]):
                yield (name if len(trees) > 1 else ""), columns


def _tree_pieces(tree: Any) -> Iterator[dict[str, Values]]:
    names = _leaves(tree)
    good = [name for name in names if _is_readable(tree, name)]
    rows = int(tree.num_entries)
    bad = set(names) - set(good)
    if not rows or not good:
        yield {name: from_numpy(np.zeros(0)) if name in good else unreadable(rows) for name in names}
        return
    for array in tree.iterate(good, step_size=PIECE, library="ak"):
        yield {name: unreadable(len(array)) if name in bad else _values(array[name]) for name in names}


def _leaves(tree: Any) -> list[str]:
    """Columns that hold values, and not only other columns."""
    return [str(name) for name, branch in tree.items() if not getattr(branch, "branches", None)]


def _is_readable(tree: Any, name: str) -> bool:
    try:
        array = tree[name].array(entry_stop=min(10, tree.num_entries), library="ak")
        _values(array)
    except Exception:  # noqa: BLE001 - uproot and awkward raise many kinds on C++ objects they cannot lay out
        return False
    return True


def _values(array: Any) -> Values:
    """One column: numbers, words, or lists of either, flat."""
    if ak.parameters(array).get("__array__") in {"string", "bytestring"}:
        return words(array.to_list())
    if ak.fields(array):
        return words(array.to_list(), "record")
    if array.ndim == 1 or "var" not in str(array.type):
        return from_numpy(ak.to_numpy(array, allow_missing=False))
    depth = array.ndim
    if "string" in str(array.type):
        return words((str(row) for row in array.to_list()), "text[...]")
    lengths = tuple(ak.to_numpy(ak.flatten(ak.num(array, axis=level), axis=None)).astype(np.int64) for level in range(1, depth))
    items = ak.to_numpy(ak.flatten(array, axis=None))
    return Values(f"{items.dtype.name}{'[...]' * (depth - 1)}", len(array), items, lengths)


@contextmanager
def _tree(path: Path) -> Iterator[Any]:
    with _opened(path) as file:
        yield file[_only_tree(path, file)]


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    try:
        with uproot.open(path) as file:
            yield file
    except DataError:
        raise
    except Exception as error:  # uproot lets out what zlib, struct and its own readers raise on a broken file
        raise DataError(f"{path}: not readable as ROOT ({type(error).__name__})", hint="is the file complete?") from error


def _only_tree(path: Path, file: Any) -> str:
    trees = _tree_names(file)
    if len(trees) != 1:
        found = ", ".join(trees) or "none"
        raise DataError(f"{path}: wanted one tree, found {len(trees)} ({found})", hint="keep only the tree to be scored")
    return str(trees[0])


def _tree_names(file: Any) -> list[str]:
    return sorted({str(key).split(";")[0] for key, kind in file.classnames().items() if kind in {"TTree", "ROOT::RNTuple"}})
