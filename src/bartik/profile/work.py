"""How much arithmetic a model is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

import numpy as np
import onnx
from onnx.reference import ReferenceEvaluator

from bartik.core import Array, Arrays
from bartik.core.bundle import Bundle
from bartik.core.ragged import is_ragged, repeat_event
from bartik.profile.nodes import work_of


def multiply_adds(bundle: Bundle) -> int:
    """Fused multiply-adds of one candidate in dense, convolution and recurrent layers: their weights' share of the work.

    Where a row is an event, it is the event of the reference.

    Activations, scaling and moving of data are not counted, so that what is made of this number is a lower limit.
    """
    inputs, _ = bundle.reference() if is_ragged(bundle.signature) else ({}, {})
    sizes = {str(spec.shape[0]): len(inputs[spec.name]) for spec in bundle.signature.inputs if inputs}
    model = _for_one_candidate(bundle.model(), sizes)
    shapes = _shapes_of(model, inputs or repeated(bundle, 1))
    return sum(work_of(node, shapes).multiply_adds for node in model.graph.node)


def repeated(bundle: Bundle, batch: int) -> Arrays:
    """The first rows of the reference, over again until there are ``batch``; so many times its event, where a row is an event."""
    inputs, _ = bundle.reference()
    if is_ragged(bundle.signature):
        return repeat_event(bundle.signature, inputs, batch)
    return {name: array[np.arange(batch) % len(array)] for name, array in inputs.items()}


def _for_one_candidate(model: onnx.ModelProto, sizes: Mapping[str, int]) -> onnx.ModelProto:
    """Every free axis of the inputs and outputs set to one, or to what it is in an event."""
    for value in (*model.graph.input, *model.graph.output):
        for axis in value.type.tensor_type.shape.dim:
            if not axis.HasField("dim_value"):
                axis.dim_value = sizes.get(axis.dim_param, 1)
    return model


def _shapes_of(model: onnx.ModelProto, inputs: Arrays) -> dict[str, list[int]]:
    """Of all values; where ONNX cannot infer them (it takes whole numbers that are added for sizes), those that ``inputs`` lead to."""
    try:
        return _shapes(onnx.shape_inference.infer_shapes(model, strict_mode=True, data_prop=True))
    except onnx.shape_inference.InferenceError:
        computed = [name for node in model.graph.node for name in node.output if name]
        values = cast(list[Array], ReferenceEvaluator(model).run(computed, inputs))
        return _shapes(model) | {name: list(np.shape(value)) for name, value in zip(computed, values, strict=True)}


def _shapes(model: onnx.ModelProto) -> dict[str, list[int]]:
    graph = model.graph
    shapes = {tensor.name: list(tensor.dims) for tensor in graph.initializer}
    for value in (*graph.value_info, *graph.input, *graph.output):
        shapes[value.name] = [axis.dim_value for axis in value.type.tensor_type.shape.dim]
    return shapes
