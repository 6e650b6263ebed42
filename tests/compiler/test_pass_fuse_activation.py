import numpy as np

from bartik.compiler.graph import Op
from bartik.compiler.passes.fuse_activation import fuse_activation

F = np.float32
DENSE = Op("d", "dense", 2, ("x",), weight=np.ones((3, 2), F), bias=np.zeros(2, F))


def test_the_activation_after_a_layer_becomes_its_own(make_graph, same_numbers):
    graph = make_graph(3, DENSE, Op("y", "leaky_relu", 2, ("d",), alpha=0.25))
    fused = fuse_activation(graph)
    assert str(fused.ops[-1]) == "d[2] = dense x, weight[3,2], bias, leaky_relu, alpha=0.25"
    same_numbers(graph, fused)


def test_only_the_first_of_two_activations_is_fused(make_graph, same_numbers):
    graph = make_graph(3, DENSE, Op("a", "relu", 2, ("d",)), Op("y", "tanh", 2, ("a",)))
    fused = fuse_activation(graph)
    assert [op.kind for op in fused.ops] == ["input", "dense", "tanh"]
    same_numbers(graph, fused)


def test_a_layer_that_others_read_stays_as_it_is(make_graph):
    graph = make_graph(3, DENSE, Op("a", "relu", 2, ("d",)), Op("y", "add", 2, ("a", "d")))
    assert str(fuse_activation(graph)) == str(graph)
