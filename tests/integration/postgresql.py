"""A real PostgreSQL server for the tests of this folder; `README.md` says where it comes from."""

from __future__ import annotations

import getpass
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

PASSWORD = "hunter2-not-to-be-seen"


@dataclass(frozen=True)
class Server:
    """A server that is running; its only user is ``bartik``, by password."""

    port: int
    process: subprocess.Popen[bytes]

    def uri(self, database: str, password: str = PASSWORD) -> str:
        """Address of a database, as ``MLFLOW_TRACKING_URI`` takes it."""
        return f"postgresql+psycopg://bartik:{password}@127.0.0.1:{self.port}/{database}"

    def execute(self, statement: str, database: str = "postgres") -> list[tuple[object, ...]]:
        """Run one statement outside of a transaction."""
        import psycopg

        with psycopg.connect(self._words(database), autocommit=True) as connection:
            cursor = connection.execute(statement)
            return cursor.fetchall() if cursor.description else []

    def _words(self, database: str) -> str:
        return f"host=127.0.0.1 port={self.port} dbname={database} user=bartik password={PASSWORD} connect_timeout=5"

    def answers(self) -> bool:
        """Whether it takes connections."""
        import psycopg

        try:
            with psycopg.connect(self._words("postgres")):
                return True
        except psycopg.OperationalError:
            return False


def missing() -> str:
    """Why no server can be started here; empty where it can."""
    if _program("initdb") is None or _program("postgres") is None:
        return "no PostgreSQL server here: apt-get install postgresql"
    if _runner() is None:
        return "PostgreSQL does not run as root, and there is no user postgres"
    return ""


@contextmanager
def running() -> Iterator[Server]:
    """A new, empty server on a free port of this machine; it is gone afterwards, with all it held."""
    folder = Path(tempfile.mkdtemp(prefix="bartik-postgresql-"))
    try:
        _initialise(folder)
        server = _start(folder)
        try:
            yield server
        finally:
            server.process.send_signal(signal.SIGINT)  # now: MLflow keeps its connections
            server.process.wait(timeout=30)
    finally:
        shutil.rmtree(folder)


def _initialise(folder: Path) -> None:
    (folder / "password").write_text(PASSWORD)
    if os.getuid() == 0:
        for path in (folder, folder / "password"):
            shutil.chown(path, _runner())
    options = ["--username=bartik", "--auth=scram-sha-256", f"--pwfile={folder / 'password'}", "--encoding=UTF8", "--no-sync"]
    subprocess.run([_program("initdb"), "-D", folder / "data", *options], check=True, capture_output=True, cwd=folder, user=_other())


def _start(folder: Path) -> Server:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = ["-p", str(port), "-k", str(folder), "-c", "listen_addresses=127.0.0.1", "-c", "fsync=off", "-c", "shared_buffers=16MB"]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([_program("postgres"), "-D", folder / "data", *settings], stderr=log, cwd=folder, user=_other())
    server = Server(port, process)
    until = time.monotonic() + 60
    while not server.answers():
        if process.poll() is not None or time.monotonic() > until:
            raise RuntimeError((folder / "log").read_text())
        time.sleep(0.1)
    return server


def _program(name: str) -> str | None:
    """Debian keeps the server's programs out of the path, by version."""
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda path: int(path.parts[-3]))
    return str(found[-1]) if found else shutil.which(name)


def _runner() -> str | None:
    """The user that may run the server."""
    if os.getuid() != 0:
        return getpass.getuser()
    return next((user.pw_name for user in pwd.getpwall() if user.pw_name == "postgres"), None)


def _other() -> str | None:
    return _runner() if os.getuid() == 0 else None
