"""A dataset as tensors, a batch at a time: rows of a table, or events of different sizes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor

from bartik.core import Dataset, Signature, UseCase
from bartik.core.ragged import entries_of, take_events

Part = tuple[Mapping[str, Tensor], Tensor, Tensor]
"""Inputs by name, target, weights."""
_EVENTS_AT_ONCE, _ENTRIES_AT_ONCE = 4, 8000
"""Of a validation sample: so many events, or as many as have so many entries on each axis where those are more."""


class Rows(Protocol):
    """What the loop draws batches from."""

    count: int

    def some(self, rows: Tensor) -> Part:
        """These rows."""
        ...

    def parts(self) -> Iterator[Part]:
        """All rows, in as many parts as fit into memory."""
        ...


def rows_of(dataset: Dataset, usecase: UseCase, *, balance: bool) -> Rows:
    """Rows of a table, or events where the dataset has offsets; with ``balance`` each class weighs the same."""
    weights = np.ones(dataset.rows) if dataset.weights is None else dataset.weights.astype(np.float64)
    weights = (_balanced(weights, dataset.target) if balance else weights).astype(np.float32)
    return _Events(dataset, usecase.signature, weights) if dataset.offsets else _Table(dataset, weights)


class _Table:
    def __init__(self, dataset: Dataset, weights: np.ndarray[Any, Any]) -> None:
        self.inputs = {name: torch.from_numpy(array) for name, array in dataset.inputs.items()}
        self.target = torch.from_numpy(np.asarray(dataset.target, dtype=np.float32))
        self.weights = torch.from_numpy(weights)
        self.count = dataset.rows

    def parts(self) -> Iterator[Part]:
        yield self.inputs, self.target, self.weights

    def some(self, rows: Tensor) -> Part:
        return {name: tensor[rows] for name, tensor in self.inputs.items()}, self.target[rows], self.weights[rows]


class _Events:
    """The target keeps its type: it may name things, as well as say how true something is."""

    def __init__(self, dataset: Dataset, signature: Signature, weights: np.ndarray[Any, Any]) -> None:
        self.dataset, self.signature, self.weights = dataset, signature, weights
        self.rows = dataset.offsets[str(signature.outputs[0].shape[0])]
        self.count = len(self.rows) - 1
        largest = max(int(offsets[-1]) for offsets in dataset.offsets.values())
        self.at_once = max(_EVENTS_AT_ONCE, _ENTRIES_AT_ONCE * self.count // max(1, largest))

    def parts(self) -> Iterator[Part]:
        yield from (self.some(events) for events in torch.split(torch.arange(self.count), self.at_once))

    def some(self, rows: Tensor) -> Part:
        events = rows.tolist()
        inputs = take_events(self.signature, self.dataset.inputs, self.dataset.offsets, events)
        mine = entries_of(self.rows, events)
        tensors = {name: torch.from_numpy(array) for name, array in inputs.items()}
        return tensors, torch.from_numpy(self.dataset.target[mine]), torch.from_numpy(self.weights[mine])


def _balanced(weights: np.ndarray[Any, Any], target: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Weights scaled so that each class sums to half of the rows."""
    scaled = weights.copy()
    for label in np.unique(target):
        rows = target == label
        scaled[rows] *= len(target) / (2 * scaled[rows].sum())
    return scaled
