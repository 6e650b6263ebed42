"""Searches without a network, from the ``velopix`` package where it is installed: search by triplet and track following.

D. Campora, N. Neufeld, A. Riscos Nunez, IPDPSW 2019 (search by triplet; https://github.com/dcampora/velopix_tracking).
"""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

import numpy as np

from bartik.data.velo import VeloEvent
from bartik.simulation.velo_geometry import MODULE_Z

Search = Callable[[VeloEvent], list[list[int]]]
_FEWEST_HITS = 3


def peers() -> dict[str, Search]:
    """The searches at hand, by name, with their own defaults; none without the package."""
    if find_spec("velopix") is None:
        return {}
    from velopix.ReconstructionAlgorithms import SearchByTripletTrie, TrackFollowing

    return {"search by triplet": _search(SearchByTripletTrie()), "track following": _search(TrackFollowing())}


def _search(algorithm: Any) -> Search:
    from velopix.DetectorEvent import Event

    def search(event: VeloEvent) -> list[list[int]]:
        fields, original = _filled(event)
        found = [original[[hit.id for hit in track.hits]].tolist() for track in algorithm.solve(Event(fields))]
        return [track for track in found if min(track) >= 0 and len(track) >= _FEWEST_HITS]

    return search


def _filled(event: VeloEvent) -> tuple[dict[str, Any], Any]:
    """The event as the package wants it, with a hit far from all others in every empty module; the number of each hit, -1 for these."""
    sizes = np.diff(event.module_offsets)
    empty = np.flatnonzero(sizes == 0)
    places, away = event.module_offsets[empty], 1e6 * (1.0 + np.arange(len(empty)) ** 2)
    original = np.insert(np.arange(len(event)), places, -1)
    fields: dict[str, Any] = {"description": "", "montecarlo": {}, "t": [0.0] * len(original)}
    fields["module_prefix_sum"] = np.concatenate([[0], np.cumsum(np.maximum(sizes, 1))]).tolist()
    fields |= {"x": np.insert(event.x, places, away).tolist(), "y": np.insert(event.y, places, -away).tolist()}
    return fields | {"z": np.insert(event.z, places, MODULE_Z[empty]).tolist()}, original
