"""Give every value a place in scratch memory; values that do not live at the same time share it."""

from __future__ import annotations

from dataclasses import replace

from bartik.compiler.graph import Graph, Op, inlined

ALIGNMENT = 16
"""Places are multiples of it: the most lanes there are, so that a value's lanes never reach into the next."""


def plan_memory(graph: Graph) -> Graph:
    """First fit in order of making; a value lives until the last operator that reads it has run."""
    hidden = inlined(graph)
    last = _last_uses(graph, hidden)
    places: dict[str, int] = {}
    living: list[tuple[int, int, int]] = []  # place, end, last use
    highest = 0
    for position, op in enumerate(graph.ops):
        if op.kind == "constant" or op.name in hidden:
            continue
        living = [block for block in living if block[2] >= position]
        size = room(op)
        place = _first_fit(living, size)
        places[op.name] = place
        living.append((place, place + size, last.get(op.name, position)))
        highest = max(highest, place + size)
        if private := scratch_room(op):
            places[scratch_name(op)] = _first_fit(living, private)
            highest = max(highest, places[scratch_name(op)] + private)
    return replace(graph, places=places, scratch=highest)


def scratch_name(op: Op) -> str:
    """The name of a kernel's private memory."""
    return f"{op.name}_scratch"


def scratch_room(op: Op) -> int:
    """Elements of a kernel's private memory, which it has while it runs."""
    return 0 if op.kernel is None else _whole(op.kernel.scratch)


def room(op: Op) -> int:
    """Elements that ``op`` takes in scratch memory: the parts of a concat begin anywhere, and each is written in whole lanes."""
    spare = ALIGNMENT - 1 if op.kind == "concat" else 0
    return _whole(op.width + spare)


def _whole(elements: int) -> int:
    return -(-elements // ALIGNMENT) * ALIGNMENT


def _last_uses(graph: Graph, hidden: frozenset[str]) -> dict[str, int]:
    """Position of the last operator that reads each value; what is inlined reads where its user stands."""
    last = dict.fromkeys(graph.outputs, len(graph.ops))
    for position in range(len(graph.ops) - 1, -1, -1):
        op = graph.ops[position]
        reads = last[op.name] if op.name in hidden else position
        for arg in op.args:
            last[arg] = max(last.get(arg, 0), reads)
    return last


def _first_fit(living: list[tuple[int, int, int]], size: int) -> int:
    place = 0
    for start, end, _ in sorted(living):
        if place + size <= start:
            break
        place = max(place, end)
    return place
