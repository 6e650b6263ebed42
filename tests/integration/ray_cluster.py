"""A Ray cluster on this machine: a head that does no work and two nodes that do, one of which may be taken away."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import psutil
from servers import free_port

RAY = str(Path(sys.executable).with_name("ray"))


def why_no_ray() -> str:
    """Why it cannot be started here; empty where it can."""
    return "" if find_spec("ray") and (Path(RAY).is_file() or shutil.which("ray")) else "Ray is not installed (pip install 'bartik[ray]')"


@contextmanager
def ray_cluster(base: Path) -> Iterator[dict[str, str]]:
    """Environment in which ``ray.init()`` finds it."""
    address = f"127.0.0.1:{free_port()}"
    environment = {
        "RAY_ADDRESS": address,
        "RAY_USAGE_STATS_ENABLED": "0",
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN": secrets.token_hex(32),
    }
    head = ["--head", "--num-cpus", "0", "--port", address.partition(":")[2], "--include-dashboard", "false"]
    try:
        for words in (head, ["--address", address, "--num-cpus", "1"], ["--address", address, "--num-cpus", "1"]):
            command = [RAY, "start", *words, "--object-store-memory", "80000000", "--disable-usage-stats"]
            subprocess.run(command, check=True, env=os.environ | environment, capture_output=True, text=True)
        yield environment
    finally:
        subprocess.run([RAY, "stop", "--force"], check=False, capture_output=True)


def kill_a_node() -> None:
    """The daemon of the node that came last: what works there is gone with it."""
    nodes = [process for process in psutil.process_iter(["name", "create_time"]) if process.info["name"] == "raylet"]
    os.kill(max(nodes, key=lambda process: process.info["create_time"]).pid, signal.SIGKILL)
