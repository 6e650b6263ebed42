"""lwtnn's JSON: the sequential format, and the graph format where all its nodes are feed-forward.

A sequential network takes ``features`` float32 [batch, variables] and gives ``response`` float32 [batch, labels]; a graph
of one input and one output does too, one of several has them by the names in the file. Raw variables go in: ``(x + offset) *
scale`` (``InputPreprocessor::operator()``: ``(invec + m_offsets).cwiseProduct(m_scales)``) is part of the graph. Defaults for
missing values are an option of lwtnn's caller (``NanReplacer``) and stand in the columns' descriptions.
"""

from __future__ import annotations

import json as text
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import onnx

from bartik.core import Array, Arrays, Column, ExportError, Signature, TensorSpec
from bartik.exporters.edge_cases import LARGE, edge_rows
from bartik.exporters.graphs import GraphBuilder
from bartik.exporters.imported import Build, Imported, usable
from bartik.exporters.lwtnn_layers import MAX_WIDTH, SATURATING, Json, Layer, apply_layer, read_layer
from bartik.exporters.lwtnn_native import lwtnn_outputs

MAX_BYTES = 256 * 2**20
_MAX_NODES = 1000
_ROWS = 128


@dataclass(frozen=True)
class Input:
    """Variables that come in together, and what is added to and multiplied with each."""

    columns: tuple[Column, ...]
    offset: Array
    scale: Array


@dataclass(frozen=True)
class Node:
    """A step: ``kind`` input, feed_forward, concatenate or add, of the earlier steps ``sources`` (an input: of that input)."""

    kind: str
    sources: tuple[int, ...]
    layer: Layer | None
    width: int


@dataclass(frozen=True)
class Network:
    """Inputs by name, steps by number in the order in which they can be taken, and for each output its labels and its step."""

    inputs: Mapping[str, Input]
    nodes: Mapping[int, Node]
    outputs: Mapping[str, tuple[tuple[str, ...], int]]


def parse_json(path: Path, content: bytes) -> Any:
    """The values in ``content``; `ExportError` names ``path`` where it is no JSON, or holds what JSON has no word for."""
    if len(content) > MAX_BYTES:
        raise ExportError(f"{path}: {len(content)} bytes of JSON, more than the {MAX_BYTES} we read")

    def refuse(word: str) -> NoReturn:
        raise ExportError(f"{path}: holds {word}, which is no number of JSON")

    try:
        return text.loads(content, parse_constant=refuse)
    except (ValueError, RecursionError) as error:
        raise ExportError(f"{path}: not readable as JSON ({error})", hint="is the file whole?") from error


def read_lwtnn(path: Path, content: bytes) -> Imported:
    """The network ``content`` of ``path``; `ExportError` names the layer or node that is not supported."""
    values = parse_json(path, content)
    json = Json(path)
    graph = "nodes" in values
    network = _read_graph(json, values) if graph else _read_sequence(json, values)
    signature = _signature(network)

    def run(inputs: Arrays) -> Arrays:
        try:
            return lwtnn_outputs(values, inputs)
        except (LookupError, ValueError, TypeError) as error:  # the two readings of the file part: one has missed something
            raise ExportError(f"{path}: a value is not where lwtnn looks for it ({type(error).__name__}: {error})") from error

    graphs = {dtype: _build(network, signature, dtype) for dtype in ("float32", "float64")}
    about = {"source": path.name, "format": "lwtnn graph" if graph else "lwtnn", "layers": len(values["layers"])}
    return Imported(path, signature, usable(_rows(network), run), run, graphs, about)


def _read_sequence(json: Json, values: Any) -> Network:
    given = _input(json, json.field(values, "inputs", "the file", list), values.get("defaults", {}), "input")
    layers = json.field(values, "layers", "the file", list)
    labels = _labels(json, json.field(values, "outputs", "the file", list), "outputs")
    nodes = {0: Node("input", (0,), None, len(given.columns))}
    for number, layer in enumerate(layers):
        found = read_layer(json, layer, nodes[number].width, f"layer {number}")
        nodes[number + 1] = Node("feed_forward", (number,), found, found.outputs)
    return _checked(json, Network({"features": given}, nodes, {"response": (labels, len(layers))}))


