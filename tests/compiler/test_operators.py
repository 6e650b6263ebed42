"""Every operator, interpreted and as machine code, against ONNX's reference evaluator."""
# ruff: noqa: E501 - a case a line reads better than one broken up

import re

import numpy as np
import pytest
from onnx import TensorProto, helper

from bartik.backends import prepare
from bartik.compiler import supported
from bartik.compiler.frontend import read_graph
from bartik.compiler.passes import optimise
from bartik.compiler.semantics import interpret

N = helper.make_node
X = "features"
_C = {
    "row": np.array([0.5, -1, 2, 0.25, 3], np.float32), "one_row": np.array([[1, 2, 3, 4, 5]], np.float32), "number": np.float32(0.75),
    "w": np.random.default_rng(0).normal(size=(5, 4)).astype(np.float32), "wt": np.random.default_rng(1).normal(size=(4, 5)).astype(np.float32),
    "b": np.array([1, 0, -1, 2], np.float32), "low": np.float32(-0.5), "high": np.float32(0.5), "positive": np.array([1, 2, 3, 4, 5], np.float32),
    "minus_infinity": np.float32(-np.inf), "i": np.array([4, 0, 0, -2]), "column": np.array([[3], [0], [-1]]), "i2": np.array([[1, 2], [3, 0]]), "scalar_index": np.array(2),
    "s1": np.array([1]), "s4": np.array([4]), "s3": np.array([3]), "axis": np.array([1]), "step": np.array([2]), "back": np.array([-1]),
    "far": np.array([np.iinfo(np.int64).min]), "end": np.array([np.iinfo(np.int64).max]), "zero": np.array([0]), "sizes": np.array([2, 3]),
    "shape": np.array([-1, 5, 1]), "shape0": np.array([0, 1, -1]), "axis2": np.array([2]), "rows23": np.array([-1, 2, 3]), "six": np.array([0, 1, 2, 3, 4, 0]),
    "expand": np.array([1, 5]), "two": np.float32(2), "three": np.array(3), "half": np.float32(0.5), "minus": np.float32(-1), "ten": np.array([[10], [20]], np.float32),
}  # fmt: skip
_UNARY = [
    "Abs", "Celu", "Elu", "Erf", "Exp", "Gelu", "HardSigmoid", "HardSwish", "Identity", "LeakyRelu", "Mish", "Neg", "Reciprocal", "Relu",
    "Selu", "Sigmoid", "Softplus", "Softsign", "Tanh", "ThresholdedRelu",
]  # fmt: skip
_TWO = ["Add", "Sub", "Mul", "Div", "Max", "Min", "Sum"]

