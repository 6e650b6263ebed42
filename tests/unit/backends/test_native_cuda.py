"""The backend for GPUs: what can be said without one."""

import ctypes

import numpy as np
import pytest

from bartik.backends import availability, prepare
from bartik.compiler.cuda_library import build_cuda_library, find_nvcc
from bartik.testing.models import dense_bundle


def test_where_it_cannot_run_it_says_what_is_missing_and_what_to_do(monkeypatch):
    monkeypatch.setattr("bartik.backends.native_cuda.find_nvcc", lambda: None)
    found = availability("native_cuda")
    assert not found.ok
    assert "CUDA toolkit" in found.remedy


@pytest.mark.slow
@pytest.mark.skipif(find_nvcc() is None, reason="nvcc is not installed: nothing compiles CUDA here")
def test_nvcc_makes_a_library_with_the_call(tmp_path, monkeypatch):
    monkeypatch.setenv("BARTIK_CACHE", str(tmp_path))
    library = ctypes.CDLL(str(build_cuda_library(dense_bundle(tmp_path / "bundle", (5, 4, 1)), "sm_80")))
    assert library.bartik_cuda_run(None, None, ctypes.c_size_t(0)) == 0


@pytest.mark.gpu
@pytest.mark.skipif(not availability("native_cuda").ok, reason="no NVIDIA GPU answers, or no nvcc")
def test_a_gpu_gives_the_reference(tmp_path):
    bundle = dense_bundle(tmp_path / "bundle", (5, 4, 1))
    inputs, outputs = bundle.reference()
    found = prepare(bundle, "native_cuda").run(inputs)
    for name, wanted in outputs.items():
        np.testing.assert_allclose(found[name], wanted, rtol=1e-5, atol=1e-6)
