"""What is counted of a slice of the stream: some hundred numbers, however many rows pass."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from bartik.core import Array
from bartik.monitor.sketch import Sketch


@dataclass
class Window:
    """Counts by column, of the score, of what passes working points, and, where truth is known, of the score by class."""

    name: str
    sketches: Sequence[Sketch]
    score: Sketch
    points: Mapping[str, float]
    rows: int = 0
    counts: list[Array] = field(default_factory=list)
    missing: list[int] = field(default_factory=list)
    scores: Array = field(init=False)
    classes: Array = field(init=False)
    sums: Array = field(init=False)
    passed: dict[str, int] = field(init=False)
    scored: int = 0

    def __post_init__(self) -> None:
        """Nothing counted yet; ``classes`` [2, bins + 2] background and signal, ``sums`` [bins + 2] of scores where truth is known."""
        self.counts = [np.zeros(len(one.counts), np.int64) for one in self.sketches]
        self.missing = [0] * len(self.sketches)
        self.scores = np.zeros(len(self.score.counts), np.int64)
        self.classes = np.zeros((2, len(self.score.counts)), np.int64)
        self.sums = np.zeros(len(self.score.counts))
        self.passed = dict.fromkeys(self.points, 0)

    def add(self, columns: Sequence[Array], rows: int, scores: Array, truth: Array | None) -> None:
        """Values of each of ``columns``, NaN for what is missing; ``scores`` [scored] of so many rows, and ``truth`` of the same."""
        self.rows += rows
        for place, (one, values) in enumerate(zip(self.sketches, columns, strict=True)):
            finite = values[np.isfinite(values)]
            self.counts[place] += one.count(finite)
            self.missing[place] += len(values) - len(finite)
        counted = self.score.count(scores)
        self.scores += counted
        self.scored += len(scores)
        for name, threshold in self.points.items():
            self.passed[name] += int((scores >= threshold).sum())
        if truth is not None:
            for kind in (0, 1):
                self.classes[kind] += self.score.count(scores[truth == kind])
            places = np.searchsorted(self.score.edges, scores, side="right")
            self.sums += np.bincount(places, weights=scores, minlength=len(self.sums))
