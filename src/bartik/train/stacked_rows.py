"""What many networks at once draw their batches from: rows of a table, each network its own if need be, or events that all of them see."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any, cast

import torch
from torch import Tensor, nn

from bartik.core import Dataset, UseCase
from bartik.train.rows import Part, Rows, rows_of


def rows_for(model: nn.Module, usecase: UseCase, dataset: Dataset, *, balance: bool) -> Rows:
    """Rows of ``dataset``; those of a table with what a part of the ``model`` without weights does to them already done."""
    rows = rows_of(dataset, usecase, balance=balance)
    return rows if dataset.offsets else _Prepared(model, next(rows.parts()))


def bare(model: nn.Module, dataset: Dataset) -> nn.Module:
    """The same network without what `rows_for` has done."""
    found = copy.deepcopy(model)
    for part in () if dataset.offsets else getattr(model, "prepares", {}).values():
        setattr(found, part, nn.Identity())
    return found


def entries_in(part: Part) -> int:
    """Rows of a batch, or of its longest input where those are entries of events."""
    return max(part[1].shape[-1], *(value.shape[0] for value in part[0].values())) if part[1].dim() == 1 else part[1].shape[1]


class _Prepared:
    """A table in memory; rows [batch] of it or, for each network its own, [networks, batch]."""

    def __init__(self, model: nn.Module, part: Part) -> None:
        inputs, target, weights = part
        with torch.no_grad():
            done = {name: getattr(cast(Any, model), kept)(inputs[name]) for name, kept in getattr(model, "prepares", {}).items()}
        self.part: Part = ({**inputs, **done}, target, weights)
        self.count = len(target)

    def parts(self) -> Iterator[Part]:
        yield self.part

    def some(self, rows: Tensor) -> Part:
        def take(value: Tensor) -> Tensor:
            return value.index_select(0, rows.reshape(-1)).view(*rows.shape, *value.shape[1:])

        inputs, target, weights = self.part
        return {name: take(value) for name, value in inputs.items()}, take(target), take(weights)
