"""Our own compiler: the bundle as machine code for this processor, called through a small C extension.

The extension is compiled once and kept in the cache. Where Python's or numpy's headers are missing, ctypes makes the call:
the same numbers, some microseconds more a call; `available` says which it is.
"""

from __future__ import annotations

import ctypes
import functools
import importlib.util
import sys
import weakref
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import ModuleType
from typing import Any, cast

import numpy as np

from bartik.backends import bind_inputs, check_out, output_shapes, read_options
from bartik.compiler import build_library
from bartik.compiler.build import build_shared, compiler_version, find_compiler, python_includes
from bartik.compiler.tuning import Tuning
from bartik.core import Array, Arrays, Availability, BuildError, Options, Session, Signature, TensorSpec, UnsupportedError, UsageError
from bartik.core.bundle import Bundle, fixed, sizes_of

OPTIONS: dict[str, Any] = {"axes": "", "threads": 1}
"""``axes``: sizes of free axes, ``"n=50,batch=1"``: those that are not the batch must have one to be compiled. ``threads``: how many share
the rows of a large batch."""

_SOURCE = Path(__file__).with_name("_native_call.cpp")
_FLAGS = ("-std=c++17", "-O2", "-fno-exceptions", "-fno-rtti")
_MOST_TENSORS, _MOST_AXES = 16, 8
"""Of a side, and of a tensor, that the extension has room for; others are called by ctypes."""
_MOST_WORK_HELD = 250_000
"""Multiply-adds from which Python's lock is given away during a call: below, that costs more than the call."""
_LEAST_WORK_SHARED = 15_000_000
"""Multiply-adds for each thread, at least, where threads share a batch: some 250 us, a few times what waking one up takes."""
_BLOCK = 64
"""Rows that stay together, so that no thread has a part of a block to compute."""


def available() -> Availability:
    """Wherever there is a C++ compiler; the version says which, and how calls are made."""
    program = find_compiler()
    if program is None:
        return Availability(ok=False, reason="no C++ compiler", remedy="install g++ (Debian: apt install g++), or name one with CXX")
    call = "called through an extension" if _includes() else "called through ctypes: Python's or numpy's headers are missing"
    return Availability(ok=True, version=f"{compiler_version(program)}; {call}")


def prepare(bundle: Bundle, options: Options) -> Session:
    """Compile the bundle, or take it from the cache; `UnsupportedError` names an operator that the compiler lacks."""
    chosen = read_options("native", options, OPTIONS)
    if chosen["threads"] < 1:
        raise UsageError(f"option threads of backend native: wanted 1 or more, got {chosen['threads']}")
    return session_of(fixed(bundle, sizes_of(chosen["axes"], "option axes of backend native")), threads=chosen["threads"])


def session_of(bundle: Bundle, tuning: Tuning | None = None, *, threads: int = 1) -> Session:
    """A session of a bundle without free axes but the batch; compiled with ``tuning``, else with what was found best here."""
    _check_free_axes(bundle.signature)
    library = ctypes.CDLL(str(build_library(bundle, tuning)))
    alone, extension = _Session(library, bundle.signature), _extension()
    one: Session = alone
    if extension is not None and _is_small(bundle.signature):
        one = _fast(extension, library, bundle.signature, alone)
    return one if threads == 1 else _Shared(one, library, bundle.signature, threads)


def _check_free_axes(signature: Signature) -> None:
    axes = {axis for spec in signature.inputs + signature.outputs for axis in spec.shape if isinstance(axis, str)}
    if len(axes) > 1:
        reason = f"free axes {', '.join(sorted(axes))} are not compiled: wanted one, the batch, in every input and output, or none"
        sizes = ",".join(f"{axis}=20" for axis in sorted(axes - {"batch"}))
        raise UnsupportedError(reason, hint=f"give the others a size with the option axes={sizes!r}, or use another backend: onnxruntime")


class _Session:
    """Takes every call that is not plain: other memory layouts, ``out``, and all that is wrong."""

    def __init__(self, library: ctypes.CDLL, signature: Signature) -> None:
        self._signature = signature
        self._check = bind_inputs(signature)
        self._free = any(isinstance(axis, str) for spec in signature.inputs for axis in spec.shape)
        self._library = library
        self._call = library.bartik_run
        self._call.argtypes, self._call.restype = (ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t), None

    def run(self, inputs: Arrays, out: Arrays | None = None) -> Arrays:
        """Outputs by name; written straight into ``out`` where its memory is in one piece."""
        self._check(inputs)
        shapes = output_shapes(self._signature, inputs)
        assert shapes is not None  # noqa: S101 - every free axis is an input's
        if out is not None:
            check_out(self._signature, shapes, out)
        sources = [np.require(inputs[spec.name], spec.dtype, ["C", "A"]) for spec in self._signature.inputs]
        given = dict.fromkeys(shapes) if out is None else out
        targets = {spec.name: _target(shapes[spec.name], spec.dtype, sources, given[spec.name]) for spec in self._signature.outputs}
        rows = len(sources[0]) if self._free else 1
        self._compute(sources, list(targets.values()), rows)
        if out is None:
            return targets
        for name, array in targets.items():
            if array is not out[name]:
                np.copyto(out[name], array)
        return out

    def _compute(self, sources: list[Array], targets: list[Array], rows: int) -> None:
        self._call(_addresses(sources), _addresses(targets), rows)


