"""Models that mean harm: whatever a file holds, reading it is short and ends in a graph or in one of our errors."""
# ruff: noqa: E501 - a case a line reads better than one broken up

import resource
import time

import numpy as np
import onnx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper
from onnx_cases import arrays, cases

from bartik.compiler.pipeline import compiled
from bartik.core import BartikError, Signature, TensorSpec
from bartik.core.bundle import Bundle, write_bundle

N = helper.make_node
_LONGEST = 10
"""Seconds that a refusal may take, on a busy machine."""


def _model(nodes, constants=None, shape=("batch", 3)):
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)
    y = helper.make_tensor_value_info("y", TensorProto.FLOAT, None)
    tables = [numpy_helper.from_array(np.asarray(value), name) for name, value in (constants or {}).items()]
    return helper.make_model(
        helper.make_graph(nodes, "g", [x], [y], tables), opset_imports=[helper.make_opsetid("", 20), helper.make_opsetid("ai.onnx.ml", 3)]
    )


def _bundle(model, folder, shape=("batch", 3), out=("batch", 1), name="hostile"):
    content = model if isinstance(model, bytes) else model.SerializeToString()
    sizes = [2 if isinstance(axis, str) else axis for axis in shape]
    reference = {"x": np.zeros(sizes, np.float32)}, {"y": np.zeros([2 if isinstance(axis, str) else axis for axis in out], np.float32)}
    signature = Signature((TensorSpec("x", "float32", shape),), (TensorSpec("y", "float32", out),))
    return write_bundle(folder / "bundle", content, signature, reference, name=name)


def _refused(model, folder, **more):
    started = time.perf_counter()
    with pytest.raises(BartikError) as refusal:
        compiled(_bundle(model, folder, **more))
    assert time.perf_counter() - started < _LONGEST
    assert "\n" not in refusal.value.message
    return refusal.value


_W = {"w": np.ones((2, 1, 3), np.float32)}
_TREE = {
    "nodes_treeids": [0, 0, 0], "nodes_nodeids": [0, 1, 2], "nodes_featureids": [0, 0, 0], "nodes_values": [0.0, 0.0, 0.0],
    "nodes_modes": ["BRANCH_LEQ", "LEAF", "LEAF"], "nodes_truenodeids": [1, 0, 0], "nodes_falsenodeids": [2, 0, 0],
    "target_treeids": [0, 0], "target_nodeids": [1, 2], "target_ids": [0, 0], "target_weights": [1.0, 2.0], "n_targets": 1,
}  # fmt: skip


def _tree(**changes):
    return [N("TreeEnsembleRegressor", ["x"], ["y"], domain="ai.onnx.ml", **{**_TREE, **changes})]


