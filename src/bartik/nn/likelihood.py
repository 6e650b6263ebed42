"""The likelihood of many events: in pieces that stay in the cache, summed without loss, with exact gradients.

What depends on the parameters alone (normalisations, yields) is computed once as *coefficients*; each event's logarithm depends on its
columns and on the coefficients. The gradient goes the same way back: events to coefficients in pieces, coefficients to parameters once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor
from torch.fx.experimental.proxy_tensor import make_fx

from bartik.core import Array

CHUNK = 16384
"""Events of a piece: some columns of float64 that stay in a core's second cache."""
Piece = tuple[int, Tensor]
"""Number of a category, and columns [events, columns] of some of its events."""
Evaluate = Callable[[Array, Array], tuple[float, Array]]
"""From columns [events, columns] and coefficients [k]: sum of the logarithms, and its derivatives [k]."""


class Density(Protocol):
    """What is fitted: the logarithm of a density, or of a rate whose integral is the number of events expected."""

    def coefficients(self, parameters: Tensor) -> Tensor:
        """Coefficients [categories, k] from parameters [p]: all that is the same for all events of a category."""
        ...

    def log_density(self, columns: Tensor, coefficients: Any) -> Tensor:
        """Logarithms [events] for columns [events, columns]; ``coefficients[i]`` is the i-th, a number or one for each event."""
        ...

    def expected(self, parameters: Tensor) -> Tensor:
        """How many events are expected, of a rate; a constant of a density."""
        ...


class Accumulator:
    """A sum of many numbers, or arrays, that loses nothing: Neumaier's compensated summation (Z. angew. Math. Mech. 54 (1974) 39)."""

    def __init__(self, size: int) -> None:
        """Begin with zeros [size]."""
        self._sum, self._lost = np.zeros(size), np.zeros(size)

    def add(self, values: Array) -> None:
        """Add ``values`` [size]."""
        total = self._sum + values
        larger = np.abs(self._sum) >= np.abs(values)
        self._lost += np.where(larger, (self._sum - total) + values, (values - total) + self._sum)
        self._sum = total

    @property
    def total(self) -> Array:
        """The sum [size]."""
        return self._sum + self._lost


