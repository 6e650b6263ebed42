"""Versions of models and where they come from: parameters, metrics, data, artifacts, aliases.

MLflow keeps them: a SQLite file and a folder of artifacts in `bartik.core.places.home()`, or the server that
``MLFLOW_TRACKING_URI`` names. MLflow is imported when the first function is called, not before.
"""
# ruff: noqa: PLC0415 - that is how the import of this room stays fast

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from bartik.registry.records import CANDIDATE as CANDIDATE
from bartik.registry.records import RunRecord as RunRecord
from bartik.registry.records import Version as Version
from bartik.registry.records import is_reference as is_reference

if TYPE_CHECKING:
    from bartik.core.bundle import Bundle


def place() -> str:
    """Address of the registry, without a password."""
    from bartik.registry.store import open_store

    return open_store().place


def register(bundle: Bundle, run: RunRecord) -> Version:
    """Enter a bundle as a version of the model of its name, and give it the alias ``candidate``.

    Safe with other processes at once and against being killed: a version never carries the alias before it is whole,
    and running again completes it. A bundle that already is a version keeps its number; only the alias moves.
    """
    from bartik.registry.store import open_store

    return open_store().register(bundle, run)


def versions(name: str | None = None) -> list[Version]:
    """All versions of one model, or of all models, oldest first; an unknown name names the nearest."""
    from bartik.registry.store import open_store

    return open_store().versions(name)


def fetch(reference: str) -> Path:
    """Folder of the bundle that ``NAME@ALIAS`` or ``NAME/VERSION`` means, on this machine.

    Its files are as the artifact store holds them; `bartik.core.bundle.open_bundle` verifies their digests.
    """
    from bartik.registry.store import open_store

    return open_store().fetch(reference)
