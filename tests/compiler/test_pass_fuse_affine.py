import numpy as np
import pytest

from bartik.compiler.graph import Op
from bartik.compiler.passes.fuse_affine import fuse_affine
from bartik.compiler.ranges import largest

F = np.float32
W = np.array([[1, 2], [3, 4], [5, 6]], F)
ZERO = np.zeros(2, F)


def _constant(name, *values):
    return Op(name, "constant", len(values), values=np.array(values, F))


def _dense(name, arg, bias=ZERO, activation=""):
    return Op(name, "dense", 2, (arg,), weight=W, bias=bias, activation=activation)


_CLIPPED = (Op("high", "constant", 1, values=np.array([8], F)), Op("low", "constant", 1, values=np.array([-8], F)),
            Op("a", "at_most", 3, ("high", "x")), Op("c", "at_least", 3, ("low", "a")))  # fmt: skip


def test_a_factor_before_a_layer_moves_into_its_weights(make_graph, same_numbers):
    graph = make_graph(3, *_CLIPPED, _constant("s", 2, 0, -1), Op("m", "mul", 3, ("c", "s")), _dense("y", "m"))
    fused = fuse_affine(graph)
    assert fused.by_name()["y"].args == ("c",)
    assert fused.by_name()["y"].weight.tolist() == [[2, 4], [0, 0], [-5, -6]]
    same_numbers(graph, fused)


def test_a_factor_stays_where_its_input_has_no_bound(make_graph):
    graph = make_graph(3, _constant("s", 2, 0, -1), Op("m", "mul", 3, ("x", "s")), _dense("y", "m"))
    assert str(fuse_affine(graph)) == str(graph)


def test_a_factor_that_others_read_too_moves_without_harm(make_graph, same_numbers):
    ops = (*_CLIPPED, _constant("s", 2, 0, -1), Op("m", "mul", 3, ("c", "s")), _dense("y", "m"))
    graph = make_graph(3, *ops, outputs=("y", "m"))
    same_numbers(graph, fuse_affine(graph))


def test_a_shift_after_a_layer_becomes_its_bias(make_graph, same_numbers):
    graph = make_graph(3, _dense("d", "x"), _constant("b", 1, -1), Op("y", "add", 2, ("b", "d")))
    fused = fuse_affine(graph)
    assert [op.kind for op in fused.ops if op.kind != "constant"] == ["input", "dense"]
    assert fused.by_name()["y"].bias.tolist() == [1, -1]
    same_numbers(graph, fused)


def test_a_factor_after_a_bounded_layer_moves_into_it(make_graph, same_numbers):
    graph = make_graph(3, *_CLIPPED, _dense("d", "c", bias=np.array([1, 2], F)), _constant("s", 2, 3), Op("y", "mul", 2, ("d", "s")))
    fused = fuse_affine(graph)
    assert "mul" not in [op.kind for op in fused.ops]
    same_numbers(graph, fused)


@pytest.mark.parametrize("outputs", [("y", "d"), ("y",)])
def test_a_layer_that_others_read_or_that_is_activated_stays(make_graph, outputs):
    layer = _dense("d", "x", activation="relu" if len(outputs) == 1 else "")
    graph = make_graph(3, layer, _constant("b", 1, -1), Op("y", "add", 2, ("d", "b")), outputs=outputs)
    assert str(fuse_affine(graph)) == str(graph)


def test_a_constant_minus_a_layer_stays(make_graph, same_numbers):
    graph = make_graph(3, _dense("d", "x"), _constant("b", 1, -1), Op("y", "sub", 2, ("b", "d")))
    assert str(fuse_affine(graph)) == str(graph)
    same_numbers(graph, fuse_affine(graph))


def test_a_factor_that_would_overflow_a_weight_stays(make_graph):
    graph = make_graph(3, *_CLIPPED, _constant("s", 1e38, 1, 1), Op("m", "mul", 3, ("c", "s")), _dense("y", "m"))
    assert str(fuse_affine(graph)) == str(graph)


def test_bounds_are_those_of_each_element(make_graph):
    graph = make_graph(3, *_CLIPPED, _constant("shift", 9, 10, 11), Op("p", "add", 3, ("c", "shift")), Op("y", "log", 3, ("p",)))
    found = largest(graph)
    assert found["x"] == np.inf
    assert found["c"] == pytest.approx(8, rel=1e-5)
    assert found["y"] == pytest.approx(np.log(19), rel=1e-5)


def test_a_bound_holds_for_what_is_computed(make_graph):
    from bartik.compiler.semantics import interpret

    graph = make_graph(3, *_CLIPPED, _dense("d", "c", activation="softplus"), Op("y", "sqrt", 2, ("d",)))
    rows = np.random.default_rng(0).normal(size=(1000, 3)).astype(F) * F(20)
    assert np.nanmax(np.abs(interpret(graph, {"features": rows})["y0"])) <= largest(graph)["y"]
