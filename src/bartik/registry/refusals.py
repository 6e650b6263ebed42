"""What MLflow, SQLAlchemy and SQLite say when something is wrong, in words that say what to do."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from bartik.core import RegistryError
from bartik.core.addresses import without_password

__all__ = ["is_server", "refusal", "without_password"]

_HOME = "set BARTIK_HOME to a folder you can write to"
_AGAIN = "wait until it is done, then run the same command again"
_MEANINGS = (
    (r"database (table )?is locked", "is locked by another program", _AGAIN),
    (r"readonly database|read-only file system|permission denied|unable to open database|not a directory", "cannot be written", _HOME),
    (r"disk is full|no space left", "no space left", f"free some space, or {_HOME}"),
    (r"not a database|malformed", "is damaged or not an MLflow database", "restore it from a copy, or move it away to begin a new one"),
    (
        r"out-of-date database schema|can't locate revision|no such (table|column)",
        "has another MLflow version's tables",
        "upgrade it with `mlflow db upgrade URI`, or use the MLflow version it was made with",
    ),
    (
        r"max retries|failed with (exception|connection)|connection (refused|error)|could not connect|name resolution|timed out|timeout",
        "cannot be reached",
        "check MLFLOW_TRACKING_URI and the server; without that variable the registry is a local file",
    ),
    (r"\b40[13]\b|unauthor|forbidden", "refused this user", "check MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_TOKEN"),
)


def refusal(place: str, error: BaseException) -> RegistryError:
    """The error to show for what a library raised while working on the registry at ``place``."""
    text = str(error)
    for pattern, meaning, hint in _MEANINGS:
        if re.search(pattern, text, re.IGNORECASE):
            return RegistryError(f"registry {without_password(place)}: {meaning}", hint=hint)
    first = without_password(text.strip().partition("\n")[0]) or type(error).__name__
    return RegistryError(f"registry {without_password(place)}: {first}")


def is_server(uri: str) -> bool:
    """Whether an MLflow server keeps the artifacts, rather than this process."""
    return urlsplit(uri).scheme in {"http", "https"}
