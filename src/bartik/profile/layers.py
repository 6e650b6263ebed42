"""A bundle cut into layers: small bundles one behind the other, each of which any backend can run and be timed on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any, cast

import numpy as np
import onnx
from onnx import helper, numpy_helper
from onnx.reference import ReferenceEvaluator

from bartik.core import Array, Arrays, Signature, TensorSpec, UnsupportedError
from bartik.core.bundle import Bundle, write_bundle
from bartik.core.ragged import is_ragged
from bartik.core.spec import DTYPES
from bartik.profile.nodes import Work, is_heavy, work_of

MOST = 12
"""Layers of a model, unless told otherwise: each is compiled for itself."""
_ROWS = (13, 11)
"""Rows that the model is evaluated with, twice: an axis that follows is the batch."""
_BATCH = "batch"


@dataclass(frozen=True)
class Layer:
    """Part of a model as a bundle of its own, and what one candidate (or event) is of ``work`` in it."""

    name: str
    bundle: Bundle
    work: Work


def cut(bundle: Bundle, folder: Path, most: int = MOST) -> list[Layer]:
    """The layers of ``bundle``, written into ``folder``: each begins with a product, a table or a step through neighbours.

    There are at most ``most``; those with the least work are joined. A model is cut only where all that passes is known by
    candidate, or by entry of an event. `UnsupportedError` where ONNX's reference evaluator cannot run it.
    """
    model = bundle.model()
    inputs = _few_rows(bundle, _ROWS[0])
    values = _evaluated(model, inputs)
    free = _free_axes(bundle, model, values)
    parts = _Parts(model, values, free, frozenset(spec.name for spec in bundle.signature.outputs))
    pieces = _joined(parts.pieces(), most)
    return [_layer(number, piece, parts, bundle, folder) for number, piece in enumerate(pieces, 1)]


@dataclass(frozen=True, eq=False)
class _Piece:
    """Neighbouring operators, and their work."""

    nodes: tuple[onnx.NodeProto, ...]
    work: Work

    def __add__(self, other: _Piece) -> _Piece:
        return _Piece(self.nodes + other.nodes, self.work + other.work)


@dataclass(eq=False)
class _Parts:
    """A model with the values of all that it computes, and the names of those that may pass from one layer to the next."""

    model: onnx.ModelProto
    values: Mapping[str, Array]
    free: frozenset[str]
    outputs: frozenset[str]

    def pieces(self) -> list[_Piece]:
        """As many as possible; what computes nothing on candidates belongs to whoever uses it."""
        nodes = [node for node in self.model.graph.node if node.op_type != "Constant"]
        found: list[list[onnx.NodeProto]] = [[]]
        for place, node in enumerate(nodes):
            begun = any(is_heavy(other) for other in found[-1])
            if begun and is_heavy(node) and self._passing(nodes, place) <= self.free:
                found.append([])
            found[-1].append(node)
        return [_Piece(tuple(part), self.work(part)) for part in found if part]

    @cached_property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Of all values."""
        return {name: value.shape for name, value in self.values.items()}

    def work(self, nodes: Sequence[onnx.NodeProto]) -> Work:
        """Of one candidate."""
        return sum((work_of(node, self.shapes) for node in nodes), Work())

    def _passing(self, nodes: Sequence[onnx.NodeProto], place: int) -> set[str]:
        """Values made before ``place`` and used from there on."""
        made = {name for node in nodes[:place] for name in node.output} | {value.name for value in self.model.graph.input}
        used = {name for node in nodes[place:] for name in _reads(node)} | self.outputs
        return made & used

    def ends(self, nodes: Sequence[onnx.NodeProto]) -> tuple[list[str], list[str]]:
        """Values that come into ``nodes`` and that leave them."""
        made = [name for node in nodes for name in node.output if name]
        inside = {id(node) for node in nodes}
        constants = self._constants()
        reads = dict.fromkeys(name for node in nodes for name in _reads(node) if name in self.values)
        comes = [name for name in reads if name not in made and name not in constants]
        later = {name for node in self.model.graph.node if id(node) not in inside for name in _reads(node)} | self.outputs
        return comes, [name for name in made if name in later]

    def constants_of(self, nodes: Sequence[onnx.NodeProto]) -> tuple[list[onnx.NodeProto], list[onnx.TensorProto]]:
        """Constants that ``nodes`` use: operators and tensors."""
        used = {name for node in nodes for name in _reads(node)}
        operators = [node for node in self.model.graph.node if node.op_type == "Constant" and node.output[0] in used]
        return operators, [tensor for tensor in self.model.graph.initializer if tensor.name in used]

    def _constants(self) -> set[str]:
        made = {name for node in self.model.graph.node if node.op_type == "Constant" for name in node.output}
        return made | {tensor.name for tensor in self.model.graph.initializer}


