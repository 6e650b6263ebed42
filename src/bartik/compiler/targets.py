"""What ``bartik compile --target`` can write."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeAlias

from bartik.compiler.emit.allen import allen_package
from bartik.compiler.emit.cuda import cuda_header
from bartik.compiler.emit.cuda_package import cuda_package
from bartik.compiler.emit.gaudi import gaudi_package
from bartik.compiler.emit.package import Memory, Sample, package
from bartik.compiler.emit.sofie import sofie_package
from bartik.compiler.emit.triton import triton_repository
from bartik.compiler.pipeline import compiled, provenance_lines
from bartik.compiler.tuning import DEFAULT, Tuning
from bartik.core import UnknownNameError, UnsupportedError
from bartik.core.bundle import Bundle
from bartik.core.files import atomic_folder

Files: TypeAlias = Mapping[str, str | bytes]


def _cxx(bundle: Bundle, tuning: Tuning) -> Files:
    done = compiled(bundle, tuning)
    return package(done.unit, done.header, _sample(bundle), Memory.of(done.rows, done.columns, done.tuning.blocks))


def _cuda(bundle: Bundle, tuning: Tuning) -> Files:
    done = compiled(bundle, tuning)
    return cuda_package(done.unit, cuda_header(done.unit, done.columns), _sample(bundle), done.columns)


def _allen(bundle: Bundle, tuning: Tuning) -> Files:
    done = compiled(bundle, tuning)
    return allen_package(done.unit, cuda_header(done.unit, done.columns), _sample(bundle), done.columns)


def _gaudi(bundle: Bundle, tuning: Tuning) -> Files:
    done = compiled(bundle, tuning)
    _require_batch(bundle, "gaudi")
    return gaudi_package(done.unit, done.header, _sample(bundle), Memory.of(done.rows, done.columns, done.tuning.blocks))


def _sofie(bundle: Bundle, tuning: Tuning) -> Files:
    done = compiled(bundle, tuning)
    return sofie_package(
        done.unit, done.header, _sample(bundle), Memory.of(done.rows, done.columns, done.tuning.blocks), free=_is_free(bundle)
    )


def _triton(bundle: Bundle, tuning: Tuning) -> Files:
    del tuning  # the server's own
    return triton_repository(bundle, provenance_lines(bundle))


def _is_free(bundle: Bundle) -> bool:
    return any(isinstance(axis, str) for spec in bundle.signature.inputs for axis in spec.shape)


def _require_batch(bundle: Bundle, target: str) -> None:
    if not _is_free(bundle):
        raise UnsupportedError(
            f"target {target}: the model has no batch axis", hint="export it with its first axis free, or use the target cxx"
        )


def _sample(bundle: Bundle) -> Sample:
    inputs, outputs = bundle.reference()
    rows = len(next(iter(inputs.values()))) if _is_free(bundle) else 1
    return Sample(inputs, outputs, rows, bundle.tolerance.relative, bundle.tolerance.absolute)


TARGETS: Mapping[str, Callable[[Bundle, Tuning], Files]] = {
    "cxx": _cxx, "cuda": _cuda, "allen": _allen, "gaudi": _gaudi, "sofie": _sofie, "triton": _triton,
}  # fmt: skip
"""Files by name, for each target."""


def generate(bundle: Bundle, target: str, out: Path, tuning: Tuning = DEFAULT) -> list[Path]:
    """Write a bundle as source code into the folder ``out``, whole or not at all; the files written, the header first.

    The text depends on nothing but the bundle and ``tuning``, whose width of vectors is left to the flags of the user's own compiler.
    """
    if target not in TARGETS:
        raise UnknownNameError("target", target, TARGETS)
    files = TARGETS[target](bundle, tuning)
    with atomic_folder(out) as folder:
        for name, text in files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(text.encode() if isinstance(text, str) else text)
    return [out / name for name in files]