CASES = {
    **{name: [N(name, [X], ["y"])] for name in _UNARY},
    **{f"{name} with a row": [N(name, [X, "row"], ["y"])] for name in _TWO},
    **{f"{name} of a row of rank 2": [N(name, ["one_row", X], ["y"])] for name in _TWO},
    **{f"{name} with a number": [N(name, [X, "number"], ["y"])] for name in _TWO},
    **{f"{name} with itself": [N("Tanh", [X], ["t"]), N(name, ["t", X], ["y"])] for name in _TWO},
    "Max of three": [N("Tanh", [X], ["t"]), N("Max", ["t", "row", X], ["y"])],
    "Elu alpha": [N("Elu", [X], ["y"], alpha=0.3)],
    "Celu alpha": [N("Celu", [X], ["y"], alpha=0.7)],
    "LeakyRelu alpha": [N("LeakyRelu", [X], ["y"], alpha=0.2)],
    "Selu attributes": [N("Selu", [X], ["y"], alpha=1.2, gamma=0.9)],
    "HardSigmoid attributes": [N("HardSigmoid", [X], ["y"], alpha=0.4, beta=0.3)],
    "ThresholdedRelu alpha": [N("ThresholdedRelu", [X], ["y"], alpha=0.4)],
    "Gelu tanh": [N("Gelu", [X], ["y"], approximate="tanh")],
    "PRelu": [N("PRelu", [X, "row"], ["y"])],
    "Log": [N("Abs", [X], ["a"]), N("Log", ["a"], ["y"])],
    "Sqrt": [N("Abs", [X], ["a"]), N("Sqrt", ["a"], ["y"])],
    "Clip": [N("Clip", [X, "low", "high"], ["y"])],
    "Clip below": [N("Clip", [X, "low"], ["y"])],
    "Clip above": [N("Clip", [X, "", "high"], ["y"])],
    "Clip by infinity": [N("Clip", [X, "minus_infinity", "high"], ["y"])],
    **{f"Pow {e}": [N("Abs", [X], ["a"]), N("Pow", ["a", e], ["y"])] for e in ("two", "three", "half", "minus")},
    **{
        f"{name} and Where": [N(name, [X, "row"], ["c"]), N("Where", ["c", X, "number"], ["y"])]
        for name in ("Less", "Greater", "LessOrEqual", "GreaterOrEqual", "Equal")
    },
    **{
        f"{name} of two": [N("Less", [X, "row"], ["c"]), N("Greater", [X, "low"], ["d"]), N(name, ["c", "d"], ["e"]), N("Where", ["e", X, "row"], ["y"])]
        for name in ("And", "Or")
    },
    "Not and Cast": [N("Less", [X, "row"], ["c"]), N("Not", ["c"], ["d"]), N("Cast", ["d"], ["y"], to=TensorProto.FLOAT)],
    "IsNaN": [N("Abs", [X], ["a"]), N("Sqrt", [X], ["r"]), N("IsNaN", ["r"], ["c"]), N("Where", ["c", "number", "a"], ["y"])],
    "Cast of floats": [N("Cast", [X], ["y"], to=TensorProto.FLOAT)],
    "Dropout": [N("Dropout", [X], ["y"])],
    "Gemm": [N("Gemm", [X, "w", "b"], ["y"])],
    "Gemm attributes": [N("Gemm", [X, "wt", "b"], ["y"], transB=1, alpha=0.5, beta=2.0)],
    "Gemm without bias": [N("Gemm", [X, "w"], ["y"])],
    "Gemm with a number": [N("Gemm", [X, "w", "number"], ["y"])],
    "MatMul": [N("MatMul", [X, "w"], ["y"])],
    "MatMul of a transposed": [N("Transpose", ["wt"], ["t"]), N("MatMul", [X, "t"], ["y"])],
    "BatchNormalization": [N("BatchNormalization", [X, "row", "one_row1", "row", "positive"], ["y"], epsilon=1e-3)],
    "Slice": [N("Slice", [X, "s1", "s4", "axis"], ["y"])],
    "Slice to the end": [N("Slice", [X, "s1", "end", "axis", "step"], ["y"])],
    "Slice backwards": [N("Slice", [X, "back", "far", "axis", "back"], ["y"])],
    "Gather": [N("Gather", [X, "i"], ["y"], axis=1)],
    "Gather one": [N("Gather", [X, "scalar_index"], ["g"], axis=1), N("Unsqueeze", ["g", "axis"], ["y"])],
    "Gather a table": [N("Gather", [X, "i2"], ["g"], axis=-1), N("Flatten", ["g"], ["y"])],
    "Gather between two Transposes": [
        N("Transpose", [X], ["t"], perm=[1, 0]), N("Gather", ["t", "i"], ["g"], axis=0), N("Transpose", ["g"], ["y"], perm=[1, 0]),
    ],
    "Gather a table between two Transposes": [
        N("Transpose", [X], ["t"]), N("Gather", ["t", "i2"], ["g"]), N("Transpose", ["g"], ["u"], perm=[2, 1, 0]), N("Flatten", ["u"], ["y"]),
    ],
    "GatherND between two Transposes": [
        N("Transpose", [X], ["t"]), N("GatherND", ["t", "column"], ["g"]), N("Transpose", ["g"], ["y"]),
    ],
    "Split": [N("Split", [X, "sizes"], ["a", "y"], axis=1)],
    "Split unevenly": [N("Split", [X], ["a", "y"], axis=-1, num_outputs=2)],
    "Concat": [N("Tanh", [X], ["t"]), N("Concat", ["t", X, "t"], ["y"], axis=1)],
    "Concat on a middle axis": [
        N("Unsqueeze", [X, "axis"], ["u"]), N("Tanh", ["u"], ["t"]), N("Concat", ["u", "t"], ["c"], axis=1), N("Flatten", ["c"], ["y"]),
    ],
    "Concat on the last of three axes": [
        N("Unsqueeze", [X, "axis2"], ["u"]), N("Tanh", ["u"], ["t"]), N("Concat", ["u", "t"], ["c"], axis=2), N("Flatten", ["c"], ["y"]),
    ],
    "Transpose of rows": [
        N("Gather", [X, "six"], ["g"], axis=1), N("Reshape", ["g", "rows23"], ["r"]), N("Transpose", ["r"], ["t"], perm=[0, 2, 1]), N("Flatten", ["t"], ["y"]),
    ],
    "broadcast within a row": [
        N("Gather", [X, "six"], ["g"], axis=1), N("Reshape", ["g", "rows23"], ["r"]), N("Mul", ["r", "ten"], ["t"]), N("Flatten", ["t"], ["y"]),
    ],
    "Reshape and Squeeze": [N("Reshape", [X, "shape"], ["r"]), N("Squeeze", ["r", "axis2"], ["y"])],
    "Reshape with zeros": [N("Reshape", [X, "shape0"], ["r"]), N("Flatten", ["r"], ["y"])],
    "Reshape to its own batch": [
        N("Shape", [X], ["s"], start=0, end=1), N("Concat", ["s", "s1"], ["t"], axis=0), N("Slice", [X, "zero", "s1", "axis"], ["a"]),
        N("Reshape", ["a", "t"], ["y"]),
    ],
    "Expand a column": [N("Slice", [X, "zero", "s1", "axis"], ["a"]), N("Expand", ["a", "expand"], ["y"])],
    "Expand a constant to the batch": [
        N("Shape", [X], ["s"]), N("Expand", ["number1", "s"], ["e"]), N("Concat", ["e", X], ["y"], axis=1),
    ],
    "a column times a row": [N("Slice", [X, "zero", "s1", "axis"], ["a"]), N("Mul", ["a", X], ["y"])],
    "Constant": [N("Constant", [], ["c"], value_float=2.5), N("Mul", [X, "c"], ["y"])],
    "Constant list": [N("Constant", [], ["c"], value_floats=[1.0, 2.0, 3.0, 4.0, 5.0]), N("Add", [X, "c"], ["y"])],
    "arithmetic on constants": [N("Mul", ["row", "number"], ["c"]), N("Exp", ["c"], ["d"]), N("Sub", [X, "d"], ["y"])],
    "a picked column": [N("Gather", [X, "i"], ["g"], axis=1), N("Mul", ["g", "b"], ["y"])],
}  # fmt: skip
_C |= {"one_row1": np.array([1, 2, 3, 4, 5], np.float32), "number1": np.array([0.75], np.float32)}


