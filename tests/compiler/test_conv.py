"""Convolutions as ONNX writes them: every attribute against other implementations, or refused by name."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from onnx_layers import by_onnxruntime, by_reference, layer, meaning, read

from bartik.compiler.operators.builder import Constant
from bartik.compiler.operators.conv import scale_channels
from bartik.compiler.operators.conv_kernel import Conv
from bartik.core import UnsupportedError

_CLOSE = {"rtol": 1e-4, "atol": 1e-5}


def _numbers(draw, low, high, count):
    return [draw(st.integers(low, high)) for _ in range(count)]


@st.composite
def _layers(draw, kind):
    """A layer of one to three axes, its input and its weights."""
    axes = draw(st.integers(1, 3))
    sizes, taps = _numbers(draw, 3, 9, axes), _numbers(draw, 1, 3, axes)
    attributes = {"strides": _numbers(draw, 1, 3, axes), "dilations": _numbers(draw, 1, 2, axes)}
    auto = draw(st.sampled_from(["", "SAME_UPPER", "SAME_LOWER", "VALID"]))
    if auto:
        attributes["auto_pad"] = auto
    else:
        attributes["pads"] = _numbers(draw, 0, 2, 2 * axes)
    attributes["group"] = groups = draw(st.sampled_from([1, 2]))
    channels, outputs = groups * draw(st.integers(1, 2)), groups * draw(st.integers(1, 3))
    rng = np.random.default_rng(draw(st.integers(0, 99)))
    shape = (outputs, channels // groups, *taps) if kind == "Conv" else (channels, outputs // groups, *taps)
    tables = {"w": rng.normal(size=shape).astype(np.float32)}
    if draw(st.booleans()):
        tables["b"] = rng.normal(size=outputs).astype(np.float32)
    return rng.normal(size=(2, channels, *sizes)).astype(np.float32), tables, attributes


@settings(max_examples=80, deadline=None)
@given(_layers("Conv"), st.booleans())
def test_a_convolution_is_the_one_of_the_reference_evaluator(made, fixed):
    x, tables, attributes = made
    node = layer("Conv", *tables, **attributes)
    try:
        wanted = by_reference(node, x, tables)
    except ValueError:  # a window wider than what it slides over
        wanted = np.zeros(0)
    assume(wanted.size)
    np.testing.assert_allclose(meaning(node, x, tables, fixed=fixed), wanted, **_CLOSE)


@settings(max_examples=80, deadline=None)
@given(_layers("ConvTranspose"), st.booleans(), st.booleans())
def test_a_transposed_convolution_is_the_one_of_onnxruntime(made, fixed, padded):
    """ONNX's reference evaluator fails with groups and adds dilated taps in the wrong places."""
    x, tables, attributes = made
    if padded:
        attributes["output_padding"] = [stride - 1 for stride in attributes["strides"]]
    node = layer("ConvTranspose", *tables, **attributes)
    try:
        found = meaning(node, x, tables, fixed=fixed)
    except UnsupportedError as error:
        assert any(words in str(error) for words in ("disagree", "no output left"))  # noqa: PT017 - a legal way out
        return
    np.testing.assert_allclose(found, by_onnxruntime(node, x, tables), **_CLOSE)


@pytest.mark.parametrize("auto_pad", ["NOTSET", "SAME_UPPER", "SAME_LOWER"])
@pytest.mark.parametrize("wanted", [9, 8, 7])
def test_the_output_shape_says_how_much_is_cut(auto_pad, wanted):
    rng = np.random.default_rng(0)
    x, tables = rng.normal(size=(2, 3, 4)).astype(np.float32), {"w": rng.normal(size=(3, 2, 3)).astype(np.float32)}
    node = layer("ConvTranspose", "w", strides=[2], output_shape=[wanted], auto_pad=auto_pad)
    np.testing.assert_allclose(meaning(node, x, tables), by_onnxruntime(node, x, tables), **_CLOSE)


