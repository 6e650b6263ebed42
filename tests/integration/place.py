"""A working folder with versions of data, and commands in it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
from commands import BARTIK, bartik, clean_environment

from bartik.data.tables import write_table


class Place:
    """A working folder with one user's environment."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environment = clean_environment(folder / "home") | {"BARTIK_CACHE": str(folder / "cache")}
        self.environment.pop("BARTIK_DATASETS", None)

    def __call__(self, *arguments: str, code: int = 0, largest_file: int = 0) -> str:
        done = bartik(self.environment, self.folder, "data", *arguments, largest_file=largest_file)
        assert done.returncode == code, done.stdout + done.stderr
        assert "Traceback" not in done.stderr
        return done.stdout if code == 0 else done.stdout + done.stderr

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Begin a command as the head of a process group of its own."""
        return subprocess.Popen(
            [*BARTIK, "data", *arguments], cwd=self.folder, env=self.environment, text=True, start_new_session=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip

    def dvc(self, *arguments: str, cwd: Path | None = None) -> str:
        """What a plain user of DVC runs."""
        command = [sys.executable, "-P", "-m", "dvc", *arguments]
        done = subprocess.run(command, cwd=cwd or self.datasets, env=self.environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    @property
    def datasets(self) -> Path:
        return self.folder / "datasets"

    def version(self, reference: str) -> Path:
        name, _, digest = reference.strip().partition("@")
        return self.datasets / name / digest


def sample(folder: Path, name: str = "tracks.csv", rows: int = 100, seed: int = 1) -> Path:
    random = np.random.default_rng(seed)
    write_table(folder / name, {"pt": random.exponential(1000, rows), "row": np.arange(rows)})
    return folder / name
