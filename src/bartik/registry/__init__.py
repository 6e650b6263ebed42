"""Versions of models and where they come from: parameters, metrics, data, artifacts, aliases.

MLflow keeps them: a SQLite file and a folder of artifacts in `bartik.core.places.home()`, or the database or server that
``MLFLOW_TRACKING_URI`` names. MLflow is imported when the first function is called, not before.

A reference is ``NAME@ALIAS``, ``NAME@NUMBER`` or ``NAME/NUMBER``.
"""
# ruff: noqa: PLC0415 - that is how the import of this room stays fast

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from bartik.core import UnknownNameError
from bartik.core.secrets import without_password, without_passwords
from bartik.registry.address import address
from bartik.registry.gates import Gate as Gate
from bartik.registry.gates import GateReport as GateReport
from bartik.registry.records import ARCHIVED as ARCHIVED
from bartik.registry.records import CANDIDATE as CANDIDATE
from bartik.registry.records import CHAMPION as CHAMPION
from bartik.registry.records import RunRecord as RunRecord
from bartik.registry.records import TrialRecord as TrialRecord
from bartik.registry.records import Version as Version
from bartik.registry.records import is_reference as is_reference

if TYPE_CHECKING:
    from bartik.core.bundle import Bundle
    from bartik.registry.comparing import Change
    from bartik.registry.describing import Details
    from bartik.registry.origins import Lineage, Seen


def place() -> str:
    """Address of the registry, without a password."""
    return without_password(address())


def register(bundle: Bundle, run: RunRecord) -> Version:
    """Enter a bundle as a version of the model of its name, and give it the alias ``candidate``.

    Safe with other processes at once and against being killed: a version never carries the alias before it is whole,
    and running again completes it. A bundle that already is a version keeps its number; only the alias moves.
    """
    from bartik.registry import store
    from bartik.registry.connection import connect

    return store.register(connect(), bundle, run)


def versions(name: str | None = None) -> list[Version]:
    """All versions of one model, or of all models, oldest first; an unknown name names the nearest."""
    from bartik.registry import store
    from bartik.registry.connection import connect

    return store.versions(connect(), name)


def fetch(reference: str) -> Path:
    """Folder of the bundle that a reference means, on this machine.

    Its files are as the artifact store holds them; `bartik.core.bundle.open_bundle` verifies their digests.
    """
    from bartik.registry import store
    from bartik.registry.connection import connect

    return store.fetch(connect(), reference)


def find(reference: str) -> Version | None:
    """The version that a reference means; nothing where the model, or the alias, is not there."""
    from bartik.registry import store
    from bartik.registry.connection import connect

    try:
        return store.find(connect(), reference)
    except UnknownNameError:
        return None


def artifact(reference: str, name: str) -> Path | None:
    """A file that was kept beside the bundle of a version (`RunRecord.artifacts`); nothing where there is none of that name."""
    from bartik.registry import store
    from bartik.registry.connection import connect
    from bartik.registry.fetching import artifact_of

    connection = connect()
    return artifact_of(connection, store.find(connection, reference), name)


def annotate(reference: str, tags: Mapping[str, str]) -> None:
    """Note something about the run that made a version: its parent (``mlflow.parentRunId``), why it was made."""
    from bartik.registry import store
    from bartik.registry.connection import connect

    connection = connect()
    with connection.writing() as client:
        run = store.find_with(client, reference).run
        for key, value in without_passwords(dict(tags)).items():
            client.set_tag(run, key, value)


def record_trials(name: str, campaign: str, trials: Sequence[TrialRecord]) -> str:
    """Keep each trial of a campaign as a child run of one run of the model ``name``, those that are there already as they are.

    Gives the parent's run, for `annotate` of the winner (``mlflow.parentRunId``). ``campaign`` is its digest.
    """
    from bartik.registry.connection import connect
    from bartik.registry.trials import record_trials

    return record_trials(connect(), name, campaign, trials)


def promote(reference: str, gates: Sequence[Gate] | None = None, override: str | None = None) -> Version:
    """Make a version the champion and the champion before it ``archived``; a name alone means its candidate.

    ``gates`` are what it passed, recorded first; without them those recorded with the version count. `CheckError` names
    the gates that failed, and refuses a version whose gates were not measured, or against another champion; only the
    first version of a model needs none. ``override`` is the reason to promote it all the same, kept with user and time.
    Safe with other processes at once and against being killed; the same call again completes it.
    """
    from bartik.registry import promotion
    from bartik.registry.connection import connect

    return promotion.promote(connect(), reference, gates, override)


def retire(reference: str, reason: str) -> Version:
    """Take the alias ``champion`` away from a version, which becomes ``archived``; the reason is kept with user and time."""
    from bartik.registry import promotion
    from bartik.registry.connection import connect

    return promotion.retire(connect(), reference, reason)


def record_gates(reference: str, gates: Sequence[Gate], against: int | None = None) -> GateReport:
    """Keep with a version what it passed (`bartik.registry.gates` has the format); a name alone means its candidate.

    ``against`` is the version of the champion it was compared with, 0 for none; without it the present champion's.
    """
    from bartik.registry import promotion
    from bartik.registry.connection import connect

    return promotion.record_gates(connect(), reference, gates, against)


def details(reference: str) -> Details:
    """Everything known about a version; a name alone means its champion, or its candidate where it has none."""
    from bartik.registry import describing
    from bartik.registry.connection import connect

    return describing.details(connect(), reference)


def difference(one: str, other: str) -> list[Change]:
    """What differs between two versions: graph, signature, metrics, parameters, data, code, environment."""
    from bartik.registry.comparing import difference

    return difference(details(one), details(other))


def lineage(reference: str) -> Lineage:
    """Where a version comes from: data, code, hyperparameters, environment, runs."""
    return lineage_of(details(reference))


def lineage_of(found: Details) -> Lineage:
    """The same, of a version whose details are known."""
    from bartik.registry.origins import lineage_of

    return lineage_of(found)


def is_data(text: str) -> bool:
    """Whether ``text`` means data by its digest, and not a registered model that happens to have such a name."""
    from bartik.registry import origins
    from bartik.registry.connection import connect

    return origins.is_digest(text) and not origins.is_model(connect(), text)


def lineage_of_data(digest: str) -> Lineage:
    """What came from the data whose digest begins with ``digest``."""
    from bartik.registry import origins

    return origins.lineage_of_data(seen_by(digest))


def seen_by(digest: str) -> list[Seen]:
    """Every version that saw the data whose digest begins with ``digest``, six hex characters or more."""
    from bartik.registry import origins
    from bartik.registry.connection import connect

    return origins.seen_by(connect(), digest)
