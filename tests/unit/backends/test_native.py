import gc
import sys
import sysconfig
import threading
import weakref
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import onnx
import pytest
from onnx.reference import ReferenceEvaluator

from bartik.backends import native, prepare
from bartik.core import TensorSpec, UnavailableError, UnsupportedError, UsageError
from bartik.core.bundle import write_bundle
from bartik.core.spec import Signature
from bartik.testing.models import IR_VERSION, dense_bundle, dense_model, model_bundle


@pytest.fixture
def bundle(tmp_path):
    return dense_bundle(tmp_path / "bundle", (5, 4, 2))


@pytest.fixture(params=["extension", "ctypes"])
def session(request, bundle, monkeypatch):
    if request.param == "ctypes":
        monkeypatch.setattr(native, "_extension", lambda: None)
    made = prepare(bundle, "native")
    assert (type(made).__module__ == "bartik_native_call") == (request.param == "extension")
    return made


def test_both_ways_to_call_give_the_reference(session, bundle):
    inputs, outputs = bundle.reference()
    np.testing.assert_allclose(session.run(inputs)["score"], outputs["score"], rtol=1e-5, atol=1e-6)


def test_more_tensors_than_the_extension_has_room_for_are_called_all_the_same(tmp_path):
    names = [f"out_{place}" for place in range(native._MOST_TENSORS + 1)]
    nodes = [onnx.helper.make_node("Mul", ["features", "features"], [name]) for name in names]
    values = [onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, ["batch", 2]) for name in ("features", *names)]
    graph = onnx.helper.make_graph(nodes, "many", values[:1], values[1:])
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 20)], ir_version=IR_VERSION)
    specs = [TensorSpec(name, "float32", ("batch", 2)) for name in ("features", *names)]
    rows = {"features": np.arange(6, dtype=np.float32).reshape(3, 2)}
    many = model_bundle(tmp_path / "many", model, Signature(tuple(specs[:1]), tuple(specs[1:])), rows)
    found = prepare(many, "native").run(rows)
    assert list(found) == names
    assert all(np.array_equal(values, rows["features"] ** 2) for values in found.values())


def test_a_large_out_is_written_in_place_and_one_that_is_the_input_is_not_spoilt(session, bundle):
    rows = np.resize(bundle.reference()[0]["features"], (1000, 5)).astype(np.float32)
    wanted = session.run({"features": rows})["score"]
    memory = np.zeros((1000, 5), np.float32)
    memory[:] = rows
    overlapping = memory.reshape(-1)[3000:].reshape(1000, 2)
    session.run({"features": memory}, {"score": overlapping})
    assert np.array_equal(overlapping, wanted)


def test_arrays_of_subclasses_and_of_other_byte_orders_are_handled(session, bundle):
    features = bundle.reference()[0]["features"]
    wanted = session.run({"features": features})["score"]
    masked = np.ma.masked_array(features)
    assert np.array_equal(session.run({"features": masked})["score"], wanted)
    unaligned = np.frombuffer(b"x" + features.tobytes(), np.float32, features.size, offset=1).reshape(features.shape)
    assert not unaligned.flags.aligned
    assert np.array_equal(session.run({"features": unaligned})["score"], wanted)
    try:
        swapped = session.run({"features": features.astype(">f4")})["score"]
    except UsageError as error:
        assert "features" in str(error)  # noqa: PT017 - refusing is as good
    else:
        assert np.array_equal(swapped, wanted)


@pytest.mark.parametrize("arguments", [(), ({}, {}, {}), (None,), ([1],), ({1: 2},), ({"features": None},)])
def test_a_wrong_call_is_an_error_and_no_crash(session, arguments):
    with pytest.raises((UsageError, TypeError, AttributeError)):
        session.run(*arguments)


def test_inputs_may_be_given_by_keyword(session, bundle):
    inputs, outputs = bundle.reference()
    np.testing.assert_allclose(session.run(inputs=inputs, out=None)["score"], outputs["score"], rtol=1e-5, atol=1e-6)


def test_calls_leak_no_references(session, bundle):
    inputs = {"features": bundle.reference()[0]["features"]}
    before = sys.getrefcount(inputs["features"]), sys.getrefcount(np.dtype(np.float32))
    for _ in range(2000):
        session.run(inputs)
    after = sys.getrefcount(inputs["features"]), sys.getrefcount(np.dtype(np.float32))
    assert abs(after[0] - before[0]) <= 1
    assert abs(after[1] - before[1]) <= 20


def test_a_session_that_nobody_holds_is_freed(bundle, monkeypatch):
    made, fast = [], native._fast
    monkeypatch.setattr(native, "_fast", lambda *parts: (made.append(weakref.ref(parts[-1])), fast(*parts))[1])
    session = prepare(bundle, "native")
    assert made[0]() is not None
    del session
    gc.collect()
    assert made[0]() is None


