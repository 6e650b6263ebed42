"""Let a dense layer apply the activation that follows it."""

from __future__ import annotations

from dataclasses import replace

from bartik.compiler.graph import UNARY, Graph


def fuse_activation(graph: Graph) -> Graph:
    """A unary operator whose argument is a dense layer that nobody else uses becomes that layer's activation."""
    known, uses = graph.by_name(), graph.uses()
    fused = {}
    for op in graph.ops:
        source = known[op.args[0]] if op.kind in UNARY else op
        if source.kind == "dense" and source is not op and not source.activation and uses[source.name] == 1:
            fused[source.name] = op
    ops = [op for op in graph.ops if op not in fused.values()]
    renamed = {op.name: name for name, op in fused.items()}
    done = [replace(op, activation=fused[op.name].kind, alpha=fused[op.name].alpha) if op.name in fused else op for op in ops]
    return graph.with_ops(done, renamed)
