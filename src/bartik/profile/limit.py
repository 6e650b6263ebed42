"""The row ``limit``: the same number of fused multiply-adds as the model, as fast as one core can, and nothing else."""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
from collections.abc import Callable
from functools import partial
from pathlib import Path

from bartik.core import BuildError
from bartik.core.digest import digest_values
from bartik.core.files import atomic_path
from bartik.core.places import cache
from bartik.core.provenance import cpu_model

LIMIT = "limit"
_SOURCE = Path(__file__).with_name("limit.cpp")
_FLAGS = ("-O3", "-march=native", "-ffp-contract=fast", "-std=c++17", "-shared", "-fPIC")
_LEAST = 2_000_000
"""Multiply-adds of one call: long enough (some 30 us) that the way from Python into the library is nothing beside it."""


class Limit:
    """The compiled loop."""

    def __init__(self, library: Path) -> None:
        """Load it."""
        loaded = ctypes.CDLL(str(library))
        loaded.bartik_limit_run.argtypes = (ctypes.c_long, ctypes.c_float, ctypes.c_float)
        loaded.bartik_limit_run.restype = ctypes.c_float
        loaded.bartik_limit_width.restype = ctypes.c_long
        self._run, self._width = loaded.bartik_limit_run, int(loaded.bartik_limit_width())

    def call(self, multiply_adds: int) -> Callable[[], object]:
        """A call that does ``multiply_adds``, `repeats` times over."""
        steps = round(multiply_adds * self.repeats(multiply_adds) / self._width)
        return partial(self._run, steps, 0.999, 0.001)

    def repeats(self, multiply_adds: int) -> int:
        """How many times over, so that one call is long."""
        return max(1, -(-_LEAST // multiply_adds))


def build_limit() -> Limit:
    """Compile the loop for this machine, or take it from the cache; `BuildError` where there is no compiler or it refuses."""
    compiler = shutil.which(os.environ.get("CXX") or "g++")
    if compiler is None:
        raise BuildError("no C++ compiler for the limit", hint="install g++ or set CXX")
    key = digest_values([_SOURCE.read_text(encoding="utf-8"), _FLAGS, compiler, cpu_model()])
    library = cache() / "limit" / f"{key[:20]}.so"
    if not library.exists():
        _compile(compiler, library)
    return Limit(library)


def _compile(compiler: str, library: Path) -> None:
    with atomic_path(library) as temporary:
        command = [compiler, *_FLAGS, str(_SOURCE), "-o", str(temporary)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - a list, no shell
        if done.returncode:
            raise BuildError(f"{_SOURCE}: {compiler} refused it: {done.stderr.strip().partition(chr(10))[0]}", hint="try another CXX")