def _joined(pieces: list[_Piece], most: int) -> list[_Piece]:
    """At most ``most``: those two neighbours are joined that have the least work together."""
    while len(pieces) > max(1, most):
        together = [(first.work + second.work).total for first, second in pairwise(pieces)]
        least = int(np.argmin(together))
        pieces = [*pieces[:least], pieces[least] + pieces[least + 1], *pieces[least + 2 :]]
    return pieces


def _layer(number: int, piece: _Piece, parts: _Parts, bundle: Bundle, folder: Path) -> Layer:
    comes, leaves = parts.ends(piece.nodes)
    specs = [[_spec(name, parts.values[name], bundle) for name in names] for names in (comes, leaves)]
    signature = Signature(tuple(specs[0]), tuple(specs[1]))
    arrays: list[Arrays] = [{name: parts.values[name] for name in names} for names in (comes, leaves)]
    name = f"{number} {'+'.join(dict.fromkeys(node.op_type for node in piece.nodes if is_heavy(node))) or piece.nodes[0].op_type}"
    written = write_bundle(
        folder / f"layer_{number}", _model(piece, parts, signature), signature, (arrays[0], arrays[1]), name=f"{bundle.name}_{number}"
    )
    rows = 1 if is_ragged(bundle.signature) else _ROWS[0]
    moved = sum(array.nbytes for group in arrays for array in group.values()) // rows
    weights = sum(numpy_helper.to_array(tensor).nbytes for tensor in parts.constants_of(piece.nodes)[1])
    return Layer(name, written, replace(piece.work.divided(rows), moved=moved, weights=weights))


def _model(piece: _Piece, parts: _Parts, signature: Signature) -> bytes:
    operators, tensors = parts.constants_of(piece.nodes)
    ends = [[_info(spec) for spec in specs] for specs in (signature.inputs, signature.outputs)]
    graph = helper.make_graph([*operators, *piece.nodes], "layer", ends[0], ends[1], tensors)
    model = helper.make_model(graph, opset_imports=parts.model.opset_import, ir_version=parts.model.ir_version)
    model.functions.extend(parts.model.functions)
    return bytes(model.SerializeToString(deterministic=True))


def _info(spec: TensorSpec) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(spec.name, helper.np_dtype_to_tensor_dtype(np.dtype(spec.dtype)), spec.shape)


def _spec(name: str, value: Array, bundle: Bundle) -> TensorSpec:
    """An event's values have their size; a candidate's have the batch first."""
    shape: tuple[int | str, ...] = value.shape if is_ragged(bundle.signature) else (_BATCH, *value.shape[1:])
    return TensorSpec(name, str(value.dtype), shape)


def _few_rows(bundle: Bundle, rows: int) -> Arrays:
    inputs, _ = bundle.reference()
    if is_ragged(bundle.signature):
        return inputs
    return {name: array[np.arange(rows) % len(array)] for name, array in inputs.items()}


def _free_axes(bundle: Bundle, model: onnx.ModelProto, values: Mapping[str, Array]) -> frozenset[str]:
    """Values that are known by candidate, the first axis being the batch, or by entry of an event."""
    plain = {name for name, value in values.items() if value.ndim and str(value.dtype) in DTYPES}
    if is_ragged(bundle.signature):
        sizes = {len(values[spec.name]) for spec in bundle.signature.inputs}
        return frozenset(name for name in plain if len(values[name]) in sizes)
    other = _evaluated(model, _few_rows(bundle, _ROWS[1]))
    return frozenset(name for name in plain if (len(values[name]), len(other[name])) == _ROWS)


def _evaluated(model: onnx.ModelProto, inputs: Arrays) -> dict[str, Array]:
    """Every value of the model, by ONNX's reference evaluator; inputs and constants too."""
    every = onnx.ModelProto()
    every.CopyFrom(model)
    made = [name for node in every.graph.node for name in node.output if name]
    del every.graph.output[:]
    every.graph.output.extend(onnx.ValueInfoProto(name=name) for name in made)
    try:
        with np.errstate(all="ignore"):
            found = cast(list[Any], ReferenceEvaluator(every).run(None, inputs))
    except Exception as error:  # each operator of the evaluator raises its own
        raise UnsupportedError(f"the model cannot be cut into layers: ONNX's reference evaluator raised {type(error).__name__}") from error
    weights = {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
    return weights | inputs | {name: value for name, value in zip(made, found, strict=True) if isinstance(value, np.ndarray)}


def _reads(node: onnx.NodeProto) -> Iterator[str]:
    """Values that a node uses, those of the graphs inside it too."""
    yield from filter(None, node.input)
    for attribute in node.attribute:
        for inner in attribute.g.node:
            yield from _reads(inner)
