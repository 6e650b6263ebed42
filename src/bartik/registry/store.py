"""The registry in MLflow: the only file that imports it.

Order is what makes registering safe to interrupt: the run and its artifacts come first, the version is made from them
in one transaction, the alias comes last. Whatever was cut off before the version is an unfinished run, closed the next
time; whatever was cut off after it is a version that lacks its alias, given the next time.
"""

from __future__ import annotations

import json
import logging
import os
import platform
import re
import sqlite3
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version as installed
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import unquote, urlsplit

os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "2")
os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")

import mlflow.artifacts
from mlflow import MlflowClient
from mlflow.entities import Dataset, DatasetInput, InputTag, Metric, Param, RunTag
from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException
from mlflow.models import Model
from mlflow.store.db.utils import _initialize_tables, create_sqlalchemy_engine
from sqlalchemy.exc import SQLAlchemyError

from bartik.core import BundleError, DigestError, RegistryError, UnknownNameError
from bartik.core.bundle import MANIFEST, METRICS, MODEL, REFERENCE, Bundle, open_bundle
from bartik.core.files import atomic_folder, write_json, write_text
from bartik.core.places import cache, home
from bartik.registry.database import alone, ensure_database
from bartik.registry.records import CANDIDATE, RunRecord, Version, check_name, metric_values, parse_reference
from bartik.registry.refusals import is_server, refusal, without_password

FOLDER = "model"
"""Where in a run's artifacts its bundle lies."""
DIGEST_TAG = "bartik.digest"
_FAILURES = (MlflowException, SQLAlchemyError, sqlite3.Error, OSError)
_BATCH = 100  # parameters a call, the most MLflow takes
_LONGEST = 6000  # characters of a parameter, likewise
_DIGEST = 32  # hex characters of a dataset's digest; MLflow's column holds 36


