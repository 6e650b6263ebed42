"""Tables in ROOT files, by uproot: the only tree of the file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import uproot

from bartik.core import Array, Arrays, DataError
from bartik.core.files import atomic_path


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


@contextmanager
def _tree(path: Path) -> Iterator[Any]:
    try:
        with uproot.open(path) as file:
            yield file[_only_tree(path, file)]
    except DataError:
        raise
    except Exception as error:  # uproot lets out what zlib, struct and its own readers raise on a broken file
        raise DataError(f"{path}: not readable as ROOT ({type(error).__name__})", hint="is the file complete?") from error


def _only_tree(path: Path, file: Any) -> str:
    trees = sorted({key.split(";")[0] for key, kind in file.classnames().items() if kind in {"TTree", "ROOT::RNTuple"}})
    if len(trees) != 1:
        found = ", ".join(trees) or "none"
        raise DataError(f"{path}: wanted one tree, found {len(trees)} ({found})", hint="keep only the tree to be scored")
    return str(trees[0])
