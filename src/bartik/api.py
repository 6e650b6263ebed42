"""The Python face: what most users need, one line each. Everything heavy is imported when it is called."""
# ruff: noqa: PLC0415 - that is the point of this file: `import bartik` stays fast and imports no framework

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bartik.checks import Parity
    from bartik.core import Arrays, Session, Signature
    from bartik.core.bundle import Bundle


def load(reference: str | Path) -> Bundle:
    """Open a bundle and verify its digests.

    ``reference`` is a bundle's folder, or a registered model: ``"ghost_probability@candidate"``, ``"ghost_probability/3"``.
    """
    from bartik.core.bundle import open_bundle

    if Path(reference).exists():
        return open_bundle(Path(reference))
    from bartik.registry import fetch, is_reference

    return open_bundle(fetch(str(reference)) if is_reference(str(reference)) else Path(reference))


def prepare(bundle: Bundle, backend: str = "native", **options: Any) -> Session:
    """Make a bundle ready to run on a backend; all that is slow or can fail happens here."""
    from bartik.backends import prepare

    return prepare(bundle, backend, **options)


def export(model: Any, signature: Signature, reference: Arrays, path: str | Path, *, name: str = "") -> Bundle:
    """Write a trained model of a supported framework as a bundle, compared with its source on the ``reference`` inputs.

    ``name`` is the folder's where none is given.
    """
    from bartik.exporters import export

    return export(model, signature, reference, Path(path), name=name)


def check(bundle: Bundle, backends: Sequence[str] | None = None) -> list[Parity]:
    """Compare every available backend (or those named) with the bundle's reference outputs."""
    from bartik.checks import check

    return check(bundle, backends)


def compile(bundle: Bundle, target: str = "cxx", *, out: str | Path) -> list[Path]:  # noqa: A001 - the verb users know
    """Write the bundle as source code for ``target`` into the folder ``out``; the files written."""
    from bartik.compiler import generate

    return generate(bundle, target, Path(out))
