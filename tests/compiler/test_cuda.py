"""The CUDA target: its functions as plain C++ give the bundle's numbers, and nvcc compiles its text for a GPU."""

import shutil
import subprocess

import numpy as np
import pytest
from onnx import helper

from bartik.compiler import generate
from bartik.core import UnsupportedError

N = helper.make_node
_RNG = np.random.default_rng(0)
_NVCC = shutil.which("nvcc")
needs_nvcc = pytest.mark.skipif(_NVCC is None, reason="nvcc is not installed: nothing compiles CUDA here")

_ALLEN = """#pragma once
#include <cstddef>
#define HOST_INPUT(name, type) struct name { const type* data() const { return nullptr; } }; name
#define DEVICE_INPUT(name, type) struct name { __host__ __device__ const type* data() const { return pointer; } const type* pointer; }; name
#define DEVICE_OUTPUT(name, type) struct name { __host__ __device__ type* data() const { return pointer; } type* pointer; }; name
#define INSTANTIATE_ALGORITHM(name) template struct Instantiated<name>;
template <class T> struct Instantiated {};
template <class T> struct ArgumentReferences {};
struct RuntimeOptions {};
struct Constants {};
struct DeviceAlgorithm {};
namespace Allen { struct Context {}; }
template <class Name, class T> void set_size(ArgumentReferences<T>, std::size_t) {}
template <class Name, class T> unsigned first(const ArgumentReferences<T>&) { return 1; }
template <class F> struct Called {
  F function;
  template <class T> void operator()(const ArgumentReferences<T>&, unsigned n) const { function<<<blocks, threads>>>(T {}, n); }
  dim3 blocks, threads;
};
template <class F> struct Global {
  F function;
  Called<F> operator()(dim3 blocks, dim3 threads, const Allen::Context&) const { return {function, blocks, threads}; }
};
template <class F> Global<F> global_function(F function) { return {function}; }
"""
"""What the generated wrapper uses of Allen, with the documented names: it shows that the text is CUDA, not that Allen takes it."""


@pytest.fixture
def many_kinds(make_bundle):
    """Every function of one value, a sum, a choice, a sort, a softmax: what a thread computes."""
    kinds = ["Exp", "Tanh", "Sigmoid", "Softplus", "Erf", "Elu", "LeakyRelu", "Abs", "Relu", "Floor", "Sin", "Mish"]
    nodes = [N("Less", ["features", "row"], ["c"]), *(N(kind, ["features"], [kind]) for kind in kinds)]
    nodes += [
        N("Where", ["c", "features", "row"], ["w"]),
        N("Softmax", ["features"], ["s"], axis=1),
        N("TopK", ["features", "k"], ["t", "p"]),
    ]
    nodes += [N("Cast", ["p"], ["f"], to=1), N("Concat", [*kinds, "w", "s", "t", "f"], ["all"], axis=1)]
    nodes += [N("Gemm", ["all", "weight", "bias"], ["h"]), N("Tanh", ["h"], ["score"])]
    constants = {
        "row": np.array([0.5, -1, 2, 0.25, 3], np.float32), "k": np.array([2]),
        "weight": _RNG.normal(size=(5 * 14 + 4, 3)).astype(np.float32) / 9, "bias": np.ones(3, np.float32),
    }  # fmt: skip
    return make_bundle(nodes, constants, _RNG.normal(size=(40, 5)).astype(np.float32), {"score": 3}, name="many_kinds")


@pytest.fixture
def wide(make_bundle):
    """A convolution, pooling and a recurrent layer: what a warp computes, in shared memory."""
    nodes = [
        N("Reshape", ["features", "planes"], ["x"]), N("Conv", ["x", "w"], ["c"], pads=[1, 1]), N("Relu", ["c"], ["r"]),
        N("MaxPool", ["r"], ["m"], kernel_shape=[2], strides=[2]), N("Transpose", ["m"], ["steps"], perm=[2, 0, 1]),
        N("GRU", ["steps", "gw", "gr"], ["", "h"], hidden_size=6), N("Squeeze", ["h", "zero"], ["score"]),
    ]  # fmt: skip
    constants = {
        "planes": np.array([-1, 2, 60]), "w": _RNG.normal(size=(8, 2, 3)).astype(np.float32), "zero": np.array([0]),
        "gw": _RNG.normal(size=(1, 18, 8)).astype(np.float32), "gr": _RNG.normal(size=(1, 18, 6)).astype(np.float32),
    }  # fmt: skip
    return make_bundle(nodes, constants, _RNG.normal(size=(9, 120)).astype(np.float32), {"score": 6}, name="wide")


