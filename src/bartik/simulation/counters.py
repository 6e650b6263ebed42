"""Random numbers that belong to a place (event, particle, plane) and not to a row of calls, for whole arrays at once.

Each number is a hash of its place, as in the counter-based generators of J. K. Salmon et al., SC'11 (doi:10.1145/2063384.2063405), so that
it is the same whatever else is drawn, in whatever batch. The hash is SplitMix64: G. L. Steele, D. Lea, C. H. Flood, OOPSLA 2014
(doi:10.1145/2660193.2660195).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Keys = npt.NDArray[np.uint64]
Numbers = npt.NDArray[np.float64]
_STEP, _FIRST, _SECOND = (np.uint64(number) for number in (0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB))
_SHIFTS = tuple(np.uint64(bits) for bits in (30, 27, 31, 11))


def event_keys(seed: int, numbers: npt.ArrayLike) -> Keys:
    """A key for each event of a sample by its number [events]."""
    whole = np.asarray(numbers, np.int64).astype(np.uint64).reshape(-1)
    return within(np.full(len(whole), seed % 2**64, np.uint64), whole)


def within(keys: Keys, numbers: npt.ArrayLike) -> Keys:
    """The key of place ``numbers`` within each place of ``keys``; the two broadcast, single ones to arrays of one."""
    return _mixed(_mixed(np.atleast_1d(keys)) + _STEP * (np.atleast_1d(numbers).astype(np.uint64) + np.uint64(1)))


def uniform(keys: Keys, which: int = 0) -> Numbers:
    """One number from 0 (never reached) to 1 for each key; ``which`` tells the numbers of one key apart."""
    bits = within(keys, which) >> _SHIFTS[3]
    return np.asarray((bits.astype(np.float64) + 0.5) * 2.0**-53)


def normal(keys: Keys, which: int = 0) -> tuple[Numbers, Numbers]:
    """Two independent Gaussian numbers of width 1 for each key: G. E. P. Box, M. E. Muller, Ann. Math. Stat. 29 (1958) 610."""
    radius, angle = np.sqrt(-2 * np.log(uniform(keys, 2 * which + 1_000))), 2 * np.pi * uniform(keys, 2 * which + 1_001)
    return radius * np.cos(angle), radius * np.sin(angle)


def poisson(keys: Keys, means: Numbers, which: int = 0) -> npt.NDArray[np.int64]:
    """Whole numbers of a Poisson distribution, by summing its probabilities; for ``means`` up to some hundreds."""
    wanted, means = np.broadcast_arrays(uniform(keys, which), means)
    count, term = np.zeros(wanted.shape, np.int64), np.exp(-means)
    total = term.copy()
    while (below := (wanted > total) & (term > 0)).any():
        count[below] += 1
        term = np.where(below, term * means / np.maximum(count, 1), term)
        total = np.where(below, total + term, total)
    return count


def _mixed(keys: Keys) -> Keys:
    keys = keys + _STEP
    keys = (keys ^ (keys >> _SHIFTS[0])) * _FIRST
    keys = (keys ^ (keys >> _SHIFTS[1])) * _SECOND
    return np.asarray(keys ^ (keys >> _SHIFTS[2]))
