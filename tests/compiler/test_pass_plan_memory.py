import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from bartik.compiler.graph import Graph, Op, inlined
from bartik.compiler.passes.plan_memory import plan_memory, room

F = np.float32


def _dense(name, arg, inputs, outputs):
    return Op(name, "dense", outputs, (arg,), weight=np.ones((inputs, outputs), F), bias=np.zeros(outputs, F))


def test_a_chain_of_layers_needs_two_places(make_graph):
    graph = make_graph(16, _dense("a", "x", 16, 16), _dense("b", "a", 16, 16), _dense("c", "b", 16, 16), _dense("y", "c", 16, 16))
    planned = plan_memory(graph)
    assert planned.scratch == 32
    assert planned.places["x"] == planned.places["b"] == planned.places["y"]


def test_a_value_that_is_read_late_keeps_its_place(make_graph):
    graph = make_graph(16, _dense("a", "x", 16, 16), _dense("b", "a", 16, 16), Op("y", "concat", 32, ("x", "b")))
    places = plan_memory(graph).places
    assert len({places["x"], places["b"], places["y"]}) == 3


def test_what_is_inlined_keeps_what_it_reads_until_its_user(make_graph):
    graph = make_graph(16, Op("e", "exp", 16, ("x",)), _dense("b", "x", 16, 16), _dense("c", "b", 16, 16), Op("y", "add", 16, ("e", "c")))
    planned = plan_memory(graph)
    assert "e" not in planned.places
    assert planned.places["x"] not in (planned.places["b"], planned.places["c"])


@given(
    st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9), st.sampled_from(["dense", "concat", "relu", "add"])), min_size=1, max_size=25)
)
def test_values_that_live_at_once_never_overlap(steps):
    ops = [Op("x", "input", 8)]
    for number, (first, second, kind) in enumerate(steps):
        one, two = ops[first % len(ops)], ops[second % len(ops)]
        name = f"v{number}"
        if kind == "dense":
            ops.append(_dense(name, one.name, one.width, 8))
        elif kind == "concat" and one.width + two.width < 200:
            ops.append(Op(name, "concat", one.width + two.width, (one.name, two.name)))
        elif kind == "add" and one.width == two.width:
            ops.append(Op(name, "add", one.width, (one.name, two.name)))
        else:
            ops.append(Op(name, "relu", one.width, (one.name,)))
    graph = Graph(None, tuple(ops), (ops[-1].name,))
    _check(plan_memory(graph))


def _check(planned):
    """Run the plan: whatever an operator reads must still be what its maker wrote."""
    hidden, owner = inlined(planned), {}

    def read(name):
        op = planned.by_name()[name]
        if name in hidden:
            for arg in op.args:
                read(arg)
        else:
            place = planned.places[name]
            assert all(owner.get(cell) == name for cell in range(place, place + op.width)), name

    for op in planned.ops:
        if op.name in hidden:
            continue
        cells = range(planned.places[op.name], planned.places[op.name] + room(op))
        for arg in op.args:
            read(arg)
        owner.update(dict.fromkeys(cells, op.name))
        for arg in op.args:
            read(arg)
        assert cells.stop <= planned.scratch
    read(planned.outputs[0])


@given(st.lists(st.integers(1, 40), min_size=1, max_size=6))
def test_whole_lanes_of_every_part_of_a_join_stay_in_its_room(widths):
    join = Op("c", "concat", sum(widths), tuple(f"v{k}" for k in range(len(widths))))
    starts = [sum(widths[:k]) for k in range(len(widths))]
    assert max(start + -(-width // 16) * 16 for start, width in zip(starts, widths, strict=True)) <= room(join)