_PLANES = [N("Unsqueeze", ["x", "one"], ["p"])]
HOSTILE = {
    "a cycle": ([N("Add", ["x", "b"], ["a"]), N("Add", ["a", "x"], ["b"]), N("Identity", ["b"], ["y"])], {}),
    "nodes in the wrong order": ([N("Relu", ["a"], ["y"]), N("Neg", ["x"], ["a"])], {}),
    "a value made twice": ([N("Relu", ["x"], ["y"]), N("Neg", ["x"], ["y"])], {}),
    "an input that nobody makes": ([N("Add", ["x", "ghost"], ["y"])], {}),
    "a convolution of no groups": ([*_PLANES, N("Conv", ["p", "w"], ["y"], group=0)], _W),
    "a stride of zero": ([*_PLANES, N("Conv", ["p", "w"], ["y"], strides=[0])], _W),
    "a huge stride": ([*_PLANES, N("Conv", ["p", "w"], ["y"], strides=[1 << 40])], _W),
    "huge pads": ([*_PLANES, N("Conv", ["p", "w"], ["y"], pads=[1 << 40, 0])], _W),
    "negative pads": ([*_PLANES, N("Conv", ["p", "w"], ["y"], pads=[-9, -9])], _W),
    "a huge dilation": ([*_PLANES, N("Conv", ["p", "w"], ["y"], dilations=[1 << 40])], _W),
    "too many pads": ([*_PLANES, N("Conv", ["p", "w"], ["y"], pads=[1] * 99)], _W),
    "a pool wider than the row": ([*_PLANES, N("MaxPool", ["p"], ["y"], kernel_shape=[1 << 30])], {}),
    "a pool of no taps": ([*_PLANES, N("AveragePool", ["p"], ["y"], kernel_shape=[0])], {}),
    "an axis outside": ([N("Softmax", ["x"], ["y"], axis=99)], {}),
    "the batch as an axis": ([N("Softmax", ["x"], ["y"], axis=0)], {}),
    "a reduction of an axis outside": ([N("ReduceSum", ["x", "far"], ["y"])], {"far": np.array([1 << 40])}),
    "repeats beyond all memory": ([N("Tile", ["x", "r"], ["y"])], {"r": np.array([1, 1 << 40])}),
    "negative repeats": ([N("Tile", ["x", "r"], ["y"])], {"r": np.array([1, -1])}),
    "a shape beyond all memory": ([N("Expand", ["x", "s"], ["y"])], {"s": np.array([1, 1 << 31, 1 << 31])}),
    "a constant beyond all memory": ([N("ConstantOfShape", ["s"], ["c"]), N("Add", ["x", "c"], ["y"])], {"s": np.array([1 << 40])}),
    "a range beyond all memory": ([N("Range", ["a", "b", "c"], ["r"]), N("Add", ["x", "r"], ["y"])], {"a": np.float32(0), "b": np.float32(1e30), "c": np.float32(1e-9)}),
    "pads beyond all memory": ([N("Pad", ["x", "p"], ["y"])], {"p": np.array([0, 1 << 40, 0, 0])}),
    "a size that is no number": ([N("Reshape", ["x", "s"], ["y"])], {"s": np.array([np.nan], np.float32)}),
    "two sizes to be found": ([N("Reshape", ["x", "s"], ["y"])], {"s": np.array([-1, -1])}),
    "a depth beyond all memory": ([N("Cast", ["x"], ["i"], to=7), N("OneHot", ["i", "d", "v"], ["y"])], {"d": np.array(1 << 40), "v": np.array([0, 1], np.float32)}),
    "a count beyond the row": ([N("TopK", ["x", "k"], ["y", "i"])], {"k": np.array([1 << 40])}),
    "an equation that is code": ([N("Einsum", ["x", "x"], ["y"], equation="bi,bi->b; system()")], {}),
    "a split into nothing": ([N("Split", ["x"], ["y"], axis=1, num_outputs=1 << 40)], {}),
    "an attribute of another type": ([N("LeakyRelu", ["x"], ["y"], alpha="steep")], {}),
    "an attribute that is a list": ([N("Softmax", ["x"], ["y"], axis=[1, 2])], {}),
    "a recurrent layer whose weights do not fit": (
        [N("Unsqueeze", ["x", "zero"], ["t"]), N("GRU", ["t", "w", "w"], ["s", "y"], hidden_size=1 << 40)], _W | {"zero": np.array([0])}),
    "a tree that bites its tail": (_tree(nodes_truenodeids=[0, 0, 0]), {}),
    "a tree whose child is nowhere": (_tree(nodes_truenodeids=[77, 0, 0]), {}),
    "a tree of a column that is not there": (_tree(nodes_featureids=[1 << 40, 0, 0]), {}),
    "a tree of unknown comparisons": (_tree(nodes_modes=["BRANCH_EVIL", "LEAF", "LEAF"]), {}),
    "a tree of lists that do not fit": (_tree(nodes_values=[0.0]), {}),
    "a tree of no number of targets": (_tree(n_targets=1 << 40), {}),
    "an operator of our own names": ([N("system", ["x"], ["y"])], {}),
    "an operator of another domain": ([N("Relu", ["x"], ["y"], domain="evil.com")], {}),
    "a graph within": ([N("If", ["c"], ["y"], then_branch=_model([N("Relu", ["x"], ["y"])]).graph, else_branch=_model([N("Neg", ["x"], ["y"])]).graph)], {"c": np.array([1], np.bool_)}),
}  # fmt: skip


