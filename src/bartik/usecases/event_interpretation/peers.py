"""Interpretation without graph networks: cuts on impact parameters and isolation, and boosted trees on tracks and pairs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np

from bartik.core import Array, Config
from bartik.usecases.event_interpretation.columns import CLASSES
from bartik.usecases.event_interpretation.decays import Found
from bartik.usecases.event_interpretation.event import Event, generations
from bartik.usecases.event_interpretation.graph import (
    LOOSE,
    TRACK_COLUMNS,
    Indices,
    approach,
    candidate_pairs,
    impact,
    pair_columns,
    track_columns,
)

_GRID = tuple(product((2.0, 3.0, 4.0, 6.0), (0.1, 0.2, 0.4), (0.03, 0.06)))
_FOLDS = 5
_NEAR, _CLOSEST = TRACK_COLUMNS.index("near tracks"), TRACK_COLUMNS.index("nearest displaced")


@dataclass(frozen=True)
class Cuts:
    """Tracks of one vertex, displaced from it by ``significance``, that pass one another within ``distance`` mm; the nearer ones first.

    Tracks that pass within ``nearest`` mm have an ancestor of generation 1, others of 2. How displaced a track is, and whether a displaced
    one is near it, says how it is ranked.
    """

    significance: float
    distance: float
    nearest: float

    def __call__(self, tracks: Array, _vertices: Array) -> Found:
        """Interpret one event of tracks [tracks, 10]."""
        if not len(tracks):
            return Found(np.zeros(0), np.zeros((0, 2), np.int64), np.zeros((0, CLASSES)))
        columns, (_, significance) = track_columns(tracks), impact(tracks)
        keep = np.log(significance + 1e-3) + 0.5 * np.log1p(columns[:, _NEAR]) - 0.25 * columns[:, _CLOSEST]
        pairs = candidate_pairs(tracks, (self.significance, self.significance, self.distance))
        distance, _, _ = approach(tracks, *pairs.T)
        same = (tracks[pairs[:, 0], 6:9] == tracks[pairs[:, 1], 6:9]).all(axis=1)
        found = np.zeros((len(pairs), CLASSES))
        found[np.arange(len(pairs)), np.where(same, np.where(distance < self.nearest, 1, 2), 0)] = 1.0
        return Found(keep, pairs, found)


def every_cut() -> list[Cuts]:
    """The cuts among which the best for the validation events is chosen."""
    return [Cuts(*values) for values in _GRID]


class Trees:
    """Boosted trees for tracks, and for pairs of them with what the first say (scikit-learn's histogram gradient boosting)."""

    def __init__(self, events: Sequence[Event], options: Config, seed: int) -> None:
        """Learn from ``events``; reads ``options.trees`` and ``options.negatives``.

        The trees for pairs learn from what those for tracks say of events that these did not learn from (one fifth at a time).
        """
        from sklearn.ensemble import HistGradientBoostingClassifier
        from sklearn.model_selection import GroupKFold, cross_val_predict

        def learner() -> Any:
            return HistGradientBoostingClassifier(
                max_iter=options.trees, max_leaf_nodes=15, learning_rate=0.08, early_stopping=False, random_state=seed
            )

        rows, signal = np.concatenate([track_columns(event.tracks) for event in events]), np.concatenate([event.signal for event in events])
        owner = np.repeat(np.arange(len(events)), [len(event) for event in events])
        keep = cross_val_predict(learner(), rows, signal, groups=owner, cv=GroupKFold(_FOLDS), method="predict_proba")[:, 1]
        self.tracks = learner().fit(rows, signal)
        rng = np.random.default_rng(seed)
        drawn = [_drawn(rng, event, options.negatives, keep[owner == place]) for place, event in enumerate(events)]
        features, labels = (np.concatenate([part[place] for part in drawn]) for place in (0, 1))
        self.pairs = learner().fit(features, labels)
        self.left_out = sum(part[2] for part in drawn) / max(int((labels == 0).sum()), 1)

    def __call__(self, tracks: Array, _vertices: Array) -> Found:
        """Interpret one event of tracks [tracks, 10]."""
        keep, pairs = self._keep(tracks), candidate_pairs(tracks, LOOSE)
        found = np.zeros((len(pairs), CLASSES))
        if len(pairs):
            found[:, self.pairs.classes_] = self.pairs.predict_proba(_features(tracks, pairs, keep))
            found[:, 0] *= self.left_out  # there are so many times more false pairs than it learnt from
            found /= found.sum(axis=1, keepdims=True)
        return Found(keep, pairs, found)

    def _keep(self, tracks: Array) -> Array:
        return np.asarray(self.tracks.predict_proba(track_columns(tracks))[:, 1]) if len(tracks) else np.zeros(0)


def _features(tracks: Array, pairs: Indices, keep: Array) -> Array:
    one, other = (np.log(keep[pairs[:, end]] + 1e-6)[:, np.newaxis] for end in (0, 1))
    return np.concatenate([pair_columns(tracks, pairs), np.minimum(one, other), np.maximum(one, other)], axis=1)


def _drawn(rng: np.random.Generator, event: Event, negatives: int, keep: Array) -> tuple[Array, Array, int]:
    """Features and generations of all pairs of b decays and of so many others, and how many others there are."""
    pairs = candidate_pairs(event.tracks, LOOSE)
    labels = generations(event.clusters, *pairs.T)
    others = np.flatnonzero(labels == 0)
    some = rng.permutation(others)[:negatives]
    rows = np.concatenate([np.flatnonzero(labels > 0), some])
    return _features(event.tracks, pairs[rows], keep), labels[rows], len(others)
