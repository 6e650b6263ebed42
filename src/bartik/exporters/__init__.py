"""A trained model of any supported framework becomes a bundle, compared with its source on the way."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from bartik.core import Arrays, ExportError, Model, Signature
from bartik.core.bundle import Bundle, write_bundle

_FRAMEWORKS = {"torch": ("torch", "export_torch", "torch_outputs"), "pathlib": ("files", "export_path", "path_outputs")}
"""By the package of a model's class: the exporter and its functions that translate and that run it; a path is a model file."""


def export(
    model: Model,
    signature: Signature,
    reference: Arrays,
    path: Path,
    *,
    name: str = "model",
    metrics: Mapping[str, Any] | None = None,
    working_points: Mapping[str, float] | None = None,
    provenance: Mapping[str, Any] | None = None,
) -> Bundle:
    """Write ``model`` as a bundle at ``path``; its reference outputs are those of its own framework for the inputs ``reference``.

    `ExportError` for a framework without an exporter, and for a graph that does not reproduce the model.
    """
    translate, run = _exporter(model)
    content = translate(model, signature, reference)
    outputs = run(model, signature, reference)
    more = {"metrics": metrics, "working_points": working_points, "provenance": provenance}
    return write_bundle(path, content, signature, (reference, outputs), name=name, **more)


def _exporter(model: Model) -> tuple[Callable[..., bytes], Callable[..., Arrays]]:
    packages = [base.__module__.partition(".")[0] for base in type(model).__mro__]
    framework = next((package for package in packages if package in _FRAMEWORKS), None)
    if framework is None:
        kind = f"{type(model).__module__}.{type(model).__qualname__}"
        raise ExportError(f"no exporter for {kind}", hint="supported: models of torch, and paths of model files")
    exporter, translate, run = _FRAMEWORKS[framework]
    module = importlib.import_module(f"bartik.exporters.{exporter}")
    return getattr(module, translate), getattr(module, run)
