"""Marginal distributions as tables inside the graph: numbers of any scale and shape to numbers with a logistic distribution, and back."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from bartik.core import Array

_REACH, _KNOTS = 12.0, 97
_STEP, _MIDDLE = 2 * _REACH / (_KNOTS - 1), _KNOTS // 2
"""The tables are between these places of the logistic variable, beyond which lies 1e-5 of it."""


class MarginalTables(nn.Module):
    """A monotone function a column, linear between knots: the quantiles of training rows at fixed places of a logistic variable.

    It is summed from the middle outwards, so that far tails cost no precision where most rows are.
    Values outside of the training range cannot come out. `inverse` is for training and searches; forward is one clip and one product.
    """

    values: Tensor
    slopes: Tensor
    places: Tensor
    starts: Tensor
    lowest: Tensor
    highest: Tensor

    def __init__(self, width: int) -> None:
        """The identity, until `adapt`."""
        super().__init__()
        places = torch.linspace(-_REACH, _REACH, _KNOTS)
        above = (torch.arange(_KNOTS - 1) >= _MIDDLE).unsqueeze(1)
        self.register_buffer("places", places, persistent=False)
        self.register_buffer("starts", torch.where(above, places[:-1].unsqueeze(1), places[1:].unsqueeze(1)), persistent=False)
        self.register_buffer("lowest", torch.where(above, 0.0, -_STEP), persistent=False)
        self.register_buffer("highest", torch.where(above, _STEP, 0.0), persistent=False)
        self.register_buffer("values", places.repeat(width, 1))
        self.register_buffer("slopes", torch.ones(width, _KNOTS - 1))

    def adapt(self, columns: list[Array]) -> None:
        """Learn the tables from training values [rows] of each column; they may be of different lengths."""
        levels = 1 / (1 + np.exp(-self.places.double().numpy()))
        for row, values in enumerate(columns):
            known = np.quantile(np.asarray(values, np.float64), levels)
            least = 1e-6 * max(float(known[-1] - known[0]), 1e-6)
            self.values[row] = torch.from_numpy(known + least * np.arange(_KNOTS))
            self.slopes[row] = self.values[row].diff() / _STEP

    def stretch(self, factor: float) -> None:
        """No tables: all columns are a logistic number times ``factor``, for those whose marginal distribution is no help."""
        self.values.copy_(self.places.repeat(len(self.values), 1) * factor)
        self.slopes.fill_(factor)

    def forward(self, z: Tensor) -> Tensor:
        """Logistic numbers [rows, width] to values of the columns."""
        along = torch.minimum(torch.maximum(z.unsqueeze(1) - self.starts, self.lowest), self.highest)
        # over the last axis instead, OpenVINO 2026.4 would add constants of other columns
        return self.values[:, _MIDDLE] + (along * self.slopes.T).sum(1)

    def inverse(self, values: Tensor) -> Tensor:
        """Values [rows, width] to logistic numbers; those outside of the table to its ends."""
        found = []
        for number, column in enumerate(values.T):
            table = self.values[number]
            place = torch.clamp(torch.searchsorted(table, column.contiguous()) - 1, 0, _KNOTS - 2)
            part = (column - table[place]) / (table[place + 1] - table[place])
            found.append(self.places[place] + torch.clamp(part, 0.0, 1.0) * _STEP)
        return torch.stack(found, 1)
