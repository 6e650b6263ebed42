"""Sums over rows in machine code: the same as numpy's, for any number of rows, without loss; and what has none is refused."""

import ctypes
import math

import numpy as np
import pytest
from onnx import TensorProto, helper
from onnx.reference import ReferenceEvaluator

from bartik.compiler import build_sums
from bartik.core import Signature, TensorSpec, UnsupportedError
from bartik.core.bundle import write_bundle


def made(folder, kind):
    """Rows of two columns, three numbers that are the same in all; answers ``column * number + number``, ``exp``."""
    rng = np.random.default_rng(1)
    name, dtype = (TensorProto.DOUBLE, "float64") if kind == "float64" else (TensorProto.FLOAT, "float32")
    inputs = {"rows": rng.normal(size=(5, 2)).astype(dtype), "same": np.tile(np.array([0.5, -1.25, 3.0], dtype), (5, 1))}
    nodes = [
        helper.make_node("Split", ["same"], ["two", "last"], axis=1, num_outputs=2),
        helper.make_node("Mul", ["rows", "two"], ["product"]),
        helper.make_node("Add", ["product", "last"], ["line"]),
        helper.make_node("Exp", ["line"], ["grown"]),
        helper.make_node("Concat", ["line", "grown"], ["answers"], axis=1),
    ]
    ends = [helper.make_tensor_value_info("answers", name, ["batch", 4])]
    starts = [helper.make_tensor_value_info(one, name, ["batch", values.shape[1]]) for one, values in inputs.items()]
    model = helper.make_model(helper.make_graph(nodes, "sums", starts, ends), opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
    found = ReferenceEvaluator(model).run(["answers"], inputs)[0]
    specs = [TensorSpec(one, dtype, ("batch", values.shape[1])) for one, values in inputs.items()]
    signature = Signature(tuple(specs), (TensorSpec("answers", dtype, ("batch", 4)),))
    return write_bundle(folder, model.SerializeToString(), signature, (inputs, {"answers": found}), name="sums")


def test_sums_over_any_number_of_rows_are_those_of_numpy(tmp_path):
    call = ctypes.CDLL(str(build_sums(made(tmp_path / "b", "float64")))).bartik_sums
    call.restype = None
    rng, same = np.random.default_rng(2), np.array([0.5, -1.25, 3.0])
    pointers, found = (ctypes.c_void_p * 1)(same.ctypes.data), np.empty(4)
    for count in (0, 1, 3, 7, 8, 9, 16, 1023, 1024, 1025, 5000):
        rows = rng.normal(size=(count, 2))
        call(ctypes.c_void_p(rows.ctypes.data), pointers, ctypes.c_size_t(count), ctypes.c_void_p(found.ctypes.data))
        line = rows * same[:2] + same[2]
        wanted = [math.fsum(column) for column in np.concatenate([line, np.exp(line)], 1).T]
        assert found == pytest.approx(wanted, rel=1e-13, abs=1e-11), count


def test_numbers_of_very_different_sizes_are_added_without_loss(tmp_path):
    call = ctypes.CDLL(str(build_sums(made(tmp_path / "b", "float64")))).bartik_sums
    call.restype = None
    same, found = np.array([1.0, 1.0, 0.0]), np.empty(4)
    rows = np.zeros((3 * 1024, 2))
    rows[0], rows[1024], rows[2048] = 1e17, 1.0, -1e17  # each in a group of its own
    pointers = (ctypes.c_void_p * 1)(same.ctypes.data)
    with np.errstate(over="ignore"):
        call(ctypes.c_void_p(rows.ctypes.data), pointers, ctypes.c_size_t(len(rows)), ctypes.c_void_p(found.ctypes.data))
    assert found[:2].tolist() == [1.0, 1.0]


def test_what_is_no_model_of_doubles_has_no_sums(tmp_path):
    with pytest.raises(UnsupportedError, match="sums over rows are compiled of models in float64 with one output"):
        build_sums(made(tmp_path / "b", "float32"))
