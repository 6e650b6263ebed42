"""What the backends of boosting libraries share: which of the library's answers the outputs of a bundle are."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from types import ModuleType
from typing import Any

import numpy as np

from bartik.backends import bind_inputs, deliver
from bartik.core import Array, Arrays, Availability, BackendError, Session, Signature, TensorSpec, UnavailableError, UnsupportedError
from bartik.core.bundle import Bundle
from bartik.core.compare import compare, worst

Predict = Callable[[Array], Array]
"""Features [rows, n] to the library's answer, [rows] or [rows, classes]."""


def library_available(name: str) -> Availability:
    """Whether the library is installed, without its import: that takes seconds, and most bundles hold no model of it."""
    if find_spec(name) is None:
        return Availability(ok=False, reason=f"{name} is not installed", remedy=f"install it beside bartik: pip install {name}")
    try:
        return Availability(ok=True, version=version(name))
    except PackageNotFoundError:  # of a distribution by another name, as xgboost-cpu
        return Availability(ok=True)


def import_library(name: str) -> ModuleType:
    """The library; `UnavailableError` where it is installed and does not load."""
    try:
        return importlib.import_module(name)
    except (ImportError, OSError) as error:
        raise UnavailableError(f"{name} does not load: {str(error).partition(chr(10))[0]}", hint="install it again") from error


def prepare_booster(bundle: Bundle, source: str, backend: str, load: Callable[[bytes], Mapping[str, Predict]]) -> Session:
    """A session of the library's model ``source``: of the answers that ``load`` gives, the one that reproduces the reference vectors."""
    path = bundle.source(source)
    if path is None:
        hint = f"export the model itself with bartik, not as ONNX, or run it on another backend: {backend} runs only its own models"
        raise UnsupportedError(f"{bundle.path}: holds no model of {backend} (source/{source})", hint=hint)
    inputs = bundle.signature.inputs
    if len(inputs) != 1 or inputs[0].dtype != "float32" or len(inputs[0].shape) != 2:
        raise UnsupportedError(f"{bundle.path}: {backend} takes one input float32 [batch, n]", hint="run it on another backend")
    rows, wanted = bundle.reference()
    reasons = []
    for kind, predict in load(path.read_bytes()).items():
        session = _Session(predict, bundle.signature, backend)
        try:
            difference = worst(compare(wanted, session.run(rows), bundle.tolerance))
        except BackendError as error:
            reasons.append(f"{kind}: {error.message}")
            continue
        if difference.ok:
            return session
        reasons.append(f"{kind}: {difference}")
    hint = "the graph does more than the model beside it, or something else: run it on another backend"
    raise UnsupportedError(f"{bundle.path}: {backend} does not reproduce the reference ({'; '.join(reasons)})", hint=hint)


class _Session:
    def __init__(self, predict: Predict, signature: Signature, backend: str) -> None:
        self._predict, self._signature, self._backend = predict, signature, backend
        self._input = signature.inputs[0].name
        self._check = bind_inputs(signature)

    def run(self, inputs: Arrays, out: Arrays | None = None) -> Arrays:
        """Outputs by name."""
        self._check(inputs)
        features = np.ascontiguousarray(inputs[self._input])
        answer = self._answer(features)
        outputs = {spec.name: _shaped(answer, spec, self._backend) for spec in self._signature.outputs}
        return deliver(self._signature, outputs, out)

    def _answer(self, features: Array) -> Array:
        if not len(features):  # neither library takes no rows
            return self._answer(np.zeros((1, features.shape[1]), np.float32))[:0]
        try:
            return self._predict(features)
        except Exception as error:  # each library raises its own
            reason = str(error).strip().partition("\n")[0]
            raise BackendError(f"{self._backend} refused the call ({reason})", hint="see that the model fits its signature") from error


def _shaped(answer: Array, spec: TensorSpec, backend: str) -> Array:
    """The library's answer as this output: a probability, one for each class, or the number of a class."""
    values = answer if answer.ndim > 1 else answer[:, None]
    if spec.dtype.startswith("int"):
        labels = values.argmax(axis=1) if values.shape[1] > 1 else values[:, 0] > 0.5
        return labels.astype(spec.dtype).reshape(len(values), *(1 for _ in spec.shape[1:]))
    if spec.width == 2 and values.shape[1] == 1:
        values = np.concatenate([1 - values, values], axis=1)
    if spec.width != values.shape[1]:
        raise BackendError(f"{backend} gives {values.shape[1]} values a row, output {spec.name!r} has {spec.width}")
    shape: tuple[Any, ...] = (len(values), *spec.shape[1:])
    return values.reshape(shape).astype(spec.dtype, copy=False)
