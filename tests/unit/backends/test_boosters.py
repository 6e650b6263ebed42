"""The backends `xgboost` and `lightgbm`: the library's own model beside the graph."""

import numpy as np
import pytest
from onnx import TensorProto, helper

from bartik.backends import _booster, prepare
from bartik.core import BackendError, Signature, TensorSpec, UnavailableError, UnsupportedError, UsageError
from bartik.core.bundle import write_bundle
from bartik.testing.models import dense_bundle

FEATURES = 4


def _rows(count=300):
    rng = np.random.default_rng(3)
    x = rng.normal(size=(count, FEATURES)).astype(np.float32)
    x[rng.random(x.shape) < 0.05] = np.nan
    return x


def _labels(x, classes):
    return (np.nan_to_num(x[:, 0] + x[:, 1]) * classes / 2 % classes).astype(int).clip(0, classes - 1)


def _xgboost(x, classes, **parameters):
    xgboost = pytest.importorskip("xgboost")
    goal = {"objective": "binary:logistic"} if classes == 2 else {"objective": "multi:softprob", "num_class": classes}
    booster = xgboost.train({**goal, "max_depth": 3, **parameters}, xgboost.DMatrix(x, _labels(x, classes)), 7)

    def run(rows, *, margin=False):
        return booster.inplace_predict(rows, missing=np.nan, predict_type="margin" if margin else "value")

    return bytes(booster.save_raw("json")), run


def _lightgbm(x, classes, **parameters):
    lightgbm = pytest.importorskip("lightgbm")
    goal = {"objective": "binary"} if classes == 2 else {"objective": "multiclass", "num_class": classes}
    booster = lightgbm.train({**goal, "verbose": -1, "num_threads": 1, **parameters}, lightgbm.Dataset(x, _labels(x, classes)), 7)
    return booster.model_to_string().encode(), lambda rows, *, margin=False: booster.predict(rows, raw_score=margin)


LIBRARIES = {"xgboost": ("xgboost.json", _xgboost), "lightgbm": ("lightgbm.txt", _lightgbm)}


def _graph(outputs):
    """A graph of the right names: these backends never run it."""
    made = [helper.make_node("Identity", ["features"], [spec.name]) for spec in outputs]
    values = [
        helper.make_tensor_value_info(s.name, TensorProto.INT64 if s.dtype == "int64" else TensorProto.FLOAT, ["batch", *s.shape[1:]])
        for s in outputs
    ]
    graph = helper.make_graph(made, "g", [helper.make_tensor_value_info("features", TensorProto.FLOAT, ["batch", FEATURES])], values)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)]).SerializeToString()


def _bundle(path, outputs, x, wanted, source):
    signature = Signature((TensorSpec("features", "float32", ("batch", FEATURES)),), outputs)
    return write_bundle(path, _graph(outputs), signature, ({"features": x}, wanted), name="trees", source=source)


@pytest.fixture(params=LIBRARIES)
def library(request):
    pytest.importorskip(request.param)
    return request.param, *LIBRARIES[request.param]


SCORE = TensorSpec("score", "float32", ("batch", 1))


def test_a_probability_is_the_librarys_own_to_the_bit_alone_and_in_a_batch(tmp_path, library):
    name, file, train = library
    x = _rows()
    content, run = train(x, 2)
    wanted = np.asarray(run(x), np.float32)[:, None]
    session = prepare(_bundle(tmp_path / "b", (SCORE,), x, {"score": wanted}, {file: content}), name)
    np.testing.assert_array_equal(session.run({"features": x})["score"], wanted)
    np.testing.assert_array_equal(session.run({"features": x[7:8]})["score"], wanted[7:8])
    assert session.run({"features": x[:0]})["score"].shape == (0, 1)
    out = {"score": np.full((len(x), 1), np.nan, np.float32)}
    assert session.run({"features": x}, out)["score"] is out["score"]
    np.testing.assert_array_equal(out["score"], wanted)


def test_a_margin_is_recognised_by_the_reference(tmp_path, library):
    name, file, train = library
    x = _rows()
    content, run = train(x, 2)
    wanted = np.asarray(run(x, margin=True), np.float32)[:, None]
    session = prepare(_bundle(tmp_path / "b", (SCORE,), x, {"score": wanted}, {file: content}), name)
    np.testing.assert_array_equal(session.run({"features": x})["score"], wanted)


def test_labels_and_two_probabilities_are_made_of_one(tmp_path, library):
    name, file, train = library
    x = _rows()
    content, run = train(x, 2)
    p = np.asarray(run(x))
    wanted = {"label": (p > 0.5).astype(np.int64), "probabilities": np.stack([1 - p, p], 1).astype(np.float32)}
    outputs = (TensorSpec("label", "int64", ("batch",)), TensorSpec("probabilities", "float32", ("batch", 2)))
    found = prepare(_bundle(tmp_path / "b", outputs, x, wanted, {file: content}), name).run({"features": x})
    for output, values in wanted.items():
        np.testing.assert_array_equal(found[output], values)


def test_many_classes_come_as_they_are(tmp_path, library):
    name, file, train = library
    x = _rows()
    content, run = train(x, 3)
    p = np.asarray(run(x), np.float32)
    outputs = (TensorSpec("label", "int64", ("batch",)), TensorSpec("probabilities", "float32", ("batch", 3)))
    wanted = {"label": p.argmax(1).astype(np.int64), "probabilities": p}
    found = prepare(_bundle(tmp_path / "b", outputs, x, wanted, {file: content}), name).run({"features": x})
    np.testing.assert_array_equal(found["probabilities"], p)
    np.testing.assert_array_equal(found["label"], wanted["label"])


def test_a_bundle_without_the_librarys_model_is_refused_with_the_reason(tmp_path, library):
    name = library[0]
    with pytest.raises(UnsupportedError, match=f"holds no model of {name}"):
        prepare(dense_bundle(tmp_path / "dense", (5, 4, 1)), name)


def test_a_model_that_gives_other_values_than_the_reference_is_refused(tmp_path, library):
    name, file, train = library
    x = _rows()
    content, run = train(x, 2)
    wanted = 2 * np.asarray(run(x), np.float32)[:, None] + 7
    with pytest.raises(UnsupportedError, match="does not reproduce the reference"):
        prepare(_bundle(tmp_path / "b", (SCORE,), x, {"score": wanted}, {file: content}), name)


def test_a_model_that_the_library_refuses_is_an_error_of_one_line(tmp_path, library):
    name, file, _ = library
    bundle = _bundle(tmp_path / "b", (SCORE,), _rows(4), {"score": np.zeros((4, 1), np.float32)}, {file: b"no model"})
    with pytest.raises(BackendError, match="refused its own model"):
        prepare(bundle, name)


def test_threads_are_one_or_more(tmp_path, library):
    with pytest.raises(UsageError, match="wanted 1 or more, got 0"):
        prepare(dense_bundle(tmp_path / "dense", (5, 4, 1)), library[0], threads=0)


def test_a_library_that_is_not_installed_and_one_that_does_not_load_are_named(tmp_path, monkeypatch):
    missing = _booster.library_available("no_such_library")
    assert (missing.ok, missing.reason) == (False, "no_such_library is not installed")
    assert _booster.library_available("numpy").version == np.__version__
    (tmp_path / "half_installed.py").write_text("raise OSError('libgomp.so.1: cannot open shared object file')")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(UnavailableError, match=r"half_installed does not load: libgomp.so.1: cannot open"):
        _booster.import_library("half_installed")
