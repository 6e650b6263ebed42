"""Events to kept tracks and generations of pairs: by the three networks one after the other, or by the one that does all."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from bartik.backends import prepare
from bartik.core import Array, Arrays, Session
from bartik.core.bundle import open_bundle
from bartik.usecases.event_interpretation.capacity import Roomy
from bartik.usecases.event_interpretation.columns import CLASSES
from bartik.usecases.event_interpretation.decays import Found
from bartik.usecases.event_interpretation.graph import LOOSE, MIDDLE, Indices, candidate_pairs

WORKING_POINT = "kept"
"""The name under which a bundle keeps its threshold."""
NETWORKS = ("nodes", "edges", "ancestors")
STAGES = ("pairs", "nodes", "pairs of kept", "edges", "ancestors")
_T = TypeVar("_T")


@dataclass(frozen=True)
class Stage:
    """A trained network made ready to run, and where it cuts."""

    session: Session
    threshold: float

    @classmethod
    def of(cls, bundle: Path | str, backend: str, sizes: Mapping[str, int] | None = None) -> Stage:
        """Open and prepare a bundle; with ``sizes`` of its axes as one that has room for so much, which compiled code needs."""
        opened = open_bundle(Path(bundle))
        options: dict[str, Any] = {"threads": 1} if backend in {"native", "onnxruntime"} else {}
        if sizes is not None:
            options["axes"] = ",".join(f"{axis}={size}" for axis, size in sizes.items())
        session = prepare(opened, backend, **options)
        ready = session if sizes is None else Roomy(session, opened.signature, sizes)
        return cls(ready, opened.working_points.get(WORKING_POINT, 0.0))


def keep_tracks(stage: Stage, tracks: Array, pairs: Indices) -> Array:
    """Probability [tracks] of each track to be of a b decay."""
    return _run(stage, {"tracks": tracks, "pairs": pairs}, "keep", len(tracks))[:, 0]


def join_pairs(stage: Stage, tracks: Array, pairs: Indices) -> Indices:
    """Those pairs that may be of one b decay."""
    return pairs[_run(stage, {"tracks": tracks, "pairs": pairs}, "join", len(pairs))[:, 0] >= stage.threshold]


def generations_of(stage: Stage, tracks: Array, pairs: Indices) -> Array:
    """Probabilities [pairs, 4] of generations."""
    return _run(stage, {"tracks": tracks, "pairs": pairs}, "generations", len(pairs), CLASSES)


def links_of(tracks: int, vertices: int) -> tuple[Indices, Indices]:
    """Every track with every vertex, track by track: track and vertex of each link [tracks x vertices]."""
    return np.repeat(np.arange(tracks), vertices), np.tile(np.arange(vertices), tracks)


def whole_graph(tracks: Array, vertices: Array) -> Arrays:
    """The inputs of the one network."""
    link_tracks, link_vertices = links_of(len(tracks), len(vertices))
    graph = {"tracks": tracks, "vertices": vertices, "pairs": candidate_pairs(tracks, MIDDLE)}
    return graph | {"link_tracks": link_tracks, "link_vertices": link_vertices}


class _Timed:
    """``seconds`` of each stage, one entry an event."""

    def __init__(self) -> None:
        self.seconds: dict[str, list[float]] = defaultdict(list)

    def _timed(self, stage: str, function: Callable[..., _T], *arguments: Any) -> _T:
        started = time.perf_counter()
        found = function(*arguments)
        self.seconds[stage].append(time.perf_counter() - started)
        return found


class ThreeStages(_Timed):
    """Node pruning, edge pruning, generations of what is left (J. García Pardiñas et al., arXiv:2304.08610)."""

    def __init__(self, stages: Mapping[str, Stage]) -> None:
        """``nodes``, ``edges`` and ``ancestors``."""
        super().__init__()
        self.nodes, self.edges, self.ancestors = (stages[name] for name in NETWORKS)

    @classmethod
    def of(cls, bundles: Mapping[str, Path | str], backend: str) -> ThreeStages:
        """Open and prepare the three bundles."""
        return cls({name: Stage.of(bundles[name], backend) for name in NETWORKS})

    def __call__(self, tracks: Array, _vertices: Array) -> Found:
        """Interpret one event of tracks [tracks, 10]."""
        pairs = self._timed("pairs", candidate_pairs, tracks)
        keep = self._timed("nodes", keep_tracks, self.nodes, tracks, pairs)
        pairs = self._timed("pairs of kept", candidate_pairs, tracks, LOOSE, keep >= self.nodes.threshold)
        pairs = self._timed("edges", join_pairs, self.edges, tracks, pairs)
        return Found(keep, pairs, self._timed("ancestors", generations_of, self.ancestors, tracks, pairs))


class OneNetwork(_Timed):
    """All in one network, which knows the vertices (W. Sutcliffe et al., arXiv:2504.21844)."""

    def __init__(self, stage: Stage) -> None:
        """The bundle ``interpreter``, made ready."""
        super().__init__()
        self.stage = stage

    def __call__(self, tracks: Array, vertices: Array) -> Found:
        """Interpret one event of tracks [tracks, 10] and vertices [vertices, 3]."""
        graph = self._timed("pairs", whole_graph, tracks, vertices)
        if not len(tracks):
            return Found(np.zeros(0), graph["pairs"], np.zeros((0, CLASSES)))
        found = self._timed("network", self.stage.session.run, graph)
        return Found(found["keep"][:, 0], graph["pairs"], found["generations"], found["origin"].reshape(len(tracks), len(vertices)))


def _run(stage: Stage, inputs: Arrays, output: str, rows: int, width: int = 1) -> Array:
    return stage.session.run(inputs)[output] if rows else np.zeros((0, width), np.float32)
