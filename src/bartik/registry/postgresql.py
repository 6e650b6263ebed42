"""A registry in PostgreSQL: its own lock holds other processes off, wherever they run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, create_engine, inspect, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import NullPool

from bartik.core import RegistryError
from bartik.core.secrets import without_password
from bartik.registry import database

_KEY = 0x62617274696B  # "bartik"
_CONNECT = 10  # seconds until a server that does not answer is said not to


def is_postgresql(uri: str) -> bool:
    """Whether ``uri`` is a PostgreSQL database, with whatever driver."""
    return uri.partition("://")[0].partition("+")[0] == "postgresql"


def has_tables(uri: str) -> bool:
    """Whether MLflow made its tables there."""
    with _connected(uri) as connection:
        return inspect(connection).has_table("alembic_version")


@contextmanager
def alone_on_server(uri: str) -> Iterator[None]:
    """Hold the database's advisory lock; the database lets go of it when the connection ends, however the process ends."""
    with _connected(uri) as connection:
        connection.execute(text(f"SET lock_timeout = '{database.QUEUE:g}s'"))
        try:
            connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": _KEY})
        except OperationalError as error:
            if "lock timeout" not in str(error):
                raise
            raise RegistryError(
                f"registry {without_password(uri)}: other processes kept it busy for {database.QUEUE:g} s",
                hint="run the same command again",
            ) from error
        yield


@contextmanager
def _connected(uri: str) -> Iterator[Connection]:
    engine = create_engine(uri, poolclass=NullPool, connect_args={"connect_timeout": _CONNECT}, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        yield connection
