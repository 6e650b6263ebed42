"""Runs of the toy, each with the good runs before it."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from bartik.core import Array, Arrays, Config, ConfigError, DataError, Dataset, Split
from bartik.simulation.runs import Conditions, Runs, generate_runs
from bartik.usecases.data_quality.columns import MEMORY
from bartik.usecases.data_quality.histograms import read_stream

_FIRST = {"test": 0, "validation": 500, "train": 700}
_LONGEST = 1_000_000
NOTICED = 3.0
"""Standard deviations from which on a bin is called wrong."""
_SHARES = {"train": (0.0, 0.5), "validation": (0.5, 0.7), "test": (0.7, 1.0)}
"""Of a file of runs, in the order of time."""


def data(split: Split, config: Config) -> Dataset:
    """Runs of ``data.streams`` streams, in order; the target is 1 for bad ones.

    Spectators: ``stream``, ``number`` (of the run in its stream), ``event`` (a number of its own), ``historical`` (its label
    helps to choose thresholds), ``jumped``; ``dead``, ``wrong`` [rows, bins]:
    bins that are dead, and those in which a bad run has 3 standard deviations more or less than it would have were it good.
    """
    if config.data.path:
        return _own(Path(config.data.path), split, int(config.data.historical))
    streams, runs = int(config.data.streams[split]), int(config.data.runs[split])
    if streams < 1 or not config.data.historical < runs < _LONGEST:
        raise ConfigError(f"data: {streams} streams of {runs} runs in {split}", hint="wanted more runs than data.historical")
    numbers = range(_FIRST[split], _FIRST[split] + streams)
    happens = Conditions(jump=config.data.jump) if split == "train" else Conditions()
    parts = [_rows(generate_runs(runs, seed_of(config, number), happens), number) for number in numbers]
    rows = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    rows["historical"] = rows["number"] < config.data.historical
    return _dataset(rows, f"toy, {streams} streams of {runs} runs, seed {config.data.seed}")


def seed_of(config: Config, stream: int) -> int:
    """Of the toy's stream with this number."""
    return 1000 * int(config.data.seed) + int(stream)


def _own(path: Path, split: Split, historical: int) -> Dataset:
    """A part of a file of labelled runs; those before it are the context of its first ones."""
    stream = read_stream(path)
    first, last = (int(share * len(stream.good)) for share in _SHARES[split])
    if last - first <= historical:
        reason = f"{path}: {last - first} of its {len(stream.good)} runs for {split}, of which {historical} choose the threshold"
        raise DataError(reason, hint="give more runs, or --set data.historical=...")
    if stream.good[first:last].all():
        raise DataError(f"{path}: no bad run in {split}", hint="a threshold is chosen, and judged, on runs that were found bad")
    nothing = np.zeros(stream.counts.shape, bool)
    rows = _columns(stream.counts, ~stream.good, 0) | {"jumped": nothing[:, 0], "dead": nothing, "wrong": nothing}
    rows["historical"] = np.arange(len(stream.good)) < first + historical
    return _dataset({name: values[first:last] for name, values in rows.items()}, f"{path.name}, runs {first} to {last - 1}")


def _dataset(rows: Arrays, source: str) -> Dataset:
    spectators = {name: values for name, values in rows.items() if name not in ("context", "age", "run", "target")}
    return Dataset({name: rows[name] for name in ("context", "age", "run")}, rows["target"], spectators=spectators, source=source)


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
    known = {"jumped": stream.jumped, "dead": stream.dead, "wrong": wrong_bins(stream)}
    return _columns(stream.counts, stream.bad, number) | known


def _columns(counts: Array, bad: Array, number: int) -> Arrays:
    context, age = contexts(counts.astype(np.float32), ~bad)
    run = np.arange(len(bad))
    named = {"stream": np.full(len(run), number), "number": run, "event": number * _LONGEST + run}
    return named | {"context": context, "age": age, "run": counts.astype(np.float32), "target": bad.astype(np.float32)}


def wrong_bins(stream: Runs) -> Array:
    """[runs, bins]: where a bad run has, on average and scaled to its size, 3 standard deviations more or less than if it were good."""
    expected = stream.expected * (stream.actual.sum(axis=1) / stream.expected.sum(axis=1))[:, None]
    noticed = np.abs(stream.actual - expected) > NOTICED * np.sqrt(np.maximum(expected, 1.0))
    return np.asarray(noticed & stream.bad[:, None])
