"""Graph to loops, one operator family after the other, as text."""

import numpy as np

from bartik.compiler.graph import Op
from bartik.compiler.lower import lower
from bartik.compiler.passes.plan_memory import plan_memory

F = np.float32


def _lines(graph):
    return [line.strip() for line in str(lower(plan_memory(graph))).splitlines() if not line.strip().startswith("#")]


def test_a_dense_layer_is_a_sum_for_each_output(make_graph):
    layer = Op("y", "dense", 2, ("x",), weight=np.ones((3, 2), F), bias=np.ones(2, F), activation="elu", alpha=0.5)
    assert _lines(make_graph(3, layer)) == [
        "for each row:",
        "load_rows(input_0, x)",
        "for j in 0:2:",
        "sum = bias_y[j]",
        "for i in 0:3:",
        "sum += (weight_y[((i * 16) + j)] * x[i])",
        "y[j] = elu(sum, 0.5)",
        "store_rows(output_0, y)",
    ]


def test_a_bias_of_zeros_is_a_number(make_graph):
    layer = Op("y", "dense", 2, ("x",), weight=np.ones((3, 2), F), bias=np.zeros(2, F))
    assert "sum = 0" in _lines(make_graph(3, layer))


def test_a_chain_of_elementwise_operators_is_one_expression(make_graph):
    shift = Op("shift", "constant", 3, values=np.array([1, 2, 3], F))
    two = Op("two", "constant", 1, values=np.array([2], F))
    graph = make_graph(3, shift, two, Op("a", "add", 3, ("x", "shift")), Op("l", "log", 3, ("a",)), Op("y", "mul", 3, ("two", "l")))
    assert "y[j] = (2 * log((x[j] + constant_shift[j])))" in _lines(graph)


def test_a_value_read_twice_is_computed_once(make_graph):
    lines = _lines(make_graph(3, Op("e", "exp", 3, ("x",)), Op("y", "mul", 3, ("e", "e"))))
    assert "e[j] = exp(x[j])" in lines
    assert "y[j] = (e[j] * e[j])" in lines


def test_a_column_against_a_row_is_read_at_its_only_place(make_graph):
    lines = _lines(make_graph(3, Op("c", "pick", 1, ("x",), places=(2,)), Op("y", "sub", 3, ("x", "c"))))
    assert "y[j] = (x[j] - c[0])" in lines


def test_a_slice_is_an_offset_and_a_gather_a_table(make_graph):
    slice_, gather = Op("s", "pick", 2, ("x",), places=(1, 2)), Op("g", "pick", 2, ("x",), places=(2, 0))
    lines = _lines(make_graph(3, slice_, gather, Op("y", "add", 2, ("s", "g"))))
    assert "y[j] = (x[(j + 1)] + x[places_g[j]])" in lines


def test_parts_of_a_join_are_computed_where_they_go(make_graph):
    part = Op("p", "pick", 1, ("x",), places=(1,))
    lines = _lines(make_graph(2, Op("e", "exp", 2, ("x",)), part, Op("y", "concat", 3, ("e", "p"))))
    assert "y[j] = exp(x[j])" in lines
    assert "y[(j + 2)] = x[(j + 1)]" in lines
