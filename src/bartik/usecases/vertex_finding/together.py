"""What the networks find, and what a histogram and a fit find, in the same events."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np

from bartik.backends import prepare
from bartik.core import Array, Arrays, Config, Interval, Progress, Session
from bartik.core.bundle import open_bundle
from bartik.data.vertex_event import VertexEvent
from bartik.metrics import bootstrap, efficiency
from bartik.metrics.vertices import (
    Vertices,
    distance_to_next,
    false_vertices,
    match_vertices,
    threshold_at_false_rate,
    vertex_curve,
    vertex_efficiency,
)
from bartik.usecases.vertex_finding.beamline import beamline_vertices
from bartik.usecases.vertex_finding.counting import counted
from bartik.usecases.vertex_finding.events import events_of
from bartik.usecases.vertex_finding.rows import histograms, inputs_of
from bartik.usecases.vertex_finding.score import found_in, rates
from bartik.usecases.vertex_finding.targets import FEWEST

Search = Callable[[VertexEvent], Array]
"""From an event to its vertices [found, 2]: z in mm and weight."""
JOINED, SMALL, CHAIN, CLASSICAL = "joined network", "small network", "density, then peaks", "beam line histogram"
VARIABLES: dict[str, Sequence[float]] = {
    "tracks of the vertex": (5, 8, 12, 16, 22, 30, 40, 55, 75, 100, 200),
    "distance to the next vertex [mm]": (0, 0.25, 0.5, 1, 2, 4, 8, 16, 32, 100),
    "vertices in the event": (1, 2, 3, 4, 5, 6, 7, 8, 10, 14),
}


def whole(bundles: Mapping[str, Path], config: Config, progress: Progress) -> tuple[dict[str, dict[str, Interval]], Arrays]:
    """Efficiency, false vertices, resolution, time of each search on the test events, thresholds from the validation events."""
    sessions = {name: prepare(open_bundle(path), config.finders.backend) for name, path in bundles.items()}
    validation, test = (events_of(split, config) for split in ("validation", "test"))
    metrics: dict[str, dict[str, Interval]] = {}
    arrays: Arrays = {}
    for name, search in searches(sessions).items():
        known, _ = _searched(search, validation)
        found, seconds = _searched(search, test)
        threshold = threshold_at_false_rate(_held(known, validation, config), config.finders.allowed)
        vertices, wanted = _held(found, test, config), _counts(test) >= FEWEST
        milliseconds = 1000 * seconds
        metrics[name] = rates(vertices, wanted, threshold) | _as_published(known, validation, found, test, config)
        metrics[name]["ms/event"] = bootstrap(lambda drawn, ms=milliseconds: float(drawn @ ms / drawn.sum()), np.arange(len(test)))  # type: ignore[misc]
        arrays |= _figures_of(name, vertices, test, threshold) | {f"ms|{name}": milliseconds}
        progress(f"{name}: " + ", ".join(f"{key} {value.value:.4g}" for key, value in metrics[name].items()))
    arrays |= {"tracks of events": np.array([len(event) for event in test]), "ms|density": 1000 * _searched(_density(sessions), test)[1]}
    return metrics, arrays | _display(sessions, test, config, arrays)


def searches(sessions: Mapping[str, Session]) -> dict[str, Search]:
    """By name, the joined network first."""
    return {
        JOINED: lambda event: found_in(run(sessions["joined"], event)["vertices"])[0],
        SMALL: lambda event: found_in(run(sessions["small"], event)["vertices"])[0],
        CHAIN: lambda event: found_in(sessions["peaks"].run({"kde": run(sessions["kde"], event)["kde"]})["vertices"])[0],
        CLASSICAL: beamline_vertices,
    }


def _density(sessions: Mapping[str, Session]) -> Search:
    """The first part of `CHAIN` alone, for its time."""
    return lambda event: run(sessions["kde"], event)["kde"]


def run(session: Session, event: VertexEvent) -> Arrays:
    """Outputs for one event."""
    return session.run(inputs_of([event])[0])


def _searched(search: Search, events: Sequence[VertexEvent]) -> tuple[list[Array], Array]:
    """What was found in each event, and in how many seconds."""
    found, seconds = [], []
    for event in events:
        started = time.perf_counter()
        found.append(search(event))
        seconds.append(time.perf_counter() - started)
    return found, np.array(seconds)


def _held(found: Sequence[Array], events: Sequence[VertexEvent], config: Config) -> Vertices:
    """Against every collision."""
    return match_vertices(found, [event.z for event in events], config.finders.window)


def _as_published(
    known: Sequence[Array], validation: Sequence[VertexEvent], found: Sequence[Array], test: Sequence[VertexEvent], config: Config
) -> dict[str, Interval]:
    """Efficiency and false vertices counted as `counting` says, with a threshold of their own."""
    bins = config.bins
    true, others = ([counted(event, bins.low, bins.width, bins.resolution) for event in some] for some in (test, validation))
    chosen = match_vertices(known, [one.z for one in others], [one.window for one in others])
    vertices = match_vertices(found, [one.z for one in true], [one.window for one in true])
    threshold = threshold_at_false_rate(chosen, config.finders.allowed)
    wanted = np.concatenate([one.count for one in true]) >= FEWEST
    names = ("efficiency as published", "false vertices an event as published")
    return dict(zip(names, (vertex_efficiency(vertices, wanted, threshold), false_vertices(vertices, threshold)), strict=True))


def _counts(events: Sequence[VertexEvent]) -> Array:
    return np.concatenate([event.count for event in events])


def _figures_of(name: str, vertices: Vertices, events: Sequence[VertexEvent], threshold: float) -> Arrays:
    """Curve of efficiency against false vertices, efficiency in bins of each variable, offsets of what was found."""
    count = _counts(events)
    wanted = count >= FEWEST
    per_event = np.array([(event.count >= FEWEST).sum() for event in events])
    values = (count, distance_to_next([event.z for event in events]), np.repeat(per_event, [len(event.z) for event in events]))
    found = vertices.best >= threshold
    arrays = {f"curve|{name}": vertex_curve(vertices, wanted), f"threshold|{name}": np.array(threshold)}
    for (variable, edges), value in zip(VARIABLES.items(), values, strict=True):
        arrays[f"{variable}|{name}"] = _binned(found, value, wanted, edges)
    kept = (vertices.weight >= threshold) & (vertices.owner >= 0)
    kept &= np.append(wanted, False)[vertices.owner]
    offsets = np.stack([np.append(count, 0)[vertices.owner[kept]], vertices.offset[kept]], axis=1)
    return arrays | {f"offsets|{name}": offsets}


def _binned(found: Array, value: Array, wanted: Array, edges: Sequence[float]) -> Array:
    """Low and high edge, efficiency, and its interval [bins, 5]."""
    rows = []
    for low, high in pairwise(edges):
        inside = wanted & (value >= low) & (value < high)
        if inside.any():
            share = efficiency(found[inside])
            rows.append([low, high, share.value, share.low, share.high])
    return np.array(rows).reshape(-1, 5)


def _display(sessions: Mapping[str, Session], events: Sequence[VertexEvent], config: Config, arrays: Arrays) -> Arrays:
    """The test event of median size: histograms, what was found, what is true."""
    event = sorted(events, key=len)[len(events) // 2]
    found = {name: run(sessions[part], event) for name, part in ((JOINED, "joined"), (SMALL, "small"))}
    shown = {f"event|histogram|{name}": outputs["histogram"][0] for name, outputs in found.items()}
    for name, outputs in found.items():
        vertices = found_in(outputs["vertices"])[0]
        shown[f"event|found|{name}"] = vertices[vertices[:, 1] >= arrays[f"threshold|{name}"]]
    shown |= {"event|target": histograms([event], config)[0], "event|density": run(sessions["kde"], event)["kde"][0, 0]}
    shown |= {"event|z": event.z, "event|count": event.count, "event|number": np.array(event.number), "event|tracks": event.tracks}
    return shown | {"event|bins": np.array([config.bins.low, config.bins.width, config.bins.resolution])}
