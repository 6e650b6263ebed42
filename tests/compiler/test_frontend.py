"""What is refused, and that the refusal names the operator and the node."""

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from bartik.compiler import stages
from bartik.compiler.frontend import MAX_NODES
from bartik.core import BartikError, BundleError, UnsupportedError


def _model(nodes, constants=None, *, width=3, opset=20, outputs=("score",)):
    initializers = [numpy_helper.from_array(np.asarray(v), k) for k, v in (constants or {}).items()]
    inputs = [helper.make_tensor_value_info("features", TensorProto.FLOAT, ["batch", width])]
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", 1]) for name in outputs]
    graph = helper.make_graph(nodes, "made", inputs, ends, initializers)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=10)


def _dense():
    return [helper.make_node("MatMul", ["features", "w"], ["score"], name="last")], {"w": np.ones((3, 1), np.float32)}


def test_an_operator_it_lacks_is_refused_with_its_node_and_what_to_do(raw_bundle):
    bundle = raw_bundle(_model([helper.make_node("Det", ["features"], ["score"], name="the_node")]))
    with pytest.raises(UnsupportedError, match="operator Det of node 'the_node'") as refusal:
        stages(bundle)
    assert "another backend, for example onnxruntime" in refusal.value.hint


@pytest.mark.parametrize(
    ("node", "constants", "message"),
    [
        (helper.make_node("Gemm", ["features", "w"], ["score"], transA=1), {"w": np.ones((3, 1), np.float32)}, "transA=1"),
        (helper.make_node("Gemm", ["features", "w"], ["score"], made_up=1), {"w": np.ones((3, 1), np.float32)}, "attribute made_up"),
        (helper.make_node("Range", ["features", "e", "e"], ["score"]), {"e": np.float32(1.7)}, "ends not known"),
        (helper.make_node("Gather", ["features", "i"], ["score"], axis=0), {"i": np.array([0])}, "rows do not mix"),
        (helper.make_node("Gather", ["features", "i"], ["score"], axis=1), {"i": np.array([7])}, "places outside"),
        (helper.make_node("Transpose", ["features"], ["score"], perm=[1, 1]), {}, "does not fit 2 axes"),
        (helper.make_node("Reshape", ["features", "s"], ["score"]), {"s": np.array([3, -1])}, "first axis must stay the batch"),
        (helper.make_node("Reshape", ["features", "s"], ["score"]), {"s": np.array([-1, 1])}, "rows do not mix"),
        (helper.make_node("Squeeze", ["features"], ["score"]), {}, "without axes"),
        (helper.make_node("Cast", ["features"], ["score"], to=TensorProto.FLOAT16), {}, "type 10 is not compiled"),
        (helper.make_node("MatMul", ["features", "w"], ["score"]), {"w": np.ones((4, 1), np.float32)}, "shape"),
        (helper.make_node("MatMul", ["features", "w"], ["score"]), {"w": np.ones((3, 1))}, "float32 with float64"),
        (helper.make_node("MatMul", ["features", "w"], ["score"]), {"w": np.full((3, 1), np.nan, np.float32)}, "NaN"),
        (helper.make_node("Add", ["features", "w"], ["score"]), {"w": np.ones((2, 3), np.float32)}, "do not broadcast"),
        (helper.make_node("Add", ["features", "w"], ["score"]), {"w": np.ones(5, np.float32)}, "do not broadcast"),
        (helper.make_node("Expand", ["features", "s"], ["score"]), {"s": np.array([1, 1 << 40])}, "is not compiled"),
        (helper.make_node("Relu", [], ["score"]), {}, "0 inputs"),
        (helper.make_node("Relu", ["features", "features"], ["score"]), {}, "2 inputs"),
        (helper.make_node("Split", ["features"], ["score", "b"], axis=1, num_outputs=7), {}, "parts"),
    ],
)
def test_what_an_operator_cannot_do_here_is_refused_with_the_reason(raw_bundle, node, constants, message):
    with pytest.raises(UnsupportedError, match=f"operator {node.op_type} of node .*") as refusal:
        stages(raw_bundle(_model([node], constants)))
    assert message in str(refusal.value)


def test_what_needs_the_batch_first_is_refused_where_it_is_not(raw_bundle):
    nodes = [helper.make_node("Transpose", ["features"], ["t"]), helper.make_node("Flatten", ["t"], ["score"], name="turned")]
    with pytest.raises(UnsupportedError, match="Flatten of node 'turned': an input whose first axis is not the batch"):
        stages(raw_bundle(_model(nodes)))


def test_values_in_another_file_are_not_read(raw_bundle, tmp_path):
    nodes, constants = _dense()
    model = _model(nodes, constants)
    onnx.external_data_helper.set_external_data(model.graph.initializer[0], location="../../etc/passwd")
    with pytest.raises(UnsupportedError, match="in another file, which is not read"):
        stages(raw_bundle(model))


def test_a_cycle_is_refused_by_node(raw_bundle):
    nodes = [helper.make_node("Relu", ["b"], ["a"], name="one"), helper.make_node("Relu", ["a"], ["b"], name="two")]
    with pytest.raises(BundleError, match="node 'one': reads 'b', which no earlier node makes"):
        stages(raw_bundle(_model([*nodes, helper.make_node("Add", ["features", "b"], ["score"])])))


