import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import helper

from bartik.core import ExportError, Signature, TensorSpec
from bartik.exporters.canonical import canonical_bytes, check_signature
from bartik.testing.models import dense_model, dense_signature


def marked(text: str) -> onnx.ModelProto:
    """A model with ``text`` in every place where a tool may leave a note."""
    model = dense_model((3, 4, 1))
    graph = model.graph
    for message in (model, graph, *graph.node, *graph.input, *graph.output, *graph.initializer):
        message.doc_string = text
        message.metadata_props.add(key="where", value=text)
    graph.value_info.append(helper.make_tensor_value_info("dense_0", 1, [text or "n", 4]))
    for attribute in graph.node[0].attribute:
        attribute.doc_string = text
    return model


@given(st.text(min_size=1))
def test_notes_leave_no_trace(text):
    assert canonical_bytes(marked(text)) == canonical_bytes(marked("another"))


def test_the_order_of_attributes_does_not_matter():
    one, other = dense_model((3, 1)), dense_model((3, 1))
    one.graph.node[0].attribute.extend([helper.make_attribute("alpha", 1.0), helper.make_attribute("beta", 2.0)])
    kept = list(other.graph.node[0].attribute)
    del other.graph.node[0].attribute[:]
    other.graph.node[0].attribute.extend([helper.make_attribute("beta", 2.0), *kept, helper.make_attribute("alpha", 1.0)])
    assert canonical_bytes(one) == canonical_bytes(other)


def test_notes_in_inner_graphs_leave_no_trace():
    def branch(text):
        constant = helper.make_node("Constant", [], ["c"], value_float=1.0, doc_string=text)
        return helper.make_graph([constant], "branch", [], [helper.make_tensor_value_info("c", 1, [])], doc_string=text)

    def model(text):
        made = dense_model((3, 1))
        made.graph.node.append(helper.make_node("If", ["flag"], ["x"], then_branch=branch(text), else_branch=branch(text)))
        return made

    assert canonical_bytes(model("one")) == canonical_bytes(model("two"))


def test_weights_and_the_maker_stay_and_the_model_given_is_untouched():
    model = marked("note")
    model.producer_name = "maker"
    kept = onnx.load_from_string(canonical_bytes(model))
    assert kept.producer_name == "maker"
    for one, other in zip(kept.graph.initializer, model.graph.initializer, strict=True):
        np.testing.assert_array_equal(onnx.numpy_helper.to_array(one), onnx.numpy_helper.to_array(other))
    assert model.doc_string == "note"


@pytest.mark.parametrize(
    "outputs",
    [
        (TensorSpec("other", "float32", ("batch", 1)),),
        (TensorSpec("score", "float64", ("batch", 1)),),
        (TensorSpec("score", "float32", ("batch",)),),
        (),
    ],
)
def test_another_signature_is_refused(outputs):
    signature = dense_signature((3, 1))
    check_signature(dense_model((3, 1)), signature)
    with pytest.raises(ExportError, match=r"outputs of the exported graph are score float32\[2 axes\]; the signature has "):
        check_signature(dense_model((3, 1)), Signature(signature.inputs, outputs))
