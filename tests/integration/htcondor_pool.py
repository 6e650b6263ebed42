"""An HTCondor of one machine for the tests of this folder; stopped when the test ends."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from servers import free_port

CONFIGURATION = """
RELEASE_DIR = {release}
LOCAL_DIR = {base}
BIN = $(RELEASE_DIR)/bin
SBIN = $(RELEASE_DIR)/sbin
LIBEXEC = $(RELEASE_DIR)/libexec
LIB = $(RELEASE_DIR)/lib
LOG = {base}/log
SPOOL = {base}/spool
EXECUTE = {base}/execute
LOCK = {base}/lock
RUN = {base}/run
SEC_PASSWORD_DIRECTORY = {base}/passwords.d
SEC_TOKEN_SYSTEM_DIRECTORY = {base}/tokens.d
SEC_TOKEN_DIRECTORY = {base}/tokens.d
LOCAL_CONFIG_FILE =
LOCAL_CONFIG_DIR =
REQUIRE_LOCAL_CONFIG_FILE = False
CONDOR_HOST = 127.0.0.1
COLLECTOR_HOST = 127.0.0.1:{port}
NETWORK_INTERFACE = 127.0.0.1
BIND_ALL_INTERFACES = False
ENABLE_IPV6 = False
use ROLE: CentralManager
use ROLE: Submit
use ROLE: Execute
use SECURITY: HOST_BASED
SEC_DEFAULT_AUTHENTICATION = OPTIONAL
SEC_DEFAULT_AUTHENTICATION_METHODS = FS
ALLOW_READ = *
ALLOW_WRITE = *
ALLOW_DAEMON = *
ALLOW_NEGOTIATOR = *
ALLOW_ADMINISTRATOR = *
DISCARD_SESSION_KEYRING_ON_STARTUP = False
NEGOTIATOR_INTERVAL = 2
NEGOTIATOR_CYCLE_DELAY = 1
NEGOTIATOR_MIN_INTERVAL = 1
SCHEDD_INTERVAL = 2
SCHEDD_MIN_INTERVAL = 1
UPDATE_INTERVAL = 5
STARTER_UPDATE_INTERVAL = 5
RUNBENCHMARKS = 0
START = True
SUSPEND = False
PREEMPT = False
KILL = False
MOUNT_UNDER_SCRATCH =
MOUNT_PRIVATE_DEV_SHM = False
USE_PID_NAMESPACES = False
BASE_CGROUP =
USE_PROCD = False
JOB_RENICE_INCREMENT = 0
"""
FOLDERS = ("log", "spool", "execute", "lock", "run", "passwords.d", "tokens.d")


def why_no_htcondor() -> str:
    """Why it cannot be started here; empty where it can."""
    missing = [name for name in ("condor_master", "condor_status", "condor_q", *AS_USER[:1]) if shutil.which(name) is None]
    return f"{', '.join(missing)} not installed (HTCondor: https://htcondor.org, or Debian's package condor)" if missing else ""


AS_USER = ("unshare", "--user", "--map-user=65534", "--map-group=65534") if os.geteuid() == 0 else ("env",)
"""HTCondor takes no jobs of root; in a namespace of its own root is somebody else and reads the same files."""


@contextmanager
def htcondor_pool(base: Path) -> Iterator[dict[str, str]]:
    """Environment in which the tools find it; who submits is to be started with `AS_USER`."""
    for folder in FOLDERS:
        (base / folder).mkdir(mode=0o700)
    release = Path(shutil.which("condor_master") or "").resolve().parents[1]
    (base / "condor_config").write_text(CONFIGURATION.format(base=base, port=free_port(), release=release))
    environment = {"CONDOR_CONFIG": str(base / "condor_config")}
    with (base / "master.out").open("w") as log:
        master = subprocess.Popen([*AS_USER, "condor_master", "-f"], stdout=log, stderr=log, env=os.environ | environment)
    try:
        _wait(environment, base)
        yield environment
    finally:
        master.terminate()
        master.wait(60)


def _wait(environment: dict[str, str], base: Path) -> None:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        said = [_said([*AS_USER, *words], environment) for words in (["condor_status", "-af", "Name"], ["condor_q", "-af", "ClusterId"])]
        if said[0][1].strip() and said[1][0] == 0:
            return
        time.sleep(0.5)
    logs = "\n".join(f"{path.name}: {path.read_text(errors='replace')[-500:]}" for path in sorted((base / "log").glob("*Log")))
    raise RuntimeError(f"HTCondor did not start\n{logs}\n{(base / 'master.out').read_text()}")


def _said(command: list[str], environment: dict[str, str]) -> tuple[int, str]:
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ | environment)
    return done.returncode, done.stdout
