"""What goes in wild must come out as ONNX Runtime has it: NaN, infinities, the largest and the smallest numbers."""

import numpy as np
import pytest
from onnx import helper

from bartik.backends import prepare
from bartik.testing.models import ACTIVATIONS, dense_bundle

_WILD = [np.nan, np.inf, -np.inf, 3.4e38, -3.4e38, 1e30, -1e30, 1e-45, -1e-45, 1e-38, 0.0, -0.0, 88.7, -88.7, 104.0, -104.0]


def _wild_rows(width, seed=0):
    """Every wild value alone in every column, and in all columns at once."""
    rows = [np.full(width, value) for value in _WILD]
    calm = np.random.default_rng(seed).normal(size=width)
    for value in _WILD:
        for column in range(width):
            row = calm.copy()
            row[column] = value
            rows.append(row)
    return np.array(rows, np.float32)


@pytest.mark.parametrize("activation", sorted(ACTIVATIONS))
def test_wild_rows_come_out_as_from_onnxruntime(tmp_path, activation):
    bundle = dense_bundle(tmp_path / "b", (5, 9, 4, 1), activation)
    rows = {"features": _wild_rows(5)}
    wanted, found = prepare(bundle, "onnxruntime").run(rows)["score"], prepare(bundle, "native").run(rows)["score"]
    assert np.isnan(found[_is_nan_row(rows["features"])]).all()
    clear = ~np.isnan(wanted) | np.isnan(found)
    assert clear.all(), "NaN must not get lost"
    ordinary = (np.abs(rows["features"]) < 1e6).all(axis=1)
    np.testing.assert_allclose(found[ordinary], wanted[ordinary], rtol=1e-5, atol=1e-6)


def _is_nan_row(rows):
    return np.isnan(rows).any(axis=1)


def test_preprocessing_of_wild_rows_comes_out_as_from_onnxruntime(small_bundle):
    rows = {"features": _wild_rows(3)}
    wanted, found = prepare(small_bundle, "onnxruntime").run(rows)["score"], prepare(small_bundle, "native").run(rows)["score"]
    numbers = ~_is_nan_row(rows["features"])
    np.testing.assert_allclose(found[numbers], wanted[numbers], rtol=1e-5, atol=1e-6)
    assert np.isnan(found[~numbers]).all()


def test_elementwise_functions_of_wild_values_are_those_of_the_reference(make_bundle):
    kinds = ["Exp", "Log", "Sqrt", "Abs", "Neg", "Tanh", "Erf", "Relu", "Reciprocal"]
    nodes = [helper.make_node(kind, ["features"], [kind]) for kind in kinds]
    bundle = make_bundle(nodes, {}, np.array(_WILD, np.float32)[:, None], dict.fromkeys(kinds, 1))
    inputs, outputs = bundle.reference()
    found = prepare(bundle, "native").run(inputs)
    for kind in kinds:
        np.testing.assert_allclose(found[kind], outputs[kind], rtol=1e-6, atol=1e-44, err_msg=kind)


@pytest.fixture
def long_sums(tmp_path):
    return dense_bundle(tmp_path / "long", (75, 33, 21, 1))


@pytest.mark.parametrize("rows", [0, 1, 2, 3, 4, 15, 16, 17, 31, 32, 33, 48, 49, 63, 4096])
def test_a_batch_of_any_size_gives_the_same_bits(long_sums, rows):
    features = np.random.default_rng(3).normal(size=(4096, 75)).astype(np.float32)
    session = prepare(long_sums, "native")
    together = session.run({"features": features})["score"]
    assert np.array_equal(session.run({"features": features[:rows].copy()})["score"], together[:rows])
    alone = np.concatenate([session.run({"features": features[k : k + 1].copy()})["score"] for k in range(40)])
    assert np.array_equal(alone, together[:40])


def test_rows_that_broadcast_against_each_other_are_refused(tmp_path):
    """[batch] times [batch, 1] is each row times every other."""
    from onnx import parser

    from bartik.compiler.frontend import read_graph
    from bartik.core import Signature, TensorSpec, UnsupportedError
    from bartik.core.bundle import write_bundle

    head = '<ir_version: 9, opset_import: ["" : 18]> g (float[batch,1] x) => (float[batch,1] y) <int64[1] zero = {0}, int64[1] one = {1}>'
    body = "{ r = Squeeze (x, one)  z = Mul (r, x)  f = Flatten <axis = 1> (z)  y = Slice (f, zero, one, one) }"
    x = np.array([[1], [2], [3]], np.float32)
    signature = Signature(*((TensorSpec(name, "float32", ("batch", 1)),) for name in "xy"))
    content = parser.parse_model(f"{head}\n{body}").SerializeToString()
    bundle = write_bundle(tmp_path / "b", content, signature, ({"x": x}, {"y": x}), name="b")
    with pytest.raises(UnsupportedError, match=r"operator Mul .*batch axes in different places are not compiled: rows do not mix"):
        read_graph(bundle)