class Likelihood:
    """Negative logarithm of the likelihood, and its gradient, of events in categories.

    ``columns`` are the arrays [events, columns] of the categories, kept in float64; only pieces of `CHUNK` events are worked on at once, so
    that memory beside the events does not grow with their number. With ``prepare`` the columns the density takes are made from the raw
    ones, once where ``keep`` is true (faster), else in each call (no memory). The same pieces in the same order give the same bits with any
    number of threads.
    """

    def __init__(
        self,
        density: Density,
        columns: Sequence[Array],
        *,
        threads: int = 1,
        device: str = "cpu",
        prepare: Callable[[Tensor], Tensor] | None = None,
        keep: bool = True,
        evaluate: Evaluate | None = None,
        chunk: int = CHUNK,
    ) -> None:
        """Divide the events into pieces on ``device``; ``evaluate`` takes the place of torch for a piece's sum and its derivatives."""
        self._density, self._device, self._evaluate = density, device, evaluate
        self.weight = 1.0
        """Each event counts as so many: with it a part of them stands for all."""
        self._prepare = None if keep else prepare
        pieces = _pieces(columns, chunk, device)
        self._pieces = [(category, prepare(part)) for category, part in pieces] if prepare and keep else list(pieces)
        self._pool = ThreadPoolExecutor(threads, "bartik-likelihood") if threads > 1 else None

    @property
    def events(self) -> int:
        """How many there are."""
        return sum(len(part) for _, part in self._pieces)

    def value(self, parameters: Array) -> float:
        """The likelihood's negative logarithm alone."""
        with torch.no_grad():
            inner = self._vector(parameters)
            coefficients, expected = self._density.coefficients(inner), self._density.expected(inner)
            found = Accumulator(1)
            for value in self._map(lambda piece: self._piece_value(piece, coefficients)):
                found.add(np.array([value]))
        return self.weight * float(found.total[0]) + float(expected)

    def value_and_gradient(self, parameters: Array) -> tuple[float, Array]:
        """The likelihood's negative logarithm, and its derivatives [p] by the parameters."""
        inner = self._vector(parameters).requires_grad_()
        with torch.enable_grad():
            coefficients, expected = self._density.coefficients(inner), self._density.expected(inner)
        value, slope = self._sums(coefficients.detach())
        gradient = torch.as_tensor(slope.reshape(coefficients.shape), device=self._device)
        outer = coefficients.mul(gradient).sum() + expected
        (found,) = torch.autograd.grad(outer, inner)
        return value + float(expected.detach()), found.cpu().numpy()

    def _vector(self, parameters: Array) -> Tensor:
        return torch.tensor(np.asarray(parameters, np.float64), device=self._device)

    def _sums(self, coefficients: Tensor) -> tuple[float, Array]:
        """The sum over all events, and its derivatives by all coefficients."""
        categories, size = coefficients.shape
        found = Accumulator(1 + categories * size)
        for (category, _), (value, slope) in zip(
            self._pieces, self._map(lambda piece: self._piece_gradient(piece, coefficients)), strict=True
        ):
            part = np.zeros((categories, size))
            part[category] = slope
            found.add(np.concatenate([[value], part.reshape(-1)]))
        return self.weight * float(found.total[0]), self.weight * found.total[1:]

    def _piece_value(self, piece: Piece, coefficients: Tensor) -> float:
        with torch.no_grad():
            return -float(self._logs(piece, coefficients[piece[0]]).sum())

    def _piece_gradient(self, piece: Piece, coefficients: Tensor) -> tuple[float, Array]:
        if self._evaluate is not None:
            columns = self._prepare(piece[1]) if self._prepare else piece[1]
            value, slope = self._evaluate(columns.numpy(), coefficients[piece[0]].numpy())
            return -value, -slope
        own = coefficients[piece[0]].clone().requires_grad_()
        with torch.enable_grad():
            total = -self._logs(piece, own).sum()
        (derivatives,) = torch.autograd.grad(total, own)
        return float(total.detach()), derivatives.cpu().numpy()

    def _logs(self, piece: Piece, coefficients: Tensor) -> Tensor:
        columns = self._prepare(piece[1]) if self._prepare else piece[1]
        return self._density.log_density(columns, coefficients)

    def _map(self, function: Callable[[Piece], Any]) -> Iterable[Any]:
        return map(function, self._pieces) if self._pool is None else self._pool.map(function, self._pieces)


def traced(density: Density, columns: int, coefficients: int) -> torch.nn.Module:
    """The logarithm of each event and its derivatives as one graph without autograd, for a compiler.

    It takes columns [events, columns] and coefficients [events, k], the same in every row, and gives [events, 1 + k], all in float64.
    """

    def both(rows: Tensor, given: Tensor) -> Tensor:
        own = given.detach().requires_grad_()
        logs = density.log_density(rows, own.unbind(1))
        (slope,) = torch.autograd.grad(logs, own, torch.ones_like(logs), materialize_grads=True)
        return torch.cat([logs.detach()[:, None], slope], 1)

    example = torch.ones(3, columns, dtype=torch.float64), torch.ones(3, coefficients, dtype=torch.float64)
    return _exact(make_fx(both)(*example))


def _exact(graph: torch.fx.GraphModule) -> torch.nn.Module:
    """The graph with its numbers as tensors of float64: the exporter rounds plain ones to float32."""
    for node in [one for one in graph.graph.nodes if str(one.target).endswith(".Tensor")]:
        for place, number in enumerate(node.args):
            if isinstance(number, float) and float(np.float32(number)) != number:
                name = f"number_{node.name}_{place}"
                graph.register_buffer(name, torch.tensor(number, dtype=torch.float64))
                with graph.graph.inserting_before(node):
                    node.update_arg(place, graph.graph.get_attr(name))
    graph.recompile()
    return graph


def _pieces(columns: Sequence[Array], chunk: int, device: str) -> Iterable[Piece]:
    for category, array in enumerate(columns):
        for start in range(0, len(array), chunk):
            part = np.ascontiguousarray(array[start : start + chunk], np.float64)
            yield category, torch.from_numpy(part).to(device)
