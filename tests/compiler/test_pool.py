"""Pooling as ONNX writes it, against ONNX Runtime: the reference evaluator is wrong with dilations and for whole planes of three axes."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx_layers import by_onnxruntime, by_reference, layer, meaning

from bartik.core import UnsupportedError


@st.composite
def _pools(draw):
    """Sizes of an input of one to three axes, and attributes."""
    axes = draw(st.integers(1, 3))
    numbers = lambda low, high: [draw(st.integers(low, high)) for _ in range(axes)]  # noqa: E731 - three uses in a row
    taps, dilations = numbers(1, 3), numbers(1, 2)
    sizes = [draw(st.integers((k - 1) * d + 1, 9)) for k, d in zip(taps, dilations, strict=True)]
    pads = [draw(st.integers(0, k - 1)) for k in taps * 2]
    attributes = {
        "kernel_shape": taps,
        "strides": numbers(1, 3),
        "dilations": dilations,
        "pads": pads,
        "ceil_mode": draw(st.integers(0, 1)),
    }
    return sizes, attributes


def _values(sizes):
    return np.random.default_rng(0).normal(size=(2, 3, *sizes)).astype(np.float32)


@settings(max_examples=80, deadline=None)
@given(_pools(), st.booleans())
def test_the_largest_of_a_window_is_that_of_onnxruntime(made, fixed):
    x, node = _values(made[0]), layer("MaxPool", **made[1])
    np.testing.assert_array_equal(meaning(node, x, {}, fixed=fixed), by_onnxruntime(node, x, {}))


@settings(max_examples=80, deadline=None)
@given(_pools(), st.integers(0, 1), st.booleans())
def test_the_mean_of_a_window_is_that_of_onnxruntime(made, with_padding, fixed):
    x, node = _values(made[0]), layer("AveragePool", count_include_pad=with_padding, **made[1])
    np.testing.assert_allclose(meaning(node, x, {}, fixed=fixed), by_onnxruntime(node, x, {}), rtol=1e-5, atol=1e-6)


@settings(max_examples=30, deadline=None)
@given(_pools(), st.sampled_from([1, 2]))
def test_the_norm_of_a_window_is_that_of_onnxruntime(made, p):
    attributes = {name: value for name, value in made[1].items() if name not in ("dilations", "ceil_mode")}
    x, node = _values(made[0]), layer("LpPool", p=p, **attributes)
    np.testing.assert_allclose(meaning(node, x, {}), by_onnxruntime(node, x, {}, opset=17), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("auto_pad", ["SAME_UPPER", "SAME_LOWER", "VALID"])
@pytest.mark.parametrize("kind", ["MaxPool", "AveragePool"])
def test_padding_by_name_is_that_of_onnxruntime(kind, auto_pad):
    x, node = _values((9, 10)), layer(kind, kernel_shape=[3, 2], strides=[2, 3], auto_pad=auto_pad)
    np.testing.assert_allclose(meaning(node, x, {}), by_onnxruntime(node, x, {}), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("sizes", [(7,), (5, 6), (3, 4, 5)])
@pytest.mark.parametrize("kind", ["GlobalMaxPool", "GlobalAveragePool", "GlobalLpPool"])
def test_whole_planes_are_pooled_like_onnxruntime_does(kind, sizes):
    x, node = _values(sizes), layer(kind)
    np.testing.assert_allclose(meaning(node, x, {}), by_onnxruntime(node, x, {}), rtol=1e-5, atol=1e-6)


def test_a_window_of_the_plain_kind_agrees_with_the_reference_evaluator_too():
    x, node = _values((12, 14)), layer("AveragePool", kernel_shape=[2, 2], strides=[2, 2])
    np.testing.assert_allclose(meaning(node, x, {}), by_reference(node, x, {}), rtol=1e-5, atol=1e-6)


_REFUSED = {
    "attribute p=3": layer("LpPool", kernel_shape=[2], p=3),
    "attribute p=1": layer("GlobalLpPool", p=1),
    "disagree": layer("MaxPool", kernel_shape=[2], auto_pad="SAME_UPPER", dilations=[2]),
    "attribute dilations=[0]": layer("MaxPool", kernel_shape=[2], dilations=[0]),
    "wider than the 7 values": layer("AveragePool", kernel_shape=[9]),
}


@pytest.mark.parametrize("reason", _REFUSED)
def test_what_cannot_be_compiled_is_refused_by_name(reason):
    with pytest.raises(UnsupportedError) as refusal:
        meaning(_REFUSED[reason], _values((7,)), {})
    assert reason in str(refusal.value)


def test_the_places_of_the_largest_are_refused():
    node = layer("MaxPool", kernel_shape=[2])
    node.output.append("places")
    with pytest.raises(UnsupportedError, match="second result"):
        meaning(node, _values((7,)), {})
