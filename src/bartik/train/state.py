"""What a training needs to go on exactly where it stopped, and how it lies on disk."""

from __future__ import annotations

import copy
import math
import pickle
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from bartik.core import DataError
from bartik.core.files import atomic_path

Weights = dict[str, torch.Tensor]


@dataclass
class State:
    """Weights, optimiser and history after ``epoch`` epochs; ``key`` tells which training it belongs to."""

    key: str
    epoch: int = 0
    best_loss: float = math.inf
    best_epoch: int = 0
    finished: bool = False
    weights: Weights = field(default_factory=dict)
    best: Weights = field(default_factory=dict)
    optimiser: dict[str, Any] = field(default_factory=dict)
    history: list[tuple[float, float]] = field(default_factory=list)

    def note_best(self, loss: float, weights: Weights) -> None:
        """Remember ``weights`` if their validation ``loss`` is the lowest so far."""
        if loss < self.best_loss:
            self.best_loss, self.best_epoch, self.best = loss, self.epoch, copy.deepcopy(weights)


def save_state(state: State, path: Path) -> None:
    """Write atomically."""
    with atomic_path(path) as temporary:
        torch.save(vars(state), temporary)


def save_weights(model: torch.nn.Module, path: Path) -> None:
    """Leave the weights of ``model`` where the loop leaves its best: for a use case that trains a torch model in its own way."""
    save_state(State(key="", finished=True, best=model.state_dict()), path)


def read_state(path: Path) -> State:
    """Read tensors and plain values only; `DataError` where the file is not a checkpoint."""
    try:
        return State(**torch.load(path, weights_only=True, map_location="cpu"))
    except FileNotFoundError as error:
        raise DataError(f"{path}: no checkpoint here", hint="train first: bartik train USECASE --out DIR") from error
    except (RuntimeError, TypeError, EOFError, pickle.UnpicklingError) as error:
        raise DataError(f"{path}: not a checkpoint of this version", hint="remove it and train again") from error


def resume_state(path: Path, key: str) -> State:
    """The checkpoint at ``path`` if it belongs to the training ``key``, else a fresh state."""
    if not path.exists():
        return State(key)
    state = read_state(path)
    return state if state.key == key else State(key)
