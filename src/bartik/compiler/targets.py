"""What ``bartik compile --target`` can write."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from bartik.compiler.emit.allen import allen_package
from bartik.compiler.emit.cuda import cuda_header
from bartik.compiler.emit.cuda_package import cuda_package
from bartik.compiler.emit.package import Memory, Sample, package
from bartik.compiler.pipeline import Compiled, compiled
from bartik.core import UnknownNameError
from bartik.core.bundle import Bundle
from bartik.core.files import atomic_folder


def _cxx(done: Compiled, bundle: Bundle) -> dict[str, str]:
    return package(done.unit, done.header, _sample(bundle), Memory.of(done.rows, done.columns))


def _cuda(done: Compiled, bundle: Bundle) -> dict[str, str]:
    return cuda_package(done.unit, cuda_header(done.unit, done.columns), _sample(bundle), done.columns)


def _allen(done: Compiled, bundle: Bundle) -> dict[str, str]:
    return allen_package(done.unit, cuda_header(done.unit, done.columns), _sample(bundle), done.columns)


def _sample(bundle: Bundle) -> Sample:
    inputs, outputs = bundle.reference()
    free = any(isinstance(axis, str) for spec in bundle.signature.inputs for axis in spec.shape)
    rows = len(next(iter(inputs.values()))) if free else 1
    return Sample(inputs, outputs, rows, bundle.tolerance.relative, bundle.tolerance.absolute)


TARGETS: Mapping[str, Callable[[Compiled, Bundle], dict[str, str]]] = {"cxx": _cxx, "cuda": _cuda, "allen": _allen}
"""Files by name, for each target."""


def generate(bundle: Bundle, target: str, out: Path) -> list[Path]:
    """Write a bundle as source code into the folder ``out``, whole or not at all; the files written, the header first."""
    if target not in TARGETS:
        raise UnknownNameError("target", target, TARGETS)
    files = TARGETS[target](compiled(bundle), bundle)
    with atomic_folder(out) as folder:
        for name, text in files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text, encoding="utf-8")
    return [out / name for name in files]
