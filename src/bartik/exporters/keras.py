"""Keras 3: models, and ``.keras`` files; exported as the PyTorch modules that they are on Keras' torch backend.

Keras must run on torch: ``KERAS_BACKEND=torch`` before it is first imported (this file sets it where nobody has). A file is loaded with
``safe_mode=True`` and no objects of one's own, so that nothing in it runs: Lambda layers and unknown classes are refused. Its weights
are HDF5, read by Keras. Keras' own ``export(format="onnx")`` takes the same way over torch, and gives up on a model not yet called.
"""

from __future__ import annotations

import io
import os
import tempfile
import zipfile
from pathlib import Path
from typing import Any

os.environ.setdefault("KERAS_BACKEND", "torch")

import keras
import numpy as np
import torch
from torch import Tensor, nn

from bartik.core import Array, Arrays, ExportError, Signature, TensorSpec, UnavailableError
from bartik.exporters.edge_cases import LARGE, edge_rows
from bartik.exporters.imported import Imported, usable
from bartik.exporters.torch import export_torch, torch_outputs

_ROWS = 128
_MAX_UNPACKED = 2**31
_PARTS = {"config.json", "metadata.json", "model.weights.h5"}


class _One(nn.Module):
    """A Keras model as a module whose ``forward`` names its inputs, which torch's exporter wants; in inference mode."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model = model

    def _call(self, inputs: list[Tensor]) -> Any:
        found = self.model(inputs if len(inputs) > 1 else inputs[0], training=False)
        return tuple(found.values()) if isinstance(found, dict) else found

    def forward(self, first: Tensor) -> Any:
        return self._call([first])


class _Two(_One):
    def forward(self, first: Tensor, second: Tensor) -> Any:  # type: ignore[override]
        return self._call([first, second])


class _Three(_One):
    def forward(self, first: Tensor, second: Tensor, third: Tensor) -> Any:  # type: ignore[override]
        return self._call([first, second, third])


_MODULES = (_One, _Two, _Three)


def export_keras(model: Any, signature: Signature, reference: Arrays) -> bytes:
    """ONNX bytes of ``model``, inputs and outputs in the order of ``signature``, compared with Keras itself on ``reference``."""
    signature.check_inputs(reference)
    return export_torch(_module(model, len(signature.inputs)), signature, reference)


def keras_outputs(model: Any, signature: Signature, inputs: Arrays) -> Arrays:
    """Outputs by name of ``model`` by Keras itself, on the CPU."""
    return torch_outputs(_module(model, len(signature.inputs)), signature, inputs)


def read_keras(path: Path, content: bytes) -> Imported:
    """The model in the ``.keras`` archive ``content`` of ``path``; its inputs must be rows of numbers."""
    _check_archive(path, content)
    model = _loaded(path, content)
    signature = _signature(path, model)
    module = _module(model, len(signature.inputs))

    def run(inputs: Arrays) -> Arrays:
        return torch_outputs(module, signature, inputs)

    rows = usable(_rows(signature), run)

    def build() -> Any:
        import onnx  # noqa: PLC0415 - only to hand it on as a model

        return onnx.load_from_string(export_torch(module, signature, rows))

    about = {"source": path.name, "format": "Keras", "layers": len(model.layers), "keras": keras.__version__}
    return Imported(path, signature, rows, run, {"float32": build}, about)


def _module(model: Any, inputs: int) -> nn.Module:
    if keras.backend.backend() != "torch":
        hint = "set the environment variable KERAS_BACKEND=torch before Keras is imported"
        raise UnavailableError(f"Keras runs on {keras.backend.backend()}; its models are exported from torch", hint=hint)
    name = type(model).__name__
    if not isinstance(model, keras.Model) or not model.built:
        raise ExportError(f"no exporter for {type(model).__module__}.{name}", hint="give a keras.Model that was called or built")
    if not 1 <= inputs <= len(_MODULES):
        raise ExportError(f"{name}: {inputs} inputs, wanted 1 to {len(_MODULES)}", hint="join some of them")
    return _MODULES[inputs - 1](model)


def _check_archive(path: Path, content: bytes) -> None:
    """`ExportError` where the archive would unpack to more than we read."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            size, names = sum(entry.file_size for entry in archive.infolist()), set(archive.namelist())
    except (zipfile.BadZipFile, ValueError) as error:
        raise ExportError(f"{path}: no whole archive ({error})", hint="is the file whole?") from error
    if size > _MAX_UNPACKED:
        raise ExportError(f"{path}: unpacks to {size} bytes, more than the {_MAX_UNPACKED} we read")
    if missing := sorted(_PARTS - names):
        raise ExportError(f"{path}: lacks {missing[0]}", hint="write it again with model.save('model.keras')")


def _loaded(path: Path, content: bytes) -> Any:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "model.keras"
        file.write_bytes(content)
        try:
            with torch.device("cpu"):
                return keras.saving.load_model(file, compile=False, safe_mode=True)
        except Exception as error:  # each layer raises its own
            reason = (str(error).strip().splitlines() or [type(error).__name__])[0][:300]
            hint = "a model with Lambda or own layers: load it in Python and call bartik.export(model, ...)"
            raise ExportError(f"{path}: Keras cannot load it safely ({reason})", hint=hint) from error


def _signature(path: Path, model: Any) -> Signature:
    inputs, outputs = getattr(model, "inputs", None), getattr(model, "outputs", None)
    if not inputs or not outputs:
        raise ExportError(f"{path}: does not say what its inputs are", hint="load it in Python and call bartik.export(model, ...)")
    names = _names("features", list(inputs)), _names("response", list(outputs))
    return Signature(
        tuple(_spec(path, name, tensor) for name, tensor in zip(names[0], inputs, strict=True)),
        tuple(_spec(path, name, tensor) for name, tensor in zip(names[1], outputs, strict=True)),
    )


def _names(single: str, tensors: list[Any]) -> list[str]:
    return [single] if len(tensors) == 1 else [f"{single}_{number}" for number in range(len(tensors))]


def _spec(path: Path, name: str, tensor: Any) -> TensorSpec:
    shape, dtype = tuple(tensor.shape), str(tensor.dtype)
    if dtype != "float32" or len(shape) < 2 or shape[0] is not None or any(axis is None for axis in shape[1:]):
        came = f"{dtype}[{', '.join('?' if axis is None else str(axis) for axis in shape)}]"
        hint = "load it in Python and call bartik.export(model, signature, reference, path)"
        raise ExportError(f"{path}: {name} is {came}, wanted float32[batch, ...] with the other axes fixed", hint=hint)
    return TensorSpec(name, dtype, ("batch", *(int(axis) for axis in shape[1:])))


def _rows(signature: Signature) -> Arrays:
    """Normal numbers, zeros and far ones: the file does not say on which scale its inputs are."""
    rng = np.random.default_rng(0)
    found: dict[str, Array] = {}
    for spec in signature.inputs:
        rows = rng.normal(size=(_ROWS, spec.width)).astype(np.float32)
        edges = edge_rows(rows)
        rows = np.concatenate([rows, edges[(np.abs(edges) < LARGE / 2).all(axis=1)]])
        found[spec.name] = rows.reshape(len(rows), *(axis for axis in spec.shape[1:] if isinstance(axis, int)))
    return found
