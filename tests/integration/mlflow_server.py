"""MLflow's own server and page, of the whole of MLflow: in this environment, or the program that ``BARTIK_TEST_MLFLOW`` names."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from servers import free_port

MISSING = "needs the whole of mlflow: pip install mlflow in an environment of its own, and its program in BARTIK_TEST_MLFLOW"


def program() -> list[str]:
    """How to call it; nothing where there is none."""
    if os.environ.get("BARTIK_TEST_MLFLOW"):
        return [str(Path(os.environ["BARTIK_TEST_MLFLOW"]).absolute())]
    return [sys.executable, "-m", "mlflow"] if importlib.util.find_spec("flask") else []


@contextmanager
def mlflow_server(folder: Path, *options: str) -> Iterator[str]:
    """Its address, while it runs in ``folder`` on a free port."""
    port = free_port()
    command = [*program(), "server", *options, "--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    hidden = ("MLFLOW_", "PYTHONPATH")  # the environment of its program is its own
    variables = {key: value for key, value in os.environ.items() if not key.startswith(hidden)} | {"MLFLOW_DISABLE_TELEMETRY": "true"}
    with (folder / "log").open("wb") as log, subprocess.Popen(command, cwd=folder, env=variables, stdout=log, stderr=log) as process:
        try:
            until = time.monotonic() + 240
            while not _answers(f"http://127.0.0.1:{port}/health"):
                assert process.poll() is None, (folder / "log").read_text()
                assert time.monotonic() < until, (folder / "log").read_text()
                time.sleep(0.3)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as response:
            return bool(response.status == 200)
    except OSError:
        return False
