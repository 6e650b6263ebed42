"""The generated folder: it compiles without a warning, tells right from wrong, and runs on any machine."""

import re
import shutil
import subprocess

import numpy as np
import pytest
from onnx import TensorProto, helper

from bartik.compiler import generate
from bartik.core import Signature, TensorSpec, UnknownNameError
from bartik.core.bundle import write_bundle

_STRICT = ["-std=c++17", "-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wshadow", "-Werror", "-ffp-contract=fast"]
_MACHINES = {
    "native": ["-O3", "-march=native"],
    "avx2": ["-O2", "-mavx2", "-mfma"],
    "plain": ["-O2"],
    "without optimisation": ["-O0", "-march=native"],
    "sanitised": ["-O1", "-g", "-march=native", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"],
    "sanitised, plain": ["-O1", "-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"],
}


@pytest.fixture
def everything_bundle(make_bundle):
    """All kernels, two outputs, several parts, a table, an odd number of rows."""
    N = helper.make_node  # noqa: N806
    kinds = ["Exp", "Tanh", "Sigmoid", "Softplus", "Erf", "Elu", "LeakyRelu", "Abs", "Relu", "IsNaN"]
    nodes = [N("Gather", ["features", "order"], ["x"], axis=1), N("Max", ["x", "features"], ["m"]), N("Less", ["x", "features"], ["c"])]
    nodes += [N(kind, ["x"], [kind]) for kind in kinds[:-1]]
    nodes += [N("Sqrt", ["Abs"], ["Sqrt"]), N("Log", ["Exp"], ["Log"]), N("Where", ["c", "x", "m"], ["w"])]
    nodes += [N("Concat", [*kinds[:-1], "Sqrt", "Log", "w"], ["all"], axis=1), N("Gemm", ["all", "weight", "bias"], ["hidden"])]
    nodes += [N("Tanh", ["hidden"], ["wide"]), N("Slice", ["wide", "zero", "one", "one"], ["score"])]
    rng = np.random.default_rng(0)
    constants = {
        "order": np.array([4, 3, 2, 1, 0]), "weight": rng.normal(size=(60, 7)).astype(np.float32) / 8, "bias": np.ones(7, np.float32),
        "zero": np.array([0]), "one": np.array([1]),
    }  # fmt: skip
    rows = rng.normal(size=(77, 5)).astype(np.float32)
    return make_bundle(nodes, constants, rows, {"score": 1, "wide": 7}, name="everything")


def _build(folder, flags, source="selftest.cpp", compiler="g++"):
    program = folder / source.removesuffix(".cpp")
    done = subprocess.run([compiler, *_STRICT, *flags, folder / source, "-o", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[:3000]
    return program


def _run(program):
    return subprocess.run([program], capture_output=True, text=True, check=False)


@pytest.mark.skipif(shutil.which("clang++") is None, reason="clang++ is not installed; apt install clang")
@pytest.mark.parametrize("machine", ["native", "avx2", "plain"])
def test_the_self_test_compiles_and_passes_with_clang(everything_bundle, tmp_path, machine):
    generate(everything_bundle, "cxx", tmp_path / "out")
    done = _run(_build(tmp_path / "out", _MACHINES[machine], compiler="clang++"))
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("machine", _MACHINES)
def test_the_self_test_compiles_without_a_warning_and_passes(everything_bundle, tmp_path, machine):
    generate(everything_bundle, "cxx", tmp_path / "out")
    done = _run(_build(tmp_path / "out", _MACHINES[machine]))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "64 reference rows, 0 values wrong" in done.stdout


def test_the_self_test_fails_when_a_weight_is_altered(small_bundle, tmp_path):
    header = generate(small_bundle, "cxx", tmp_path / "out")[0]
    text = header.read_text()
    altered = re.sub(r"(bias_v\d+\[\] = \{\n *)(-?[0-9.]+)f", r"\g<1>0.123f", text)
    assert altered != text
    header.write_text(altered)
    done = _run(_build(tmp_path / "out", ["-O1", "-march=native"]))
    assert done.returncode == 1
    assert "wanted" in done.stdout


def test_make_runs_the_example_and_it_prints_the_reference_scores(small_bundle, tmp_path):
    generate(small_bundle, "cxx", tmp_path / "out")
    done = subprocess.run(["make", "-C", tmp_path / "out", "run", "test"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    pairs = re.findall(r"row \d: score (\S+), reference (\S+)", done.stdout)
    assert len(pairs) == 3
    wanted = small_bundle.reference()[1]["score"][:3, 0]
    np.testing.assert_allclose([float(a) for a, _ in pairs], wanted, rtol=1e-5)
    np.testing.assert_allclose([float(b) for _, b in pairs], wanted, rtol=1e-5)


def test_two_models_and_two_sources_fit_one_program(small_bundle, everything_bundle, tmp_path):
    one, two = tmp_path / "a", tmp_path / "b"
    generate(small_bundle, "cxx", one)
    generate(everything_bundle, "cxx", two)
    main = '#include "a/small.hpp"\n#include "b/everything.hpp"\nvoid other(const float*, float*);\n'
    (tmp_path / "main.cpp").write_text(main + "int main() { float x[5] = {}, y[7]; bartik::small::run(x, y); other(x, y); }\n")
    other = (
        '#include "a/small.hpp"\nvoid other(const float*, float*);\nvoid other(const float* x, float* y) { bartik::small::run(x, y, 1); }\n'
    )
    (tmp_path / "other.cpp").write_text(other)
    _build(tmp_path, ["-O1", "-march=native", str(tmp_path / "other.cpp")], "main.cpp")


def test_the_folder_holds_what_its_readme_says_and_no_date(small_bundle, tmp_path):
    files = generate(small_bundle, "cxx", tmp_path / "out")
    assert [path.name for path in files] == [
        "small.hpp", "reference.hpp", "example.cpp", "selftest.cpp", "README.md", "Makefile", "CMakeLists.txt",
    ]  # fmt: skip
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == sorted(path.name for path in files)
    assert not any(re.search(r"@\w+@", path.read_text()) for path in files)
    again = generate(small_bundle, "cxx", tmp_path / "again")
    assert [path.read_bytes() for path in files] == [path.read_bytes() for path in again]


def test_an_unknown_target_names_the_nearest_and_writes_nothing(small_bundle, tmp_path):
    with pytest.raises(UnknownNameError, match=r"unknown target 'cxxx'\n.*did you mean 'cxx'"):
        generate(small_bundle, "cxxx", tmp_path / "out")
    assert not (tmp_path / "out").exists()


_WORDS = ["block", "single", "class", "lanes", "row", "rows", "std", "INFINITY", "load", "digest", "v0", "features_width", "run", "left"]


@pytest.mark.parametrize("swap", [False, True])
def test_tensors_may_be_called_what_the_code_calls_its_own(tmp_path, swap):
    """Half of the words are inputs, half are outputs, and then the other way."""
    half = len(_WORDS) // 2
    ins, outs = (_WORDS[half:], _WORDS[:half]) if swap else (_WORDS[:half], _WORDS[half:])
    nodes = [helper.make_node("Tanh", [source], [target]) for source, target in zip(ins, outs, strict=True)]
    values = {
        kind: [helper.make_tensor_value_info(n, TensorProto.FLOAT, ["batch", 2]) for n in names]
        for kind, names in (("i", ins), ("o", outs))
    }
    model = helper.make_model(helper.make_graph(nodes, "g", values["i"], values["o"]), opset_imports=[helper.make_opsetid("", 20)])
    signature = Signature(*(tuple(TensorSpec(n, "float32", ("batch", 2)) for n in names) for names in (ins, outs)))
    rows = {name: np.random.default_rng(k).normal(size=(20, 2)).astype(np.float32) for k, name in enumerate(ins)}
    wanted = {target: np.tanh(rows[source]) for source, target in zip(ins, outs, strict=True)}
    bundle = write_bundle(tmp_path / "b", model.SerializeToString(), signature, (rows, wanted), name="NULL")
    generate(bundle, "cxx", tmp_path / "out")
    assert _run(_build(tmp_path / "out", ["-O1", "-march=native"])).returncode == 0
