"""One registry by its address: the client that talks to it, and the lock that whoever changes it holds."""

from __future__ import annotations

import logging
import os
import sqlite3
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "2")
os.environ.setdefault("MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT", "true")
os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")

from mlflow import MlflowClient
from mlflow.exceptions import MlflowException
from mlflow.store.db.utils import _initialize_tables, create_sqlalchemy_engine
from sqlalchemy.exc import SQLAlchemyError

from bartik.core.places import home
from bartik.core.secrets import without_password
from bartik.registry.address import address
from bartik.registry.database import alone, ensure_database
from bartik.registry.postgresql import alone_on_server, has_tables, is_postgresql
from bartik.registry.refusals import refusal

_FAILURES = (MlflowException, SQLAlchemyError, sqlite3.Error, OSError, ImportError)


def connect() -> Connection:
    """The registry that ``MLFLOW_TRACKING_URI`` names, else the file in Bartik's home."""
    if "MLFLOW_LOGGING_LEVEL" not in os.environ:
        logging.getLogger("mlflow").setLevel(logging.CRITICAL)
        logging.getLogger("alembic").setLevel(logging.CRITICAL)
    return Connection(address())


@dataclass(frozen=True)
class Connection:
    """Where models, versions and runs are kept."""

    uri: str

    @property
    def place(self) -> str:
        """The address, without a password."""
        return without_password(self.uri)

    @property
    def database(self) -> Path | None:
        """The SQLite file; nothing for another database or a server."""
        is_file = self.uri.startswith("sqlite:///")
        return Path(self.uri.removeprefix("sqlite:///").partition("?")[0]).resolve() if is_file else None

    @property
    def folder(self) -> Path:
        """Where the artifacts lie that this process writes itself."""
        return home() if self.database is None else self.database.parent

    def client(self) -> MlflowClient:
        """MLflow's client; the only way this room reads and writes."""
        return MlflowClient(tracking_uri=self.uri, registry_uri=self.uri)

    @contextmanager
    def reading(self) -> Iterator[MlflowClient | None]:
        """A client, or nothing where there is no registry yet: looking makes none."""
        with self.working():
            yield self.client() if self._exists() else None

    @contextmanager
    def writing(self) -> Iterator[MlflowClient]:
        """A client that no other process changes the registry beside, as far as the kind of registry can hold them off.

        A file: all processes that see it. PostgreSQL: all processes anywhere. A server: those with the same home.
        """
        with self.working():
            if is_postgresql(self.uri):
                with alone_on_server(self.uri):
                    yield self.client()
            else:
                with alone(self.folder / "registry.lock"):
                    if self.database is not None:
                        ensure_database(self.database, make_tables)
                    yield self.client()

    @contextmanager
    def working(self) -> Iterator[None]:
        """Say in our words what the libraries raise, and hold back what they warn about in themselves."""
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                yield
        except _FAILURES as error:
            raise refusal(str(self.database or self.uri), error) from error

    def _exists(self) -> bool:
        if is_postgresql(self.uri):
            return has_tables(self.uri)
        return self.database is None or self.database.exists()


def make_tables(uri: str) -> None:
    """MLflow's tables in an empty database."""
    engine = create_sqlalchemy_engine(uri)  # type: ignore[no-untyped-call]
    try:
        _initialize_tables(engine)  # type: ignore[no-untyped-call]
    finally:
        engine.dispose()


def all_pages(search: Any, wanted: str | None, **options: Any) -> list[Any]:
    """Everything that one of MLflow's searches finds."""
    found, token = [], None
    while True:
        page = search(filter_string=wanted, page_token=token, **options)
        found += page
        token = page.token
        if not token:
            return found
