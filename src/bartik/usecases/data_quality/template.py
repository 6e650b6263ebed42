"""The template method: a moving average of good runs, each bin weighted by what the run knows of it (DINAMO-S, arXiv:2501.19237)."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from bartik.core import Array

_SMALL = 1e-9
_BEGIN = 100.0
"""Entries in each bin of the flat template before the first run."""


class Judged(NamedTuple):
    """Of one or more runs: logarithm of the reduced χ²; share expected in each bin, its uncertainty, and pulls."""

    score: Array
    reference: Array
    sigma: Array
    pull: Array


class Template:
    """Runs one by one: `judge` compares with the template, `learn` takes a run that was found good into it.

    >>> template = Template(bins=2, memory=0.5)
    >>> template.learn(np.array([60, 40]))
    >>> float(template.judge(np.array([30, 20])).score) < float(template.judge(np.array([20, 30])).score)
    True
    """

    def __init__(self, bins: int, memory: float) -> None:
        """``memory`` in [0, 1): weight of what was known before against the latest good run."""
        self.memory = memory
        self.reference = np.full(bins, 1 / bins)
        self.sigma = _poisson(self.reference, bins * _BEGIN)
        weight = (1 - memory) / (self.sigma**2 + _SMALL)
        self._weight, self._sum, self._scatter = weight, weight * self.reference, weight * self.sigma**2

    def judge(self, counts: Array) -> Judged:
        """Of entries [bins]."""
        entries = counts.sum()
        share = counts / entries
        pull = (share - self.reference) / np.sqrt(_poisson(share, entries) ** 2 + self.sigma**2)
        return Judged(np.log(max((pull**2).mean(), _SMALL)), self.reference, self.sigma, pull)

    def learn(self, counts: Array) -> None:
        """Entries [bins] of a good run."""
        entries = counts.sum()
        share = counts / entries
        weight = (1 - self.memory) / (_poisson(share, entries) ** 2 + _SMALL)
        self._weight = self.memory * self._weight + weight
        self._scatter = self.memory * self._scatter + weight * (share - self.reference) ** 2
        self._sum = self.memory * self._sum + weight * share
        self.sigma, self.reference = np.sqrt(self._scatter / self._weight), self._sum / self._weight


def judge_stream(counts: Array, good: Array, memory: float) -> Judged:
    """Every run [runs, bins] against the good ones before it: as an expert would say after each run whether it was good."""
    template, found = Template(counts.shape[1], memory), []
    for run, was_good in zip(np.asarray(counts, np.float64), good, strict=True):
        found.append(template.judge(run))
        if was_good:
            template.learn(run)
    return Judged(*(np.array(values) for values in zip(*found, strict=True)))


def _poisson(share: Array, entries: float) -> Array:
    """Statistical uncertainty of shares; of an empty bin that of one entry."""
    return np.where(share > 0, np.sqrt(share * (1 - share) / entries), 1 / entries)