def _case_nodes(case, index):
    """Nodes under names of their own, so that many cases fit one model."""
    renamed = []
    for node in CASES[case]:
        copy = type(node)()
        copy.CopyFrom(node)
        for field in (copy.input, copy.output):
            field[:] = [name if name in (X, "") or name in _C else f"c{index}_{name}" for name in field]
        renamed.append(copy)
    return renamed


def _rows():
    rows = np.random.default_rng(5).normal(size=(37, 5)).astype(np.float32)
    rows[1], rows[2], rows[3] = 0, _C["row"], -4
    return rows


def _width(case):
    from onnx.reference import ReferenceEvaluator

    model = helper.make_model(
        helper.make_graph(CASES[case], "g", [helper.make_tensor_value_info(X, TensorProto.FLOAT, [None, 5])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)], _initializers()), opset_imports=[helper.make_opsetid("", 20)])  # fmt: skip
    with np.errstate(all="ignore"):
        return ReferenceEvaluator(model).run(None, {X: _rows()})[0].shape[1]


def _initializers():
    from onnx import numpy_helper

    return [numpy_helper.from_array(np.asarray(value), name) for name, value in _C.items()]


@pytest.fixture
def everything(make_bundle):
    """One model with an output for every case."""
    nodes = [node for index, case in enumerate(CASES) for node in _case_nodes(case, index)]
    outputs = {f"c{index}_y": _width(case) for index, case in enumerate(CASES)}
    return make_bundle(nodes, _C, _rows(), outputs)


def _compare(found, wanted):
    for index, case in enumerate(CASES):
        name = f"c{index}_y"
        np.testing.assert_allclose(found[name], wanted[name], rtol=1e-5, atol=1e-6, err_msg=case)


def test_the_graph_of_every_operator_means_what_onnx_says(everything):
    inputs, outputs = everything.reference()
    _compare(interpret(read_graph(everything), inputs), outputs)


def test_the_passes_change_no_operator(everything):
    inputs, outputs = everything.reference()
    _compare(interpret(optimise(read_graph(everything)), inputs), outputs)


def test_the_machine_code_of_every_operator_gives_what_onnx_says(make_bundle):
    names = list(CASES)
    for start in range(0, len(names), 16):
        chunk = names[start : start + 16]
        nodes = [node for case in chunk for node in _case_nodes(case, names.index(case))]
        outputs = {f"c{names.index(case)}_y": _width(case) for case in chunk}
        bundle = make_bundle(nodes, _C, _rows(), outputs)
        inputs, wanted = bundle.reference()
        session = prepare(bundle, "native")
        found, alone = session.run(inputs), session.run({X: inputs[X][5:6].copy()})
        for case in chunk:
            name = f"c{names.index(case)}_y"
            np.testing.assert_allclose(found[name], wanted[name], rtol=1e-5, atol=1e-6, err_msg=case)
            assert np.array_equal(alone[name], found[name][5:6], equal_nan=True), case


def test_swish_is_x_times_sigmoid_of_alpha_x(raw_bundle):
    graph = helper.make_graph(
        [N("Swish", [X], ["score"], alpha=0.5)], "g", [helper.make_tensor_value_info(X, TensorProto.FLOAT, [None, 1])],
        [helper.make_tensor_value_info("score", TensorProto.FLOAT, [None, 1])])  # fmt: skip
    bundle = raw_bundle(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 24)]), width=1)
    x = np.linspace(-5, 5, 20, dtype=np.float32)[:, None]
    np.testing.assert_allclose(interpret(read_graph(bundle), {X: x})["score"], x / (1 + np.exp(-x / 2)), rtol=1e-5)


def test_the_list_of_operators_is_in_the_documentation():
    from pathlib import Path

    text = (Path(__file__).parents[2] / "docs" / "compiler.md").read_text(encoding="utf-8")
    assert [name for name in supported() if not re.search(rf"\b{name}\b", text)] == []
