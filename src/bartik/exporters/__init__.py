"""A trained model of any supported framework becomes a bundle, compared with its source on the way."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from bartik.core import Arrays, ExportError, Model, Signature
from bartik.core.bundle import Bundle, write_bundle
from bartik.exporters.loading import load_exporter

_FRAMEWORKS = {
    "torch": ("torch", "export_torch", "torch_outputs"),
    "xgboost": ("xgboost", "export_xgboost", "xgboost_outputs"),
    "lightgbm": ("lightgbm", "export_lightgbm", "lightgbm_outputs"),
    "catboost": ("catboost", "export_catboost", "catboost_outputs"),
    "keras": ("keras", "export_keras", "keras_outputs"),
    "sklearn": ("sklearn", "export_sklearn", "sklearn_outputs"),
    "pathlib": ("files", "export_path", "path_outputs"),
}
"""By the package of a model's class: the exporter and its functions that translate and that run it; a path is a model file."""


def export(  # noqa: PLR0913 - the parts of a bundle
    model: Model,
    signature: Signature,
    reference: Arrays,
    path: Path,
    *,
    name: str = "",
    metrics: Mapping[str, Any] | None = None,
    working_points: Mapping[str, float] | None = None,
    provenance: Mapping[str, Any] | None = None,
    sketch: Mapping[str, Any] | None = None,
) -> Bundle:
    """Write ``model`` as a bundle at ``path``; its reference outputs are those of its own framework for the inputs ``reference``.

    ``name`` is what generated code and the registry call it: the folder's name where none is given; ``sketch`` is what a monitor
    compares new data with (`bartik.monitor.remember`).
    `ExportError` for a framework without an exporter, and for a graph that does not reproduce the model.
    """
    translate, run, source_files, rounding = _exporter(model)
    content = translate(model, signature, reference)
    outputs = run(model, signature, reference)
    more: dict[str, Any] = {"metrics": metrics, "working_points": working_points, "provenance": provenance, "source": source_files(model)}
    more |= {"tolerance": rounding(model, signature, reference), "sketch": sketch}
    return write_bundle(path, content, signature, (reference, outputs), name=name or path.absolute().name, **more)


def outputs(model: Model, signature: Signature, inputs: Arrays) -> Arrays:
    """Outputs by name of ``model`` for ``inputs``, computed by its own framework."""
    found: Arrays = _exporter(model)[1](model, signature, inputs)
    return found


def _exporter(model: Model) -> tuple[Callable[..., Any], ...]:
    """What translates a model of this kind, what runs it, its own files, and what tells the tolerance of its outputs."""
    packages = [base.__module__.partition(".")[0] for base in type(model).__mro__]
    framework = next((package for package in packages if package in _FRAMEWORKS), None)
    if framework is None:
        kind = f"{type(model).__module__}.{type(model).__qualname__}"
        raise ExportError(
            f"no exporter for {kind}",
            hint=f"supported: models of {', '.join(sorted(set(_FRAMEWORKS) - {'pathlib'}))}, and paths of model files",
        )
    exporter, translate, run = _FRAMEWORKS[framework]
    module = load_exporter(exporter)
    return (
        getattr(module, translate),
        getattr(module, run),
        getattr(module, "source_files", lambda _: {}),
        getattr(module, "tolerance", lambda *_: None),
    )
