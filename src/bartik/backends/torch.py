"""The ONNX graph in torch, operator by operator: a second opinion that shares no code with the other runtimes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from bartik.backends import bind_inputs, deliver, read_options
from bartik.backends._torch.compilers import compile_ahead, compile_just_in_time
from bartik.backends._torch.graph import Program, first_line, read_program
from bartik.core import (
    Array,
    Arrays,
    Availability,
    BackendError,
    Options,
    Session,
    Signature,
    UnknownNameError,
    UnsupportedError,
    UsageError,
)
from bartik.core.bundle import Bundle
from bartik.core.compare import compare, worst

OPTIONS: dict[str, Any] = {"mode": "eager", "threads": 0}
"""``mode``: ``eager``; ``compiled``, by ``torch.compile``; ``aot``, by AOTInductor. ``threads`` sets torch's one number of
threads for the whole process, 0 leaves it as it is."""

PROCESS_OPTIONS = ("threads",)
"""Options that hold for the whole process: sessions with several values of them cannot stand side by side."""

_COMPILERS = {"compiled": compile_just_in_time, "aot": compile_ahead}


def available() -> Availability:
    """Always where this file imports: it is a dependency of the package."""
    return Availability(ok=True, version=torch.__version__)


def prepare(bundle: Bundle, options: Options) -> Session:
    """Bind the graph; options ``mode`` (``eager``) and ``threads`` (0).

    The modes ``compiled`` and ``aot`` need a C++ compiler and take 10 seconds to a minute; what comes out is compared with
    ``eager`` here, for the reference rows and for none, one and two of them.
    """
    chosen = read_options("torch", options, OPTIONS)
    mode, threads = chosen["mode"], chosen["threads"]
    if mode != "eager" and mode not in _COMPILERS:
        raise UnknownNameError("mode of backend torch", mode, ["eager", *_COMPILERS])
    if threads < 0:
        raise UsageError(f"option threads of backend torch: wanted 1 or more, or 0 to leave it as it is, got {threads}")
    if threads > 0:
        torch.set_num_threads(threads)
    program = read_program(bundle)
    eager = _Session(program, bundle.signature)
    return eager if mode == "eager" else _compiled(eager, program, bundle, mode)


class _Session:
    def __init__(self, program: Program, signature: Signature, run: Callable[..., Sequence[Tensor]] | None = None) -> None:
        self._run, self._signature = run or program.run, signature
        self._inputs = [spec.name for spec in signature.inputs]
        self._outputs = [spec.name for spec in signature.outputs]
        self._check = bind_inputs(signature)
        self._shared = frozenset(_place(value) for value in program.constants.values() if isinstance(value, Tensor))

    def run(self, inputs: Arrays, out: Arrays | None = None) -> Arrays:
        """Outputs by name."""
        self._check(inputs)
        with torch.inference_mode():
            tensors = [_tensor(inputs[name]) for name in self._inputs]
            values = self._run(*tensors)
            owned = _own(values, self._shared.union(map(_place, tensors)))
        return deliver(self._signature, {name: value.numpy() for name, value in zip(self._outputs, owned, strict=True)}, out)


def _compiled(eager: Session, program: Program, bundle: Bundle, mode: str) -> Session:
    """The program through one of torch's compilers, which must give what ``eager`` gives."""
    try:
        session = _Session(program, bundle.signature, _COMPILERS[mode](program, bundle))
        differences = [_difference(eager, session, rows, bundle) for rows in _trials(bundle)]
    except BackendError:
        raise
    except Exception as error:  # the compilers raise many kinds
        hint = "see that a C++ compiler is installed, or use mode=eager"
        raise UnsupportedError(f"{bundle.model_path}: torch cannot compile it with mode={mode} ({first_line(error)})", hint=hint) from error
    wrong = [difference for difference in differences if difference]
    if wrong:
        raise BackendError(f"{bundle.model_path}: mode={mode} gives other values than mode=eager: {wrong[0]}", hint="use mode=eager")
    return session


def _trials(bundle: Bundle) -> list[Arrays]:
    """The reference; and none, one and two of its rows, which torch takes as cases of their own."""
    inputs, _ = bundle.reference()
    batched = all(spec.shape and isinstance(spec.shape[0], str) for spec in bundle.signature.inputs)
    return [{name: array[:count] for name, array in inputs.items()} for count in ((None, 0, 1, 2) if batched else (None,))]


def _difference(eager: Session, session: Session, rows: Arrays, bundle: Bundle) -> str:
    found = worst(compare(eager.run(rows), session.run(rows), bundle.tolerance))
    return "" if found.ok else str(found)


def _tensor(array: Array) -> Tensor:
    """The same memory as a tensor; a copy where torch cannot look at it (read-only, negative or odd strides)."""
    shared = array.flags.writeable and all(stride >= 0 and stride % array.itemsize == 0 for stride in array.strides)
    return torch.from_numpy(array if shared else array.copy())


def _own(values: Sequence[Tensor], shared: frozenset[int]) -> list[Tensor]:
    """Outputs in memory of their own, each in one piece."""
    taken, owned = set(shared), []
    for value in values:
        owned.append(value.clone(memory_format=torch.contiguous_format) if _place(value) in taken else value.contiguous())
        taken.add(_place(value))
    return owned


def _place(tensor: Tensor) -> int:
    return tensor.untyped_storage().data_ptr()
