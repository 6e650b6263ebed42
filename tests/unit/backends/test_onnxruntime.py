import numpy as np
import onnxruntime
import pytest

from bartik.backends import onnxruntime as backend
from bartik.backends import prepare
from bartik.core import UnavailableError, UnknownNameError, UsageError
from bartik.testing.models import dense_bundle


@pytest.fixture
def bundle(tmp_path):
    return dense_bundle(tmp_path / "bundle", (5, 4, 1))


def test_an_unknown_provider_is_refused_with_the_nearest_name(bundle):
    with pytest.raises(UnknownNameError, match="did you mean 'CUDAExecutionProvider'"):
        prepare(bundle, "onnxruntime", provider="CUDAExecutionProvide")


@pytest.mark.skipif("CUDAExecutionProvider" in onnxruntime.get_available_providers(), reason="this build has CUDA")
def test_a_provider_that_this_build_lacks_is_unavailable_and_not_replaced(bundle):
    with pytest.raises(UnavailableError, match="has no CUDAExecutionProvider"):
        prepare(bundle, "onnxruntime", provider="CUDAExecutionProvider")


def test_a_provider_that_does_not_start_is_not_replaced_by_another(bundle, monkeypatch):
    monkeypatch.setattr(backend, "_check_provider", lambda _: None)
    refusal = pytest.raises(UnavailableError, match="could not start CUDAExecutionProvider and would have used CPUExecutionProvider")
    with refusal, pytest.warns(UserWarning, match="not in available provider names"):
        prepare(bundle, "onnxruntime", provider="CUDAExecutionProvider")


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
