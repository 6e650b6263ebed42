"""A likelihood as machine code: its density and the derivatives that autograd finds, traced, exported and compiled in float64."""

from __future__ import annotations

import ctypes
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import numpy as np

from bartik.core import Array, BartikError, Signature, TensorSpec

if TYPE_CHECKING:
    from bartik.nn.likelihood import Density, Evaluate

CHUNK = 32768
"""Events of a piece: enough that a call from Python is nothing beside its work; what is computed of an event stays in vectors."""
_AGREE = 1e-9


def compiled(density: Density, rows: Array, parameters: Array) -> Evaluate:
    """What sums logarithms and their derivatives over columns [events, columns]: C++ of our compiler, for this processor.

    What is compiled is compared with what was traced on the few ``rows`` [events, columns] at ``parameters`` [p].

    Errors: `UnavailableError` without a C++ compiler, `UnsupportedError` where the density has an operation that is not compiled.
    """
    import torch

    from bartik.compiler import build_sums
    from bartik.exporters import export
    from bartik.nn.likelihood import traced

    rows = np.ascontiguousarray(rows, np.float64)
    with torch.no_grad():
        given = density.coefficients(torch.from_numpy(np.asarray(parameters, np.float64)))[0].numpy()
    columns, coefficients = rows.shape[1], len(given)
    inputs = TensorSpec("columns", "float64", ("batch", columns)), TensorSpec("coefficients", "float64", ("batch", coefficients))
    signature = Signature(inputs, (TensorSpec("answers", "float64", ("batch", 1 + coefficients)),))
    reference = {"columns": np.resize(rows, (3, columns)), "coefficients": np.tile(given, (3, 1))}
    graph = traced(density, columns, coefficients)
    with TemporaryDirectory() as folder:
        bundle = export(graph, signature, reference, Path(folder) / "likelihood", name="likelihood")
        evaluate = _summed(build_sums(bundle), coefficients)
    with torch.no_grad():
        wanted = graph(torch.from_numpy(rows), torch.from_numpy(np.tile(given, (len(rows), 1)))).numpy()
    _check(evaluate(rows, given), wanted)
    return evaluate


def _summed(library: Path, coefficients: int) -> Evaluate:
    """The library's function as one of arrays; it holds no lock of Python, so that threads work side by side."""
    call = ctypes.CDLL(str(library)).bartik_sums
    pointer = ctypes.POINTER(ctypes.c_double)
    call.argtypes, call.restype = (ctypes.c_void_p, ctypes.POINTER(pointer), ctypes.c_size_t, ctypes.c_void_p), None

    def evaluate(rows: Array, given: Array) -> tuple[float, Array]:
        rows, given = np.ascontiguousarray(rows, np.float64), np.ascontiguousarray(given, np.float64)
        sums = np.empty(1 + coefficients)
        same = (pointer * 1)(given.ctypes.data_as(pointer))
        call(rows.ctypes.data, same, len(rows), sums.ctypes.data)
        return float(sums[0]), sums[1:]

    return evaluate


def _check(found: tuple[float, Array], wanted: Array) -> None:
    sums, sizes = wanted.sum(0), np.abs(wanted).sum(0)
    away = np.abs(np.append(found[0], found[1]) - sums)
    if not bool((away <= _AGREE * sizes + 1e-300).all()):
        raise BartikError("the compiled likelihood differs from torch's", hint="this is a defect; --set fit.engine=torch works without")
