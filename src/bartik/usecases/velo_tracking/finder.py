"""All stages in one: hits of an event to tracks, and how much processor time each stage takes."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from bartik.core import Array, Config
from bartik.usecases.velo_tracking.continued import continued
from bartik.usecases.velo_tracking.graph import Indices
from bartik.usecases.velo_tracking.leftover import left_tracks
from bartik.usecases.velo_tracking.stages import Stage, classify_edges, embed, filter_doublets, join
from bartik.usecases.velo_tracking.tracks import Cuts, build_tracks

STAGES = ("embedding", "doublets", "edges", "joining", "triplets", "tracks", "second look")
_T = TypeVar("_T")


class Finder:
    """The four networks of a run, ready to find tracks; ``seconds`` of the processor in each stage, one entry an event."""

    def __init__(self, bundles: Mapping[str, Path], options: Config) -> None:
        """Read of ``options`` both backends, and cuts on tracks: ``elbow``, ``short``, ``shared``, ``scatter``, ``apart``."""
        backends = {"edges": options.graph_backend}
        self.stages = {name: Stage.of(path, backends.get(name, options.backend)) for name, path in bundles.items()}
        self.cuts = Cuts(self.stages["triplets"].threshold, options.elbow, options.short, options.shared)
        self.scatter, self.apart = options.scatter, options.apart
        self.seconds: dict[str, list[float]] = defaultdict(list)

    def find(self, hits: Array) -> list[list[int]]:
        """Tracks of one event, as the numbers of their hits [hits, 3]; hits are sorted by module."""
        stages = self.stages
        graph = self._timed("embedding", embed, stages["embedding"], hits)
        graph = self._timed("doublets", filter_doublets, stages["doublets"], graph)
        graph, latent = self._timed("edges", classify_edges, stages["edges"], graph)
        triplets = self._timed("joining", join, graph, latent)
        scores = self._timed("triplets", self._scores, triplets.features)
        tracks = self._timed("tracks", build_tracks, graph.first, graph.second, triplets.one, triplets.other, scores, self.cuts)
        return self._timed("second look", self._looked_again, hits, tracks)

    def _looked_again(self, hits: Array, tracks: list[list[int]]) -> list[list[int]]:
        return continued(hits, [*tracks, *left_tracks(hits, tracks, self.scatter)], self.apart)

    def _scores(self, features: Array) -> Array:
        if not len(features):
            return np.zeros(0)
        scores: Array = self.stages["triplets"].session.run({"features": features})["score"][:, 0]
        return scores

    def _timed(self, stage: str, function: Callable[..., _T], *arguments: Any) -> _T:
        started = time.process_time()
        found = function(*arguments)
        self.seconds[stage].append(time.process_time() - started)
        return found


def ragged(tracks: list[list[int]]) -> tuple[Indices, Indices]:
    """Hits of all tracks behind one another, and the offsets of each track."""
    hits = np.array([hit for track in tracks for hit in track], dtype=np.int64)
    return hits, np.cumsum([0, *map(len, tracks)]).astype(np.int64)
