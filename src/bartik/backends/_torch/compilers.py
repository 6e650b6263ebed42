"""A program through torch's own compilers: at its first call, or ahead of time."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor

from bartik.backends._torch.graph import Program
from bartik.core import TensorSpec
from bartik.core.bundle import Bundle

Run = Callable[..., Sequence[Tensor]]
"""Inputs in the order of the signature to outputs in its order."""

_ROWS = 3
"""Rows of the example that is traced: torch takes 0 and 1 as cases of their own."""


def compile_just_in_time(program: Program, bundle: Bundle) -> Run:  # noqa: ARG001 - one signature for both
    """``torch.compile`` for any batch size; compiled by its first calls."""
    return cast(Run, torch.compile(program.run, dynamic=True))


def compile_ahead(program: Program, bundle: Bundle) -> Run:
    """``torch.export``, then AOTInductor (torch 2.13): a shared library that is loaded and called without Python's tracing.

    Every free axis of the signature stays free. The library is unpacked by torch; nothing of it is kept beside the cache
    that torch has of its own.
    """
    inputs, _ = bundle.reference()
    specs = bundle.signature.inputs
    example = tuple(torch.from_numpy(_example(spec, inputs[spec.name])) for spec in specs)
    free = tuple({axis: torch.export.Dim.DYNAMIC for axis, size in enumerate(spec.shape) if isinstance(size, str)} for spec in specs)
    with torch.no_grad(), tempfile.TemporaryDirectory(prefix="bartik-aot-") as folder:
        exported = torch.export.export(_Module(program), example, dynamic_shapes=(free,))
        path = torch._inductor.aoti_compile_and_package(exported, package_path=str(Path(folder) / "model.pt2"))  # noqa: SLF001 - its only name
        return cast(Run, torch._inductor.aoti_load_package(path))  # noqa: SLF001 - likewise


class _Module(torch.nn.Module):
    """A program as torch.export takes it."""

    def __init__(self, program: Program) -> None:
        super().__init__()
        self._program = program

    def forward(self, *inputs: Tensor) -> tuple[Tensor, ...]:
        return self._program.run(*inputs)


def _example(spec: TensorSpec, rows: Any) -> Any:
    """Rows of the reference, a few of them where the first axis is free, in memory of their own."""
    if not spec.shape or not isinstance(spec.shape[0], str):
        return rows.copy()
    return rows[np.arange(_ROWS) % len(rows)] if len(rows) else np.zeros((_ROWS, *rows.shape[1:]), rows.dtype)
