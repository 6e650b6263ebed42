"""The SQLite file of a local registry: made whole by one process while the others wait."""

from __future__ import annotations

import os
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from bartik.core import RegistryError

PATIENCE = 20.0
"""Seconds to wait for another program that writes to the database."""
QUEUE = 300.0
"""Seconds to wait for other processes that register models."""


@contextmanager
def alone(lock: Path) -> Iterator[None]:
    """Hold the registry for this process; the system lets go of it when the process ends, however it ends."""
    lock.parent.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(lock, timeout=QUEUE):
            yield
    except Timeout as error:
        raise RegistryError(
            f"registry {lock.parent}: other processes kept it busy for {QUEUE:g} s", hint="run the same command again"
        ) from error


def ensure_database(path: Path, initialise: Callable[[str], None]) -> None:
    """Make the database where there is none, and raise `sqlite3.Error` where it cannot be written. Call it `alone`.

    The tables are made in a file of another name that takes its place when it is whole: opened by several at once, or
    with the process killed half-way, MLflow leaves a database that none can open.
    """
    if not path.exists():
        _create(path, initialise)
    with closing(sqlite3.connect(path, timeout=PATIENCE, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("ROLLBACK")


def _create(path: Path, initialise: Callable[[str], None]) -> None:
    for left_over in path.parent.glob(f".{path.name}.*.new*"):  # of a process that was killed here
        left_over.unlink()
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".new", dir=path.parent)
    os.close(handle)
    try:
        initialise(f"sqlite:///{name}")
        Path(name).chmod(0o644)
        Path(name).replace(path)
    finally:
        Path(name).unlink(missing_ok=True)
