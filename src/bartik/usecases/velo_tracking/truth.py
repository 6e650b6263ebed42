"""True doublets and triplets of an event: hits that one particle made in modules it crossed one after the other."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bartik.data.velo import VeloEvent

Indices = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Doublets:
    """Hits ``first`` and ``second`` [doublets] of ``particle`` [doublets], sorted by particle and first hit."""

    first: Indices
    second: Indices
    particle: Indices


def true_doublets(event: VeloEvent) -> Doublets:
    """Each hit of a particle with each of its hits in the next module that has one: two in a module make two doublets."""
    assert event.truth is not None  # noqa: S101 - events are read with truth
    owner = np.repeat(np.arange(len(event.truth)), np.diff(event.truth.offsets))
    return doublets_of(event.truth.hits, owner, event.modules)


def doublets_of(hits: Indices, owner: Indices, modules: Indices) -> Doublets:
    """Likewise of ``hits`` [n], the particles ``owner`` [n] that made them, and the module of each hit of the event."""
    rows = np.unique(np.stack([owner, modules[hits], hits]), axis=1) if len(hits) else np.zeros((3, 0), np.int64)
    starts = np.flatnonzero(np.diff(rows[0], prepend=-1) | np.diff(rows[1], prepend=-1)) if rows.shape[1] else np.zeros(0, np.int64)
    group = np.repeat(np.arange(len(starts)), np.diff(np.append(starts, rows.shape[1])))
    sizes = np.append(np.diff(np.append(starts, rows.shape[1])), 0)
    last = np.append(rows[0][starts[1:]] != rows[0][starts[:-1]], True) if len(starts) else np.zeros(0, bool)
    following = np.where(last[group], len(starts), group + 1)
    counts = sizes[following]
    first = np.repeat(np.arange(rows.shape[1]), counts)
    begin = np.append(starts, 0)[following]
    second = np.repeat(begin, counts) + np.arange(len(first)) - np.repeat(np.cumsum(counts) - counts, counts)
    return Doublets(rows[2][first], rows[2][second], rows[0][first])


def label_doublets(first: Indices, second: Indices, true: Doublets, hits: int) -> npt.NDArray[np.bool_]:
    """Which doublets of a graph are true [doublets]."""
    return np.isin(first * hits + second, true.first * hits + true.second)


def label_triplets(first: Indices, second: Indices, one: Indices, other: Indices, true: Doublets, hits: int) -> npt.NDArray[np.bool_]:
    """Which triplets, doublet ``one`` behind doublet ``other`` [triplets] of the graph ``first`` to ``second``, one particle made."""
    before, after = true_triplets(true, hits)
    keys = first * hits + second
    known = np.unique(np.concatenate([keys, before, after]))
    size = len(known)
    wanted = np.searchsorted(known, before) * size + np.searchsorted(known, after)
    return np.isin(np.searchsorted(known, keys[one]) * size + np.searchsorted(known, keys[other]), wanted)


def true_triplets(true: Doublets, hits: int) -> tuple[Indices, Indices]:
    """Every two doublets of a particle that share a hit, each as ``first * hits + second``."""
    begins = true.particle * hits + true.first
    order = np.argsort(begins, kind="stable")
    ends = true.particle * hits + true.second
    low, high = (np.searchsorted(begins[order], ends, side=side) for side in ("left", "right"))
    one = np.repeat(np.arange(len(ends)), high - low)
    other = order[np.repeat(low, high - low) + np.arange(len(one)) - np.repeat(np.cumsum(high - low) - (high - low), high - low)]
    keys = true.first * hits + true.second
    return keys[one], keys[other]
