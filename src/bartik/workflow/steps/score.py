"""How good the model is, and its peers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from bartik.core import Array, Arrays, Dataset, Interval
from bartik.core.files import write_arrays, write_json
from bartik.exporters import outputs as outputs_of
from bartik.train import load_model
from bartik.workflow.results import own, plain
from bartik.workflow.run import Run


def score(run: Run) -> None:
    """Scores and metrics of the trained model and its peers on the test split."""
    test = run.split("test")
    outputs = {getattr(run.usecase, "MODEL", "network"): _outputs(run, test)}
    outputs |= _peers(run, test)
    name = run.usecase.signature.outputs[0].name
    write_arrays(run.scores, {peer: arrays[name] for peer, arrays in outputs.items()})
    metrics = {peer: plain(run.usecase.score(arrays, test)) for peer, arrays in outputs.items()}
    own(metrics).update(plain(_measured(run)))
    write_json(run.metrics, {"models": metrics, "working_points": _working_points(run, own(outputs), test)})
    run.progress(", ".join(f"{key} {value['value']:.4f}" for key, value in own(metrics).items()))


def _outputs(run: Run, data: Dataset) -> Arrays:
    return outputs_of(load_model(run.usecase, run.config, run.checkpoint), run.usecase.signature, data.inputs)


def _measured(run: Run) -> Mapping[str, Interval]:
    """What the training itself measured, as the parameters of a fit."""
    measure = getattr(run.usecase, "measured", None)
    found: Mapping[str, Interval] = measure(run.checkpoint) if measure else {}
    return found


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
