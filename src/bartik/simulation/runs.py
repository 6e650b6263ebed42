"""Histograms of a detector run by run: conditions that drift and jump, runs that went wrong.

The public toy of DINAMO (A. Gavrikov, J. Garcia Pardinas, A. Garfagnini, arXiv:2501.19237, configuration of its repository): a Gaussian of
2,000 to 20,000 entries in 100 bins. Its mean follows a slow sine; mean and width jump to another place now and then and stay there until
the next jump; in the upper half a share of 0.4 is added to a run or taken from it, at random. One run in ten is bad: its mean and its
width are elsewhere (nine in ten each), and 1 to 19 bins are dead.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.random import Generator

from bartik.core import Array, UsageError

EDGES = np.linspace(-5.0, 5.0, 101)
"""Of the bins, in widths of the first run."""
BINS = len(EDGES) - 1
_HALF = BINS // 2


@dataclass(frozen=True)
class Conditions:
    """What happens to the runs; the defaults are those of the publication."""

    bad: float = 0.1  # share of the runs
    entries: tuple[int, int] = (2000, 20000)
    drift: float = 0.5  # amplitude of the mean's sine
    half_period: int = 500  # runs
    jump: float = 0.005  # probability of a run, for the mean and for the width
    mean_jump: tuple[float, float] = (0.5, 1.5)
    width_jump: tuple[float, float] = (0.1, 0.4)
    moved: float = 0.9  # share of the bad runs with another mean, and of those with another width
    mean_moved: tuple[float, float] = (0.25, 0.75)
    width_moved: tuple[float, float] = (0.05, 0.2)
    dead: tuple[int, int] = (1, 19)  # bins of a bad run
    systematic: float = 0.4  # share that the upper half gains or loses


class Runs(NamedTuple):
    """Of each run in the order of time; arrays are [runs], or [runs, bins] where said."""

    counts: Array  # [runs, bins], int64
    bad: Array  # bool
    jumped: Array  # bool: mean or width is elsewhere since this run
    dead: Array  # [runs, bins], bool
    expected: Array  # [runs, bins]: entries that this run would have on average if nothing were wrong with it
    states: Array  # [runs, 2, bins]: shares of its entries then, in both states of the upper half
    actual: Array  # [runs, bins]: entries that it has on average


def generate_runs(runs: int, seed: int, conditions: Conditions | None = None) -> Runs:
    """A stream of ``runs``; the same seed gives the same stream.

    >>> stream = generate_runs(50, seed=1)
    >>> stream.counts.shape, int(stream.bad.sum())
    ((50, 100), 5)
    """
    if runs < 1:
        raise UsageError(f"{runs} runs: wanted one or more")
    known, random = conditions or Conditions(), np.random.default_rng([seed, 0xD0])
    bad = np.zeros(runs, bool)
    bad[random.choice(runs, size=round(known.bad * runs), replace=False)] = True
    mean = known.drift * np.sin(np.arange(runs) * math.pi / known.half_period)
    mean_jumps, mean_shift = _jumps(random, runs, known.jump, known.mean_jump)
    width_jumps, width_shift = _jumps(random, runs, known.jump, known.width_jump)
    mean, width = mean + mean_shift, 1.0 + width_shift
    wrong_mean = mean + _moves(random, bad, known.moved, known.mean_moved)
    wrong_width = width + _moves(random, bad, known.moved, known.width_moved)
    entries = random.integers(*known.entries, size=runs)
    sign = random.choice([-1.0, 1.0], size=(runs, 1))
    dead = _dead(random, bad, known.dead)
    share = np.where(np.arange(BINS) < _HALF, 1.0, 1.0 + sign * known.systematic)
    return Runs(
        counts=np.where(dead, 0, _counts(random, entries, shares(wrong_mean, wrong_width), sign, known.systematic)),
        bad=bad,
        jumped=mean_jumps | width_jumps,
        dead=dead,
        expected=entries[:, None] * shares(mean, width) * share,
        states=_states(shares(mean, width), known.systematic),
        actual=np.where(dead, 0.0, entries[:, None] * shares(wrong_mean, wrong_width) * share),
    )


def shares(mean: Array, width: Array) -> Array:
    """Of a Gaussian's entries in each bin [runs, bins]; what lies beyond the histogram is missing."""
    from scipy.special import ndtr  # noqa: PLC0415 - a quarter of a second that other toys need not wait for

    return np.asarray(np.diff(ndtr((EDGES - mean[:, None]) / width[:, None]), axis=1))


def _jumps(random: Generator, runs: int, probability: float, sizes: tuple[float, float]) -> tuple[Array, Array]:
    """Where there is one, and by how much each run is elsewhere: until the next jump, which begins from the start."""
    jumped = random.random(runs) < probability
    places = np.flatnonzero(jumped)
    sizes_of = random.choice([-1.0, 1.0], size=len(places)) * random.uniform(*sizes, size=len(places))
    return jumped, np.concatenate([[0.0], sizes_of])[np.cumsum(jumped)]


def _moves(random: Generator, bad: Array, share: float, sizes: tuple[float, float]) -> Array:
    moved = np.zeros(len(bad))
    places = np.flatnonzero(bad)
    chosen = random.choice(places, size=int(share * len(places)), replace=False)
    moved[chosen] = random.choice([-1.0, 1.0], size=len(chosen)) * random.uniform(*sizes, size=len(chosen))
    return moved


def _dead(random: Generator, bad: Array, how_many: tuple[int, int]) -> Array:
    dead = np.zeros((len(bad), BINS), bool)
    for run in np.flatnonzero(bad):
        dead[run, random.choice(BINS, size=random.integers(how_many[0], how_many[1] + 1), replace=False)] = True
    return dead


def _states(probability: Array, systematic: float) -> Array:
    """[runs, 2, bins], normalised: with and without that share of the upper half."""
    half = np.arange(BINS) >= _HALF
    both = np.stack([np.where(half, 1 + sign * systematic, 1.0) * probability for sign in (-1, 1)], axis=1)
    return np.asarray(both / both.sum(axis=2, keepdims=True))


def _counts(random: Generator, entries: Array, probability: Array, sign: Array, systematic: float) -> Array:
    inside = np.concatenate([probability, 1 - probability.sum(axis=1, keepdims=True)], axis=1).clip(min=0)
    counts = random.multinomial(entries, inside / inside.sum(axis=1, keepdims=True))[:, :-1]
    changed = random.binomial(counts[:, _HALF:], systematic)
    counts[:, _HALF:] += sign.astype(np.int64) * changed
    return counts
