"""Interaction networks: what a graph's network must not depend on, and how far a message goes."""

from __future__ import annotations

import torch

from bartik.nn.interaction import InteractionNetwork, dense


def graph(seed: int, nodes: int, edges: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    random = torch.Generator().manual_seed(seed)
    ends = torch.randint(0, nodes, (2, edges), generator=random)
    return torch.randn(nodes, 8, generator=random), torch.randn(edges, 8, generator=random), ends[0], ends[1]


def network(steps: int) -> InteractionNetwork:
    torch.manual_seed(1)
    return InteractionNetwork(8, steps).eval()


def test_numbering_the_nodes_otherwise_changes_nothing_else():
    nodes, edges, first, second = graph(1, 7, 20)
    order = torch.randperm(7, generator=torch.Generator().manual_seed(2))
    place = torch.argsort(order)
    with torch.no_grad():
        one, other = network(3)(nodes, edges, first, second), network(3)(nodes[order], edges, place[first], place[second])
    torch.testing.assert_close(one[0][order], other[0])
    torch.testing.assert_close(one[1], other[1])


def test_two_events_put_together_are_as_each_alone():
    (n1, e1, a1, b1), (n2, e2, a2, b2) = graph(1, 5, 9), graph(2, 6, 14)
    with torch.no_grad():
        both = network(2)(torch.cat([n1, n2]), torch.cat([e1, e2]), torch.cat([a1, a2 + 5]), torch.cat([b1, b2 + 5]))
        alone = [network(2)(n1, e1, a1, b1), network(2)(n2, e2, a2, b2)]
    for place in (0, 1):
        torch.testing.assert_close(both[place], torch.cat([alone[0][place], alone[1][place]]))


def test_a_message_goes_as_far_as_there_are_steps():
    """On a chain of edges a change at one end is felt so many edges away."""
    nodes, edges = torch.randn(8, 8), torch.randn(7, 8)
    first, second = torch.arange(7), torch.arange(1, 8)
    changed = nodes.clone()
    changed[0] += 1
    with torch.no_grad():
        difference = network(2)(nodes, edges, first, second)[1] - network(2)(changed, edges, first, second)[1]
    felt = difference.abs().amax(1) > 0
    assert felt.tolist() == [True, True, False, False, False, False, False]


def test_dense_layers_end_without_an_activation_and_are_normalised_where_asked():
    plain, normalised = dense([3, 4, 2]), dense([3, 4, 2], normalised=True)
    assert [type(layer).__name__ for layer in plain] == ["Linear", "ReLU", "Linear"]
    assert type(normalised[-1]).__name__ == "LayerNorm"
