"""A run and its artifacts as MLflow holds them: parameters, metrics, data, and the bundle as an ONNX model."""

from __future__ import annotations

import json
import platform
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from importlib.metadata import version as installed
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml
from mlflow import MlflowClient
from mlflow.entities import Dataset, DatasetInput, InputTag, Metric, Param, RunTag
from mlflow.models import Model

from bartik.core.bundle import MANIFEST, METRICS, MODEL, REFERENCE, SKETCH, SOURCE, SOURCES, Bundle
from bartik.core.files import write_json, write_text
from bartik.core.secrets import without_password, without_passwords
from bartik.registry.gates import GATES
from bartik.registry.in_words import signature
from bartik.registry.records import RunRecord, metric_values, plain_name

FOLDER = "model"
"""Where in a run's artifacts its bundle lies."""
DATA_TAG = "bartik.data."
"""Begins the tags that hold the digests of a run's data, by split."""
_BATCH = 100  # parameters a call, the most MLflow takes
_LONGEST = 6000  # characters of a parameter, likewise
_DIGEST = 32  # hex characters of a dataset's digest; MLflow's column holds 36


def log_run(client: MlflowClient, run_id: str, bundle: Bundle, run: RunRecord) -> None:
    """Everything about a run, and its end; a run that cannot be logged ends as failed."""
    with _ending(client, run_id):
        _log(client, run_id, run)
        _upload(client, run_id, bundle, run)


def _log(client: MlflowClient, run_id: str, run: RunRecord) -> None:
    """Parameters, metrics and data of a run; a parameter too long for MLflow is cut there and whole in ``record.json``."""
    now = int(datetime.now(UTC).timestamp() * 1000)
    parameters = [Param(plain_name(key), value[:_LONGEST]) for key, value in _texts(run).items()]
    for first in range(0, len(parameters), _BATCH):
        client.log_batch(run_id, params=parameters[first : first + _BATCH])
    client.log_batch(run_id, metrics=[Metric(key, value, now, 0) for key, value in metric_values(run.metrics).items()])
    client.log_batch(run_id, tags=[RunTag(f"{DATA_TAG}{split}", str(data["digest"])) for split, data in run.datasets.items()])
    if run.datasets:
        client.log_inputs(run_id, [_dataset(split, data) for split, data in run.datasets.items()])


def _dataset(split: str, data: Mapping[str, Any]) -> DatasetInput:
    source = json.dumps({"description": without_password(str(data.get("source", ""))), "digest": data["digest"]})
    profile = json.dumps({"rows": data.get("rows")})
    dataset = Dataset(f"{split} sample", str(data["digest"])[:_DIGEST], "bartik", source, profile=profile)
    return DatasetInput(dataset, [InputTag("mlflow.data.context", split)])


def _upload(client: MlflowClient, run_id: str, bundle: Bundle, run: RunRecord) -> None:
    """The bundle as an ONNX model that plain MLflow loads, the whole record, and what else belongs to the run."""
    with TemporaryDirectory() as scratch:
        _write_mlmodel(Path(scratch) / FOLDER, run_id, bundle)
        client.log_artifacts(run_id, str(Path(scratch) / FOLDER), FOLDER)
        for name, values in _records(run).items():
            write_json(Path(scratch) / name, values)
            client.log_artifact(run_id, str(Path(scratch) / name))
    for path in filter(None, map(bundle.source, SOURCES)):
        client.log_artifact(run_id, str(path), f"{FOLDER}/{SOURCE}")
    sketch = (SKETCH,) if (bundle.path / SKETCH).is_file() else ()
    for part in (MODEL, REFERENCE, METRICS, *sketch, MANIFEST):
        client.log_artifact(run_id, str(bundle.path / part), FOLDER)
    for path in run.artifacts:
        log = client.log_artifacts if path.is_dir() else client.log_artifact
        log(run_id, str(path), *([path.name] if path.is_dir() else []))


def _records(run: RunRecord) -> dict[str, Any]:
    datasets = without_passwords({split: dict(data) for split, data in run.datasets.items()})
    records: dict[str, Any] = {"record.json": {"parameters": _texts(run), "datasets": datasets}}
    return records if run.gates is None else records | {GATES: run.gates.to_dict()}


def _write_mlmodel(folder: Path, run_id: str, bundle: Bundle) -> None:
    """What `mlflow.onnx.save_model` writes beside the graph, without the pandas it imports."""
    folder.mkdir()
    requirements = "".join(f"{package}=={installed(package)}\n" for package in ("onnx", "onnxruntime"))
    write_text(folder / "requirements.txt", requirements)
    write_text(folder / "python_env.yaml", f"python: {platform.python_version()}\ndependencies:\n- -r requirements.txt\n")
    model = Model(artifact_path=FOLDER, run_id=run_id)
    model.add_flavor("onnx", onnx_version=installed("onnx"), data=MODEL, providers=["CPUExecutionProvider"], code=None)
    model.add_flavor(
        "python_function",
        loader_module="mlflow.onnx",
        python_version=platform.python_version(),
        data=MODEL,
        env={"virtualenv": "python_env.yaml"},
    )
    write_text(folder / "MLmodel", yaml.safe_dump(model.to_dict() | {"signature": signature(bundle)}))


@contextmanager
def _ending(client: MlflowClient, run_id: str) -> Iterator[None]:
    try:
        yield
    except BaseException:
        with suppress(Exception):  # what went wrong first is what the user must hear; the next registration ends the run
            client.set_terminated(run_id, "FAILED")
        raise
    client.set_terminated(run_id, "FINISHED")


def _texts(run: RunRecord) -> dict[str, str]:
    return {key: without_password(_text(value)) for key, value in run.parameters.items()}


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, default=str)