@pytest.mark.parametrize("shape", [(2, 3, 5), (2, 3, 5, 4)])
def test_instances_are_normalised_like_the_reference_evaluator_does(shape):
    rng = np.random.default_rng(0)
    x = (rng.normal(size=shape) * 3 + 100).astype(np.float32)
    tables = {"s": rng.normal(size=3).astype(np.float32), "b": rng.normal(size=3).astype(np.float32)}
    node = layer("InstanceNormalization", "s", "b", epsilon=1e-3)
    np.testing.assert_allclose(meaning(node, x, tables), by_reference(node, x, tables), rtol=1e-4, atol=1e-4)


def _scaled(factor, term=0.0):
    """A convolution of two outputs, scaled; what the last kernel is, and its values."""
    rng = np.random.default_rng(0)
    x, tables = rng.normal(size=(2, 3, 20)).astype(np.float32), {"w": rng.normal(size=(2, 3, 5)).astype(np.float32)}
    builder, made = read(layer("Conv", "w", pads=[2, 2]), x, tables)
    plain = builder.value(made, x.reshape(2, -1)).reshape(2, 2, -1)
    factors, terms = np.array([factor, 2], np.float32), np.array([term, -1], np.float32)
    result = scale_channels(builder, made, factors, terms)
    found = builder.value(result, x.reshape(2, -1)).reshape(2, 2, -1)
    np.testing.assert_allclose(found, plain * factors[:, None] + terms[:, None], rtol=1e-4, atol=1e-5)
    return builder.kernel_of(result)


def test_a_scaling_after_a_convolution_goes_into_its_weights():
    kernel = _scaled(0.5, 3.0)
    assert isinstance(kernel, Conv)
    assert kernel.groups == 1
    assert kernel.bias.tolist() == [3, -1]


@pytest.mark.parametrize("factor", [0.0, 1e-45, 3e38])
def test_a_scaling_that_would_hide_an_infinity_stays_apart(factor):
    with np.errstate(all="ignore"):
        assert _scaled(factor).groups == 2


_W = np.ones((4, 3, 3), np.float32)
_REFUSED = {
    "weights that depend": (layer("Conv", "x"), {}),
    "attribute auto_pad='SAME'": (layer("Conv", "w", auto_pad="SAME"), {"w": _W}),
    "attribute strides=[0]": (layer("Conv", "w", strides=[0]), {"w": _W}),
    "attribute strides has 2 values for 1 axes": (layer("Conv", "w", strides=[1, 1]), {"w": _W}),
    "attribute pads=[-1, 0]": (layer("Conv", "w", pads=[-1, 0]), {"w": _W}),
    "3 channels in 2 groups": (layer("Conv", "w", group=2), {"w": _W}),
    "weights of shape [4, 3, 3]": (layer("Conv", "w", kernel_shape=[2]), {"w": _W}),
    "wider than the 7 values": (layer("Conv", "w", dilations=[9]), {"w": _W}),
    "a bias or scale of shape [3]": (layer("Conv", "w", "b"), {"w": _W, "b": np.ones(3, np.float32)}),
    "no output left": (layer("ConvTranspose", "w", pads=[9, 9]), {"w": _W[:3]}),
    "where [9] are made": (layer("ConvTranspose", "w", output_shape=[12]), {"w": _W[:3]}),
}


@pytest.mark.parametrize("reason", _REFUSED)
def test_what_cannot_be_compiled_is_refused_by_name(reason):
    node, tables = _REFUSED[reason]
    with pytest.raises(UnsupportedError) as refusal:
        meaning(node, np.ones((2, 3, 7), np.float32), tables)
    assert reason in str(refusal.value)
    assert f"operator {node.op_type} of node 'layer'" in str(refusal.value)


def test_a_constant_is_no_input_of_a_convolution():
    builder, _ = read(layer("Conv", "w"), np.ones((1, 3, 7), np.float32), {"w": _W})
    with pytest.raises(UnsupportedError, match="does not depend on the model's inputs"):
        scale_channels(builder, Constant(_W), np.ones(3, np.float32), np.ones(3, np.float32))