def test_a_value_made_twice_is_refused(raw_bundle):
    nodes = [helper.make_node("Relu", ["features"], ["a"]), helper.make_node("Abs", ["features"], ["a"])]
    with pytest.raises(BundleError, match="is made twice"):
        stages(raw_bundle(_model([*nodes, helper.make_node("Identity", ["a"], ["score"])])))


def test_a_huge_initializer_without_values_is_refused(raw_bundle):
    nodes, constants = _dense()
    model = _model(nodes, constants)
    del model.graph.initializer[0].dims[:]
    model.graph.initializer[0].dims.extend([1 << 40, 1 << 40])
    with pytest.raises(UnsupportedError, match=r"shape .* is not compiled"):
        stages(raw_bundle(model))


def test_values_that_do_not_fit_their_shape_are_refused(raw_bundle):
    nodes, constants = _dense()
    model = _model(nodes, constants)
    model.graph.initializer[0].dims[0] = 5
    with pytest.raises(BundleError, match="do not fit its shape"):
        stages(raw_bundle(model))


def test_too_many_nodes_are_refused(raw_bundle):
    nodes = [helper.make_node("Relu", ["features"], [f"v{k}"]) for k in range(MAX_NODES + 1)]
    with pytest.raises(UnsupportedError, match="nodes; at most"):
        stages(raw_bundle(_model(nodes)))


def test_rows_that_are_too_wide_are_refused(raw_bundle):
    nodes = [helper.make_node("Unsqueeze", ["features", "axis"], ["u"]), helper.make_node("Expand", ["u", "shape"], ["score"])]
    constants = {"axis": np.array([2]), "shape": np.array([1, 3, 1 << 21])}
    with pytest.raises(UnsupportedError, match=r"shape .* is not compiled"):
        stages(raw_bundle(_model(nodes, constants)))


@pytest.mark.parametrize("opset", [1, 6, 99])
def test_an_opset_it_does_not_know_is_refused(raw_bundle, opset):
    with pytest.raises(UnsupportedError, match=f"opset {opset}; opsets 7 to"):
        stages(raw_bundle(_model(*_dense(), opset=opset)))


def test_another_rank_than_the_signature_has_is_refused(raw_bundle):
    model = _model(*_dense())
    model.graph.input[0].type.tensor_type.shape.dim.add().dim_value = 2
    with pytest.raises(BundleError, match="has 3 axes in the graph, 2 in the signature"):
        stages(raw_bundle(model))


def test_other_inputs_or_outputs_than_the_signature_has_are_refused(raw_bundle):
    model = _model(*_dense())
    model.graph.output[0].name = "elsewhere"
    with pytest.raises(BundleError, match="outputs of the graph are 'elsewhere'; the signature has 'score'"):
        stages(raw_bundle(model))


def test_an_output_of_another_shape_than_the_signature_has_is_refused(raw_bundle):
    nodes = [helper.make_node("Relu", ["features"], ["score"])]
    with pytest.raises(UnsupportedError, match=r"is float32\[batch, 3\] in the graph, float32\[batch, 1\] in the signature"):
        stages(raw_bundle(_model(nodes)))


def test_an_output_that_depends_on_no_input_is_refused(raw_bundle):
    with pytest.raises(UnsupportedError, match="does not depend on the inputs"):
        stages(raw_bundle(_model([helper.make_node("Identity", ["w"], ["score"])], {"w": np.ones((1, 1), np.float32)})))


_NAMES = ['"; system("id"); //', "a\n#include <evil>", "*/ int main() {} /*", "\\", "??/", "class", "ü", "x" * 5000, "{0}", "%s"]


@pytest.mark.parametrize("name", _NAMES)
def test_names_of_a_model_never_reach_the_code(raw_bundle, name):
    nodes, constants = _dense()
    nodes = [
        helper.make_node("MatMul", ["features", name + "w"], [name], name=name),
        helper.make_node("Relu", [name], ["score"], name=name, doc_string=name),
    ]
    odd = raw_bundle(_model(nodes, {name + "w": constants["w"]}), name="same")
    nodes[0].input[1], nodes[0].output[0], nodes[1].input[0] = "w", "v", "v"
    plain = raw_bundle(_model(nodes, {"w": constants["w"]}), name="same")
    assert stages(odd)["cxx"].replace(odd.digest, "").replace(odd.digest[:12].upper(), "") == stages(plain)["cxx"].replace(
        plain.digest, ""
    ).replace(plain.digest[:12].upper(), "")


def test_a_name_in_a_refusal_stays_on_one_line(raw_bundle):
    node = helper.make_node("Det", ["features"], ["score"], name="two\nlines" + "x" * 500)
    with pytest.raises(UnsupportedError) as refusal:
        stages(raw_bundle(_model([node])))
    assert "\n" not in refusal.value.message
    assert len(refusal.value.message) < 200


def test_torn_and_mutated_files_are_refused_or_read_and_never_crash(raw_bundle):
    content = _model(*_dense()).SerializeToString()
    rng = np.random.default_rng(0)
    for trial in range(150):
        data = bytearray(content)
        for place in rng.integers(0, len(data), 1 + trial % 4):
            data[place] = rng.integers(256)
        try:
            stages(raw_bundle(bytes(data[: len(data) - trial % 7])))
        except BartikError as error:
            assert error.message  # noqa: PT017 - most are refused, a few still are models
