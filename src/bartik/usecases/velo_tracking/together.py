"""What the four networks find together, and what others find in the same events."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np

from bartik.core import Array, Arrays, Config, Interval, Progress
from bartik.data.velo import VeloEvent
from bartik.metrics import Matches, bootstrap, efficiency_by, ghost_rate, match_tracks, performance
from bartik.usecases.velo_events import SplitEvents
from bartik.usecases.velo_tracking.finder import STAGES, Finder, ragged
from bartik.usecases.velo_tracking.graph import positions
from bartik.usecases.velo_tracking.kinds import KINDS, VARIABLES, particles
from bartik.usecases.velo_tracking.peers import peers

Search = Callable[[VeloEvent], list[list[int]]]
NETWORK = "graph network"
_FEWEST = 20
"""Particles of a bin that is drawn."""


def whole(bundles: Mapping[str, Path], config: Config, progress: Progress) -> tuple[dict[str, dict[str, Interval]], Arrays]:
    """Efficiencies, clones, ghosts and times of the networks and of each peer on the test events; arrays for the figures."""
    found = SplitEvents("test", config)
    events = list(found)
    progress(f"test: {found}")
    finder = Finder(bundles, config.tracks)
    metrics: dict[str, dict[str, Interval]] = {}
    arrays: Arrays = {"hits": np.array([len(event) for event in events])}
    searches: dict[str, Search] = {NETWORK: lambda event: finder.find(positions(event)), **peers()}
    if len(searches) == 1:
        progress("no peers: pip install velopix")
    for name, search in searches.items():
        matches, seconds = _searched(search, events)
        metrics[name] = _metrics(events, matches, seconds)
        arrays |= {f"seconds|{name}": seconds} | _curves(name, events, matches)
        progress(f"{name}: " + ", ".join(f"{key} {value.value:.4g}" for key, value in metrics[name].items()))
    arrays["stages"] = np.array([finder.seconds[stage] for stage in STAGES])
    return metrics, arrays | _display(finder, events)


def _searched(search: Search, events: Sequence[VeloEvent]) -> tuple[list[Matches], Array]:
    matches, seconds = [], []
    for event in events:
        started = time.process_time()  # other work on the machine does not count
        tracks = search(event)
        seconds.append(time.process_time() - started)
        assert event.truth is not None  # noqa: S101 - events are read with truth
        matches.append(match_tracks(*ragged(tracks), event.truth.hits, event.truth.offsets))
    return matches, np.array(seconds)


def _metrics(events: Sequence[VeloEvent], matches: Sequence[Matches], seconds: Array) -> dict[str, Interval]:
    found = {"ghost rate": ghost_rate(matches)} if sum(len(match.particle) for match in matches) else {}
    for name, wanted in KINDS.items():
        masks = [wanted(particles(event)) for event in events]
        if any(mask.any() for mask in masks):
            quality = performance(matches, masks)
            found[f"{name} efficiency"] = quality.efficiency
            if name in {"Velo", "long", "electron"}:
                found[f"{name} clone rate"] = quality.clone_rate
            if name == "Velo":
                found |= {"hit purity": quality.hit_purity, "hit efficiency": quality.hit_efficiency}
    milliseconds = 1000 * seconds
    found["ms/event"] = bootstrap(lambda drawn: float(drawn @ milliseconds / drawn.sum()), np.arange(len(events)))
    return found


def _curves(name: str, events: Sequence[VeloEvent], matches: Sequence[Matches]) -> Arrays:
    """Efficiency of each kind in bins of each variable that have enough: low and high edge, value, low and high end [bins, 5]."""
    curves: Arrays = {}
    for kind in ("long", "electron"):
        masks = [KINDS[kind](particles(event)) for event in events]
        for variable, (values, edges) in VARIABLES.items():
            bins = efficiency_by(matches, masks, [values(event) for event in events], edges)
            counts = np.histogram(np.concatenate([values(event)[mask] for event, mask in zip(events, masks, strict=True)]), edges)[0]
            many = {(low, high) for (low, high), count in zip(pairwise(edges), counts.tolist(), strict=True) if count >= _FEWEST}
            rows = [[*place, found.value, found.low, found.high] for place, found in bins.items() if place in many]
            curves[f"{kind}|{variable}|{name}"] = np.array(rows).reshape(-1, 5)
    return curves


def _display(finder: Finder, events: Sequence[VeloEvent]) -> Arrays:
    """The event of median size: hits, tracks, which particle each has, and the particles."""
    event = sorted(events, key=len)[len(events) // 2]
    assert event.truth is not None  # noqa: S101 - events are read with truth
    hits, offsets = ragged(finder.find(positions(event)))
    match = match_tracks(hits, offsets, event.truth.hits, event.truth.offsets)
    electron = np.append(particles(event)["electron"], False)[match.particle]
    return {
        "event|number": np.array(event.number),
        "event|positions": positions(event),
        "event|hits": hits,
        "event|offsets": offsets,
        "event|kind": np.where(match.particle < 0, 2, np.where(electron, 1, 0)),
        "event|missed": np.flatnonzero((match.tracks == 0) & particles(event)["Velo"]),
        "event|truth_hits": event.truth.hits,
        "event|truth_offsets": event.truth.offsets,
    }
