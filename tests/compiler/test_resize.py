"""Resize as ONNX writes it, against ONNX Runtime: the reference evaluator rounds coordinates in another precision."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from onnx_layers import by_onnxruntime, by_reference, layer, meaning

from bartik.compiler.operators.interpolation import COORDINATES, MODES, ROUNDINGS
from bartik.core import UnsupportedError

_X = np.random.default_rng(0).normal(size=(2, 3, 6, 7)).astype(np.float32)


@st.composite
def _ways(draw):
    attributes = {"mode": draw(st.sampled_from(MODES)), "coordinate_transformation_mode": draw(st.sampled_from(COORDINATES))}
    if attributes["mode"] == "nearest":
        attributes["nearest_mode"] = draw(st.sampled_from(ROUNDINGS))
    if attributes["mode"] == "cubic":
        attributes |= {"exclude_outside": draw(st.integers(0, 1)), "cubic_coeff_a": draw(st.sampled_from([-0.75, -0.5]))}
    return attributes


@settings(max_examples=80, deadline=None)
@given(_ways(), st.tuples(st.integers(1, 14), st.integers(1, 14)), st.booleans())
def test_values_at_new_sizes_are_those_of_onnxruntime(attributes, sizes, fixed):
    tables = {"n": np.array([2, 3, *sizes])}
    node = layer("Resize", "", "", "n", **attributes)
    assume(attributes["mode"] != "nearest" or not any(_ties(old, new) for old, new in zip(_X.shape[2:], sizes, strict=True)))
    np.testing.assert_allclose(meaning(node, _X, tables, fixed=fixed), by_onnxruntime(node, _X, tables), rtol=1e-4, atol=1e-4)


def _ties(old, new):
    """Whether the scale is inexact in float32: then rounding decides which value is the nearest of two, as ONNX Runtime computes it."""
    return new % old != 0 and (new / old) not in (0.5, 0.25)


@settings(max_examples=40, deadline=None)
@given(_ways(), st.sampled_from([0.5, 1, 2, 3, 4]), st.sampled_from([0.5, 1, 2, 3, 4]))
def test_values_at_new_scales_are_those_of_onnxruntime(attributes, high, wide):
    x, tables = np.ascontiguousarray(_X[:, :, :, :6]), {"f": np.array([1, 1, high, wide], np.float32)}
    assume(attributes["mode"] != "nearest" or attributes["coordinate_transformation_mode"] != "align_corners")
    node = layer("Resize", "", "f", **attributes)
    np.testing.assert_allclose(meaning(node, x, tables), by_onnxruntime(node, x, tables), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("policy", ["not_larger", "not_smaller"])
def test_the_aspect_ratio_is_kept_like_the_reference_evaluator_does(policy):
    tables = {"n": np.array([12, 9])}
    node = layer("Resize", "", "", "n", mode="linear", axes=[2, 3], keep_aspect_ratio_policy=policy)
    np.testing.assert_allclose(meaning(node, _X, tables), by_reference(node, _X, tables), rtol=1e-5, atol=1e-5)


_SIZES = {"n": np.array([2, 3, 12, 7])}
_REFUSED = {
    "attribute antialias=1": layer("Resize", "", "", "n", mode="linear", antialias=1),
    "attribute mode='area'": layer("Resize", "", "", "n", mode="area"),
    "attribute coordinate_transformation_mode='tf_crop_and_resize'": layer(
        "Resize", "", "", "n", coordinate_transformation_mode="tf_crop_and_resize"
    ),
    "attribute keep_aspect_ratio_policy='wide'": layer("Resize", "", "", "n", keep_aspect_ratio_policy="wide"),
    "4 sizes for 2 axes": layer("Resize", "", "", "n", axes=[2, 3]),
    "the size of the result not known": layer("Resize", "", "", "x"),
}


@pytest.mark.parametrize("reason", _REFUSED)
def test_what_cannot_be_compiled_is_refused_by_name(reason):
    with pytest.raises(UnsupportedError) as refusal:
        meaning(_REFUSED[reason], _X, _SIZES)
    assert reason in str(refusal.value)


def test_the_batch_is_not_resized():
    with pytest.raises(UnsupportedError, match="the batch axis is not resized"):
        meaning(layer("Resize", "", "f"), _X, {"f": np.array([2, 1, 1, 1], np.float32)})
