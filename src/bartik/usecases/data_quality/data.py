"""Runs of the toy, each with the good runs before it."""

from __future__ import annotations

import numpy as np

from bartik.core import Array, Arrays, Config, ConfigError, Dataset, Split
from bartik.simulation.runs import Runs, generate_runs
from bartik.usecases.data_quality.columns import MEMORY

_FIRST = {"test": 0, "validation": 500, "train": 700}
_LONGEST = 1_000_000
_NOTICED = 3.0


def data(split: Split, config: Config) -> Dataset:
    """Runs of ``data.streams`` streams, in order; the target is 1 for bad ones.

    Spectators: ``stream``, ``number`` (of the run in its stream), ``event`` (a number of its own), ``jumped``; ``dead``, ``wrong`` [rows, bins]:
    bins that are dead, and those in which a bad run has 3 standard deviations more or less than it would have were it good.
    """
    streams, runs = int(config.data.streams[split]), int(config.data.runs[split])
    if streams < 1 or not config.data.historical < runs < _LONGEST:
        raise ConfigError(f"data: {streams} streams of {runs} runs in {split}", hint="wanted more runs than data.historical")
    numbers = range(_FIRST[split], _FIRST[split] + streams)
    parts = [_rows(generate_runs(runs, 1000 * config.data.seed + number), number) for number in numbers]
    rows = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    return Dataset(
        inputs={name: rows.pop(name) for name in ("context", "age", "run")},
        target=rows.pop("target"),
        spectators=rows,
        source=f"toy, {streams} streams of {runs} runs, seed {config.data.seed}",
    )


def contexts(counts: Array, good: Array) -> tuple[Array, Array]:
    """The last good runs before each run: ``context`` [runs, memory, bins] and ``age`` [runs, memory], float32, as in the signature."""
    places = np.flatnonzero(good)
    before = np.searchsorted(places, np.arange(len(counts)))  # good runs there were
    wanted = before[:, None] - MEMORY + np.arange(MEMORY)
    there = wanted >= 0
    chosen = places[np.maximum(wanted, 0)] if len(places) else np.zeros(wanted.shape, np.int64)
    context = np.where(there[:, :, None], counts[chosen], 0).astype(np.float32)
    age = np.where(there, np.arange(len(counts))[:, None] - chosen, 0).astype(np.float32)
    return context, age


def _rows(stream: Runs, number: int) -> Arrays:
    context, age = contexts(stream.counts.astype(np.float32), ~stream.bad)
    run = np.arange(len(stream.bad))
    return {
        "context": context,
        "age": age,
        "run": stream.counts.astype(np.float32),
        "target": stream.bad.astype(np.float32),
        "stream": np.full(len(run), number),
        "number": run,
        "event": number * _LONGEST + run,
        "jumped": stream.jumped,
        "dead": stream.dead,
        "wrong": wrong_bins(stream),
    }


def wrong_bins(stream: Runs) -> Array:
    """[runs, bins]: where a bad run has, on average and scaled to its size, 3 standard deviations more or less than if it were good."""
    expected = stream.expected * (stream.actual.sum(axis=1) / stream.expected.sum(axis=1))[:, None]
    noticed = np.abs(stream.actual - expected) > _NOTICED * np.sqrt(np.maximum(expected, 1.0))
    return np.asarray(noticed & stream.bad[:, None])
