import numpy as np
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

from bartik.backends import onnxruntime as backend
from bartik.backends import prepare
from bartik.core import Signature, TensorSpec, UnavailableError, UnknownNameError, UnsupportedError, UsageError
from bartik.core.bundle import write_bundle
from bartik.testing.models import dense_bundle


@pytest.fixture
def bundle(tmp_path):
    return dense_bundle(tmp_path / "bundle", (5, 4, 1))


def test_an_unknown_provider_is_refused_with_the_nearest_name(bundle):
    with pytest.raises(UnknownNameError, match="unknown provider of backend onnxruntime 'cudda'\n  did you mean 'cuda'"):
        prepare(bundle, "onnxruntime", provider="cudda")


@pytest.mark.parametrize(("name", "package"), [("cuda", "onnxruntime-gpu"), ("tensorrt", "tensorrt"), ("openvino", "onnxruntime-openvino")])
def test_a_provider_that_this_build_lacks_is_refused_with_what_is_here_and_what_to_install(bundle, monkeypatch, name, package):
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: ["AzureExecutionProvider", "CPUExecutionProvider"])
    with pytest.raises(UsageError, match=f"the installed build has no .*\n  install .*{package} .*or use one that is here: cpu$"):
        prepare(bundle, "onnxruntime", provider=name)


def test_a_form_of_an_operator_that_it_lacks_is_no_fault_of_the_model(tmp_path):
    """GRU with a clip of nought, which ONNX allows."""
    weights = [numpy_helper.from_array(np.ones((1, 6, n), np.float32), name) for name, n in (("w", 3), ("r", 2))]
    node = helper.make_node("GRU", ["x", "w", "r"], ["", "y"], hidden_size=2, clip=0.0)
    values = [helper.make_tensor_value_info(n, TensorProto.FLOAT, s) for n, s in (("x", [5, 4, 3]), ("y", [1, 4, 2]))]
    graph = helper.make_graph([node], "g", values[:1], values[1:], weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 14)], ir_version=8)
    signature = Signature((TensorSpec("x", "float32", (5, 4, 3)),), (TensorSpec("y", "float32", (1, 4, 2)),))
    reference = {"x": np.ones((5, 4, 3), np.float32)}, {"y": np.zeros((1, 4, 2), np.float32)}
    bundle = write_bundle(tmp_path / "b", model.SerializeToString(), signature, reference, name="clipped")
    with pytest.raises(UnsupportedError, match="ONNX Runtime lacks an operator or a form of one") as refusal:
        prepare(bundle, "onnxruntime")
    assert "onnxruntime_src" not in str(refusal.value)


def test_a_provider_that_does_not_start_is_not_replaced_by_another(bundle, monkeypatch):
    monkeypatch.setattr(backend, "_find_provider", backend._PROVIDERS.__getitem__)
    refusal = pytest.raises(UnavailableError, match="could not start CUDAExecutionProvider and would have used CPUExecutionProvider")
    with refusal, pytest.warns(UserWarning, match="not in available provider names"):
        prepare(bundle, "onnxruntime", provider="cuda")


def test_providers_keep_float32_and_a_node_that_tensorrt_lacks_goes_to_cuda():
    assert backend._PROVIDERS["tensorrt"].order(1) == [
        ("TensorrtExecutionProvider", {"trt_fp16_enable": "0"}),
        ("CUDAExecutionProvider", {"use_tf32": "0"}),
    ]
    settings = backend._PROVIDERS["openvino"].order(3)[0][1]
    assert (settings["precision"], settings["num_of_threads"]) == ("FP32", "3")


def test_every_provider_is_one_that_onnxruntime_knows():
    assert {one.name for one in backend._PROVIDERS.values()} <= set(onnxruntime.get_all_providers())


def test_less_than_one_thread_is_refused(bundle):
    with pytest.raises(UsageError, match="wanted 1 or more, got 0"):
        prepare(bundle, "onnxruntime", threads=0)


def test_two_threads_give_what_one_gives(bundle):
    inputs, outputs = bundle.reference()
    np.testing.assert_allclose(prepare(bundle, "onnxruntime", threads=2).run(inputs)["score"], outputs["score"], rtol=1e-5, atol=1e-6)


def test_large_outputs_are_written_in_place_and_small_ones_copied(bundle, monkeypatch):
    session, bound = prepare(bundle, "onnxruntime"), []
    monkeypatch.setattr(type(session), "_run_into", lambda self, inputs, out, shapes: bound.append(shapes) or out)
    rows = backend._BIND_FROM // 4
    for count in (rows - 1, rows):
        session.run({"features": np.zeros((count, 5), np.float32)}, {"score": np.zeros((count, 1), np.float32)})
    assert bound == [{"score": (rows, 1)}]
