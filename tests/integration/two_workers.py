"""A training for torchrun: folder, epochs, pieces of a batch, the epoch after which to stop, as if killed."""

import os
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np

import bartik.train.loop
from bartik.core import Config, Dataset
from bartik.nn.tabular import TabularClassifier, logistic_loss
from bartik.train import fit

OPTIONS = {"seed": 1, "threads": 1, "patience": 9, "batch": 64, "learning_rate": 0.02, "weight_decay": 0.01, "balance": True}
USECASE = SimpleNamespace(model=lambda config: TabularClassifier([False, True], [8]), loss=logistic_loss)


def rows(seed: int, count: int) -> Dataset:
    """A class that is shifted."""
    random = np.random.default_rng(seed)
    target = (random.random(count) > 0.3).astype(np.float32)
    return Dataset({"features": (random.exponential(size=(count, 2)) + target[:, None]).astype(np.float32)}, target)


def main(folder: Path, epochs: int, pieces: int, stop: int) -> None:
    """Train; every epoch is saved."""
    bartik.train.loop._SAVE_EVERY = 0.0

    def watch(epoch: int, _loss: float) -> None:
        if epoch == stop:
            os._exit(9)

    config = Config({"train": OPTIONS | {"epochs": epochs, "accumulate": pieces}})
    fit(USECASE, rows(1, 500), rows(2, 200), config, folder / "checkpoint.pt", print, watch=watch)


if __name__ == "__main__":
    main(Path(sys.argv[1]), *map(int, sys.argv[2:]))