@pytest.mark.parametrize("what", HOSTILE)
def test_it_is_refused_in_words_and_soon(what, tmp_path):
    nodes, constants = HOSTILE[what]
    _refused(_model(nodes, {"one": np.array([1])} | constants), tmp_path)


def test_a_tensor_that_claims_more_than_it_has_is_refused(tmp_path):
    model = _model([N("Add", ["x", "w"], ["y"])], {"w": np.ones(3, np.float32)})
    model.graph.initializer[0].dims[:] = [1 << 20, 1 << 20]
    _refused(model, tmp_path)


def test_a_million_nodes_are_refused(tmp_path):
    nodes = [N("Relu", ["x"], ["a0"]), *(N("Neg", [f"a{k}"], [f"a{k + 1}"]) for k in range(30_000))]
    _refused(_model([*nodes, N("Relu", ["a30000"], ["y"])]), tmp_path)


def test_values_in_a_file_outside_of_the_folder_are_not_read(tmp_path):
    model = _model([N("Add", ["x", "w"], ["y"])], {"w": np.ones(3, np.float32)})
    tensor = model.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="../../../etc/passwd")
    with pytest.raises(BartikError):
        compiled(_bundle(model, tmp_path))


_NASTY = ['"; system("id"); //', "*/ #error", "a\nb", "??/", "\\", "int", "${HOME}", "$(shell id)", "@word@", "é\u202e", "'); DROP TABLE"]


@pytest.mark.parametrize("name", _NASTY)
def test_a_name_never_reaches_the_code(name, tmp_path):
    nodes = [N("Gemm", ["x", name + "w"], [name], name=name), N("Relu", [name], ["y"])]
    bundle = _bundle(_model(nodes, {name + "w": np.ones((3, 1), np.float32)}), tmp_path, name=f"m {name}")
    text = compiled(bundle).header
    code = "\n".join(line for line in text.split("\n") if not line.startswith("//"))
    for word in ("system(", "#error", "DROP TABLE", "$", "\u202e", "@", "*/", "??", "'"):
        assert word not in code
    assert all(line.isascii() and "\\" not in line for line in text.split("\n")[:3])


_SEEDS = [name for name in sorted(cases()) if arrays(cases()[name]) is not None and len(cases()[name].model.SerializeToString()) < 4000][
    ::23
]


@settings(max_examples=250, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(st.sampled_from(_SEEDS), st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), min_size=1, max_size=6))
def test_a_file_with_some_bytes_changed_is_read_or_refused(tmp_path_factory, name, changes):
    _read_or_refuse(tmp_path_factory, name, changes)


@pytest.mark.slow
@settings(max_examples=5000, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.sampled_from(_SEEDS), st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), min_size=1, max_size=6))
def test_thousands_of_files_with_some_bytes_changed_are_read_or_refused(tmp_path_factory, name, changes):
    _read_or_refuse(tmp_path_factory, name, changes)


def _read_or_refuse(factory, name, changes):
    case = cases()[name]
    content = bytearray(case.model.SerializeToString())
    for place, value in changes:
        content[min(int(place * len(content)), len(content) - 1)] = value
    inputs, outputs = arrays(case)
    specs = [tuple(TensorSpec(n, str(a.dtype), a.shape) for n, a in side.items()) for side in (inputs, outputs)]
    folder = factory.mktemp("fuzz") / "b"
    try:
        bundle: Bundle = write_bundle(folder, bytes(content), Signature(*specs), (inputs, outputs), name="fuzz")
    except BartikError:
        return
    started, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    try:
        compiled(bundle)
    except BartikError as refusal:
        assert refusal.message  # noqa: PT017 - either way is right
    assert time.perf_counter() - started < _LONGEST
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 2_000_000, "2 GB for a small file"


def test_the_models_that_are_altered_are_legal(tmp_path):
    assert len(_SEEDS) > 20
    onnx.checker.check_model(cases()[_SEEDS[0]].model)
