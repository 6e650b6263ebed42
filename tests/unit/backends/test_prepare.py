import types
from dataclasses import replace

import numpy as np
import pytest

from bartik import backends
from bartik.backends import check_graph, default_backend, installed, output_shapes, prepare, read_options
from bartik.core import Availability, BundleError, DigestError, Signature, TensorSpec, UnavailableError, UnknownNameError, UsageError
from bartik.testing.models import dense_bundle, dense_model, dense_signature, model_bundle, random_rows


@pytest.fixture
def bundle(tmp_path):
    return dense_bundle(tmp_path / "bundle", (5, 4, 1))


def test_an_unknown_backend_is_refused_with_the_nearest_name(bundle):
    with pytest.raises(UnknownNameError, match="unknown backend 'onnxruntim'\n  did you mean 'onnxruntime'"):
        prepare(bundle, "onnxruntim")


def test_events_of_different_sizes_are_for_another_runtime_than_ours(bundle):
    tracks, owner = TensorSpec("tracks", "float32", ("tracks", 3)), TensorSpec("owner", "int64", ("tracks",), index_of="events")
    assert default_backend(bundle) == "native"
    assert default_backend(replace(bundle, signature=replace(bundle.signature, inputs=(tracks, owner)))) == "onnxruntime"


def test_an_unknown_option_is_refused_with_the_nearest_name(bundle):
    with pytest.raises(UnknownNameError, match="option of backend onnxruntime 'thread'\n  did you mean 'threads'"):
        prepare(bundle, "onnxruntime", thread=1)


def test_an_option_of_another_type_is_refused():
    with pytest.raises(UsageError, match="option threads of backend x: wanted int like 1, got '2'"):
        read_options("x", {"threads": "2"}, {"threads": 1})
    with pytest.raises(UsageError, match="wanted int"):
        read_options("x", {"threads": True}, {"threads": 1})


def test_a_backend_that_is_not_installed_is_refused_with_its_remedy(bundle, monkeypatch):
    missing = types.SimpleNamespace(available=lambda: Availability(ok=False, reason="no libfoo", remedy="install foo"))
    monkeypatch.setattr(backends, "load_backend", lambda _: missing)
    with pytest.raises(UnavailableError, match="backend 'foo' is not available here: no libfoo\n  install foo"):
        prepare(bundle, "foo")


def test_a_bundle_written_over_since_it_was_opened_is_refused(bundle):
    dense_bundle(bundle.path, (5, 4, 1), seed=3)
    with pytest.raises(DigestError, match="another bundle"):
        prepare(bundle, "reference")


def test_all_backends_are_listed_with_whether_they_run_here():
    found = installed()
    assert {"onnxruntime", "reference", "torch"} <= found.keys()
    assert found["reference"] == Availability(ok=True, version=__import__("onnx").__version__)


@pytest.mark.parametrize("backend", ["onnxruntime", "reference", "torch"])
def test_a_graph_with_other_names_than_its_signature_is_refused(tmp_path, backend):
    model, signature = dense_model((5, 4, 1)), dense_signature((5, 4, 1))
    bundle = model_bundle(tmp_path / "bundle", model, signature, {"features": random_rows(3, 5)})
    object.__setattr__(bundle, "signature", Signature(signature.inputs, (TensorSpec("other", "float32", ("batch", 1)),)))
    with pytest.raises(BundleError, match="outputs score, but the signature has other"):
        prepare(bundle, backend)


def test_free_axes_of_one_name_must_have_one_size():
    pair = Signature((TensorSpec("a", "float32", ("batch", 2)), TensorSpec("b", "float32", ("batch",))), ())
    check = backends.bind_inputs(pair)
    check({"a": np.zeros((3, 2), np.float32), "b": np.zeros(3, np.float32)})
    with pytest.raises(UsageError, match="axis 'batch': 3 in 'a' but 4 in 'b'"):
        check({"a": np.zeros((3, 2), np.float32), "b": np.zeros(4, np.float32)})


def test_shapes_of_outputs_follow_from_the_inputs_where_they_can():
    signature = dense_signature((5, 2))
    assert output_shapes(signature, {"features": np.zeros((7, 5))}) == {"score": (7, 2)}
    free = Signature(signature.inputs, (TensorSpec("score", "float32", ("found", 2)),))
    assert output_shapes(free, {"features": np.zeros((7, 5))}) is None


def test_names_are_compared_in_any_order(bundle):
    check_graph(bundle, ["features"], ["score"])
    with pytest.raises(BundleError, match="inputs x, but the signature has features"):
        check_graph(bundle, ["x"], ["score"])
