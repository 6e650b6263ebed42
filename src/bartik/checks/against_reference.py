"""Every backend runs a bundle's reference inputs, whole and in small batches, and must give its reference outputs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

import numpy as np

from bartik.backends import availability, prepare
from bartik.checks.parity import Parity
from bartik.core import Arrays, BartikError, BundleError, CheckError, DataError, Session, Signature, UnknownNameError, UnsupportedError
from bartik.core.bundle import Bundle
from bartik.core.compare import Tolerance, compare, worst
from bartik.core.plugins import backend_names

_BATCHES = (1, 7)
"""Small batches beside the whole reference: one row, and a number that fills no vector register."""
_REPORT = "do not use this backend for this bundle, and report it"


def check(bundle: Bundle, backends: Sequence[str] | None = None, tolerance: Tolerance | None = None) -> list[Parity]:
    """One `Parity` for each of ``backends`` (all there are, unless named), those that cannot run here included.

    `UnknownNameError` for a name nobody knows. See `Tolerance` for what counts as the same.
    """
    known = backend_names()
    for name in backends or ():
        if name not in known:
            raise UnknownNameError("backend", name, known)
    bundle.reference()  # if it cannot be read, that is no backend's fault
    return [_check(bundle, name, tolerance or bundle.tolerance) for name in backends or known]


def require(parities: Sequence[Parity], needed: Sequence[str] = ()) -> None:
    """Raise `CheckError` where a backend is wrong, where one of ``needed`` did not reproduce the reference, or where none did."""
    wrong = [p for p in parities if p.status == "wrong"]
    missing = [p for p in parities if p.backend in needed and not p.ok]
    for parity in (*wrong, *missing):
        raise CheckError(f"backend {parity.backend!r} does not reproduce the bundle: {parity.reason}", hint=parity.remedy)
    absent = set(needed).difference(p.backend for p in parities)
    if absent or not any(p.ok for p in parities):
        raise CheckError(f"no result from {', '.join(sorted(absent)) or 'any backend'}", hint="bartik doctor says what is missing")


def _check(bundle: Bundle, backend: str, tolerance: Tolerance) -> Parity:
    found = availability(backend)
    if not found.ok:
        return Parity(backend, "unavailable", reason=found.reason, remedy=found.remedy)
    try:
        session = prepare(bundle, backend)
    except UnsupportedError as error:
        return Parity(backend, "refused", reason=error.message, remedy=error.hint, version=found.version)
    except (BundleError, DataError):  # what is wrong with the bundle itself
        raise
    except Exception as error:  # noqa: BLE001 - one runtime's fault must not hide what the others give
        return _failed(backend, error, found.version)
    try:
        return _compared(bundle, backend, session, found.version, tolerance)
    except Exception as error:  # noqa: BLE001 - likewise
        return _failed(backend, error, found.version)


def _failed(backend: str, error: Exception, version: str) -> Parity:
    """Whatever a backend raised, as its own failure."""
    if isinstance(error, BartikError):
        return Parity(backend, "wrong", reason=error.message, remedy=error.hint, version=version)
    reason = f"{type(error).__name__}: {str(error).strip().partition(chr(10))[0]}"
    return Parity(backend, "wrong", reason=reason, remedy=_REPORT, version=version)


def _compared(bundle: Bundle, backend: str, session: Session, version: str, tolerance: Tolerance) -> Parity:
    parts = [(rows, worst(compare(wanted, session.run(inputs), tolerance))) for rows, inputs, wanted in _parts(bundle)]
    differences = [difference for _, difference in parts]
    shown = worst(differences)
    rows = next(rows for rows, difference in parts if difference is shown)
    return Parity(
        backend,
        "same" if shown.ok else "wrong",
        max(d.max_abs for d in differences),
        max(d.max_ulp for d in differences),
        reason="" if shown.ok else f"{shown}{_of_part(rows)}",
        remedy="" if shown.ok else _REPORT,
        version=version,
        nan=_nan(bundle, session),
    )


def _of_part(rows: slice | None) -> str:
    return "" if rows is None else f", when rows {rows.start} to {rows.stop - 1} of the reference are a batch of their own"


def _parts(bundle: Bundle) -> Iterator[tuple[slice | None, Arrays, Arrays]]:
    """The whole reference; then, where every first axis is the batch, its first rows in small batches."""
    inputs, outputs = bundle.reference()
    yield None, inputs, outputs
    if not _is_batched(bundle.signature):
        return
    count = len(next(iter(inputs.values())))
    for size in _BATCHES:
        for start in range(0, min(3 * size, count), size):
            rows = slice(start, min(start + size, count))
            yield rows, {k: v[rows] for k, v in inputs.items()}, {k: v[rows] for k, v in outputs.items()}


def _is_batched(signature: Signature) -> bool:
    specs = (*signature.inputs, *signature.outputs)
    return all(spec.shape for spec in specs) and len({spec.shape[0] for spec in specs} | {0}) == 2 and isinstance(specs[0].shape[0], str)


def _nan(bundle: Bundle, session: Session) -> Literal["same", "other", ""]:
    """Whether ``session`` treats a NaN as the reference evaluator does: one row for each column, NaN there."""
    inputs = _nan_rows(bundle)
    if inputs is None:
        return ""
    try:
        wanted = prepare(bundle, "reference").run(inputs)
    except UnsupportedError:
        return ""
    return "same" if all(d.ok for d in compare(wanted, session.run(inputs))) else "other"


def _nan_rows(bundle: Bundle) -> Arrays | None:
    specs = bundle.signature.inputs
    reference, _ = bundle.reference()
    if (
        len(specs) != 1
        or not _is_batched(bundle.signature)
        or not specs[0].dtype.startswith("float")
        or reference[specs[0].name].ndim != 2
        or not len(reference[specs[0].name])
    ):
        return None
    rows = np.repeat(reference[specs[0].name][:1], specs[0].width, axis=0)
    np.fill_diagonal(rows, np.nan)
    return {specs[0].name: rows}
