"""The published sets of the event-interpretation papers: a dictionary an event in ``input_0.npy`` and ``target_0.npy`` and so on.

Nodes [tracks, 13] are origin, momentum, vertex of the least impact parameter, charge, true vertex; ``senders`` and ``receivers`` name the
tracks of each edge; the target has the generation of its lowest common ancestor, one of four, one-hot (Zenodo 15584745; the description in
github.com/willsutcliffe/scalable_mtl_hgnn). Its unit of momentum is not said there: ``scale`` turns it into GeV.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from bartik.core import Array, DataError
from bartik.data.npy_dict import read_npy_dict
from bartik.metrics.decay_trees import Indices, components
from bartik.usecases.event_interpretation.columns import CLASSES, LEVELS
from bartik.usecases.event_interpretation.event import Event, generations
from bartik.usecases.event_interpretation.truth import columns_of

_NODES = 13


def read_public_events(folder: Path, scale: float = 1.0) -> list[Event]:
    """All events of a folder, by number; an event without ``target`` has no decays."""
    numbers = sorted(
        int(path.stem.removeprefix("input_")) for path in folder.glob("input_*.npy") if path.stem.removeprefix("input_").isdigit()
    )
    if not numbers:
        raise DataError(f"{folder}: no input_0.npy here", hint="the published sets are folders of input_0.npy, target_0.npy ...")
    return [read_public_event(folder, number, scale) for number in numbers]


def read_public_event(folder: Path, number: int, scale: float = 1.0) -> Event:
    """One event; `DataError` names the file and what is wrong with it."""
    path = folder / f"input_{number}.npy"
    values = read_npy_dict(path)
    nodes = _numbers(path, values, "nodes", (-1, _NODES)).astype(np.float64)
    ends = np.stack([_numbers(path, values, name, (-1,)).astype(np.int64) for name in ("senders", "receivers")], axis=1)
    if len(ends) and (ends.min() < 0 or ends.max() >= len(nodes)):
        raise DataError(f"{path}: an edge names track {int(ends.max())} of {len(nodes)}", hint="the file is damaged")
    nodes[:, 3:6] *= scale
    order = np.argsort(-np.hypot(nodes[:, 3], nodes[:, 4]), kind="stable")
    rank = np.argsort(order)
    nodes, ends = nodes[order], rank[ends] if len(ends) else ends
    vertices, place = np.unique(np.concatenate([nodes[:, 6:9], nodes[:, 10:13]]), axis=0, return_inverse=True)
    target = folder / f"target_{number}.npy"
    labels = _labels(target, len(ends)) if target.exists() else np.zeros(len(ends), np.int64)
    tracks = columns_of(nodes[:, :3], nodes[:, 3:6], nodes[:, 9], vertices)
    clusters = clusters_from_pairs(ends, labels, len(nodes), str(target))
    return Event(number, tracks, vertices.astype(np.float32), place.reshape(-1)[len(nodes) :], clusters, np.zeros(len(nodes), np.int64))


def clusters_from_pairs(pairs: Indices, labels: Indices, count: int, source: str) -> Indices:
    """Cluster numbers [count, levels] from generations of some pairs; `DataError` where they are of no tree."""
    found = np.full((count, LEVELS), -1, np.int64)
    members = np.unique(pairs[labels > 0])
    found[members] = members[:, np.newaxis]
    joined = np.zeros((count, count), bool)
    for level in range(1, LEVELS + 1):
        some = pairs[(labels > 0) & (labels <= level)]
        joined[some[:, 0], some[:, 1]] = joined[some[:, 1], some[:, 0]] = True
        for group in components(joined):
            found[sorted(group), level - 1] = min(group)
    wrong = np.flatnonzero(generations(found, *pairs.T) != labels) if len(pairs) else np.zeros(0, np.int64)
    if len(wrong):
        one, other = pairs[wrong[0]].tolist()
        raise DataError(
            f"{source}: generations of {len(wrong)} pairs are of no tree, that of tracks {one} and {other} among them",
            hint="what has a common ancestor with a track has one with all of its decay",
        )
    return found


def _labels(path: Path, edges: int) -> Indices:
    values = _numbers(path, read_npy_dict(path), "edges", (edges, CLASSES))
    if len(values) and not ((values.sum(axis=1) == 1) & ((values == 0) | (values == 1)).all(axis=1)).all():
        raise DataError(f"{path}: edges are not one-hot")
    return np.asarray(values.argmax(axis=1), np.int64)


def _numbers(path: Path, values: dict[str, Any], name: str, shape: tuple[int, ...]) -> Array:
    found = values.get(name)
    if not isinstance(found, np.ndarray):
        raise DataError(f"{path}: no array {name!r}", hint=f"it has {', '.join(sorted(values)) or 'nothing'}")
    if len(found.shape) != len(shape) or any(want not in {-1, got} for want, got in zip(shape, found.shape, strict=True)):
        wanted = " x ".join("any" if size < 0 else str(size) for size in shape)
        raise DataError(f"{path}: {name!r} has shape {found.shape}, wanted {wanted}")
    if not np.isfinite(found.astype(np.float64)).all():
        raise DataError(f"{path}: {name!r} has NaN or infinite values")
    return found
