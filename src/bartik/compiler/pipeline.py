"""The way of a bundle through the compiler: graph, passes, loops, schedules, text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from bartik.compiler.emit.cuda import cuda_header
from bartik.compiler.emit.cxx import header
from bartik.compiler.emit.unit import Tensor, Unit
from bartik.compiler.frontend import read_graph
from bartik.compiler.graph import Graph
from bartik.compiler.loops import Nest
from bartik.compiler.lower import lower
from bartik.compiler.names import comment, identifier, identifiers
from bartik.compiler.passes import optimise
from bartik.compiler.schedule import VECTORS, by_columns, by_columns_of, by_rows, has_block
from bartik.compiler.tuning import DEFAULT, Tuning
from bartik.core import TensorSpec
from bartik.core.bundle import Bundle

KINDS = {
    "float32": "float", "float64": "double", "int64": "std::int64_t", "int32": "std::int32_t", "int8": "std::int8_t",
    "uint8": "std::uint8_t", "bool": "bool",
}  # fmt: skip
"""C++ types of the caller's arrays, by dtype."""


@dataclass(frozen=True, eq=False)
class Compiled:
    """All stages of one bundle: many ``rows`` in lanes, ``columns`` on a GPU, a ``single`` row and several ``together`` on a processor."""

    unit: Unit
    read: Graph
    graph: Graph
    rows: Nest | None
    columns: Nest
    single: Nest
    together: Nest | None
    header: str
    tuning: Tuning


def compiled(bundle: Bundle, tuning: Tuning = DEFAULT) -> Compiled:
    """Compile a bundle as far as text; the same bundle and ``tuning`` give the same text."""
    read = read_graph(bundle)
    unit = _unit(bundle)
    graph = optimise(read)
    nest = lower(graph)
    rows, columns, single = by_rows(nest, tuning.tile) if has_block(nest) else None, by_columns(nest), by_columns(nest, VECTORS)
    together = by_columns_of(nest, tuning.blocks) if rows is None else None
    return Compiled(unit, read, graph, rows, columns, single, together, header(unit, rows, single, tuning, together), tuning)


def stages(bundle: Bundle) -> dict[str, str]:
    """Text of each stage: ``graph`` as read and as optimised, ``loops`` of every schedule, ``cxx`` and ``cuda`` the headers."""
    done = compiled(bundle)
    graph = f"# as read\n{done.read}\n# after the passes\n{done.graph}"
    block = "" if done.rows is None else f"# many rows: each lane is a row\n{done.rows}\n"
    several = "" if done.together is None else f"\n# several rows: weights are read once for all\n{done.together}"
    loops = f"{block}# one row: each lane is an element\n{done.single}{several}"
    return {"graph": graph, "loops": loops, "cxx": done.header, "cuda": cuda_header(done.unit, done.columns)}


def _unit(bundle: Bundle) -> Unit:
    specs = bundle.signature.inputs + bundle.signature.outputs
    words = identifiers([spec.name for spec in specs], "tensor")
    tensors = [Tensor(word, spec.width, _description(spec), KINDS[spec.dtype]) for word, spec in zip(words, specs, strict=True)]
    count = len(bundle.signature.inputs)
    return Unit(identifier(bundle.name), bundle.digest, tuple(tensors[:count]), tuple(tensors[count:]), provenance_lines(bundle))


def provenance_lines(bundle: Bundle) -> tuple[str, ...]:
    """Where a bundle comes from, a line each, fit for a comment; without the list of all packages."""
    known = {key: value for key, value in bundle.provenance.items() if key != "packages"}
    return tuple(comment(f"{key}: {value}") for key, value in _flat(known))[:40]


def _description(spec: TensorSpec) -> str:
    names = [f"{c.name} [{c.unit}]" if c.unit else c.name for c in spec.columns]
    return comment(", ".join(names)) if names else ""


def _flat(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, object]]:
    """Plain values by dotted name; lists stay whole."""
    for key in values:
        if isinstance(values[key], Mapping):
            yield from _flat(values[key], f"{prefix}{key}.")
        elif values[key] not in ("", None):
            yield prefix + key, values[key]
