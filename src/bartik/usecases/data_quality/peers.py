"""The template method, with the memory that is best on each stream's first runs, and what the truth would give."""

from __future__ import annotations

import numpy as np

from bartik.core import Array, Config, Dataset
from bartik.metrics import auc
from bartik.simulation.runs import generate_runs
from bartik.usecases.data_quality.data import seed_of
from bartik.usecases.data_quality.score import HISTORICAL
from bartik.usecases.data_quality.template import Judged, judge_stream

TEMPLATE, LAST = "template", "last good run"
_QUARTER = 0.375


def peers(train: Dataset, test: Dataset, config: Config) -> dict[str, Array]:
    """Scores [rows, 1] by name; that of ``known conditions`` for the toy alone. Nothing of ``train`` is used."""
    del train
    found = {TEMPLATE: _of_streams(test, config.peers.memories), LAST: _of_streams(test, [0.0])}
    return found if config.data.path else found | {"known conditions": known_conditions(test, config)}


def template_of(test: Dataset, rows: Array, memories: list[float]) -> Judged:
    """The template method on the runs ``rows`` of one stream; of ``memories`` that with the largest area under the ROC curve at its begin.

    As published, where the memory is searched at random in place of a list.
    """
    counts, bad, first = test.inputs["run"][rows], test.target[rows] > 0.5, test.spectators[HISTORICAL][rows]
    areas = []
    for memory in memories if len(memories) > 1 else []:
        scores = judge_stream(counts[first], ~bad[first], memory).score
        areas.append(auc(scores[bad[first]], scores[~bad[first]]).value)
    return judge_stream(counts, ~bad, memories[int(np.argmax(areas))] if areas else memories[0])


def known_conditions(test: Dataset, config: Config) -> Array:
    """Scores [rows, 1] of one who knows the true conditions of the last good run, by Poisson errors, in the better of both states."""
    found = []
    for number in np.unique(test.spectators["stream"]):
        stream = generate_runs(int(config.data.runs.test), seed_of(config, number))
        good = np.flatnonzero(~stream.bad)
        last = good[np.maximum(np.searchsorted(good, np.arange(len(stream.bad))) - 1, 0)]
        expected = stream.states[last] * stream.counts.sum(axis=1)[:, None, None]
        pulls = 2 * (np.sqrt(stream.counts[:, None] + _QUARTER) - np.sqrt(expected + _QUARTER))
        found.append(np.log((pulls**2).mean(axis=2).min(axis=1)))
    return np.concatenate(found)[:, np.newaxis]


def _of_streams(test: Dataset, memories: list[float]) -> Array:
    scores = np.zeros((test.rows, 1))
    for number in np.unique(test.spectators["stream"]):
        rows = np.flatnonzero(test.spectators["stream"] == number)
        scores[rows, 0] = template_of(test, rows, memories).score
    return scores
