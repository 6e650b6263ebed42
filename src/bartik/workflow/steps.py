"""The steps of a run, in order. Each reads files of the run's folder and leaves files there, whole or not at all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np

from bartik.core import SPLITS, Array, Arrays, Dataset, Interval, UsageError, UseCase
from bartik.core.bundle import Bundle, open_bundle, write_bundle
from bartik.core.files import read_arrays, read_json, write_arrays, write_json
from bartik.core.provenance import code_digest, environment, packages, revision
from bartik.exporters.edge_cases import edge_rows
from bartik.exporters.torch import export_torch
from bartik.train import fit, load_trained, run_model
from bartik.workflow.located import located
from bartik.workflow.pipeline import code_of
from bartik.workflow.run import Run

_REFERENCE_ROWS = 64


def build_data(run: Run) -> None:
    """Rows of every split, and a record of their digests and sources."""
    datasets: dict[str, Dataset] = {}
    config = located(run.config)
    for split in SPLITS:
        datasets[split] = run.usecase.data(split, config)
        run.progress(f"{split}: {datasets[split].rows} rows from {datasets[split].source}")
    for split in SPLITS:
        write_arrays(run.split_path(split), datasets[split].to_arrays())
    record = {split: {"digest": d.digest, "rows": d.rows, "source": d.source} for split, d in datasets.items()}
    write_json(run.data_record, record)


def train(run: Run) -> None:
    """The best weights, in a checkpoint that goes on where it was stopped."""
    train_set, validation = run.split("train"), run.split("validation")
    fit(run.usecase, train_set, validation, run.config, run.checkpoint, run.progress, code=code_of(run, ("nn", "train")))


def score(run: Run) -> None:
    """Scores and metrics of the trained model and its peers on the test split."""
    test = run.split("test")
    outputs = {"network": _outputs(run, test)}
    outputs |= _peers(run, test)
    name = run.usecase.signature.outputs[0].name
    write_arrays(run.scores, {peer: arrays[name] for peer, arrays in outputs.items()})
    metrics = {peer: _plain(run.usecase.score(arrays, test)) for peer, arrays in outputs.items()}
    write_json(run.metrics, {"models": metrics, "working_points": _working_points(run, outputs["network"], test)})
    run.progress(", ".join(f"{key} {value['value']:.4f}" for key, value in metrics["network"].items()))


def export(run: Run) -> None:
    """The bundle: graph, signature, reference, metrics, provenance."""
    model = load_trained(run.usecase, run.config, run.checkpoint)
    inputs = reference_inputs(run.usecase, run.split("test"))
    measured = read_json(run.metrics)
    bundle = write_bundle(
        run.bundle,
        export_torch(model, run.usecase.signature, inputs),
        run.usecase.signature,
        (inputs, run_model(model, run.usecase.signature, inputs)),
        name=run.name,
        metrics=measured["models"]["network"],
        working_points={name: point["threshold"] for name, point in measured["working_points"].items()},
        provenance=provenance(run),
    )
    run.progress(f"{bundle.path}, ONNX digest {bundle.model_digest[:12]}")


def reference_inputs(usecase: UseCase, test: Dataset) -> Arrays:
    """Real rows of the test split, and behind them rows on the edges of what can be."""
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
        "configuration": run.config.to_dict(),
        "code": {"revision": revision(run.code), "digest": code_digest(run.code)},
        "environment": environment(),
        "packages": packages(),
        "seed": run.config.train.seed,
    }


def verified(run: Run) -> Bundle:
    """The run's bundle, opened and verified."""
    if not run.bundle.exists():
        raise UsageError(f"{run.bundle}: no bundle here yet", hint=f"bartik export {run.name} --out {run.folder}")
    return open_bundle(run.bundle)


def scores(run: Run) -> dict[str, Array]:
    """Scores on the test split by model: the network first, then its peers."""
    arrays = read_arrays(run.scores)
    return {"network": arrays.pop("network")} | arrays


def _outputs(run: Run, data: Dataset) -> Arrays:
    return run_model(load_trained(run.usecase, run.config, run.checkpoint), run.usecase.signature, data.inputs)


def _peers(run: Run, test: Dataset) -> dict[str, Arrays]:
    peers = getattr(run.usecase, "peers", None)
    if peers is None:
        return {}
    name = run.usecase.signature.outputs[0].name
    run.progress("peers")
    found: Mapping[str, Array] = peers(run.split("train"), test, run.config)
    return {peer: {name: values} for peer, values in found.items()}


def _working_points(run: Run, outputs: Arrays, test: Dataset) -> dict[str, dict[str, Any]]:
    """Thresholds are chosen on the validation split, and what they do is measured on the test split."""
    choose = getattr(run.usecase, "working_points", None)
    if choose is None:
        return {}
    validation = run.split("validation")
    points: Mapping[str, tuple[float, Interval, Interval]] = choose(_outputs(run, validation), validation, outputs, test)
    return {
        name: {"threshold": threshold, "efficiency": asdict(efficiency), "rejection": asdict(rejection)}
        for name, (threshold, efficiency, rejection) in points.items()
    }


def _plain(metrics: Mapping[str, Interval]) -> dict[str, dict[str, float]]:
    return {name: asdict(interval) for name, interval in metrics.items()}
