"""The trained model."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from bartik.core import BartikError, Config
from bartik.core.files import read_json, write_json
from bartik.core.plugins import is_usecase, load_usecase
from bartik.train import train_model
from bartik.workflow.lifeline import end_with_parent
from bartik.workflow.pipeline import code_of
from bartik.workflow.run import Run

_CONFIGURATION = "train.json"


def train(run: Run) -> None:
    """The trained model, in a checkpoint with which a stopped training goes on; by ``train.workers`` processes, where that is set."""
    workers = int(run.config.train.to_dict().get("workers", 1))
    if workers == 1:
        _fit(run)
        return
    write_json(run.folder / _CONFIGURATION, run.config.to_dict())
    usecase = run.name if is_usecase(run.name) else str(run.code)
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={workers}"]
    words = [*torchrun, "-m", "bartik.workflow.steps.train", usecase, str(run.folder)]
    done = subprocess.run(words, check=False, stdout=2, preexec_fn=end_with_parent)  # noqa: S603 - our own words; no thread is running
    if done.returncode:
        raise BartikError(f"{run.folder}: a worker of the training failed", hint="what it said is above; the same command continues")


def _fit(run: Run) -> None:
    train_set, validation = run.split("train"), run.split("validation")
    train_model(run.usecase, train_set, validation, run.config, run.checkpoint, run.progress, code=code_of(run, ("nn", "train")))


def _work(usecase: str, folder: Path) -> None:
    """One of the workers that torchrun starts, here or on many nodes that see the folder."""
    config = Config(read_json(folder / _CONFIGURATION))
    _fit(Run(load_usecase(usecase), config, folder, lambda line: print(line, flush=True)))  # noqa: T201 - stdout is the run's


if __name__ == "__main__":
    _work(sys.argv[1], Path(sys.argv[2]))