def open_store() -> Store:
    """The registry that ``MLFLOW_TRACKING_URI`` names, else the file in Bartik's home."""
    if "MLFLOW_LOGGING_LEVEL" not in os.environ:
        logging.getLogger("mlflow").setLevel(logging.CRITICAL)
        logging.getLogger("alembic").setLevel(logging.CRITICAL)
    return Store(os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{home() / 'registry.db'}")


@dataclass(frozen=True)
class Store:
    """Models, versions and runs behind one address."""

    uri: str

    @property
    def place(self) -> str:
        """The address, without a password."""
        return without_password(self.uri)

    def register(self, bundle: Bundle, run: RunRecord) -> Version:
        """See `bartik.registry.register`."""
        bundle = open_bundle(bundle.path)
        check_name(bundle.name)
        with self._working(), alone(self._lock):
            if self._database is not None:
                ensure_database(self._database, _initialise)
            client = self._client()
            found = self._by_digest(client, bundle) or self._new_version(client, bundle, run)
            client.set_registered_model_alias(bundle.name, CANDIDATE, found.version)
            return _version(client, found)

    def versions(self, name: str | None = None) -> list[Version]:
        """See `bartik.registry.versions`."""
        with self._working():
            client = self._client() if self._database is None or self._database.exists() else None
            known = self._names(client) if client is not None else []
            if name is not None and name not in known:
                raise UnknownNameError("registered model", name, known)
            wanted = known if name is None else [name]
            return [version for model in wanted if client is not None for version in _versions(client, model)]

    def fetch(self, reference: str) -> Path:
        """See `bartik.registry.fetch`."""
        version = self._find(reference)
        local = urlsplit(version.source)
        if local.scheme in {"", "file"}:
            return _verified(_existing(Path(unquote(local.path)), version), version)
        return _verified(self._downloaded(version), version)

    def _find(self, reference: str) -> Version:
        name, alias, number = parse_reference(reference)
        known = self.versions(name)
        if number:
            found = [v for v in known if v.number == number]
            names = [str(v.number) for v in known]
        else:
            found = [v for v in known if alias in v.aliases]
            names = sorted({other for v in known for other in v.aliases})
        if not found:
            raise UnknownNameError(f"{'version' if number else 'alias'} of {name}", str(number or alias), names)
        return found[0]

    def _downloaded(self, version: Version) -> Path:
        if not re.fullmatch("[0-9a-f]{64}", version.digest):
            raise RegistryError(f"{version.reference}: has no bundle's digest", hint="it was not registered by bartik")
        target = cache() / "registry" / version.digest
        if not _is_intact(target, version.digest):
            with self._working(), atomic_folder(target) as folder:
                mlflow.artifacts.download_artifacts(version.source, dst_path=str(folder), tracking_uri=self.uri)
                _lift(folder)
        return target

    def _new_version(self, client: MlflowClient, bundle: Bundle, run: RunRecord) -> ModelVersion:
        experiment = self._experiment(client, bundle.name)
        _close_unfinished(client, experiment, bundle)
        made = client.create_run(experiment, run_name=f"{bundle.name}-{bundle.digest[:8]}", tags={DIGEST_TAG: bundle.digest, **run.tags})
        with _ending(client, made.info.run_id):
            _log(client, made.info.run_id, run)
            _upload(client, made.info.run_id, bundle, run)
        if bundle.name not in self._names(client):
            client.create_registered_model(bundle.name)
        source = f"{made.info.artifact_uri}/{FOLDER}"
        tags = {DIGEST_TAG: bundle.digest, "bartik.model_digest": bundle.model_digest}
        return client.create_model_version(bundle.name, source, made.info.run_id, tags=tags)

    def _by_digest(self, client: MlflowClient, bundle: Bundle) -> ModelVersion | None:
        found = _all(client.search_model_versions, f"name = '{bundle.name}' and tags.`{DIGEST_TAG}` = '{bundle.digest}'")
        return min(found, key=lambda v: int(v.version), default=None)

    def _experiment(self, client: MlflowClient, name: str) -> str:
        found = client.get_experiment_by_name(name)
        if found is not None:
            return str(found.experiment_id)
        place = None if is_server(self.uri) else (self._folder / "artifacts" / name).as_uri()
        return client.create_experiment(name, artifact_location=place)

    def _names(self, client: MlflowClient) -> list[str]:
        return sorted(model.name for model in _all(client.search_registered_models, None))

    def _client(self) -> MlflowClient:
        return MlflowClient(tracking_uri=self.uri, registry_uri=self.uri)

    @property
    def _database(self) -> Path | None:
        is_file = self.uri.startswith("sqlite:///")
        return Path(self.uri.removeprefix("sqlite:///").partition("?")[0]).resolve() if is_file else None

    @property
    def _folder(self) -> Path:
        return home() if self._database is None else self._database.parent

    @property
    def _lock(self) -> Path:
        return self._folder / "registry.lock"

    @contextmanager
    def _working(self) -> Iterator[None]:
        """Say in our words what the libraries raise, and hold back what they warn about in themselves."""
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                yield
        except _FAILURES as error:
            raise refusal(str(self._database or self.uri), error) from error


def _log(client: MlflowClient, run_id: str, run: RunRecord) -> None:
    """Parameters, metrics and data of a run; a parameter too long for MLflow is cut there and whole in ``record.json``."""
    now = int(datetime.now(UTC).timestamp() * 1000)
    parameters = [Param(key, _text(value)[:_LONGEST]) for key, value in run.parameters.items()]
    for first in range(0, len(parameters), _BATCH):
        client.log_batch(run_id, params=parameters[first : first + _BATCH])
    client.log_batch(run_id, metrics=[Metric(key, value, now, 0) for key, value in metric_values(run.metrics).items()])
    client.log_batch(run_id, tags=[RunTag(f"bartik.data.{split}", str(data["digest"])) for split, data in run.datasets.items()])
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
        _write_mlmodel(Path(scratch) / FOLDER, run_id)
        client.log_artifacts(run_id, str(Path(scratch) / FOLDER), FOLDER)
        write_json(Path(scratch) / "record.json", {"parameters": {k: _text(v) for k, v in run.parameters.items()}, "datasets": _plain(run)})
        client.log_artifact(run_id, str(Path(scratch) / "record.json"))
    for part in (MODEL, REFERENCE, METRICS, MANIFEST):
        client.log_artifact(run_id, str(bundle.path / part), FOLDER)
    for path in run.artifacts:
        log = client.log_artifacts if path.is_dir() else client.log_artifact
        log(run_id, str(path), *([path.name] if path.is_dir() else []))


def _write_mlmodel(folder: Path, run_id: str) -> None:
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
    model.save(str(folder / "MLmodel"))


@contextmanager
def _ending(client: MlflowClient, run_id: str) -> Iterator[None]:
    try:
        yield
    except BaseException:
        client.set_terminated(run_id, "FAILED")
        raise
    client.set_terminated(run_id, "FINISHED")


def _close_unfinished(client: MlflowClient, experiment: str, bundle: Bundle) -> None:
    """Mark runs that a killed process left open."""
    wanted = f"tags.`{DIGEST_TAG}` = '{bundle.digest}' and attributes.status = 'RUNNING'"
    for run in client.search_runs([experiment], wanted):
        client.set_terminated(run.info.run_id, "KILLED")


def _initialise(uri: str) -> None:
    engine = create_sqlalchemy_engine(uri)  # type: ignore[no-untyped-call]
    try:
        _initialize_tables(engine)  # type: ignore[no-untyped-call]
    finally:
        engine.dispose()


def _version(client: MlflowClient, found: ModelVersion) -> Version:
    """Ours from MLflow's; asked for again, for the aliases of a search are not filled in on every store."""
    current = client.get_model_version(found.name, found.version)
    return Version(
        name=current.name,
        number=int(current.version),
        digest=current.tags.get(DIGEST_TAG, ""),
        aliases=tuple(sorted(current.aliases)),
        run=current.run_id or "",
        source=client.get_model_version_download_uri(current.name, current.version),
        created=datetime.fromtimestamp(current.creation_timestamp / 1000, UTC).isoformat(timespec="seconds"),
    )


def _versions(client: MlflowClient, name: str) -> list[Version]:
    found = [_version(client, version) for version in _all(client.search_model_versions, f"name = '{name}'")]
    return sorted(found, key=lambda version: version.number)


def _all(search: Any, wanted: str | None) -> list[Any]:
    """All pages of a search."""
    found, token = [], None
    while True:
        page = search(filter_string=wanted, page_token=token)
        found += page
        token = page.token
        if not token:
            return found


def _existing(folder: Path, version: Version) -> Path:
    if not (folder / MANIFEST).is_file():
        raise RegistryError(
            f"{version.reference}: its files are missing at {folder}", hint="restore that folder, or register the bundle again"
        )
    return folder


def _verified(folder: Path, version: Version) -> Path:
    """The folder, if the bundle in it is the one that was registered."""
    if open_bundle(folder).digest != version.digest:
        raise DigestError(f"{folder}: is not the bundle registered as {version.reference}", hint="restore it, or register it again")
    return folder


def _is_intact(folder: Path, digest: str) -> bool:
    try:
        return open_bundle(folder).digest == digest
    except BundleError:
        return False


def _lift(folder: Path) -> None:
    """Move what was downloaded into a folder of its own up into ``folder``."""
    if not (folder / MANIFEST).exists() and (folder / FOLDER).is_dir():
        for path in (folder / FOLDER).iterdir():
            path.rename(folder / path.name)
        (folder / FOLDER).rmdir()


def _plain(run: RunRecord) -> dict[str, Any]:
    return {split: dict(data) for split, data in run.datasets.items()}


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, default=str)
