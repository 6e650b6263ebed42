"""Runs as they come, one by one, with what people say of them afterwards."""

from __future__ import annotations

from collections import deque
from pathlib import Path
from typing import NamedTuple

import numpy as np

from bartik.core import Array, Session
from bartik.core.bundle import Bundle
from bartik.data.tables import write_table
from bartik.simulation.runs import BINS
from bartik.usecases.data_quality.columns import MEMORY
from bartik.usecases.data_quality.data import NOTICED
from bartik.usecases.data_quality.histograms import checked, read_stream


class Verdict(NamedTuple):
    """Of one run: logarithm of the reduced χ², whether it is flagged, and of each bin the share expected, its uncertainty and the pull."""

    score: float
    flagged: bool
    reference: Array
    sigma: Array
    pull: Array

    @property
    def bins(self) -> Array:
        """The bins that are more than 3 standard deviations off."""
        return np.flatnonzero(np.abs(self.pull) > NOTICED)


def write_predictions(bundle: Bundle, session: Session, source: Path, target: Path) -> int:
    """Judge the runs of a file (`read_stream`) in the order of time and write a table of them; the number of runs.

    Good runs are those that the file says are ``good``; where it says nothing, those that are not flagged, which a lasting change
    would fool: then the reference never learns it.
    """
    stream, rows = read_stream(source, labelled=False), []
    watch = RunWatch(session, bundle.working_points["flagged"])
    for counts, good in zip(stream.counts, stream.good, strict=True):
        verdict = watch.judge(counts)
        rows.append((verdict.score, verdict.flagged, len(verdict.bins)))
        if good and not (verdict.flagged and not stream.labelled):
            watch.learn(counts)
    scores, flagged, bins = (np.array(values) for values in zip(*rows, strict=True))
    write_table(target, {"run": np.arange(len(rows)), "score": scores, "flagged": flagged.astype(np.int64), "wrong_bins": bins})
    return len(rows)


class RunWatch:
    """Judges run after run with a bundle on any backend; holds the last good runs and nothing else.

    >>> watch = RunWatch(bartik.prepare(bundle, "native"), threshold=0.7)   # doctest: +SKIP
    >>> verdict = watch.judge(counts)                                       # doctest: +SKIP
    >>> if expert_says_good: watch.learn(counts)                            # doctest: +SKIP
    """

    def __init__(self, session: Session, threshold: float) -> None:
        """``session`` of a bundle of this use case; a run is flagged where its score is ``threshold`` or more."""
        self.session, self.threshold = session, threshold
        self.number = -1
        self._good: deque[tuple[int, Array]] = deque(maxlen=MEMORY)

    def judge(self, counts: Array, edges: Array | None = None) -> Verdict:
        """The next run, entries [bins]; `DataError` for what is no histogram of the kind, which then counts as no run."""
        found = checked(counts, f"run {self.number + 1}", edges)
        self.number += 1
        answers = self.session.run(self._inputs(found))
        score = float(answers["score"][0, 0])
        return Verdict(score, score >= self.threshold, *(answers[name][0] for name in ("reference", "sigma", "pull")))

    def learn(self, counts: Array) -> None:
        """The run that was judged last was good: the reference of the next ones is made of it."""
        self._good.append((self.number, checked(counts, f"run {self.number}").astype(np.float32)))

    def _inputs(self, counts: Array) -> dict[str, Array]:
        context, age = np.zeros((1, MEMORY, BINS), np.float32), np.zeros((1, MEMORY), np.float32)
        for place, (number, good) in enumerate(reversed(self._good), start=1):
            context[0, -place], age[0, -place] = good, self.number - number
        return {"context": context, "age": age, "run": counts[np.newaxis].astype(np.float32)}
