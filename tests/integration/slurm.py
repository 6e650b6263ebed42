"""A Slurm of one node for the tests of this folder, with a munge of its own; stopped when the test ends."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from servers import free_port

CONFIGURATION = """
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
AuthType=auth/munge
AuthInfo=socket={base}/munge.sock
CredType=cred/munge
SlurmUser=root
SlurmctldPort={controller}
SlurmdPort={daemon}
StateSaveLocation={base}/state
SlurmdSpoolDir={base}/spool
SlurmctldPidFile={base}/controller.pid
SlurmdPidFile={base}/daemon.pid
SlurmctldLogFile={base}/controller.log
SlurmdLogFile={base}/daemon.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
SwitchType=switch/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
ReturnToService=2
NodeName={host} NodeAddr=127.0.0.1 CPUs={cpus} RealMemory={memory} State=UNKNOWN
PartitionName=debug Nodes={host} Default=YES MaxTime=INFINITE State=UP OverSubscribe=YES
"""

SITE = Path("/etc/slurm/slurm.conf")
"""Where jobs look for it: Snakemake hands none of Slurm's variables on to them."""


def why_no_slurm() -> str:
    """Why it cannot be started here; empty where it can."""
    missing = [name for name in ("munged", "slurmctld", "slurmd", "sbatch", "squeue") if shutil.which(name, path=_path()) is None]
    if missing:
        return f"{', '.join(missing)} not installed (apt-get install slurm-wlm munge)"
    if SITE.exists():
        return f"{SITE} is of another Slurm"
    return "" if os.geteuid() == 0 else "Slurm's daemons want to be root"


@contextmanager
def slurm(base: Path) -> Iterator[dict[str, str]]:
    """Environment in which ``sbatch`` submits to it."""
    base.chmod(0o755)
    for folder in ("state", "spool"):
        (base / folder).mkdir()
    host = socket.gethostname().partition(".")[0]
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20 // 2
    text = CONFIGURATION.format(host=host, base=base, controller=free_port(), daemon=free_port(), cpus=os.cpu_count(), memory=memory)
    (base / "slurm.conf").write_text(text)
    environment = {"SLURM_CONF": str(base / "slurm.conf"), "PATH": _path()}
    with ExitStack() as stack:
        stack.callback(SITE.unlink)
        SITE.parent.mkdir(exist_ok=True)
        SITE.symlink_to(base / "slurm.conf")
        stack.enter_context(_munge(base))
        for daemon in ("slurmctld", "slurmd"):
            stack.enter_context(_running([daemon, "-D"], base / f"{daemon}.out", environment))
        _wait(lambda: "idle" in _said(["sinfo", "-h", "-o", "%T"], environment), base)
        yield environment


@contextmanager
def _munge(base: Path) -> Iterator[None]:
    """It insists that key, log and socket are nobody else's to write, up to the root."""
    private = Path(f"/run/bartik-munge-{os.getpid()}")
    private.mkdir(mode=0o755)
    key = private / "key"
    key.write_bytes(os.urandom(128))
    key.chmod(0o600)
    words = ["--foreground", f"--key-file={key}", f"--socket={private}/socket", f"--pid-file={private}/pid"]
    words += [f"--log-file={private}/log", f"--seed-file={private}/seed"]
    try:
        with _running(["munged", *words], base / "munged.out", {"PATH": _path()}):
            _wait((private / "socket").exists, base)
            (base / "munge.sock").symlink_to(private / "socket")
            yield
    finally:
        shutil.rmtree(private)


@contextmanager
def _running(command: list[str], log: Path, environment: dict[str, str]) -> Iterator[None]:
    with log.open("w") as file:
        process = subprocess.Popen(command, stdout=file, stderr=file, env=os.environ | environment)
    try:
        yield
    finally:
        process.terminate()
        process.wait(20)


def _wait(ready: object, base: Path) -> None:
    end = time.monotonic() + 30
    while time.monotonic() < end:
        if ready():  # type: ignore[operator]
            return
        time.sleep(0.2)
    logs = "\n".join(f"{path.name}: {path.read_text()[-500:]}" for path in sorted(base.glob("*.out")))
    raise RuntimeError(f"Slurm did not start\n{logs}")


def _said(command: list[str], environment: dict[str, str]) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ | environment).stdout


def _path() -> str:
    return os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/sbin"])
