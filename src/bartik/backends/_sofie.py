"""What SOFIE is given: a graph with plain names and a fixed batch, and the C++ between numpy and a generated session."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import onnx

from bartik.backends import check_graph
from bartik.core import BackendError, TensorSpec, UnsupportedError
from bartik.core.bundle import Bundle

CXX = {"float32": "float", "int32": "int32_t", "int64": "int64_t"}
"""C++ types by dtype."""

ELSEWHERE = "run it on another backend: bartik list shows them"


def check_shapes(bundle: Bundle) -> bool:
    """Whether there is a batch; `UnsupportedError` unless it is the one free axis, first everywhere, and SOFIE has the types."""
    specs = (*bundle.signature.inputs, *bundle.signature.outputs)
    for spec in specs:
        if spec.dtype not in CXX:
            raise UnsupportedError(f"{bundle.path}: tensor {spec.name!r} is {spec.dtype}, SOFIE takes {', '.join(CXX)}", hint=ELSEWHERE)
    free = [[place for place, axis in enumerate(spec.shape) if isinstance(axis, str)] for spec in specs]
    names = {axis for spec in specs for axis in spec.shape if isinstance(axis, str)}
    if len(names) > 1 or (names and any(places != [0] for places in free)):
        raise UnsupportedError(f"{bundle.path}: sofie takes one free axis, the batch, first in every input and output", hint=ELSEWHERE)
    return bool(names)


def plain_model(bundle: Bundle, batch: int) -> tuple[onnx.ModelProto, list[str], list[str]]:
    """The graph with ``batch`` rows and our own names in it; the names its inputs and outputs had, in order."""
    model = bundle.model()
    graph = model.graph
    constants = {tensor.name for tensor in graph.initializer}
    inputs, outputs = [v.name for v in graph.input if v.name not in constants], [v.name for v in graph.output]
    check_graph(bundle, inputs, outputs)
    names: dict[str, str] = {"": ""}
    for tensor in _names(graph):
        names.setdefault(tensor, f"t{len(names)}")
    for node in graph.node:
        if any(a.type in {onnx.AttributeProto.GRAPH, onnx.AttributeProto.GRAPHS} for a in node.attribute):
            raise UnsupportedError(f"{bundle.model_path}: node {node.name!r} ({node.op_type}) holds a graph of its own", hint=ELSEWHERE)
        node.input[:], node.output[:] = [names[n] for n in node.input], [names[n] for n in node.output]
        node.name = ""
    for value in (*graph.input, *graph.output, *graph.initializer):
        value.name = names[value.name]
    for value in (*graph.input, *graph.output):
        for axis in value.type.tensor_type.shape.dim:
            if not axis.HasField("dim_value"):
                axis.dim_value = batch
    del graph.value_info[:]
    graph.name, graph.doc_string, model.doc_string = "bartik", "", ""
    return _with_shapes(bundle, model), inputs, outputs


def _with_shapes(bundle: Bundle, model: onnx.ModelProto) -> onnx.ModelProto:
    try:
        onnx.checker.check_model(model)
        return onnx.shape_inference.infer_shapes(model)
    except Exception as error:  # the checker and protobuf each raise their own
        reason = str(error).strip().partition("\n")[0]
        raise BackendError(f"{bundle.model_path}: not a valid ONNX model ({reason})", hint="export the model again") from error


def call_text(name: str, inputs: Sequence[TensorSpec], outputs: Sequence[TensorSpec], batch: int) -> str:
    """C++ that makes a session and runs any number of rows through it, with addresses as numbers; ``name`` is ours."""
    addresses = [f"std::uintptr_t in{i}" for i in range(len(inputs))] + [f"std::uintptr_t out{i}" for i in range(len(outputs))]
    one_type = len({spec.dtype for spec in outputs}) == 1
    found = ["result"] if len(outputs) == 1 else [f"result[{i}]" if one_type else f"std::get<{i}>(result)" for i in range(len(outputs))]
    return _TEXT.format(
        name=name,
        batch=batch,
        addresses=", ".join(addresses),
        reads="".join(_read_text(i, spec, batch) for i, spec in enumerate(inputs)),
        arguments=", ".join(f"p{i}" for i in range(len(inputs))),
        checks=" || ".join(f"{value}.size() < {spec.width * batch}u" for value, spec in zip(found, outputs, strict=True)),
        writes="".join(_write_text(i, value, spec) for i, (value, spec) in enumerate(zip(found, outputs, strict=True))),
    )


_TEXT = """#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <tuple>
#include <vector>
extern "C" std::uintptr_t {name}_make(char const* weights) {{
  try {{ return reinterpret_cast<std::uintptr_t>(new TMVA_SOFIE_{name}::Session(weights)); }} catch (...) {{ return 0; }}
}}
extern "C" void {name}_drop(std::uintptr_t session) {{ delete reinterpret_cast<TMVA_SOFIE_{name}::Session*>(session); }}
extern "C" int {name}_run(std::uintptr_t session, {addresses}, std::size_t rows) {{
  auto& it = *reinterpret_cast<TMVA_SOFIE_{name}::Session*>(session);
  try {{
    for (std::size_t row = 0; row < rows; row += {batch}) {{
      std::size_t const count = std::min<std::size_t>({batch}, rows - row);
{reads}      auto const result = it.infer({arguments});
      if ({checks}) return 1;
{writes}    }}
  }} catch (...) {{ return 2; }}
  return 0;
}}
"""


def _read_text(place: int, spec: TensorSpec, batch: int) -> str:
    """Where the rows of one input are; a last, smaller block is copied and filled up."""
    kind, width = CXX[spec.dtype], spec.width
    return f"""      auto p{place} = reinterpret_cast<{kind} const*>(in{place}) + row * {width};
      std::vector<{kind}> tail{place};
      if (count < {batch}) {{
        tail{place}.assign({width * batch}, 0);
        std::copy(p{place}, p{place} + count * {width}, tail{place}.data());
        p{place} = tail{place}.data();
      }}
"""


def _write_text(place: int, value: str, spec: TensorSpec) -> str:
    target = f"reinterpret_cast<{CXX[spec.dtype]}*>(out{place}) + row * {spec.width}"
    return f"      std::copy({value}.begin(), {value}.begin() + count * {spec.width}, {target});\n"


def _names(graph: onnx.GraphProto) -> Iterator[str]:
    for value in (*graph.input, *graph.initializer):
        yield value.name
    for node in graph.node:
        yield from (*node.input, *node.output)
    yield from (value.name for value in graph.output)