class _Shared(_Session):
    """Several threads share the rows of a large batch; all other calls are for ``one``.

    A row's result does not depend on the others, so that it is the same to the bit with any number of threads.
    """

    def __init__(self, one: Session, library: ctypes.CDLL, signature: Signature, threads: int) -> None:
        super().__init__(library, signature)
        self._one, self._threads = one, threads
        self._least_rows = max(_BLOCK, _LEAST_WORK_SHARED // _work(library))
        self._pool = ThreadPoolExecutor(threads, "bartik-native")
        weakref.finalize(self, self._pool.shutdown, wait=False)

    def run(self, inputs: Arrays, out: Arrays | None = None) -> Arrays:
        """In parts where there are enough rows."""
        first = inputs.get(self._signature.inputs[0].name)
        rows = len(first) if self._free and isinstance(first, np.ndarray) and first.ndim else 1
        if rows >= 2 * self._least_rows:
            return super().run(inputs, out)
        return self._one.run(inputs) if out is None else self._one.run(inputs, out)

    def _compute(self, sources: list[Array], targets: list[Array], rows: int) -> None:
        blocks, parts = -(-rows // _BLOCK), min(self._threads, rows // self._least_rows)
        edges = [min(rows, _BLOCK * (blocks * part // parts)) for part in range(parts + 1)]
        list(self._pool.map(lambda k: self._part(sources, targets, edges[k], edges[k + 1]), range(parts)))

    def _part(self, sources: list[Array], targets: list[Array], start: int, stop: int) -> None:
        super()._compute([array[start:stop] for array in sources], [array[start:stop] for array in targets], stop - start)


def _target(shape: tuple[int, ...], dtype: str, sources: list[Array], given: Array | None) -> Array:
    """The caller's array where it can be written in place, else a new one."""
    if given is None or not (given.flags.c_contiguous and given.flags.aligned and given.dtype.isnative):
        return np.empty(shape, dtype)
    return np.empty(shape, dtype) if any(np.may_share_memory(given, source) for source in sources) else given


def _addresses(arrays: list[Array]) -> Any:
    return (ctypes.c_void_p * len(arrays))(*(array.ctypes.data for array in arrays))


def _fast(extension: ModuleType, library: ctypes.CDLL, signature: Signature, slow: _Session) -> Session:
    """The extension's session: plain calls go straight to the machine code, all others to ``slow``."""
    address = ctypes.cast(library.bartik_run, ctypes.c_void_p).value
    make = cast(Callable[..., Session], extension.Session)
    most_rows = _MOST_WORK_HELD // _work(library)
    return make(address, _plain(signature.inputs), _plain(signature.outputs), slow.run, most_rows)


def _is_small(signature: Signature) -> bool:
    """Whether the extension has room for the tensors."""
    sides = signature.inputs, signature.outputs
    return all(len(side) <= _MOST_TENSORS and all(len(spec.shape) <= _MOST_AXES for spec in side) for side in sides)


def _work(library: ctypes.CDLL) -> int:
    """Multiply-adds of one row, at least one."""
    library.bartik_multiply_adds.restype = ctypes.c_long
    return max(1, int(library.bartik_multiply_adds()))


def _plain(specs: tuple[TensorSpec, ...]) -> tuple[tuple[str, int, tuple[int, ...]], ...]:
    """Names, numpy's numbers of their types, and shapes in which -1 is the batch."""
    shapes = [tuple(-1 if isinstance(axis, str) else axis for axis in spec.shape) for spec in specs]
    return tuple((sys.intern(spec.name), np.dtype(spec.dtype).num, shape) for spec, shape in zip(specs, shapes, strict=True))


def _includes() -> tuple[str, ...] | None:
    headers = Path(np.get_include())
    python = python_includes()
    return (*python, f"-I{headers}") if python and (headers / "numpy" / "arrayobject.h").is_file() else None


@functools.lru_cache(maxsize=1)
def _extension() -> ModuleType | None:
    """The extension, compiled for this Python and this numpy; nothing where their headers are missing."""
    includes = _includes()
    if includes is None:
        return None
    source = f"// Python {sys.version.split()[0]}, numpy {np.__version__}\n{_SOURCE.read_text(encoding='utf-8')}"
    path = build_shared(source, name="bartik_native_call", flags=(*_FLAGS, *includes))
    spec = importlib.util.spec_from_file_location("bartik_native_call", path)
    if spec is None or spec.loader is None:
        raise BuildError(f"{path}: cannot be imported", hint="remove it; it is compiled again")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
