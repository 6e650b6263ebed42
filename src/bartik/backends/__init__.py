"""Runtimes: one file each, found by its name; and what all of them need around a call."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from bartik.core import (
    Array,
    Arrays,
    Availability,
    BundleError,
    DigestError,
    Options,
    Session,
    Signature,
    TensorSpec,
    UnavailableError,
    UnknownNameError,
    UsageError,
)
from bartik.core.bundle import Bundle, open_bundle
from bartik.core.plugins import backend_names, load_backend
from bartik.core.ragged import is_ragged


def prepare(bundle: Bundle, name: str, **options: Any) -> Session:
    """Make ``bundle`` ready to run on the backend ``name``; all that is slow or can fail happens here.

    Raises `UnknownNameError` for a backend or option nobody knows, `UnavailableError` with the remedy where the runtime
    is not installed, `DigestError` where the bundle's files changed since it was opened, `UnsupportedError` for an
    operator the runtime lacks.
    """
    found = availability(name)
    if not found.ok:
        raise UnavailableError(f"backend {name!r} is not available here: {found.reason}", hint=found.remedy)
    if open_bundle(bundle.path).digest != bundle.digest:
        raise DigestError(f"{bundle.path}: is another bundle than the one that was opened", hint="open it again")
    return load_backend(name).prepare(bundle, options)


def default_backend(bundle: Bundle) -> str:
    """``native``; ``onnxruntime`` for events of different sizes, which the compiler does not take."""
    return "onnxruntime" if is_ragged(bundle.signature) else "native"


def availability(name: str) -> Availability:
    """Whether a backend can run here; a runtime that does not import is one that is not installed."""
    try:
        return load_backend(name).available()
    except ModuleNotFoundError as error:
        return Availability(
            ok=False, reason=f"{error.name} is not installed", remedy="install it beside bartik: pip install " + str(error.name)
        )
    except (ImportError, OSError) as error:
        return Availability(ok=False, reason=f"does not load: {str(error).partition(chr(10))[0]}", remedy="install it again")


def installed() -> dict[str, Availability]:
    """Every backend by name, with whether it can run here."""
    return {name: availability(name) for name in backend_names()}


def read_options(backend: str, options: Options, known: Mapping[str, Any]) -> dict[str, Any]:
    """``options`` laid over the defaults ``known``; an unknown key or a value of another type is refused."""
    for key, value in options.items():
        if key not in known:
            raise UnknownNameError(f"option of backend {backend}", key, known)
        if type(value) is not type(known[key]):
            raise UsageError(f"option {key} of backend {backend}: wanted {type(known[key]).__name__} like {known[key]!r}, got {value!r}")
    return {**known, **options}


def bind_inputs(signature: Signature) -> Callable[[Arrays], None]:
    """A check of a call's inputs, fast where they are right: names, dtypes, shapes, and free axes of one name alike."""
    bound = [(spec.name, np.dtype(spec.dtype), spec.shape) for spec in signature.inputs]
    free = len({axis for spec in signature.inputs for axis in spec.shape if isinstance(axis, str)}) < sum(
        isinstance(axis, str) for spec in signature.inputs for axis in spec.shape
    )

    def check(inputs: Arrays) -> None:
        if len(inputs) == len(bound) and all(_fits(inputs.get(name), dtype, shape) for name, dtype, shape in bound):
            if free:
                _check_free_axes(signature, inputs)
            return
        _check_arrays(inputs)
        signature.check_inputs(inputs)

    return check


def deliver(signature: Signature, outputs: Arrays, out: Arrays | None) -> Arrays:
    """``outputs`` as they are, or copied into the arrays of ``out``, which must be exactly the outputs."""
    if out is None:
        return outputs
    check_out(signature, {name: value.shape for name, value in outputs.items()}, out)
    for name, value in outputs.items():
        np.copyto(out[name], value)
    return out


def check_out(signature: Signature, shapes: Mapping[str, tuple[int, ...]], out: Arrays) -> None:
    """Raise `UsageError` unless ``out`` holds a writable array of the right dtype and shape for every output."""
    if out.keys() != shapes.keys():
        raise UsageError(f"out: arrays for {', '.join(shapes)} wanted, got {', '.join(sorted(out)) or 'none'}")
    _check_arrays(out)
    for spec in signature.outputs:
        array = out[spec.name]
        if array.shape != shapes[spec.name] or array.dtype != np.dtype(spec.dtype):
            raise UsageError(f"out {spec.name!r}: wanted {spec.dtype}{list(shapes[spec.name])}, got {array.dtype}{list(array.shape)}")
        if not array.flags.writeable:
            raise UsageError(f"out {spec.name!r}: is read-only")


def output_shapes(signature: Signature, inputs: Arrays) -> dict[str, tuple[int, ...]] | None:
    """Shapes of the outputs for ``inputs``; nothing where an output has a free axis that no input has."""
    sizes: dict[int | str, int] = {}
    for spec in signature.inputs:
        sizes |= dict(zip(spec.shape, inputs[spec.name].shape, strict=True))
    shapes = {spec.name: tuple(axis if isinstance(axis, int) else sizes.get(axis, -1) for axis in spec.shape) for spec in signature.outputs}
    return None if any(-1 in shape for shape in shapes.values()) else shapes


def check_graph(bundle: Bundle, inputs: Sequence[str], outputs: Sequence[str]) -> None:
    """Raise `BundleError` unless the graph's inputs and outputs are those of the signature."""
    for kind, specs, names in (("inputs", bundle.signature.inputs, inputs), ("outputs", bundle.signature.outputs, outputs)):
        wanted = [spec.name for spec in specs]
        if sorted(wanted) != sorted(names):
            raise BundleError(f"{bundle.model_path}: {kind} {', '.join(names)}, but the signature has {', '.join(wanted)}")


def _fits(array: Array | None, dtype: np.dtype[Any], shape: tuple[int | str, ...]) -> bool:
    return (
        isinstance(array, np.ndarray)
        and array.dtype == dtype
        and len(array.shape) == len(shape)
        and all(want == got or isinstance(want, str) for want, got in zip(shape, array.shape, strict=True))
    )


def _check_arrays(arrays: Mapping[str, object]) -> None:
    for name, array in arrays.items():
        if not isinstance(array, np.ndarray):
            raise UsageError(f"tensor {name!r}: wanted a numpy array, got {type(array).__name__}")


def _check_free_axes(signature: Signature, inputs: Arrays) -> None:
    seen: dict[str, tuple[TensorSpec, int]] = {}
    for spec in signature.inputs:
        for axis, size in zip(spec.shape, inputs[spec.name].shape, strict=True):
            if not isinstance(axis, str):
                continue
            first, wanted = seen.setdefault(axis, (spec, size))
            if size != wanted:
                raise UsageError(f"axis {axis!r}: {wanted} in {first.name!r} but {size} in {spec.name!r}")
