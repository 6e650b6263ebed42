import numpy as np
import onnx
import pytest

from bartik.checks import check
from bartik.core import DataError, ExportError, UnknownNameError, UnsupportedError, UsageError
from bartik.core.bundle import open_bundle
from bartik.exporters.quantized import PRECISIONS, quantize
from bartik.testing.models import custom_operator_model, dense_bundle, dense_signature, model_bundle, random_rows

ROWS = {"features": random_rows(2000, 17, seed=5)}


def outputs(bundle, rows):
    from bartik.backends import prepare

    return prepare(bundle, "onnxruntime").run({"features": rows})["score"]


@pytest.mark.parametrize("precision", PRECISIONS)
def test_the_new_bundle_stands_for_the_old_one_and_every_runtime_agrees_on_it(tmp_path, precision):
    bundle = dense_bundle(tmp_path / "a")
    made = quantize(bundle, ROWS, tmp_path / "b", precision)
    fresh = random_rows(500, 17, seed=6)
    assert made.signature == bundle.signature
    assert made.digest != bundle.digest
    difference = np.abs(outputs(made, fresh) - outputs(bundle, fresh))
    assert 0 < difference.max() < 0.1
    assert all(parity.ok for parity in check(made, ["reference", "onnxruntime"]))


def test_weights_are_stored_in_8_bits_and_the_output_is_not_rounded(tmp_path):
    made = quantize(dense_bundle(tmp_path / "a"), ROWS, tmp_path / "b")
    model = made.model()
    stored = [t for t in model.graph.initializer if t.data_type == onnx.TensorProto.INT8 and len(t.dims) == 2]
    assert sorted(tuple(t.dims) for t in stored) == [(1, 20), (20, 25), (25, 17)]
    assert len(np.unique(outputs(made, random_rows(2000, 17, seed=7)))) > 600


def test_the_digest_depends_on_model_and_calibration_alone(tmp_path):
    bundle = dense_bundle(tmp_path / "a")
    first, second = (quantize(bundle, ROWS, tmp_path / name) for name in "bc")
    other = quantize(bundle, {"features": ROWS["features"] * 2}, tmp_path / "d")
    assert first.digest == second.digest != other.digest


def test_a_model_without_products_is_refused(tmp_path):
    node = onnx.helper.make_node("Relu", ["features"], ["score"])
    model = custom_operator_model((3, 3))
    del model.graph.node[:], model.opset_import[1:]
    model.graph.node.append(node)
    bundle = model_bundle(tmp_path / "a", model, dense_signature((3, 3)), {"features": random_rows(5, 3)})
    with pytest.raises(UnsupportedError, match="nothing to quantise"):
        quantize(bundle, {"features": random_rows(5, 3)}, tmp_path / "b")


def test_bad_calibration_and_precision_are_refused_and_leave_nothing(tmp_path):
    bundle = dense_bundle(tmp_path / "a")
    with pytest.raises(UnknownNameError, match="int4"):
        quantize(bundle, ROWS, tmp_path / "b", "int4")
    with pytest.raises(ExportError, match="no calibration rows"):
        quantize(bundle, {"features": random_rows(0, 17)}, tmp_path / "b")
    with pytest.raises((UsageError, DataError), match="features"):
        quantize(bundle, {"features": random_rows(9, 16)}, tmp_path / "b")
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_a_weight_beyond_float16_is_refused(tmp_path):
    bundle = dense_bundle(tmp_path / "a")
    model = bundle.model()
    weight = next(t for t in model.graph.initializer if t.name == "weight_0")
    weight.CopyFrom(onnx.numpy_helper.from_array(onnx.numpy_helper.to_array(weight) * np.float32(1e6), "weight_0"))
    large = model_bundle(tmp_path / "b", model, bundle.signature, bundle.reference()[0])
    with pytest.raises(UnsupportedError, match="'weight_0' has values beyond float16"):
        quantize(large, ROWS, tmp_path / "c", "fp16")


def test_a_bundle_keeps_the_tolerance_it_was_given(tmp_path):
    made = quantize(dense_bundle(tmp_path / "a"), ROWS, tmp_path / "b")
    assert open_bundle(tmp_path / "b").tolerance == made.tolerance