def test_large_batches_run_while_other_threads_run(bundle):
    session = prepare(bundle, "native")
    rows = {"features": np.resize(bundle.reference()[0]["features"], (400_000, 5)).astype(np.float32)}
    wanted = session.run(rows)["score"]
    counted, stop = [0], threading.Event()

    def count():
        while not stop.is_set():
            counted[0] += 1

    other = threading.Thread(target=count)
    other.start()
    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(lambda _: session.run(rows)["score"], range(8)))
    stop.set()
    other.join()
    assert counted[0] > 0
    assert all(np.array_equal(result, wanted) for result in results)


def test_without_a_compiler_it_is_unavailable_and_says_what_to_install(bundle, monkeypatch):
    monkeypatch.setenv("CXX", "no-such-compiler")
    found = native.available()
    assert not found.ok
    assert "apt install g++" in found.remedy
    with pytest.raises(UnavailableError, match="no C\\+\\+ compiler"):
        prepare(bundle, "native")


def test_without_headers_of_python_it_calls_through_ctypes_and_says_so(bundle, monkeypatch, tmp_path):
    monkeypatch.setattr(sysconfig, "get_paths", lambda: {"include": str(tmp_path)})
    native._extension.cache_clear()
    try:
        assert "called through ctypes: Python's or numpy's headers are missing" in native.available().version
        assert isinstance(prepare(bundle, "native"), native._Session)
    finally:
        native._extension.cache_clear()


def test_a_model_without_a_batch_is_one_row(tmp_path):
    signature = Signature((TensorSpec("features", "float32", (3, 5)),), (TensorSpec("score", "float32", (3, 1)),))
    x = np.random.default_rng(0).normal(size=(3, 5)).astype(np.float32)
    model = dense_model((5, 1))
    wanted = ReferenceEvaluator(model).run(None, {"features": x})[0]
    made = write_bundle(tmp_path / "fixed", model.SerializeToString(), signature, ({"features": x}, {"score": wanted}), name="fixed")
    session = prepare(made, "native")
    np.testing.assert_allclose(session.run({"features": x})["score"], wanted, rtol=1e-5, atol=1e-6)
    with pytest.raises(UsageError, match="features"):
        session.run({"features": x[:2]})


def test_two_free_axes_are_refused(tmp_path):
    signature = Signature((TensorSpec("features", "float32", ("batch", "n")),), (TensorSpec("score", "float32", ("batch", 1)),))
    reference = {"features": np.zeros((3, 5), np.float32)}, {"score": np.zeros((3, 1), np.float32)}
    made = write_bundle(tmp_path / "free", dense_model((5, 1)).SerializeToString(), signature, reference, name="free")
    with pytest.raises(UnsupportedError, match="free axes batch, n are not compiled"):
        prepare(made, "native")


@pytest.mark.parametrize("how", ["extension", "ctypes"])
@pytest.mark.parametrize("threads", [2, 3])
def test_threads_that_share_a_batch_give_the_same_bits(bundle, monkeypatch, how, threads):
    if how == "ctypes":
        monkeypatch.setattr(native, "_extension", lambda: None)
    monkeypatch.setattr(native, "_LEAST_WORK_SHARED", 1)
    one, shared = prepare(bundle, "native"), prepare(bundle, "native", threads=threads)
    features = np.random.default_rng(0).normal(size=(1000, 5)).astype(np.float32)
    for rows in (0, 1, 127, 128, 191, 200, 1000):
        part = {"features": features[:rows]}
        wanted = one.run(part)["score"]
        assert np.array_equal(shared.run(part)["score"], wanted)
        out = {"score": np.zeros((rows, 2), np.float32)}
        assert shared.run(part, out=out) is out
        assert np.array_equal(out["score"], wanted)
    overlapping = features.reshape(-1)[3000:].reshape(1000, 2)
    wanted = one.run({"features": features})["score"]
    shared.run({"features": features}, {"score": overlapping})
    assert np.array_equal(overlapping, wanted)


def test_sessions_with_threads_serve_several_callers_and_end_their_threads(bundle, monkeypatch):
    monkeypatch.setattr(native, "_LEAST_WORK_SHARED", 1)
    features = {"features": np.random.default_rng(0).normal(size=(512, 5)).astype(np.float32)}
    session = prepare(bundle, "native", threads=2)
    wanted = session.run(features)["score"]
    with ThreadPoolExecutor(4) as callers:
        assert all(np.array_equal(found["score"], wanted) for found in callers.map(session.run, [features] * 40))
    before = {thread for thread in threading.enumerate() if thread.name.startswith("bartik-native")}
    assert before
    del session
    gc.collect()
    for thread in before:
        thread.join(10)
        assert not thread.is_alive()


def test_a_call_that_is_wrong_is_refused_by_a_session_with_threads_as_well(bundle):
    session = prepare(bundle, "native", threads=2)
    for wrong in ({}, {"features": [1.0]}, {"features": np.zeros((200_000, 4), np.float32)}, {"features": np.float32(1)}):
        with pytest.raises(UsageError, match="features"):
            session.run(wrong)
    with pytest.raises(UsageError, match="option threads of backend native: wanted 1 or more, got 0"):
        prepare(bundle, "native", threads=0)
