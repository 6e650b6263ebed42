"""A candidate on new data, against the champion: on the champion's own test rows, which stay as they are, and on the new ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bartik.backends import default_backend, prepare
from bartik.checks import Parity
from bartik.core import Array, Arrays, Dataset, Interval, Progress, RegistryError, UsageError, UseCase
from bartik.core.bundle import Bundle, open_bundle
from bartik.core.files import read_arrays, read_json, write_json
from bartik.metrics import Paired, paired_bootstrap
from bartik.profile.result import Benchmark
from bartik.registry import CHAMPION, Gate, Version, annotate, artifact, fetch, find, record_gates
from bartik.workflow.gates import Limits, parity_gate, physics_gates, size_gate, time_gate
from bartik.workflow.results import verified
from bartik.workflow.run import Run

TEST, CHECKPOINT, RESULT = "test.npz", "checkpoint.pt", "retrain.json"
"""Kept beside a registered bundle: its test rows, and the training's state. Left in the run's folder: what was compared."""
NEW, FROZEN = "new test rows", "champion's test rows"
_JUDGE = "onnxruntime"
"""Backend that computes the scores of both."""


@dataclass(frozen=True)
class Retraining:
    """What came out: the candidate, the champion it was compared with (nothing: there was none), metrics by sample, and the gates."""

    candidate: str
    champion: str
    metrics: Mapping[str, Mapping[str, Paired]]
    gates: tuple[Gate, ...]

    @property
    def failed(self) -> tuple[Gate, ...]:
        """The gates that were not passed."""
        return tuple(gate for gate in self.gates if not gate.passed)

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Retraining:
        """Inverse of `to_dict`."""
        metrics = {
            sample: {name: Paired(**{key: Interval(**interval) for key, interval in paired.items()}) for name, paired in found.items()}
            for sample, found in values["metrics"].items()
        }
        return cls(values["candidate"], values["champion"], metrics, tuple(Gate(**gate) for gate in values["gates"]))


def champion_of(name: str) -> Version | None:
    """The version of a use case's model that is in use."""
    return find(f"{name}@{CHAMPION}")


def warm_start(champion: Version | None, name: str) -> Path:
    """The champion's weights, to begin a training with; `RegistryError` where they were not kept."""
    if champion is None:
        raise UsageError(f"{name}: has no champion to start from", hint="leave out --warm-start, or promote a version first")
    found = artifact(champion.reference, CHECKPOINT)
    if found is None:
        raise RegistryError(f"{champion.reference}: its weights were not kept for a warm start", hint="leave out --warm-start")
    return found


def judge(run: Run, champion: Version | None, *, warm: bool) -> Retraining:
    """Compare what ``run`` registered with the champion and keep the gates with it; also in ``retrain.json`` of the run's folder."""
    candidate = read_json(run.registered)
    reference = f"{candidate['name']}/{candidate['number']}"
    rival = champion if champion is not None and champion.number != candidate["number"] else None
    bundle = verified(run)
    metrics = {} if rival is None else compare(run.usecase, bundle, rival, run.split("test"), run.progress)
    found = Retraining(reference, rival.reference if rival else "", metrics, tuple(_gates(run, bundle, rival, metrics)))
    record_gates(reference, found.gates, rival.number if rival else 0)
    annotate(reference, _origin(rival, warm=warm))
    write_json(run.folder / RESULT, found.to_dict())
    return found


def compare(usecase: UseCase, candidate: Bundle, champion: Version, new: Dataset, progress: Progress) -> dict[str, dict[str, Paired]]:
    """Metrics of both models on both samples; without the champion's own rows where those were not kept."""
    rival = open_bundle(fetch(champion.reference))
    if rival.signature != candidate.signature:
        raise UsageError(
            f"{champion.reference} takes or gives other columns than the candidate: they cannot be compared on the same rows",
            hint='promote the candidate with --override "REASON" if the change is meant',
        )
    frozen = frozen_test(champion)
    samples = {NEW: new} if frozen is None else {FROZEN: frozen, NEW: new}
    found = {}
    for sample, data in samples.items():
        progress(f"[compare] {sample}: {data.rows}")
        outputs = [prepare(bundle, _JUDGE).run(data.inputs) for bundle in (candidate, rival)]
        found[sample] = paired_bootstrap(_metrics(usecase, outputs[0], outputs[1], data), _clusters(data))
    return found


def frozen_test(champion: Version) -> Dataset | None:
    """The rows on which the champion was judged; `RegistryError` where they are not those of its record."""
    path = artifact(champion.reference, TEST)
    if path is None:
        return None
    data = Dataset.from_arrays(read_arrays(path), f"test rows of {champion.reference}")
    wanted = open_bundle(fetch(champion.reference)).provenance.get("data", {}).get("test", {}).get("digest")
    if data.digest != wanted:
        raise RegistryError(f"{path}: not the test rows of {champion.reference}", hint="restore that file from a copy of the registry")
    return data


def _metrics(usecase: UseCase, new: Arrays, old: Arrays, data: Dataset) -> Callable[[Array], tuple[dict[str, float], dict[str, float]]]:
    def of(rows: Array) -> tuple[dict[str, float], dict[str, float]]:
        drawn = _rows(data, rows)
        first, second = (usecase.score({name: values[rows] for name, values in outputs.items()}, drawn) for outputs in (new, old))
        return {k: v.value for k, v in first.items()}, {k: v.value for k, v in second.items()}

    return of


def _rows(data: Dataset, rows: Array) -> Dataset:
    return Dataset(
        {name: values[rows] for name, values in data.inputs.items()},
        data.target[rows],
        None if data.weights is None else data.weights[rows],
        {name: values[rows] for name, values in data.spectators.items()},
        data.source,
    )


def _clusters(data: Dataset) -> Array:
    """Rows of one event are drawn together."""
    return data.spectators.get("event", np.arange(data.rows))


def _gates(run: Run, bundle: Bundle, rival: Version | None, metrics: Mapping[str, Mapping[str, Paired]]) -> list[Gate]:
    limits, smaller = Limits.of(run.config), getattr(run.usecase, "SMALLER_IS_BETTER", ())
    found = [gate for sample, paired in metrics.items() for gate in physics_gates(sample, paired, limits, smaller)]
    if rival is not None and FROZEN not in metrics:
        reason = f"{rival.reference} was registered without them"
        found.append(Gate(FROZEN, passed=False, wanted="both models compared on them", found=reason))
    parities = [Parity.from_dict(values) for values in read_json(run.parity)]
    speed = Benchmark.from_dict(read_json(run.benchmark))
    backend = default_backend(bundle)
    return [*found, parity_gate(parities, backend), *time_gate(speed, limits, backend), *size_gate(bundle, limits)]


def _origin(rival: Version | None, *, warm: bool) -> dict[str, str]:
    if rival is None:
        return {}
    begun = {"bartik.warm_start": rival.reference, "mlflow.parentRunId": rival.run} if warm else {}
    return {"bartik.compared_with": rival.reference} | begun
