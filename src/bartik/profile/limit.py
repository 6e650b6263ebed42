"""The row ``limit``: the same number of fused multiply-adds as the model, as fast as one core can, and nothing else."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from functools import partial
from pathlib import Path

from bartik.compiler.build import build_shared

LIMIT = "limit"
_SOURCE = Path(__file__).with_name("limit.cpp")
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
    """Compile the loop for this machine, or take it from the cache; `UnavailableError` where there is no compiler."""
    return Limit(build_shared(_SOURCE.read_text(encoding="utf-8"), name="limit"))
