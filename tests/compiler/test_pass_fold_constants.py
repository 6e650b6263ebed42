import numpy as np

from bartik.compiler.graph import Op
from bartik.compiler.passes.fold_constants import fold_constants

F = np.float32


def _constant(name, *values):
    return Op(name, "constant", len(values), values=np.array(values, F))


def test_what_depends_on_constants_alone_becomes_one(make_graph, same_numbers):
    graph = make_graph(
        2, _constant("a", 1, 4), Op("r", "sqrt", 2, ("a",)), Op("p", "pick", 2, ("r",), places=(1, 0)), Op("y", "add", 2, ("x", "p"))
    )
    folded = fold_constants(graph)
    assert folded.by_name()["p"].values.tolist() == [2, 1]
    same_numbers(graph, folded)


def test_a_value_that_would_be_nan_stays_to_be_computed(make_graph):
    graph = make_graph(1, _constant("a", -1), Op("r", "sqrt", 1, ("a",)), Op("y", "add", 1, ("x", "r")))
    assert fold_constants(graph).by_name()["r"].kind == "sqrt"


def test_what_depends_on_the_input_stays(make_graph):
    graph = make_graph(1, _constant("a", 1), Op("y", "add", 1, ("x", "a")))
    assert str(fold_constants(graph)) == str(graph)
