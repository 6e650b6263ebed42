"""Versions in MLflow: registered, found, listed.

Order is what makes registering safe to interrupt: the run and its artifacts come first, the version is made from them
in one transaction, the alias comes last. Whatever was cut off before the version is an unfinished run, closed the next
time; whatever was cut off after it is a version that lacks its alias, given the next time.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from mlflow import MlflowClient
from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import RESOURCE_ALREADY_EXISTS, ErrorCode

from bartik.core import UnknownNameError
from bartik.core.bundle import Bundle, open_bundle
from bartik.core.secrets import without_passwords
from bartik.registry.connection import Connection, all_pages
from bartik.registry.fetching import folder_of
from bartik.registry.gates import GATES_TAG
from bartik.registry.in_words import description
from bartik.registry.records import CANDIDATE, RunRecord, Version, check_name, is_name, parse_reference
from bartik.registry.refusals import is_server
from bartik.registry.upload import FOLDER, log_run

DIGEST_TAG, MODEL_DIGEST_TAG = "bartik.digest", "bartik.model_digest"


def register(connection: Connection, bundle: Bundle, run: RunRecord) -> Version:
    """See `bartik.registry.register`."""
    bundle = open_bundle(bundle.path)
    check_name(bundle.name)
    with connection.writing() as client:
        found = _by_digest(client, bundle) or _new_version(connection, client, bundle, run)
        client.set_registered_model_alias(bundle.name, CANDIDATE, found.version)
        return find_with(client, f"{bundle.name}/{found.version}")


def versions(connection: Connection, name: str | None = None) -> list[Version]:
    """See `bartik.registry.versions`."""
    with connection.reading() as client:
        if client is None:
            return [] if name is None else _unknown(name, [])
        if name is not None:
            return versions_of(client, name)
        return [version for model in names(client) for version in versions_of(client, model)]


def fetch(connection: Connection, reference: str) -> Path:
    """See `bartik.registry.fetch`."""
    parse_reference(reference)
    return folder_of(connection, find(connection, reference))


def find(connection: Connection, reference: str, *defaults: str) -> Version:
    """The version that ``reference`` means; a name alone means the first of the ``defaults`` that it has as an alias."""
    with connection.reading() as client:
        if client is None:
            return _unknown(split_reference(reference, *defaults)[0], [])[0]
        return find_with(client, reference, *defaults)


def find_with(client: MlflowClient, reference: str, *defaults: str) -> Version:
    """`find` where the client is there already."""
    name, aliases, number = split_reference(reference, *defaults)
    known = versions_of(client, name)
    if number:
        found = [version for version in known if version.number == number]
    else:
        found = [version for alias in aliases for version in known if alias in version.aliases]
    if found:
        return found[0]
    others = [str(v.number) for v in known] if number else sorted({alias for v in known for alias in v.aliases})
    raise UnknownNameError(f"{'version' if number else 'alias'} of {name}", str(number or aliases[0]), others)


def split_reference(reference: str, *defaults: str) -> tuple[str, tuple[str, ...], int]:
    """Name, aliases to try, version or 0."""
    if defaults and is_name(reference):
        return reference, defaults, 0
    name, alias, number = parse_reference(reference)
    return name, (alias,), number


def names(client: MlflowClient) -> list[str]:
    """All models."""
    return sorted(model.name for model in all_pages(client.search_registered_models, None))


def versions_of(client: MlflowClient, name: str) -> list[Version]:
    """All versions of a model, oldest first; an unknown name names the nearest."""
    quote = '"' if "'" in name else "'"
    found = all_pages(client.search_model_versions, f"name = {quote}{name}{quote}")
    if not found and name not in (known := names(client)):
        return _unknown(name, known)
    aliases = client.get_registered_model(name).aliases  # those of a search are not filled in on every store
    return sorted((_version(version, aliases) for version in found), key=lambda version: version.number)


def _version(found: ModelVersion, aliases: Mapping[str, str]) -> Version:
    """Ours from MLflow's."""
    return Version(
        name=found.name,
        number=int(found.version),
        digest=found.tags.get(DIGEST_TAG, ""),
        aliases=tuple(sorted(alias for alias, number in aliases.items() if int(number) == int(found.version))),
        run=found.run_id or "",
        source=found.source or "",
        created=datetime.fromtimestamp(found.creation_timestamp / 1000, UTC).isoformat(timespec="seconds"),
        tags=dict(found.tags),
    )


def _unknown(name: str, known: list[str]) -> list[Version]:
    raise UnknownNameError("registered model", name, known)


def _new_version(connection: Connection, client: MlflowClient, bundle: Bundle, run: RunRecord) -> ModelVersion:
    experiment = experiment_of(connection, client, bundle.name)
    _close_unfinished(client, experiment, bundle)
    tags = {DIGEST_TAG: bundle.digest, **without_passwords(dict(run.tags))}
    made = client.create_run(experiment, run_name=f"{bundle.name}-{bundle.digest[:8]}", tags=tags)
    log_run(client, made.info.run_id, bundle, run)
    if bundle.name not in names(client):
        with _perhaps_there():
            client.create_registered_model(bundle.name)
    source = f"{made.info.artifact_uri}/{FOLDER}"
    words = description(bundle, run)
    mine = client.create_model_version(bundle.name, source, made.info.run_id, tags=_tags(bundle, run), description=words)
    return _only(client, bundle, mine)


def _tags(bundle: Bundle, run: RunRecord) -> dict[str, str]:
    tags = {DIGEST_TAG: bundle.digest, MODEL_DIGEST_TAG: bundle.model_digest}
    return tags if run.gates is None else tags | {GATES_TAG: json.dumps(run.gates.to_dict())}


def _only(client: MlflowClient, bundle: Bundle, mine: ModelVersion) -> ModelVersion:
    """The first version of this bundle: over a server, which has no lock, another process may have made it meanwhile."""
    first = _by_digest(client, bundle) or mine
    if int(first.version) < int(mine.version):
        client.delete_model_version(mine.name, mine.version)
    return first


def _by_digest(client: MlflowClient, bundle: Bundle) -> ModelVersion | None:
    found = all_pages(client.search_model_versions, f"name = '{bundle.name}' and tags.`{DIGEST_TAG}` = '{bundle.digest}'")
    return min(found, key=lambda v: int(v.version), default=None)


def experiment_of(connection: Connection, client: MlflowClient, name: str) -> str:
    """MLflow's experiment for the runs of a model, made where there is none."""
    found = client.get_experiment_by_name(name)
    if found is not None:
        return str(found.experiment_id)
    place = None if is_server(connection.uri) else (connection.folder / "artifacts" / name).as_uri()
    with _perhaps_there():
        return client.create_experiment(name, artifact_location=place)
    return experiment_of(connection, client, name)


@contextmanager
def _perhaps_there() -> Iterator[None]:
    """Over a server another process may make the same thing at the same time; then it is there, which is all we want."""
    try:
        yield
    except MlflowException as error:
        if error.error_code != ErrorCode.Name(RESOURCE_ALREADY_EXISTS):
            raise


def _close_unfinished(client: MlflowClient, experiment: str, bundle: Bundle) -> None:
    """Mark runs that a killed process left open."""
    wanted = f"tags.`{DIGEST_TAG}` = '{bundle.digest}' and attributes.status = 'RUNNING'"
    for run in client.search_runs([experiment], wanted):
        client.set_terminated(run.info.run_id, "KILLED")
