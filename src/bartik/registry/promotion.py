"""Which version is champion.

Promotion notes the event as begun, moves the alias ``champion`` (one transaction: this is the promotion), gives the former
champion the alias ``archived`` and notes the event as done. Cut off before the move, nothing has changed; cut off after it,
the next call on this model does the rest.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from mlflow import MlflowClient

from bartik.core import CheckError, RegistryError, UsageError
from bartik.core.files import write_json
from bartik.registry.connection import Connection
from bartik.registry.fetching import folder_of
from bartik.registry.gates import GATES, GATES_TAG, Gate, GateReport, read_gates
from bartik.registry.history import begin, finish, settle
from bartik.registry.records import CANDIDATE, CHAMPION, Version
from bartik.registry.store import find, find_with, split_reference, versions_of

_OVERRIDE = 'promote with --override "REASON", which is recorded, if it shall be champion all the same'
_MEASURE = f"bartik retrain measures its gates; or {_OVERRIDE}"


def promote(connection: Connection, reference: str, gates: Sequence[Gate] | None = None, override: str | None = None) -> Version:
    """See `bartik.registry.promote`."""
    _check_reason("--override", override)
    chosen = find(connection, reference, CANDIDATE)
    folder_of(connection, chosen)  # a version whose files are missing or altered is not promoted
    if gates is not None:
        record_gates(connection, chosen.reference, gates)
    with connection.writing() as client:
        known = versions_of(client, chosen.name)
        version, champion = _chosen(known, chosen), _champion(known)
        settle(client, known)
        if champion is None or champion.number != version.number:
            summary = _judge(version, champion, override)
            _move(client, version, champion, why=override or "", gates=summary)
        return find_with(client, version.reference)


def retire(connection: Connection, reference: str, reason: str) -> Version:
    """See `bartik.registry.retire`."""
    _check_reason("--reason", reason)
    with connection.writing() as client:
        name, _, number = split_reference(reference, CHAMPION)
        known = versions_of(client, name)
        settled = settle(client, known)
        if settled is not None and settled.what == "retired" and number in (0, settled.version):
            return find_with(client, f"{name}/{settled.version}")
        version = find_with(client, reference, CHAMPION)
        if CHAMPION not in version.aliases:
            raise UsageError(f"{version.reference}: is not the champion of {name}", hint=f"bartik models list {name} says which is")
        event = begin(client, version, "retired", why=reason)
        client.delete_registered_model_alias(name, CHAMPION)
        finish(client, version, event)
        return find_with(client, version.reference)


def record_gates(connection: Connection, reference: str, gates: Sequence[Gate], against: int | None = None) -> GateReport:
    """See `bartik.registry.record_gates`."""
    with connection.writing() as client:
        version = find_with(client, reference, CANDIDATE)
        champion = _champion(versions_of(client, version.name))
        compared = champion.number if champion is not None and champion.number != version.number else 0
        report = GateReport(version.digest, compared if against is None else against, tuple(gates))
        with TemporaryDirectory() as scratch:
            write_json(Path(scratch) / GATES, report.to_dict())
            client.log_artifact(version.run, str(Path(scratch) / GATES))
        client.set_model_version_tag(version.name, str(version.number), GATES_TAG, json.dumps(report.to_dict()))
        return report


def _judge(version: Version, champion: Version | None, override: str | None) -> str:
    """The gates in a few words; `CheckError` where they keep this version from being champion and nobody overrides that."""
    report = read_gates(version.tags.get(GATES_TAG, ""))
    objection = _objection(version, champion, report)
    if objection is None:
        return f"{len(report.gates)} passed" if report else "none, the first version"
    if override is None:
        raise CheckError(f"{version.reference} is not promoted: {objection}", hint=_OVERRIDE if report and report.failed else _MEASURE)
    return f"overridden, {objection.replace(chr(10), ' ')}"


def _objection(version: Version, champion: Version | None, report: GateReport | None) -> str | None:
    if report is None:
        first = version.number == 1 and champion is None
        return None if first else "its gates were not measured (only the first version of a model needs none)"
    if report.failed:
        return "\n  ".join([f"{len(report.failed)} of {len(report.gates)} gates failed", *map(str, report.failed)])
    if report.bundle != version.digest:
        return "its gates were measured on another bundle"
    if champion is not None and report.against != champion.number:
        return f"its gates were measured against {_named(report.against)}, and the champion is version {champion.number}"
    return None if report.gates else "no gates were declared"


def _named(number: int) -> str:
    return f"version {number}" if number else "no champion"


def _move(client: MlflowClient, version: Version, champion: Version | None, *, why: str, gates: str) -> None:
    former = champion.number if champion is not None else 0
    event = begin(client, version, "promoted", former=former, why=why, gates=gates)
    client.set_registered_model_alias(version.name, CHAMPION, str(version.number))
    finish(client, version, event)


def _champion(known: Sequence[Version]) -> Version | None:
    return next((version for version in known if CHAMPION in version.aliases), None)


def _chosen(known: Sequence[Version], chosen: Version) -> Version:
    """The same version as it is now, in the hands of nobody else."""
    for version in known:
        if version.number == chosen.number:
            return version
    raise RegistryError(f"{chosen.reference}: was deleted meanwhile", hint=f"bartik models list {chosen.name}")


def _check_reason(option: str, reason: str | None) -> None:
    if reason is not None and not reason.strip():
        raise UsageError(f"{option}: wanted a reason", hint="it is recorded with the version, for those who ask later")
