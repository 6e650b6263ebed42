"""Random graphs with float64 in the place of float32, what they give, and how near a result must come."""

from dataclasses import replace

import numpy as np
import onnx
from graph_layers import STEPS
from graph_strategies import by_seed, judged_by_runtime
from onnx import TensorProto, numpy_helper
from onnx.reference import ReferenceEvaluator

from bartik.compiler.frontend import read_graph
from bartik.compiler.semantics import interpret
from bartik.core import Signature

ILLEGAL = {"QuantizeLinear", "DequantizeLinear"}
"""Operators that ONNX has in float32 only."""
SINGLE = {"BatchNormalization", "Erf", "Gelu", "Selu", "HardSigmoid", "ThresholdedRelu"}
"""Operators that the evaluator does not compute in float64, or whose own constants are of float32 there."""


def graphs(numbers, *, by_evaluator):
    """Graphs that ONNX's evaluator computes in float64, or those that it does not, with what their meaning in numpy gives."""
    for number in numbers:
        made = by_seed([number, 64], STEPS, STEPS[number % len(STEPS)])
        if not {*made.kinds} & ILLEGAL and by_evaluator == (not _judged_otherwise(made)):
            double = _evaluated(_widened(made)) if by_evaluator else _widened(made)
            if double is not None:
                yield number, double


def mixtures(numbers):
    """Graphs of which some nodes compute in float64, with a Cast to it before them and one back behind them."""
    for number in numbers:
        made = by_seed([number, 65], STEPS, STEPS[number % len(STEPS)])
        if not {*made.kinds} & ILLEGAL and not _judged_otherwise(made):
            double = _evaluated(replace(made, model=_with_casts(made.model, np.random.default_rng(number))))
            if double is not None:
                yield number, double


def _judged_otherwise(made):
    """Whether the evaluator has not the last word on some operator in float64."""
    opset = next(entry.version for entry in made.model.opset_import if not entry.domain)
    return any(kind in SINGLE or judged_by_runtime(kind, opset) for kind in made.kinds)


def check(made, found, what):
    """Every output within what rounding explains."""
    for name, wanted in made.outputs.items():
        assert found[name].dtype == wanted.dtype, (what, name)
        given, right = found[name].astype(np.float64).reshape(wanted.shape), wanted.astype(np.float64)
        np.testing.assert_allclose(given, right, rtol=1e-12, atol=made.tolerances[name], err_msg=f"{what}: {name} of {made.kinds}")


def understood(made, folder):
    """With the meaning of the graph in numpy as its outputs, which must be near to what they were in float32."""
    with np.errstate(all="ignore"):
        found = interpret(read_graph(made.bundle(folder, name="graph")), made.inputs)
    outputs = {name: found[name].reshape(wanted.shape) for name, wanted in made.outputs.items()}
    for name, wanted in made.outputs.items():
        near = {"rtol": 1e-4, "atol": 1e8 * made.tolerances[name]}
        np.testing.assert_allclose(outputs[name].astype(np.float64), wanted.astype(np.float64), **near, err_msg=f"{name} of {made.kinds}")
    return replace(made, outputs=outputs)


def _widened(made):
    sides = [tuple(replace(s, dtype="float64" if s.dtype == "float32" else s.dtype) for s in side) for side in _sides(made.signature)]
    arrays = [{name: _wide(array) for name, array in side.items()} for side in (made.inputs, made.outputs)]
    tolerances = {name: 1e-8 * value for name, value in made.tolerances.items()}
    model = _wide_model(made.model)
    return replace(made, model=model, signature=Signature(*sides), inputs=arrays[0], outputs=arrays[1], tolerances=tolerances)


def _evaluated(made):
    """With what the evaluator gives; nothing where it does not compute it in float64."""
    try:
        with np.errstate(all="ignore"):
            found = ReferenceEvaluator(made.model).run(None, made.inputs)
    except Exception:  # noqa: BLE001 - each of its operators has its own
        return None
    outputs = dict(zip(made.outputs, map(np.asarray, found), strict=True))
    fits = all(outputs[name].dtype == wanted.dtype for name, wanted in made.outputs.items())
    return replace(made, outputs=outputs) if fits else None


def _with_casts(single, rng):
    """Half of the nodes that have floats in and out, but for those whose attributes say a type."""
    model = onnx.shape_inference.infer_shapes(single)
    known = {info.name: info.type.tensor_type.elem_type for info in (*model.graph.input, *model.graph.value_info, *model.graph.output)}
    known |= {tensor.name: tensor.data_type for tensor in model.graph.initializer}
    nodes = []
    for node in model.graph.node:
        floats = [[name for name in side if known.get(name) == TensorProto.FLOAT] for side in (node.input, node.output)]
        if all(floats) and not any(a.name in ("to", "dtype") for a in node.attribute) and not node.domain and rng.integers(2):
            before = [onnx.helper.make_node("Cast", [x], [f"{x}_to_{len(nodes)}"], to=TensorProto.DOUBLE) for x in dict.fromkeys(floats[0])]
            after = [onnx.helper.make_node("Cast", [f"{x}_wide"], [x], to=TensorProto.FLOAT) for x in floats[1]]
            names = [f"{x}_to_{len(nodes)}" if x in floats[0] else x for x in node.input]
            node.input[:] = names
            node.output[:] = [f"{x}_wide" if x in floats[1] else x for x in node.output]
            nodes += [*before, node, *after]
        else:
            nodes.append(node)
    found = onnx.ModelProto.FromString(single.SerializeToString())
    del found.graph.node[:]
    found.graph.node.extend(nodes)
    return found


def _wide_model(single):
    model = onnx.ModelProto.FromString(single.SerializeToString())
    for info in (*model.graph.input, *model.graph.output):
        if info.type.tensor_type.elem_type == TensorProto.FLOAT:
            info.type.tensor_type.elem_type = TensorProto.DOUBLE
    tensors = [attribute.t for node in model.graph.node for attribute in node.attribute if attribute.HasField("t")]
    for tensor in (*model.graph.initializer, *tensors):
        if tensor.data_type == TensorProto.FLOAT:
            tensor.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(tensor).astype(np.float64), tensor.name))
    for node in model.graph.node:
        for attribute in node.attribute:
            if attribute.name in ("to", "dtype") and attribute.i == TensorProto.FLOAT:
                attribute.i = TensorProto.DOUBLE
    return model


def _sides(signature):
    return signature.inputs, signature.outputs


def _wide(array):
    return array.astype(np.float64) if array.dtype == np.float32 else array
