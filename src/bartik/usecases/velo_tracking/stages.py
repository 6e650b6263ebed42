"""The stages one after the other, each from the bundles of those before it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from bartik.backends import prepare
from bartik.core import Array, Session
from bartik.core.bundle import open_bundle
from bartik.usecases.velo_tracking.columns import WIDTH
from bartik.usecases.velo_tracking.graph import Indices, chain, neighbours
from bartik.usecases.velo_tracking.shares import WORKING_POINT


@dataclass(frozen=True)
class Stage:
    """A trained network made ready to run, and where it cuts."""

    session: Session
    threshold: float

    @classmethod
    def of(cls, bundle: Path | str, backend: str, point: str = WORKING_POINT) -> Stage:
        """Open and prepare a bundle, to cut at one of its working points, where it has this one."""
        opened = open_bundle(Path(bundle))
        options = {"threads": 1} if backend in {"native", "onnxruntime"} else {}
        points = opened.working_points
        return cls(prepare(opened, backend, **options), points.get(point, points[WORKING_POINT]))


@dataclass(frozen=True)
class Graph:
    """Doublets of one event: hits ``first`` and ``second`` [doublets] of ``hits`` [hits, 3]."""

    hits: Array
    first: Indices
    second: Indices

    def kept(self, mask: Array) -> Graph:
        """The graph of these doublets alone."""
        return Graph(self.hits, self.first[mask], self.second[mask])

    @property
    def edges(self) -> Array:
        """Both hits of each doublet, int64 [doublets, 2]."""
        return np.stack([self.first, self.second], axis=1)

    @property
    def doublets(self) -> Array:
        """Positions of both hits of each doublet, float32 [doublets, 6]."""
        return np.concatenate([self.hits[self.first], self.hits[self.second]], axis=1)


@dataclass(frozen=True)
class Triplets:
    """Doublets ``one`` and ``other`` [triplets] that share a hit, and what is known of them, float32 [triplets, 9 + 2 width]."""

    one: Indices
    other: Indices
    features: Array = field(repr=False)


def embed(stage: Stage, hits: Array) -> Graph:
    """Doublets near one another in the learned space."""
    places = stage.session.run({"hits": hits})["place"] if len(hits) else np.zeros((0, 1))
    return Graph(hits, *neighbours(hits, places, stage.threshold))


def filter_doublets(stage: Stage, graph: Graph) -> Graph:
    """Those doublets that look like a piece of a track on their own."""
    if not len(graph.first):
        return graph
    return graph.kept(stage.session.run({"features": graph.doublets})["score"][:, 0] >= stage.threshold)


def classify_edges(stage: Stage, graph: Graph) -> tuple[Graph, Array]:
    """Those doublets that look like a piece of a track among their neighbours, and what the network knows of them [doublets, width]."""
    if not len(graph.first):
        return graph, np.zeros((0, WIDTH), np.float32)
    found = stage.session.run({"hits": graph.hits, "edges": graph.edges})
    kept = found["score"][:, 0] >= stage.threshold
    return graph.kept(kept), found["latent"][kept]


def join(graph: Graph, latent: Array) -> Triplets:
    """Triplets of a graph, with what the edge network knows of both doublets and the positions of the three hits."""
    one, other = chain(graph.first, graph.second, graph.hits)
    places = [graph.hits[graph.first[one]], graph.hits[graph.second[one]], graph.hits[graph.second[other]]]
    return Triplets(one, other, np.concatenate([*places, latent[one], latent[other]], axis=1))