def _read_graph(json: Json, values: Any) -> Network:
    if values.get("input_sequences"):
        json.refuse("input sequences are not supported: they need recurrent layers", "supported: graphs of feed-forward nodes")
    groups = json.field(values, "inputs", "the file", list)
    inputs = {}
    for number, group in enumerate(groups):
        name = _name(json, json.field(group, "name", f"input {number}", str))
        inputs[name] = _input(json, json.field(group, "variables", f"input {name}", list), {}, f"input {name}")
    if len(inputs) != len(groups) or not inputs:
        json.refuse("inputs must have different names, and there must be one")
    nodes = _read_nodes(json, values, [len(given.columns) for given in inputs.values()])
    outputs = {}
    for name, output in json.field(values, "outputs", "the file", dict).items():
        labels = _labels(json, json.field(output, "labels", f"output {name}", list), f"output {name}")
        outputs[_name(json, name)] = labels, json.field(output, "node_index", f"output {name}", int)
    plain = len(inputs) == len(outputs) == 1
    if plain:
        inputs, outputs = {"features": next(iter(inputs.values()))}, {"response": next(iter(outputs.values()))}
    return _checked(json, Network(inputs, nodes, outputs))


def _read_nodes(json: Json, values: Any, widths: list[int]) -> dict[int, Node]:
    given = json.field(values, "nodes", "the file", list)
    layers = json.field(values, "layers", "the file", list)
    if not 0 < len(given) <= _MAX_NODES:
        json.refuse(f"{len(given)} nodes: wanted 1 to {_MAX_NODES}")
    nodes: dict[int, Node] = {}
    for number in _order(json, given):
        nodes[number] = _node(json, given[number], number, nodes, layers, widths)
    return nodes


def _order(json: Json, given: list[Any]) -> list[int]:
    """Every node after its sources."""
    done: list[int] = []
    placed, open_ = set[int](), set[int]()
    for start in range(len(given)):
        waiting = [start]
        while waiting:
            number = waiting[-1]
            sources = [] if number in placed else _sources(json, given, number)
            missing = [source for source in sources if source not in placed]
            if not missing:
                waiting.pop()
                open_.discard(number)
                done += [] if number in placed else [number]
                placed.add(number)
            elif number in open_ and any(source in open_ for source in missing):
                json.refuse(f"node {number} is part of a cycle")
            else:
                open_.add(number)
                waiting += missing
    return done


def _sources(json: Json, given: list[Any], number: int) -> list[int]:
    kind = json.field(given[number], "type", f"node {number}", str)
    if kind not in ("input", "feed_forward", "concatenate", "add"):
        json.refuse(f"node {number} is of type {kind!r}, which is not supported", "supported: input, feed_forward, concatenate, add")
    if kind == "input":
        return []
    sources: list[int] = json.field(given[number], "sources", f"node {number}", list)
    if not sources or not all(isinstance(s, int) and 0 <= s < len(given) for s in sources):
        json.refuse(f"node {number}: sources {sources} are no nodes")
    return sources


def _node(json: Json, given: Any, number: int, nodes: dict[int, Node], layers: list[Any], widths: list[int]) -> Node:
    where, kind = f"node {number}", given["type"]
    sources = tuple(json.field(given, "sources", where, list))
    if kind in ("input", "feed_forward") and len(sources) != 1:
        json.refuse(f"{where}: needs one source, has {len(sources)}")
    if kind == "input":
        if not (isinstance(sources[0], int) and 0 <= sources[0] < len(widths)) or given.get("size") != widths[sources[0]]:
            json.refuse(f"{where}: input {sources[0]} of {given.get('size')} values is not among the inputs")
        return Node(kind, sources, None, widths[sources[0]])
    before = [nodes[source].width for source in sources]
    if kind == "feed_forward":
        index = json.field(given, "layer_index", where, int)
        if not 0 <= index < len(layers):
            json.refuse(f"{where}: there is no layer {index}")
        layer = read_layer(json, layers[index], before[0], f"layer {index}")
        return Node(kind, sources, layer, layer.outputs)
    if kind == "add" and len(set(before)) != 1:
        json.refuse(f"{where}: adds vectors of {before} values")
    width = before[0] if kind == "add" else sum(before)
    if width > MAX_WIDTH:
        json.refuse(f"{where}: {width} values, more than {MAX_WIDTH}")
    return Node(kind, sources, None, width)


