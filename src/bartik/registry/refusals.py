"""What MLflow, SQLAlchemy and SQLite say when something is wrong, in words that say what to do."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from bartik.core import RegistryError
from bartik.core.secrets import without_password

_HOME = "set BARTIK_HOME to a folder you can write to"
_AGAIN = "wait until it is done, then run the same command again"
_SILENT = (
    r"max retries|failed with (exception|connection)|connection (refused|error|to server)|could not connect|"
    r"(closed the|terminating) connection|name resolution|time(d )?out"
)
_MEANINGS = (
    (r"database (table )?is locked", "is locked by another program", _AGAIN),
    (r"readonly database|read-only file system|permission denied|unable to open database|not a directory", "cannot be written", _HOME),
    (r"disk is full|no space left|file too large|disk i/o error|quota exceeded", "no space left", f"free some space, or {_HOME}"),
    (r"not a database|malformed", "is damaged or not an MLflow database", "restore it from a copy, or move it away to begin a new one"),
    (
        r"out-of-date database schema|can't locate revision|no such (table|column)",
        "has another MLflow version's tables",
        "upgrade it with `mlflow db upgrade URI`, or use the MLflow version it was made with",
    ),
    (r"lock timeout|deadlock detected", "is kept busy by other processes", _AGAIN),
    (
        r"no module named '?(psycopg|MySQLdb|pymysql|pyodbc)",
        "needs a driver that is not installed here",
        "for PostgreSQL: pip install 'bartik[postgresql]'",
    ),
    (
        r"(password|peer|ident|scram) authentication failed|no password supplied|role .* does not exist",
        "refused this user",
        "check user and password in MLFLOW_TRACKING_URI, or PGUSER and PGPASSWORD",
    ),
    (r'database "[^"]*" does not exist', "is not there", "make it with `createdb`, or check its name in MLFLOW_TRACKING_URI"),
    (
        r"can't load plugin|unsupported URI",
        "is of a kind that MLflow does not know",
        "MLFLOW_TRACKING_URI: wanted sqlite:///FILE, postgresql://USER@HOST/DATABASE or https://HOST",
    ),
    (
        _SILENT,
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
