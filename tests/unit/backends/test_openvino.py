"""What is OpenVINO's own; what all backends do is in tests/contracts."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper

pytest.importorskip("openvino", reason="openvino is not installed")

from bartik.backends import prepare
from bartik.backends.openvino import _core
from bartik.core import BackendError, Signature, TensorSpec, UnsupportedError, UsageError
from bartik.core.bundle import write_bundle
from bartik.testing.models import custom_operator_model, dense_bundle, dense_signature, model_bundle

_TYPES = {"float64": TensorProto.DOUBLE, "int64": TensorProto.INT64}


@pytest.fixture
def bundle(tmp_path):
    return dense_bundle(tmp_path / "bundle", (5, 4, 1))


def doubled(path, dtype, rows):
    """A bundle of one node: twice its input, of type ``dtype``."""
    values = [helper.make_tensor_value_info(name, _TYPES[dtype], ["batch", 1]) for name in ("x", "y")]
    graph = helper.make_graph([helper.make_node("Add", ["x", "x"], ["y"], name="twice")], "g", values[:1], values[1:])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
    x, y = (TensorSpec(name, dtype, ("batch", 1)) for name in ("x", "y"))
    return model_bundle(path, model, Signature((x,), (y,)), {"x": np.array(rows, dtype)})


def test_float64_is_refused_because_it_would_be_computed_in_float32(tmp_path):
    with pytest.raises(UnsupportedError, match="is float64, OpenVINO computes in float32\n  use the backend native or onnxruntime"):
        prepare(doubled(tmp_path / "bundle", "float64", [[1.0]]), "openvino")


def test_a_whole_number_beyond_32_bits_is_refused_and_not_cut_off(tmp_path):
    session = prepare(doubled(tmp_path / "bundle", "int64", [[1], [-3]]), "openvino")
    np.testing.assert_array_equal(session.run({"x": np.array([[1 << 29], [-7]])})["y"], [[1 << 30], [-14]])
    for far in (1 << 31, -(1 << 31) - 1):
        with pytest.raises(UsageError, match="tensor 'x': OpenVINO computes whole numbers in 32 bits"):
            session.run({"x": np.array([[far], [0]])})


def test_an_operator_it_lacks_is_named_without_its_own_sources(bundle):
    content = custom_operator_model((5, 4, 1)).SerializeToString()
    custom = write_bundle(bundle.path.parent / "custom", content, dense_signature((5, 4, 1)), bundle.reference(), name="custom")
    with pytest.raises(
        UnsupportedError, match=r"OpenVINO lacks an operator \(No conversion rule found for operations: made.up.Frobnicate\)"
    ):
        prepare(custom, "openvino")


RECURRENT = {"layout": {"layout": 1}, "input_forget": {"input_forget": 1}, "peepholes": {}}


@pytest.mark.parametrize("ignored", RECURRENT)
def test_what_it_leaves_out_of_a_recurrent_layer_is_refused(tmp_path, ignored):
    """OpenVINO 2026.4 gives other values, and says nothing."""
    rng = np.random.default_rng(0)
    tables = {"w": (1, 8, 3), "r": (1, 8, 2), "p": (1, 6)}
    weights = [numpy_helper.from_array(rng.normal(size=shape).astype(np.float32), name) for name, shape in tables.items()]
    inputs = ["x", "w", "r", *([""] * 4 + ["p"] if ignored == "peepholes" else [])]
    node = helper.make_node("LSTM", inputs, ["", "y"], name="memory", hidden_size=2, **RECURRENT[ignored])
    shape, result = ([4, 5, 3], [4, 1, 2]) if ignored == "layout" else ([5, 4, 3], [1, 4, 2])
    values = [helper.make_tensor_value_info(n, TensorProto.FLOAT, s) for n, s in (("x", shape), ("y", result))]
    model = helper.make_model(
        helper.make_graph([node], "g", values[:1], values[1:], weights), opset_imports=[helper.make_opsetid("", 14)], ir_version=8
    )
    signature = Signature(*((TensorSpec(n, "float32", tuple(s)),) for n, s in (("x", shape), ("y", result))))
    rows = {"x": rng.normal(size=shape).astype(np.float32)}, {"y": np.zeros(result, np.float32)}
    bundle = write_bundle(tmp_path / "b", model.SerializeToString(), signature, rows, name="memory")
    with pytest.raises(UnsupportedError, match=f"operator LSTM of node 'memory': OpenVINO ignores {ignored}"):
        prepare(bundle, "openvino")


@pytest.mark.parametrize("option", ["threads", "streams"])
def test_less_than_one_is_refused(bundle, option):
    with pytest.raises(UsageError, match=f"option {option} of backend openvino: wanted 1 or more, got 0"):
        prepare(bundle, "openvino", **{option: 0})


def test_threads_and_streams_are_what_was_asked_for_and_float32_is_kept(bundle, monkeypatch):
    seen, real = [], _core()

    class Core:
        def __getattr__(self, name):
            return getattr(real, name)

        def compile_model(self, model, device, settings):
            seen.append((settings, real.compile_model(model, device, settings)))
            return seen[-1][1]

    monkeypatch.setattr("bartik.backends.openvino._core", Core)
    prepare(bundle, "openvino", threads=2, streams=2)
    settings, compiled = seen[0]
    assert (settings["INFERENCE_NUM_THREADS"], settings["NUM_STREAMS"]) == (4, 2)  # no more than there are cores in the end
    assert "32" in str(compiled.get_property("INFERENCE_PRECISION_HINT"))


def test_a_request_serves_one_call_at_a_time_and_goes_back_after_a_failure(bundle, monkeypatch):
    session, (inputs, outputs) = prepare(bundle, "openvino", streams=2), bundle.reference()

    class Broken:
        def __getattr__(self, name):
            raise RuntimeError("Exception from src/a.cpp:1:\nno memory")

    sound, session._idle[:] = session._idle[0], [Broken()]
    with pytest.raises(BackendError, match=r"OpenVINO refused the call \(no memory\)"):
        session.run(inputs)
    assert len(session._idle) == 1
    session._idle[:] = [sound]
    with ThreadPoolExecutor(4) as pool:
        for found in pool.map(lambda _: session.run(inputs)["score"], range(40)):
            np.testing.assert_allclose(found, outputs["score"], rtol=1e-5, atol=1e-6)
    assert 1 <= len(session._idle) <= 4
    assert len(set(map(id, session._idle))) == len(session._idle)
