"""The bundle."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from bartik.core import Arrays, Dataset, UseCase
from bartik.core.bundle import open_bundle
from bartik.core.files import read_arrays, read_json
from bartik.core.provenance import environment, packages, revision
from bartik.core.ragged import take_events
from bartik.exporters import export
from bartik.exporters.edge_cases import edge_rows
from bartik.monitor import remember
from bartik.train import load_model
from bartik.workflow.results import own
from bartik.workflow.run import Run
from bartik.workflow.sources import source_digest

_REFERENCE_ROWS = 64


def export_run(run: Run) -> None:
    """The bundle: graph, signature, reference, metrics, provenance."""
    measured = read_json(run.metrics)
    points = {name: point["threshold"] for name, point in measured["working_points"].items()}
    bundle = export(
        load_model(run.usecase, run.config, run.checkpoint),
        run.usecase.signature,
        reference_inputs(run.usecase, run.split("test")),
        run.bundle,
        name=run.name,
        metrics=own(measured["models"]),
        working_points=points,
        provenance=provenance(run),
        sketch=_sketch(run, points),
    )
    run.progress(f"{bundle.path}, ONNX digest {bundle.model_digest[:12]}")


def _sketch(run: Run, points: Mapping[str, float]) -> dict[str, Any] | None:
    """What a monitor will compare new data with: test rows, which the model never saw; not of inputs without named columns."""
    signature, test = run.usecase.signature, run.split("test")
    if not any(spec.columns for spec in signature.inputs):
        return None
    name = signature.outputs[0].name
    return remember(signature, test.inputs, {name: own(read_arrays(run.scores))}, points).to_dict()


def reference_inputs(usecase: UseCase, test: Dataset) -> Arrays:
    """Real rows of the test split, and behind them rows on the edges of what can be; the first event, where a row is an event."""
    if test.offsets:
        return take_events(usecase.signature, test.inputs, test.offsets, [0])
    real = {name: array[:_REFERENCE_ROWS] for name, array in test.inputs.items()}
    if list(real) != ["features"]:
        edges = getattr(usecase, "edge_cases", None)
        return real if edges is None else {name: np.concatenate([real[name], array]) for name, array in edges().items()}
    return {"features": np.concatenate([real["features"], edge_rows(test.inputs["features"])])}


def provenance(run: Run) -> dict[str, Any]:
    """Data, hyperparameters, code, environment and seed: all it takes to make the model again."""
    return {
        "use_case": run.name,
        "data": read_json(run.data_record),
        "bundles": {name: open_bundle(path).digest for name, path in run.needs.items()},
        "configuration": run.config.to_dict(),
        "code": {"revision": revision(run.code), "digest": source_digest(run.usecase)},
        "environment": environment(run.code),
        "packages": packages(),
        "seed": run.config.train.seed,
        **_record(run),
    }


def _record(run: Run) -> dict[str, Any]:
    """What the training wants remembered, as the covariance of a fit."""
    record = getattr(run.usecase, "record", None)
    return dict(record(run.checkpoint)) if record else {}
