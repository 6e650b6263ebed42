"""The same model with fewer hidden units: another model, so another bundle.

Structured pruning after training: of two dense layers behind one another the units between them that move the second one least are left
out, and what they give on the average goes into its bias (Molchanov et al., arXiv:1611.06440, for whole units). It shows what a narrower
network could do; one trained at that width does better.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np
import onnx
from onnx import helper, numpy_helper
from onnx.reference import ReferenceEvaluator

from bartik.core import Array, Arrays, UnsupportedError, UsageError
from bartik.core.bundle import Bundle, write_bundle
from bartik.core.digest import digest_arrays
from bartik.exporters.canonical import canonical_bytes
from bartik.exporters.imported import evaluate

_BY_UNIT = frozenset({"Relu", "LeakyRelu", "Elu", "Selu", "Celu", "Gelu", "Tanh", "Sigmoid", "Softplus", "Identity", "HardSigmoid", "Mish"})
"""What may lie between two dense layers: functions of each unit alone."""


def narrow(bundle: Bundle, calibration: Arrays, path: Path, keep: float) -> Bundle:
    """Write the model of ``bundle`` with the share ``keep`` of the units of each hidden layer as a bundle at ``path``.

    ``calibration`` are typical inputs by name. `UnsupportedError` where no two dense layers (``Gemm``) are behind one another with nothing
    but activations between them; `UsageError` for a share that is not between 0 and 1.
    """
    if not 0 < keep < 1:
        raise UsageError(f"keep: wanted a share between 0 and 1, got {keep:g}")
    bundle.signature.check_inputs(calibration)
    model = bundle.model()
    pairs = list(_pairs(model))
    if not pairs:
        raise UnsupportedError(f"{bundle.path}: has no dense layers behind one another, so no units to leave out", hint="keep it as it is")
    values = _evaluated(model, [pair.second.input[0] for pair in pairs], calibration)
    for pair in pairs:
        _leave_out(model, pair, values[pair.second.input[0]], keep)
    content = canonical_bytes(model)
    inputs, _ = bundle.reference()
    about = {"keep": keep, "of": bundle.digest, "calibration": digest_arrays(calibration)}
    return write_bundle(
        path,
        content,
        bundle.signature,
        (inputs, evaluate(content, bundle.signature, inputs)),
        name=f"{bundle.name}_narrow",
        working_points=bundle.working_points,
        provenance={**bundle.provenance, "narrowed": about},
    )


@dataclass(frozen=True, eq=False)
class _Pair:
    """Two dense layers with nothing but activations between them."""

    first: onnx.NodeProto
    second: onnx.NodeProto


def _pairs(model: onnx.ModelProto) -> Iterator[_Pair]:
    weights = {tensor.name for tensor in model.graph.initializer}
    users: dict[str, list[onnx.NodeProto]] = {}
    for node in model.graph.node:
        for name in node.input:
            users.setdefault(name, []).append(node)
    outputs = {value.name for value in model.graph.output}

    def plain(node: onnx.NodeProto) -> bool:
        factors = {a.name: helper.get_attribute_value(a) for a in node.attribute}
        own = all(name in weights and len(users[name]) == 1 for name in node.input[1:])
        return node.op_type == "Gemm" and own and not factors.get("transA") and factors.get("alpha", 1.0) == factors.get("beta", 1.0) == 1.0

    for first in filter(plain, model.graph.node):
        node = first
        while len(followers := users.get(node.output[0], [])) == 1 and node.output[0] not in outputs:
            node = followers[0]
            if plain(node) and node.input[0] not in weights:
                yield _Pair(first, node)
            if node.op_type not in _BY_UNIT:
                break


def _leave_out(model: onnx.ModelProto, pair: _Pair, hidden: Array, keep: float) -> None:
    """Leave out units; ``hidden`` [rows, units] is what the second layer gets."""
    tensors = {tensor.name: tensor for tensor in model.graph.initializer}
    into, out = (_weight(tensors, node) for node in (pair.first, pair.second))
    moves = hidden.std(axis=0) * np.linalg.norm(out, axis=1)
    count = max(1, round(keep * len(moves)))
    kept = np.sort(np.argsort(-moves, kind="stable")[:count])
    gone = np.setdiff1d(np.arange(len(moves)), kept)
    constant = hidden[:, gone].mean(axis=0) @ out[gone]
    _set_weight(tensors, pair.first, into[:, kept])
    _set_weight(tensors, pair.second, out[kept])
    if len(pair.first.input) > 2:
        _set(tensors[pair.first.input[2]], numpy_helper.to_array(tensors[pair.first.input[2]]).reshape(-1)[kept])
    if len(pair.second.input) > 2:
        _set(tensors[pair.second.input[2]], numpy_helper.to_array(tensors[pair.second.input[2]]).reshape(-1) + constant)
    else:
        name = f"{pair.second.output[0]}_constant"
        pair.second.input.append(name)
        model.graph.initializer.append(numpy_helper.from_array(constant.astype(np.float32), name))


def _transposed(node: onnx.NodeProto) -> bool:
    return any(a.name == "transB" and a.i for a in node.attribute)


def _weight(tensors: dict[str, onnx.TensorProto], node: onnx.NodeProto) -> Array:
    """As [inputs, outputs]."""
    values = numpy_helper.to_array(tensors[node.input[1]])
    return values.T if _transposed(node) else values


def _set_weight(tensors: dict[str, onnx.TensorProto], node: onnx.NodeProto, values: Array) -> None:
    _set(tensors[node.input[1]], values.T if _transposed(node) else values)


def _set(tensor: onnx.TensorProto, values: Array) -> None:
    dtype = helper.tensor_dtype_to_np_dtype(tensor.data_type)
    tensor.CopyFrom(numpy_helper.from_array(np.ascontiguousarray(values, dtype), tensor.name))


def _evaluated(model: onnx.ModelProto, names: list[str], inputs: Arrays) -> dict[str, Array]:
    """Values of these names, by ONNX's reference evaluator."""
    every = onnx.ModelProto()
    every.CopyFrom(model)
    del every.graph.output[:]
    every.graph.output.extend(onnx.ValueInfoProto(name=name) for name in names)
    with np.errstate(all="ignore"):
        return dict(zip(names, cast(list[Array], ReferenceEvaluator(every).run(None, inputs)), strict=True))
