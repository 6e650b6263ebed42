"""What lowering knows: the operators, the buffers made so far, and what is written nowhere but computed in place."""

from __future__ import annotations

import hashlib

import numpy as np

from bartik.compiler.graph import Graph, Op, inlined
from bartik.compiler.loops import Buffer, Expr, Load, affine
from bartik.compiler.passes.plan_memory import ALIGNMENT, room
from bartik.core import Array

_LONG = 256
"""Numbers from which on a constant is written once for all who read the same."""


class Scope:
    """Filled while a graph is lowered."""

    def __init__(self, graph: Graph) -> None:
        """Begin with the buffers of the caller."""
        self.graph, self.ops, self.inlined = graph, graph.by_name(), inlined(graph)
        self.buffers: dict[str, Buffer] = {}
        self.inputs = iter(range(len(graph.signature.inputs)))
        self._known: dict[tuple[str, str, bytes], str] = {}

    def scratch(self, op: Op) -> None:
        """Memory for the value of ``op``."""
        self.buffers[op.name] = Buffer(op.name, room(op), "scratch", self.graph.places[op.name])

    def rows(self, name: str, width: int, kind: str) -> str:
        """A buffer of the caller, ``input`` or ``output``."""
        self.buffers[name] = Buffer(name, width, "input" if kind == "input" else "output")
        return name

    def constant(self, name: str, values: Array, comment: str = "") -> str:
        """Values padded with zeros to whole lanes, on the last axis; for long ones that are there already, the name of those."""
        padding = -values.shape[-1] % ALIGNMENT
        padded = np.pad(values, [(0, 0)] * (values.ndim - 1) + [(0, padding)])
        if padded.size >= _LONG:
            name = self._known.setdefault((padded.dtype.str, comment, hashlib.sha256(padded.tobytes()).digest()), name)
        self.buffers[name] = Buffer(name, padded.size, "constant", values=padded.reshape(-1), comment=comment)
        return name

    def table(self, op: Op, var: str, offset: int) -> Expr:
        """The places of a pick that are no range."""
        name = self.constant(f"places_{op.name}", np.array(op.places, np.int32))
        return Load(name, affine(var, 1, offset))