def _checked(json: Json, network: Network) -> Network:
    if not network.outputs:
        json.refuse("there is no output")
    for name, (labels, number) in network.outputs.items():
        if number not in network.nodes or network.nodes[number].width != len(labels):
            width = network.nodes[number].width if number in network.nodes else "no"
            json.refuse(f"output {name} has {len(labels)} labels for {width} values of node {number}")
    if set(network.inputs) & set(network.outputs):
        json.refuse("an input and an output have the same name")
    return network


def _input(json: Json, given: list[Any], defaults: Any, where: str) -> Input:
    if not 0 < len(given) <= MAX_WIDTH:
        json.refuse(f"{where}: {len(given)} variables")
    columns = []
    for number, entry in enumerate(given):
        name = json.field(entry, "name", f"{where} variable {number}", str)
        default = entry.get("default", defaults.get(name) if isinstance(defaults, dict) else None)
        columns.append(Column(name, "", f"{default} where missing" if isinstance(default, int | float) else ""))
    offset, scale = (np.array([json.number(e, key, f"{where} variable {e['name']}") for e in given]) for key in ("offset", "scale"))
    return Input(tuple(columns), offset, scale)


def _labels(json: Json, given: list[Any], where: str) -> tuple[str, ...]:
    if not given or not all(isinstance(label, str) for label in given):
        json.refuse(f"{where}: wanted a list of labels")
    return tuple(given)


def _name(json: Json, name: str) -> str:
    """A name that can name a tensor in every runtime and generated program."""
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_./:-]{0,126}", name):
        json.refuse(f"{name!r} cannot name an input or output", "wanted letters, digits and _ . / : -")
    return name


def _signature(network: Network) -> Signature:
    inputs = tuple(TensorSpec(n, "float32", ("batch", len(i.columns)), i.columns) for n, i in network.inputs.items())
    outputs = tuple(
        TensorSpec(n, "float32", ("batch", len(labels)), tuple(Column(label) for label in labels))
        for n, (labels, _) in network.outputs.items()
    )
    return Signature(inputs, outputs)


def _rows(network: Network) -> Arrays:
    """Normal numbers on the scale of each input, and its edges; very large ones only where the first layers saturate."""
    rng = np.random.default_rng(0)
    firsts = [n.layer for n in network.nodes.values() if n.layer is not None and network.nodes[n.sources[0]].kind == "input"]
    wild = bool(firsts) and all(layer.kind == "dense" and layer.activation.name in SATURATING for layer in firsts)
    found = {}
    for name, given in network.inputs.items():
        scale = np.where(given.scale == 0, 1.0, given.scale)
        limit = float(np.finfo(np.float32).max) / 32
        drawn = rng.normal(size=(_ROWS, len(scale))) / scale - given.offset
        inside = np.clip(drawn, -limit, limit).astype(np.float32)
        found[name] = np.concatenate([inside, edge_rows(inside)])
    tame = np.all([(np.abs(array) < LARGE / 2).all(axis=1) for array in found.values()], axis=0)
    return found if wild else {name: array[tame] for name, array in found.items()}


def _build(network: Network, signature: Signature, dtype: str) -> Build:
    def build() -> onnx.ModelProto:
        graph = GraphBuilder()
        names = list(network.inputs)
        values: dict[int, str] = {}
        for number, node in network.nodes.items():
            values[number] = _step(graph, node, values, network.inputs, names, dtype)
        outputs = {name: values[number] for name, (_, number) in network.outputs.items()}
        narrow = {n: graph.cast(v, "float32") if dtype != "float32" else v for n, v in outputs.items()}
        return graph.model(signature, narrow)

    return build


def _step(graph: GraphBuilder, node: Node, values: dict[int, str], inputs: Mapping[str, Input], names: list[str], dtype: str) -> str:
    if node.kind == "input":
        name = names[node.sources[0]]
        wide = graph.cast(name, dtype) if dtype != "float32" else name
        moved = graph.op("Add", wide, graph.constant(inputs[name].offset, dtype))
        return graph.op("Mul", moved, graph.constant(inputs[name].scale, dtype))
    sources = [values[source] for source in node.sources]
    if node.layer is not None:
        return apply_layer(graph, sources[0], node.layer, dtype)
    return graph.op("Concat", *sources, axis=1) if node.kind == "concatenate" else _sum(graph, sources)


def _sum(graph: GraphBuilder, values: list[str]) -> str:
    total = values[0]
    for value in values[1:]:
        total = graph.op("Add", total, value)
    return total
