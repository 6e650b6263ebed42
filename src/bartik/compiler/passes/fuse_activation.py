"""Let a dense layer, or a kernel that can, apply the activation that follows it."""

from __future__ import annotations

from dataclasses import replace

from bartik.compiler.graph import UNARY, Graph, Op
from bartik.compiler.kernel import Activated


def fuse_activation(graph: Graph) -> Graph:
    """A unary operator whose argument is such a layer, that nobody else uses, becomes that layer's activation."""
    known, uses = graph.by_name(), graph.uses()
    fused: dict[str, Op] = {}
    renamed: dict[str, str] = {}
    for op in graph.ops:
        source = known[op.args[0]] if op.kind in UNARY else op
        layer = _activated(source, op) if source is not op and uses[source.name] == 1 else None
        if layer is not None:
            fused[source.name], renamed[op.name] = layer, source.name
    return graph.with_ops([fused.get(op.name, op) for op in graph.ops if op.name not in renamed], renamed)


def _activated(layer: Op, after: Op) -> Op | None:
    """The layer with the activation, if it has none and takes this one."""
    if layer.kind == "dense" and not layer.activation:
        return replace(layer, activation=after.kind, alpha=after.alpha)
    kernel = layer.kernel.activated(after.kind, after.alpha) if isinstance(layer.kernel, Activated) else None
    return None if kernel is None else replace(layer, kernel=kernel)
