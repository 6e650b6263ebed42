"""Real commands in real processes, for the tests of this folder."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

BARTIK = (sys.executable, "-m", "bartik.cli.main")


def clean_environment(home: Path) -> dict[str, str]:
    """No samples, and a registry of its own."""
    variables = {key: value for key, value in os.environ.items() if key not in {"BARTIK_DATA", "BARTIK_HOME"}}
    return variables | {"BARTIK_HOME": str(home), "OMP_NUM_THREADS": "1"}


def bartik(
    environment: dict[str, str], folder: Path, *arguments: str, largest_file: int = 0, prefix: tuple[str, ...] = ()
) -> subprocess.CompletedProcess[str]:
    """Run one command in ``folder``, by the program ``prefix`` where there is one.

    With ``largest_file`` no file can grow beyond so many bytes, as on a full disk.
    """

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (largest_file, resource.RLIM_INFINITY))

    return subprocess.run(
        [*prefix, *BARTIK, *arguments],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
        env=environment,
        preexec_fn=limit if largest_file else None,
    )


def gone(word: str, *, within: float) -> bool:
    """Whether no process has ``word`` in its command line, or soon has not."""
    end = time.monotonic() + within
    while time.monotonic() < end:
        lines = (path.read_bytes() for path in Path("/proc").glob("[0-9]*/cmdline") if path.parent.name != str(os.getpid()))
        if not any(word.encode() in line for line in _readable(lines)):
            return True
        time.sleep(0.2)
    return False


def _readable(lines: Iterator[bytes]) -> Iterator[bytes]:
    """Processes end while one looks."""
    while True:
        try:
            yield next(lines)
        except StopIteration:
            return
        except OSError:
            continue


def stop_at(environment: dict[str, str], folder: Path, line: str, *arguments: str, by: int = signal.SIGINT) -> int:
    """Run one command and press Ctrl-C, or worse, as soon as it prints ``line``; its exit code."""

    def listen() -> None:  # a shell's background jobs, and so their children, do not hear Ctrl-C
        signal.signal(signal.SIGINT, signal.SIG_DFL)

    process = subprocess.Popen([*BARTIK, *arguments], cwd=folder, env=environment, stderr=subprocess.PIPE, text=True, preexec_fn=listen)  # noqa: PLW1509 - one thread
    assert process.stderr is not None
    for said in process.stderr:
        if said.startswith(line):
            process.send_signal(by)
            break
    process.communicate(timeout=120)
    return process.returncode
