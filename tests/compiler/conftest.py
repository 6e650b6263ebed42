"""Bundles of a few nodes, golden text, and a cache of compiled code that lives as long as the tests."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

from bartik.core import Signature, TensorSpec
from bartik.core.bundle import Bundle, write_bundle

OPSET = 20


def pytest_addoption(parser):
    parser.addoption("--update-golden", action="store_true", help="write the golden files of tests/compiler anew")


@pytest.fixture(autouse=True, scope="session")
def _own_cache(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BARTIK_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture
def golden(request) -> Callable[[str, str], None]:
    """Compare text with a file of ``golden/``, or write it with --update-golden."""

    def check(name: str, text: str) -> None:
        path = Path(__file__).parent / "golden" / name
        if request.config.getoption("--update-golden", default=False):
            path.write_text(text, encoding="utf-8")
        assert text == path.read_text(encoding="utf-8"), f"{name}: run pytest tests/compiler --update-golden and read the difference"

    return check


@pytest.fixture
def make_bundle(tmp_path) -> Callable[..., Bundle]:
    """``make_bundle(nodes, constants, rows)``: a bundle whose outputs are by ONNX's reference evaluator."""
    made = []

    def make(
        nodes: Sequence[onnx.NodeProto],
        constants: Mapping[str, Any] | None = None,
        rows: np.ndarray | None = None,
        outputs: Mapping[str, int] | None = None,
        *,
        name: str = "made",
        provenance: Mapping[str, Any] | None = None,
    ) -> Bundle:
        inputs = {"features": np.zeros((4, 3), np.float32) if rows is None else rows}
        made.append(name)
        widths = outputs or {"score": 1}
        model = make_model(nodes, constants or {}, inputs["features"].shape[1], widths)
        with np.errstate(all="ignore"):
            values = ReferenceEvaluator(model).run(list(widths), inputs)
        signature = make_signature(inputs["features"].shape[1], widths)
        found = dict(zip(widths, values, strict=True))
        content = model.SerializeToString(deterministic=True)
        path = tmp_path / f"bundle_{len(made)}"
        return write_bundle(path, content, signature, (inputs, found), name=name, provenance=provenance)

    return make


@pytest.fixture
def raw_bundle(tmp_path) -> Callable[..., Bundle]:
    """``raw_bundle(content)``: a bundle around any bytes, as an attacker may write one."""
    made = []

    def make(content: bytes | onnx.ModelProto, *, width: int = 3, outputs: Mapping[str, int] | None = None, name: str = "raw") -> Bundle:
        made.append(name)
        widths = outputs or {"score": 1}
        data = content if isinstance(content, bytes) else content.SerializeToString()
        reference = {"features": np.zeros((1, width), np.float32)}, {k: np.zeros((1, w), np.float32) for k, w in widths.items()}
        return write_bundle(tmp_path / f"raw_{len(made)}", data, make_signature(width, widths), reference, name=name)

    return make


def make_signature(width: int, outputs: Mapping[str, int]) -> Signature:
    specs = tuple(TensorSpec(name, "float32", ("batch", size)) for name, size in outputs.items())
    return Signature((TensorSpec("features", "float32", ("batch", width)),), specs)


def make_model(
    nodes: Sequence[onnx.NodeProto], constants: Mapping[str, Any], width: int, outputs: Mapping[str, int], *, opset: int = OPSET
) -> onnx.ModelProto:
    initializers = [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()]
    inputs = [helper.make_tensor_value_info("features", TensorProto.FLOAT, ["batch", width])]
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", size]) for name, size in outputs.items()]
    graph = helper.make_graph(list(nodes), "made", inputs, ends, initializers)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=10)


@pytest.fixture
def small_bundle(make_bundle) -> Bundle:
    """Preprocessing, two dense layers, sigmoid: 3-4-1 with weights that are exact in few bits."""
    steps = np.arange(12, dtype=np.float32)
    nodes = [
        helper.make_node("Clip", ["features", "low", "high"], ["clipped"]),
        helper.make_node("Slice", ["clipped", "zero", "two", "one"], ["plain"]),
        helper.make_node("Slice", ["clipped", "two", "three", "one"], ["marked"]),
        helper.make_node("Add", ["marked", "shift"], ["shifted"]),
        helper.make_node("Log", ["shifted"], ["logarithm"]),
        helper.make_node("Concat", ["plain", "logarithm"], ["joined"], axis=1),
        helper.make_node("Mul", ["joined", "scale"], ["scaled"]),
        helper.make_node("Gemm", ["scaled", "w1", "b1"], ["h1"], transB=1),
        helper.make_node("Relu", ["h1"], ["a1"]),
        helper.make_node("MatMul", ["a1", "w2"], ["h2"]),
        helper.make_node("Add", ["h2", "b2"], ["logit"]),
        helper.make_node("Sigmoid", ["logit"], ["score"]),
    ]
    constants = {
        "low": np.float32(0.25), "high": np.float32(8), "zero": np.array([0]), "one": np.array([1]), "two": np.array([2]),
        "three": np.array([3]), "shift": np.array([0.5], np.float32), "scale": np.array([0.5, 2, 0.25], np.float32),
        "w1": (steps.reshape(4, 3) - 5) / 8, "b1": np.array([0.5, 0, -0.25, 1], np.float32),
        "w2": np.array([[1], [-0.5], [0.25], [2]], np.float32), "b2": np.array([-1.5], np.float32),
    }  # fmt: skip
    rows = np.random.default_rng(0).uniform(-1, 9, (40, 3)).astype(np.float32)
    return make_bundle(nodes, constants, rows, name="small")


@pytest.fixture
def make_graph():
    """``make_graph(width, op, op, ...)``: a graph of one input ``x`` whose last operator is the output."""
    from bartik.compiler.graph import Graph, Op
    from bartik.compiler.spec import check_graph

    def make(width: int, *ops: Op, outputs: Sequence[str] = ()) -> Graph:
        names = tuple(outputs) or (ops[-1].name,)
        widths = {op.name: op.width for op in ops}
        return check_graph(
            Graph(make_signature(width, {f"y{k}": widths[n] for k, n in enumerate(names)}), (Op("x", "input", width), *ops), names)
        )

    return make


@pytest.fixture
def same_numbers():
    """Two graphs give the same for rows of all kinds."""
    from bartik.compiler.semantics import interpret

    def check(before, after, *, rtol: float = 1e-5) -> None:
        width = before.signature.inputs[0].width
        rows = np.random.default_rng(0).normal(size=(50, width)).astype(np.float32) * np.float32(3)
        rows[0], rows[1, 0] = 0, np.nan
        inputs = {"features": rows}
        wanted, found = interpret(before, inputs), interpret(after, inputs)
        for name in wanted:
            np.testing.assert_allclose(found[name], wanted[name], rtol=rtol, atol=1e-6)

    return check