def _run(command, folder):
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("name", ["small_bundle", "many_kinds", "wide"])
def test_the_functions_as_plain_code_give_the_reference(name, request, tmp_path):
    generate(request.getfixturevalue(name), "cuda", tmp_path / "out")
    done = _run(["make", "test"], tmp_path / "out")
    assert done.returncode == 0, done.stdout + done.stderr
    assert " 0 values wrong" in done.stdout


def test_a_structure_of_arrays_gives_the_same(small_bundle, tmp_path):
    header = generate(small_bundle, "cuda", tmp_path / "out")[0]
    word = header.stem
    (tmp_path / "out" / "columns.cpp").write_text(
        f'#include "{header.name}"\n#include <cstdio>\n#include "reference.hpp"\n'
        f"""namespace model = bartik::{word}_cuda;
int main() {{
  constexpr int rows = 4, width = model::features_width;
  static float across[width * rows], row_by_row[rows], by_columns[rows], scratch[model::scratch_size];
  for (int r = 0; r < rows; ++r)
    for (int j = 0; j < width; ++j) across[j * rows + r] = reference_features[r * width + j];
  model::run(reference_features, row_by_row, rows, scratch);
  model::run_columns(across, by_columns, rows, scratch);
  for (int r = 0; r < rows; ++r)
    if (row_by_row[r] != by_columns[r]) return 1;
  return 0;
}}
"""
    )
    built = _run(["g++", "-std=c++17", "-O1", "columns.cpp", "-o", "columns"], tmp_path / "out")
    assert built.returncode == 0, built.stderr
    assert _run(["./columns"], tmp_path / "out").returncode == 0


@needs_nvcc
@pytest.mark.parametrize(
    "name", ["small_bundle", pytest.param("many_kinds", marks=pytest.mark.slow), pytest.param("wide", marks=pytest.mark.slow)]
)
def test_nvcc_compiles_the_kernel(name, request, tmp_path):
    generate(request.getfixturevalue(name), "cuda", tmp_path / "out")
    done = _run([_NVCC, "-std=c++17", "--expt-relaxed-constexpr", "-arch=sm_80", "-c", "selftest.cu", "-o", "x.o"], tmp_path / "out")
    assert done.returncode == 0, done.stderr[:3000]


@needs_nvcc
@pytest.mark.slow
@pytest.mark.parametrize("name", ["small_bundle", "wide"])
def test_nvcc_compiles_the_algorithm_of_allen(name, request, tmp_path):
    folder = tmp_path / "out"
    generate(request.getfixturevalue(name), "allen", folder)
    (folder / "include" / "AlgorithmTypes.cuh").write_text(_ALLEN)
    [source] = (folder / "src").glob("*.cu")
    done = _run([_NVCC, "-std=c++17", "--expt-relaxed-constexpr", "-arch=sm_80", "-Iinclude", "-c", str(source), "-o", "x.o"], folder)
    assert done.returncode == 0, done.stderr[:3000]


def test_the_algorithm_of_allen_comes_with_its_own_test(small_bundle, tmp_path):
    generate(small_bundle, "allen", tmp_path / "out")
    done = _run(["make", "-C", "test", "test"], tmp_path / "out")
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_candidate_too_large_for_allen_is_refused(make_bundle, tmp_path):
    nodes = [N("Expand", ["features", "wide"], ["x"]), N("Softmax", ["x"], ["s"], axis=1), N("ReduceSum", ["s", "axis"], ["score"])]
    constants = {"wide": np.array([1, 20_000]), "axis": np.array([1])}
    bundle = make_bundle(nodes, constants, _RNG.normal(size=(4, 1)).astype(np.float32), {"score": 1}, name="large")
    with pytest.raises(UnsupportedError, match="target allen: one candidate needs"):
        generate(bundle, "allen", tmp_path / "out")
    assert not (tmp_path / "out").exists()
