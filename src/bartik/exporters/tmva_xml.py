"""TMVA's XML weight files: methods BDT, MLP, Fisher and LD, with transformations Normalize, Decorrelation and PCA.

``features`` float32 [batch, variables] are the variables in the order of the file, before any transformation; ``response``
float32 [batch, 1] (regression: one for each target) is what TMVA's Reader returns. Spectators are no input.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx

from bartik.core import Array, Arrays, Column, ExportError, Signature, TensorSpec
from bartik.core.xml_tree import read_xml
from bartik.exporters.graphs import GraphBuilder
from bartik.exporters.imported import Build, Imported, usable
from bartik.exporters.tmva_xml_forest import Forest, read_forest, tree_response
from bartik.exporters.tmva_xml_model import WeightFile, read_weight_file
from bartik.exporters.tmva_xml_native import tmva_response
from bartik.exporters.tmva_xml_network import Network, discriminant_response, network_response, read_discriminant, read_network
from bartik.exporters.tmva_xml_rows import rows_in_range, rows_on_cuts
from bartik.exporters.tmva_xml_transforms import Normalize, Transform, apply_transforms, read_transforms

METHODS = ("BDT", "Fisher", "LD", "MLP")

_Respond = Callable[[GraphBuilder, str, str], str]
"""From a graph, the name of the transformed values and a precision to the name of the response."""


def read_tmva_xml(path: Path, content: bytes) -> Imported:
    """The weight file ``content`` of ``path``; `ExportError` names what no graph can express."""
    root = read_xml(path, content, ExportError)
    file = read_weight_file(path, root)
    if file.kind not in METHODS:
        file.elements.refuse(f"method {file.kind} is not supported", f"supported: {', '.join(METHODS)}")
    if file.kind == "Fisher" and file.analysis == "regression":
        file.elements.refuse("method Fisher knows no regression")
    transforms = read_transforms(file)
    _check_targets(file, transforms)
    respond, rows = _method(file, raw=not transforms)
    signature = _signature(file)

    def run(inputs: Arrays) -> Arrays:
        try:
            return {"response": tmva_response(root, inputs["features"])}
        except (LookupError, ValueError, StopIteration) as error:  # the two readings of the file part: one has missed something
            hint = "compare it with a file that TMVA wrote"
            raise ExportError(f"{path}: an element is not where TMVA looks for it ({type(error).__name__}: {error})", hint=hint) from error

    graphs = {precision: _build(file, signature, transforms, respond, precision) for precision in _precisions(file)}
    about = {"source": path.name, "format": "TMVA XML", "method": f"{file.kind}::{file.name}", **_about(file)}
    return Imported(path, signature, usable({"features": rows}, run), run, graphs, about)


def _signature(file: WeightFile) -> Signature:
    features = TensorSpec("features", "float32", ("batch", len(file.variables)), tuple(v.column for v in file.variables))
    columns = tuple(t.column for t in file.targets) or (Column("response", "", f"{file.kind} {file.name}"),)
    return Signature((features,), (TensorSpec("response", "float32", ("batch", len(columns)), columns),))


def _about(file: WeightFile) -> Mapping[str, Any]:
    return {"analysis": file.analysis, "releases": dict(file.releases)}


def _precisions(file: WeightFile) -> tuple[str, ...]:
    """Trees compare and add in float32 always, and a linear discriminant rounds as TMVA does."""
    return ("float32", "float64") if file.kind in ("MLP", "Fisher") else ("float32",)


def _method(file: WeightFile, *, raw: bool) -> tuple[_Respond, Array]:
    """The method's part of the graph, and rows for it; cuts are met on purpose where trees see the variables ``raw``."""
    if file.kind == "BDT":
        forest = read_forest(file)
        return _trees(forest), _tree_rows(file, forest, raw=raw)
    if file.kind == "MLP":
        network = read_network(file)
        return _layers(network), rows_in_range(file.variables, wild=network.saturates)
    discriminant = read_discriminant(file)

    def respond(graph: GraphBuilder, values: str, precision: str) -> str:
        return discriminant_response(graph, values, discriminant, precision)

    return respond, rows_in_range(file.variables, wild=False)


def _trees(forest: Forest) -> _Respond:
    return lambda graph, values, _: tree_response(graph, values, forest)


def _layers(network: Network) -> _Respond:
    return lambda graph, values, precision: network_response(graph, values, network, precision)


def _tree_rows(file: WeightFile, forest: Forest, *, raw: bool) -> Array:
    inside = rows_in_range(file.variables, len(forest.trees))
    return np.concatenate([inside, rows_on_cuts(forest, inside)]) if raw else inside


def _check_targets(file: WeightFile, transforms: tuple[Transform, ...]) -> None:
    """Where targets are transformed there must be one transformation: TMVA itself undoes the first of several alone."""
    scaled = [t for t in transforms if isinstance(t, Normalize) and t.targets]
    if scaled and (len(transforms) > 1 or file.kind == "LD"):
        file.elements.refuse("several transformations of a regression, or a linear one, with scaled targets are not supported")


def _build(file: WeightFile, signature: Signature, transforms: tuple[Transform, ...], respond: _Respond, precision: str) -> Build:
    def build() -> onnx.ModelProto:
        graph = GraphBuilder()
        values = apply_transforms(graph, "features", transforms, len(file.variables))
        wide = graph.cast(values, precision) if precision != "float32" else values
        response = respond(graph, wide, precision)
        narrow = graph.cast(response, "float32") if precision != "float32" else response
        return graph.model(signature, {"response": _unscaled(graph, narrow, transforms, len(file.targets))})

    return build


def _unscaled(graph: GraphBuilder, response: str, transforms: tuple[Transform, ...], targets: int) -> str:
    """``offset+((val+1)/(scale * 2))`` where targets were scaled (``VariableNormalizeTransform::InverseTransform``)."""
    scaled = next((t.targets for t in transforms if isinstance(t, Normalize) and t.targets), None)
    if scaled is None:
        return response
    one, two = np.float32(1), np.float32(2)
    shift = [one if i in scaled else np.float32(0) for i in range(targets)]
    width = [scaled[i][1] * two if i in scaled else one for i in range(targets)]
    low = [scaled[i][0] if i in scaled else np.float32(0) for i in range(targets)]
    spread = graph.op("Div", graph.op("Add", response, graph.constant(shift)), graph.constant(width))
    return graph.op("Add", spread, graph.constant(low))
