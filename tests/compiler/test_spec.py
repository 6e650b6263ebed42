"""Rules of graphs and nests: every one of them is broken once."""

from dataclasses import replace

import numpy as np
import pytest

from bartik.compiler.graph import Graph, Op
from bartik.compiler.loops import Add, Bin, Buffer, Call, Extern, For, Let, Load, Nest, Num, Store, Var
from bartik.compiler.spec import IllegalError, check_graph, check_nest

F = np.float32
X = Op("x", "input", 3)


def _constant(values):
    return Op("c", "constant", 3, values=np.array(values))


@pytest.mark.parametrize(
    ("ops", "message"),
    [
        ([Op("y", "frobnicate", 3, ("x",))], "unknown kind"),
        ([Op("x", "relu", 3, ("x",))], "made twice"),
        ([Op("y", "relu", 3, ("z",))], "before it is made"),
        ([Op("y", "relu", 0, ("x",))], "no elements"),
        ([Op("y", "add", 3, ("x",))], "wanted 2 arguments, got 1"),
        ([Op("y", "relu", 4, ("x",))], "widths"),
        ([Op("y", "identity", 2, ("x",))], "another width"),
        ([Op("y", "relu", 3, ("x",), alpha=1.0)], "takes no alpha"),
        ([Op("y", "pick", 1, ("x",), places=(3,))], "places out of range"),
        ([Op("y", "concat", 5, ("x", "x"))], "do not add up"),
        ([Op("y", "dense", 2, ("x",), weight=np.ones((2, 2), F), bias=np.ones(2, F))], "weight or bias"),
        ([Op("y", "dense", 2, ("x",), weight=np.ones((3, 2), F), bias=np.ones(2, F), activation="add")], "unknown activation"),
        ([_constant([1.0, 2.0, 3.0])], "3 values of float32"),
        ([_constant(np.array([1, np.nan, 3], F))], "none of them NaN"),
    ],
)
def test_an_illegal_graph_is_refused(ops, message, make_graph):
    graph = Graph(make_graph(3, Op("y", "relu", 3, ("x",))).signature, (X, *ops), ("x",))
    with pytest.raises(IllegalError, match=message):
        check_graph(graph)


def test_outputs_must_be_made(make_graph):
    with pytest.raises(IllegalError, match="output nothing"):
        check_graph(replace(make_graph(3, Op("y", "relu", 3, ("x",))), outputs=("nothing",)))


_BUFFERS = {
    "a": Buffer("a", 8, "scratch"),
    "k": Buffer("k", 8, "constant", values=np.zeros(8, F)),
    "t": Buffer("t", 8, "constant", values=np.full(8, 9, np.int32)),
}
J = Var("j")
ONE = Num(1, whole=True)


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        (For("j", 8, (Store("a", J, Num(0.0)),), step=2, kind="lanes"), "not all of them whole"),
        (For("j", 9, (Store("a", J, Num(0.0)),)), r"a\[0:9\]: outside of its 8"),
        (For("j", 8, (Store("a", Bin("+", J, ONE), Num(0.0)),)), "outside of its 8"),
        (For("j", 8, (Store("k", J, Num(0.0)),)), "not written by a store"),
        (For("j", 8, (Store("b", J, Num(0.0)),)), "no such buffer"),
        (For("j", 0, (Store("a", J, Num(0.0)),)), "runs over nothing"),
        (For("j", 8, (For("j", 2, (Store("a", J, Num(0.0)),)),)), "variable is taken"),
        (Add("s", Num(1.0)), "the name is not known"),
        (Let("s", Var("r")), "the name is not known"),
        (Let("s", Call("exp", (Load("a", Var("i")),))), "is no loop's variable"),
        (Let("s", Load("a", Num(1.0))), "a float as an index"),
        (Let("s", Num(float("nan"))), "NaN as a value"),
        (Let("s", Load("a", Bin("-", ONE, ONE))), "only sums and products"),
        (Let("s", Load("a", Load("t", ONE))), "outside of its 8"),
        (Let("s", Load("a", Load("k", ONE))), "no table of places"),
        (Extern("load_rows", ("nowhere", "a"), 8), "no such buffer"),
    ],
)
def test_an_illegal_nest_is_refused(statement, message):
    with pytest.raises(IllegalError, match=message):
        check_nest(Nest((("made", (statement,)),), _BUFFERS, 8))


def test_steps_reach_only_their_last_value():
    loop = For("j", 8, (Store("a", Bin("+", J, ONE), Num(0.0)),), step=2)
    check_nest(Nest((("made", (loop,)),), _BUFFERS, 8))
