import numpy as np
import onnx
import pytest

from bartik.backends import prepare
from bartik.checks import check
from bartik.core import UnsupportedError, UsageError
from bartik.exporters.narrowed import narrow
from bartik.testing.models import custom_operator_model, dense_bundle, dense_signature, model_bundle, random_rows

ROWS = {"features": random_rows(500, 17, seed=5)}


def widths(bundle):
    return [tuple(tensor.dims) for tensor in bundle.model().graph.initializer if len(tensor.dims) == 2]


@pytest.mark.parametrize(("keep", "wanted"), [(0.5, [(12, 17), (10, 12), (1, 10)]), (0.01, [(1, 17), (1, 1), (1, 1)])])
def test_hidden_layers_keep_that_share_of_their_units(tmp_path, keep, wanted):
    made = narrow(dense_bundle(tmp_path / "a"), ROWS, tmp_path / "b", keep)
    assert widths(made) == wanted
    assert all(parity.ok for parity in check(made, ["reference", "onnxruntime"]))


def test_units_that_do_nothing_are_the_first_to_go(tmp_path):
    bundle = dense_bundle(tmp_path / "a", (17, 25, 1))
    model = bundle.model()
    (second,) = (tensor for tensor in model.graph.initializer if tuple(tensor.dims) == (1, 25))
    values = onnx.numpy_helper.to_array(second).copy()
    values[:, ::5] = 0
    second.CopyFrom(onnx.numpy_helper.from_array(values, second.name))
    idle = model_bundle(tmp_path / "idle", model, bundle.signature, bundle.reference()[0])
    made = narrow(idle, ROWS, tmp_path / "b", 0.8)
    assert widths(made) == [(20, 17), (1, 20)]
    outputs = [prepare(one, "onnxruntime").run(ROWS)["score"] for one in (idle, made)]
    np.testing.assert_allclose(*outputs, rtol=1e-5)


def test_what_a_unit_gives_on_the_average_stays(tmp_path):
    """With a constant input every unit is constant, so leaving any out changes nothing."""
    rows = {"features": np.repeat(ROWS["features"][:1], 50, axis=0)}
    bundle = dense_bundle(tmp_path / "a", (17, 25, 20, 1))
    made = narrow(bundle, rows, tmp_path / "b", 0.3)
    outputs = [prepare(one, "onnxruntime").run(rows)["score"] for one in (bundle, made)]
    np.testing.assert_allclose(*outputs, rtol=1e-4)


def test_a_share_that_is_none_and_a_model_without_units_are_refused(tmp_path):
    bundle = dense_bundle(tmp_path / "a")
    for keep in (0.0, 1.0, -1.0, float("nan")):
        with pytest.raises(UsageError, match="between 0 and 1"):
            narrow(bundle, ROWS, tmp_path / "b", keep)
    node = onnx.helper.make_node("Relu", ["features"], ["score"])
    model = custom_operator_model((3, 3))
    del model.graph.node[:], model.opset_import[1:]
    model.graph.node.append(node)
    plain = model_bundle(tmp_path / "plain", model, dense_signature((3, 3)), {"features": random_rows(5, 3)})
    with pytest.raises(UnsupportedError, match="no units to leave out"):
        narrow(plain, {"features": random_rows(5, 3)}, tmp_path / "b", 0.5)
    assert not (tmp_path / "b").exists()
