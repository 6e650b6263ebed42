"""What lies in the lanes."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bartik.compiler.graph import Op
from bartik.compiler.loops import For, Let, Load, Store, Var, statements
from bartik.compiler.lower import lower
from bartik.compiler.passes.plan_memory import plan_memory
from bartik.compiler.schedule import SEGMENT, TILE, VECTORS, by_columns, by_columns_of, by_rows, segments, tiles
from bartik.compiler.spec import IllegalError

F = np.float32


def _nest(make_graph):
    layer = Op("d", "dense", 23, ("x",), weight=np.ones((17, 23), F), bias=np.ones(23, F))
    return lower(plan_memory(make_graph(17, layer, Op("y", "exp", 23, ("d",)))))


@given(st.integers(1, 3000))
def test_segments_cover_all_inputs_in_order_and_are_not_short(inputs):
    found = segments(inputs)
    assert [k for low, high in found for k in range(low, high)] == list(range(inputs))
    assert len(found) == 1 or min(high - low for low, high in found) >= SEGMENT


@given(st.integers(1, 3000))
def test_tiles_cover_all_outputs_in_order_and_fit_the_registers(outputs):
    found = tiles(outputs)
    covered = [k for start, stop, size in found for first in range(start, stop, size) for k in range(first, first + size)]
    assert covered == list(range(outputs))
    assert all(1 <= size <= TILE for _, _, size in found)


def test_by_rows_a_tile_keeps_one_sum_an_output(make_graph):
    body = by_rows(_nest(make_graph)).body[1][1]
    loops = [s for s in body if isinstance(s, For)]
    assert [(loop.start, loop.stop, loop.step) for loop in loops] == [(0, 16, 8), (16, 23, 7)]
    assert [len([s for s in loop.body if isinstance(s, Let) and s.name.startswith("sum")]) for loop in loops] == [8, 7]


def test_by_columns_every_loop_over_elements_is_in_lanes_and_every_sum_is_not(make_graph):
    nest = by_columns(_nest(make_graph))
    loops = [s for _, body in nest.body for s in statements(body) if isinstance(s, For)]
    assert {loop.var: loop.kind for loop in loops} == {"j": "lanes", "i": "serial"}


@pytest.mark.parametrize(("outputs", "loops"), [(63, [(0, 63, 1)]), (64, [(0, 64, 4)]), (150, [(0, 128, 4), (128, 150, 1)])])
def test_on_a_processor_four_vectors_are_summed_at_once_and_then_the_rest(make_graph, outputs, loops):
    layer = Op("d", "dense", outputs, ("x",), weight=np.ones((17, outputs), F), bias=np.ones(outputs, F))
    nest = by_columns(lower(plan_memory(make_graph(17, layer))), VECTORS)
    found = [s for _, body in nest.body for s in body if isinstance(s, For)]
    assert [(loop.start, loop.stop, loop.step) for loop in found] == loops
    assert all(loop.kind == "lanes" for loop in found)


def test_a_loop_that_is_no_sum_of_products_is_not_taken_for_several_rows(make_graph):
    nest = _nest(make_graph)
    odd = For("j", 17, (Let("s", Load("x", Var("j"))), Store("d", Var("j"), Var("s"))))
    with pytest.raises(IllegalError, match="no sum of products"):
        by_columns_of(replace(nest, body=(("odd", (odd,)), *nest.body)), 2)


def test_several_rows_of_a_dense_layer_read_the_weights_once_and_values_of_their_own(make_graph):
    text = str(by_columns_of(_nest(make_graph), 2))
    assert "sum0 += (weight_d[((i * 32) + j)] * x[i])" in text
    assert "sum1 += (weight_d[((i * 32) + j)] * x[(i + (1 * step))])" in text
    assert "d[(j + (1 * step))] = sum1" in text


def test_both_schedules_add_the_same_segments(make_graph):
    nest = _nest(make_graph)

    def ranges(scheduled):
        loops = [s for s in statements(scheduled.body[1][1]) if isinstance(s, For) and s.var == "i"]
        return [(loop.start, loop.stop) for loop in loops]

    columns = ranges(by_columns(nest))
    assert columns == segments(17)
    assert ranges(by_rows(nest)) == columns * 2


def test_long_constants_that_are_the_same_are_written_once(make_graph):
    odd = np.arange(300, dtype=F) % 7
    same = [Op(name, "constant", 300, values=values) for name, values in (("a", odd), ("b", odd), ("c", odd + 1))]
    sums = [Op("s", "add", 300, ("x", "a")), Op("t", "mul", 300, ("s", "b")), Op("y", "add", 300, ("t", "c"))]
    nest = lower(plan_memory(make_graph(300, *same, *sums)))
    assert [buffer.name for buffer in nest.buffers.values() if buffer.kind == "constant"] == ["constant_a", "constant_c"]
