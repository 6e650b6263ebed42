"""One network for all: tracks and vertices tell one another what they are, and what seems of no b decay is heard less and less."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from bartik.nn.interaction import dense
from bartik.usecases.event_interpretation.columns import CLASSES
from bartik.usecases.event_interpretation.layers import (
    LINK_WIDTH,
    PAIR_WIDTH,
    TRACK_WIDTH,
    VERTEX_WIDTH,
    link_features,
    pair_features,
    probability,
    track_features,
    vertex_features,
)

Graph = tuple[Tensor, Tensor, Tensor, Tensor, Tensor]
"""Tracks [tracks, 10], vertices [vertices, 3], pairs [pairs, 2], track and vertex of each link [links]."""
_KEEP, _JOIN, _ORIGIN, _TREE, _WITH_B = 3.0, 10.0, 0.3, 1.0, 0.5
"""Weights of the losses: of tracks, of pairs to be of one decay, of links, of generations among pairs of one decay, of vertices."""
_PARTNERS = 3.0
"""Of a track in a decay of which each pair has a weight of 1: about the mean, so that true pairs weigh as much as without weights."""


class Step(nn.Module):
    """Everything hears its neighbours once: pairs and links their ends, tracks and vertices their pairs and links."""

    def __init__(self, width: int) -> None:
        """All of one width."""
        super().__init__()
        self.tracks = dense([4 * width, width, width], normalised=True)
        self.vertices = dense([2 * width, width, width], normalised=True)
        self.pairs = dense([3 * width, width, width], normalised=True)
        self.links = dense([3 * width, width, width], normalised=True)
        self.gate = nn.Linear(width, 1)

    def forward(self, known: tuple[Tensor, ...], graph: Graph) -> tuple[Tensor, ...]:
        """What is known of tracks, vertices, pairs, links, with what they heard."""
        (tracks, vertices, pairs, links), (_, _, ends, link_tracks, link_vertices) = known, graph
        first, second = ends[:, 0], ends[:, 1]
        heard = pairs * torch.sigmoid(self.gate(pairs))
        nothing = torch.zeros_like(tracks)
        incoming, outgoing = nothing.index_add(0, second, heard), nothing.index_add(0, first, heard)
        origins = nothing.index_add(0, link_tracks, links)
        vertices = vertices + self.vertices(torch.cat([vertices, torch.zeros_like(vertices).index_add(0, link_vertices, links) / 10], 1))
        tracks = tracks + self.tracks(torch.cat([tracks, incoming / 4, outgoing / 4, origins / 3], 1))
        pairs = pairs + self.pairs(torch.cat([tracks.index_select(0, first), tracks.index_select(0, second), pairs], 1))
        links = links + self.links(torch.cat([tracks.index_select(0, link_tracks), vertices.index_select(0, link_vertices), links], 1))
        return tracks, vertices, pairs, links


class Interpreter(nn.Module):
    """Forward takes a `Graph` and gives ``keep`` [tracks, 1], ``generations`` [pairs, 4] and ``origin`` [links, 1]."""

    def __init__(self, width: int, steps: int, *, by_decay: bool = True) -> None:
        """So many ``steps``; ``by_decay``: it learns pairs of one decay with the weights of `decay_weights`, else all count the same."""
        super().__init__()
        self.by_decay = by_decay
        widths = (TRACK_WIDTH, VERTEX_WIDTH, PAIR_WIDTH, LINK_WIDTH)
        self.encoders = nn.ModuleList([dense([wide, width, width], normalised=True) for wide in widths])
        self.steps = nn.ModuleList([Step(width) for _ in range(steps)])
        self.generations, self.origin, self.with_b = (dense([width, width, outputs]) for outputs in (CLASSES, 1, 1))
        self.keep = dense([width + 2, width, 1])

    def logits(self, graph: Graph) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Log odds of the three outputs, and of each vertex [vertices, 1] to have a b decay.

        Three tracks of four are of a collision without one: to know which it is matters more than all else for what can be dropped.
        """
        tracks, vertices, pairs, link_tracks, link_vertices = graph
        one, other = (tracks.index_select(0, pairs[:, end]) for end in (0, 1))
        links = link_features(tracks.index_select(0, link_tracks), vertices.index_select(0, link_vertices))
        seen = (track_features(tracks), vertex_features(vertices), pair_features(one, other), links)
        known: tuple[Tensor, ...] = tuple(encode(part) for encode, part in zip(self.encoders, seen, strict=True))
        for step in self.steps:
            known = step(known, graph)
        tracks, vertices, pairs, links = (part / (len(self.steps) + 1) for part in known)
        origin, with_b = self.origin(links), self.with_b(vertices)
        company = _company(torch.zeros_like(tracks[:, 0:1]), origin, with_b, graph)
        keep = self.keep(torch.cat([tracks, company, torch.log(torch.clamp(company, min=1e-3)) / 3], 1))
        return keep, self.generations(pairs), origin, with_b

    def forward(
        self, tracks: Tensor, vertices: Tensor, pairs: Tensor, link_tracks: Tensor, link_vertices: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Probabilities."""
        keep, generations, origin, _ = self.logits((tracks, vertices, pairs, link_tracks, link_vertices))
        return probability(keep), torch.softmax(generations, 1), probability(origin)


def _company(nothing: Tensor, origin: Tensor, with_b: Tensor, graph: Graph) -> Tensor:
    """Probability [tracks, 1] that the collision a track is from has a b decay: over its links, by how likely each is its origin."""
    _, _, _, link_tracks, link_vertices = graph
    likely = torch.exp(torch.clamp(origin, -10.0, 10.0))
    some = nothing.index_add(0, link_tracks, likely * torch.sigmoid(with_b).index_select(0, link_vertices))
    return some / torch.clamp(nothing.index_add(0, link_tracks, likely), min=1e-6)


def loss(network: Interpreter, inputs: Mapping[str, Tensor], target: Tensor, weights: Tensor) -> Tensor:
    """Cross entropies of tracks, pairs, links, vertices and generations together; ``target`` as in `interpreter.data`.

    That of generations is the mean over pairs of one decay alone: few as they are, they would not be heard among all. Pairs of one decay
    have the weights of `decay_weights`, in both.
    """
    keep, generations, origin, with_b = network.logits(
        (inputs["tracks"], inputs["vertices"], inputs["pairs"], inputs["link_tracks"], inputs["link_vertices"])
    )
    entropy = nn.functional.binary_cross_entropy_with_logits
    wanted = pair_generations(target[:, 1:], inputs["pairs"])
    other = torch.logsumexp(generations[:, 1:], 1) - generations[:, 0]
    true = (wanted > 0).float()
    shares = decay_weights(target[:, -1], inputs["pairs"][:, 0]) if network.by_decay else torch.ones_like(other)
    shares = torch.where(wanted > 0, shares, 1.0)
    whole = _JOIN * entropy(other, true, shares, reduction="sum") / max(len(wanted), 1)
    tree = nn.functional.cross_entropy(generations[:, 1:], (wanted - 1).clamp(min=0), reduction="none")
    whole = whole + _TREE * (tree * true * shares).sum() / (true * shares).sum().clamp(min=1)
    whole = whole + _KEEP * entropy(keep[:, 0], (target[:, -1] > 0).float(), weights)
    if len(origin):
        own = is_origin(target[:, 0], inputs["link_tracks"])
        whole = whole + _ORIGIN * entropy(origin[:, 0], own.float())
        signal = (own & (target[:, -1] > 0).index_select(0, inputs["link_tracks"])).float()
        number = torch.zeros_like(with_b[:, 0]).index_add(0, inputs["link_vertices"], signal)
        whole = whole + _WITH_B * entropy(with_b[:, 0], (number > 0).float())
    return torch.as_tensor(whole)


def pair_generations(clusters: Tensor, pairs: Tensor) -> Tensor:
    """Generation [pairs] of the lowest common ancestor from clusters [tracks, 3] of generation 1, 2 and any."""
    one, other = (clusters.index_select(0, pairs[:, end]) for end in (0, 1))
    same = (one == other) & (one > 0)
    return torch.where(same[:, -1], CLASSES - same.sum(1), 0)


def decay_weights(decay: Tensor, tracks: Tensor) -> Tensor:
    """Weight [pairs] of a pair of one decay, from the ``decay`` [tracks] each track is of and one of the pair's ``tracks`` [pairs].

    Each track of each decay has the same in total: a decay of two has one pair, one of six has fifteen, and either is perfect or is not.
    """
    _, place, sizes = torch.unique(decay, return_inverse=True, return_counts=True)
    partners = sizes.index_select(0, place).index_select(0, tracks) - 1
    return torch.as_tensor(_PARTNERS / partners.clamp(min=1))


def is_origin(vertex: Tensor, link_tracks: Tensor) -> Tensor:
    """Whether a link [links] is that to a track's own vertex; the links of a track are its event's vertices in their order."""
    begin = torch.searchsorted(link_tracks.contiguous(), torch.arange(len(vertex)))
    place = torch.arange(len(link_tracks)) - begin.index_select(0, link_tracks)
    return vertex.index_select(0, link_tracks) == place
