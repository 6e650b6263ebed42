import numpy as np

from bartik.compiler.graph import Op
from bartik.compiler.passes.eliminate import eliminate

F = np.float32


def test_what_does_nothing_goes(make_graph, same_numbers):
    graph = make_graph(
        2, Op("i", "identity", 2, ("x",)), Op("p", "pick", 2, ("i",), places=(0, 1)), Op("one", "constant", 1, values=np.ones(1, F)),
        Op("m", "mul", 2, ("p", "one")), Op("c", "concat", 2, ("m",)), Op("y", "relu", 2, ("c",)),
    )  # fmt: skip
    simpler = eliminate(graph)
    assert [op.kind for op in simpler.ops] == ["input", "relu"]
    same_numbers(graph, simpler)


def test_what_nobody_uses_goes_but_an_unused_input_stays(make_graph):
    graph = make_graph(2, Op("dead", "exp", 2, ("x",)), Op("y", "relu", 2, ("x",)))
    assert [op.name for op in eliminate(graph).ops] == ["x", "y"]


def test_an_output_that_is_an_identity_becomes_its_argument(make_graph):
    graph = make_graph(2, Op("a", "relu", 2, ("x",)), Op("y", "identity", 2, ("a",)))
    assert eliminate(graph).outputs == ("a",)


def test_a_pick_in_another_order_and_a_factor_that_is_not_one_stay(make_graph):
    half = Op("half", "constant", 2, values=np.array([1, 0.5], F))
    graph = make_graph(2, Op("p", "pick", 2, ("x",), places=(1, 0)), half, Op("y", "mul", 2, ("p", "half")))
    assert len(eliminate(graph).ops) == len(graph.ops)


def test_a_number_times_ones_keeps_its_width(make_graph, same_numbers):
    ones = Op("ones", "constant", 3, values=np.ones(3, F))
    graph = make_graph(1, ones, Op("y", "mul", 3, ("x", "ones")))
    assert eliminate(graph).by_name()["y"].width == 3
    same_numbers(graph, eliminate(graph))
