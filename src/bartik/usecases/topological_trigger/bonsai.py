"""Bonsai: variables in bins, and all answers of a model of bins as one table.

The bins of a candidate are the digits of a number whose places have different bases: its place in the table. V. Gligorov and M. Williams,
JINST 8 (2013) P02013.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import onnx

from bartik.core import Array, ConfigError, Signature
from bartik.exporters.graphs import GraphBuilder

_MOST = 2**24
"""Entries of a table: places must be whole numbers in float32."""


@dataclass(frozen=True)
class Bins:
    """``edges`` of each variable, rising; a value on an edge is in the bin above, one that is missing in the lowest."""

    edges: tuple[tuple[float, ...], ...]

    @classmethod
    def of(cls, edges: Mapping[str, Sequence[float]], columns: Sequence[str]) -> Bins:
        """Checked edges in the order of the ``columns``; `ConfigError` names what cannot be."""
        for name in columns:
            if name not in edges:
                raise ConfigError(f"bins: none for {name!r}", hint=f"wanted edges for {', '.join(columns)}")
            if not (np.diff(np.asarray(edges[name], np.float64)) > 0).all():
                raise ConfigError(f"bins of {name!r}: edges do not rise: {list(edges[name])}")
        found = cls(tuple(tuple(float(edge) for edge in edges[name]) for name in columns))
        if found.size > _MOST:
            raise ConfigError(f"bins: a table of {found.size} entries, more than {_MOST}", hint="take fewer bins")
        return found

    @property
    def counts(self) -> tuple[int, ...]:
        """Bins of each variable."""
        return tuple(len(edges) + 1 for edges in self.edges)

    @property
    def size(self) -> int:
        """Entries of the table."""
        return int(np.prod(self.counts))

    @property
    def strides(self) -> tuple[int, ...]:
        """What a bin of each variable is worth in the place: the last variable's are next to each other."""
        return tuple(int(np.prod(self.counts[k + 1 :])) for k in range(len(self.counts)))

    def digits(self, features: Array) -> npt.NDArray[np.float32]:
        """Bins [rows, variables] of features [rows, variables], as float32 compares."""
        found = [(features[:, [k]] >= np.asarray(edges, np.float32)).sum(axis=1) for k, edges in enumerate(self.edges)]
        return np.stack(found, axis=1).astype(np.float32)

    def places(self, features: Array) -> npt.NDArray[np.int64]:
        """Place [rows] in the table of features [rows, variables]."""
        return np.asarray((self.digits(features).astype(np.int64) * np.asarray(self.strides)).sum(axis=1))

    def all_digits(self) -> npt.NDArray[np.float32]:
        """Bins [size, variables] of every place, in order."""
        grid = np.meshgrid(*(np.arange(count, dtype=np.float32) for count in self.counts), indexing="ij")
        return np.stack([values.ravel() for values in grid], axis=1)


def lookup_table(bins: Bins, answer: Callable[[Array], Array]) -> npt.NDArray[np.float32]:
    """What a model of bins answers [size] in each of them: ``answer`` takes bins [rows, variables] and gives scores [rows]."""
    return np.asarray(answer(bins.all_digits()), np.float32).reshape(-1)


def table_graph(bins: Bins, table: Array, signature: Signature) -> onnx.ModelProto:
    """The lookup as ONNX: every edge that is reached adds its variable's stride to the place. Exact: so are sums below 2²⁴ in float32."""
    column = np.concatenate([np.full(len(edges), k) for k, edges in enumerate(bins.edges)])
    edges = np.concatenate([np.asarray(some, np.float32) for some in bins.edges])
    strides = np.asarray(bins.strides, np.float32)[column, np.newaxis]
    graph = GraphBuilder()
    spread = graph.op("Gather", signature.inputs[0].name, graph.constant(column, "int64"), axis=1)
    reached = graph.cast(graph.op("GreaterOrEqual", spread, graph.constant(edges[np.newaxis])), "float32")
    place = graph.cast(graph.op("MatMul", reached, graph.constant(strides)), "int64")
    found = graph.op("Gather", graph.constant(table), place, axis=0)
    return graph.model(signature, {signature.outputs[0].name: found})
