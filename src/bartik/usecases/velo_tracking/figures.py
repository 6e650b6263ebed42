"""What there is to see: efficiencies, times, an event."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from bartik import plots
from bartik.core import Array, Arrays
from bartik.simulation.velo_geometry import sensor_corners
from bartik.usecases.velo_tracking.finder import STAGES
from bartik.usecases.velo_tracking.kinds import VARIABLES


def figures(arrays: Arrays, metrics: dict[str, dict[str, object]]) -> list[tuple[str, str, Figure]]:
    """Efficiency against momentum, pseudorapidity and occupancy; times by stage and by occupancy; one event."""
    number = int(arrays["event|number"])
    found = [(f"Event {number}", "Tracks of the networks in the test event of median size.", plots.velo_event(_event(arrays)))]
    for kind, text in (
        ("long", "Particles that reach the stations behind the magnet."),
        ("electron", "Most are from photons in material."),
    ):
        for variable in VARIABLES:
            curves = {name: arrays[f"{kind}|{variable}|{name}"] for name in metrics}
            figure = plots.efficiency_curves(curves, variable, f"efficiency ({kind})")
            found.append((f"Efficiency of {kind} particles against {variable}", text, figure))
    stages = {stage: 1000 * float(np.mean(arrays["stages"][place])) for place, stage in enumerate(STAGES)}
    found.append(("Time by stage", "Mean of the test events, one core; graph building is in it.", plots.stage_times(stages)))
    seconds = {name: (arrays["hits"], 1000 * arrays[f"seconds|{name}"]) for name in metrics}
    found.append(("Time against hits", "Each point is an event.", plots.time_by_size(seconds, "hits in the event")))
    return found


def _event(arrays: Arrays) -> plots.Drawn:
    hits = arrays["event|positions"].astype(np.float64)
    tracks = np.split(arrays["event|hits"], arrays["event|offsets"][1:-1]) if len(arrays["event|offsets"]) > 1 else []
    kinds = ("found", "electron", "ghost")
    drawn = {kind: [hits[t] for t, k in zip(tracks, arrays["event|kind"], strict=True) if kinds[int(k)] == kind] for kind in kinds}
    offsets = arrays["event|truth_offsets"]
    drawn["missed"] = [_along(hits, arrays["event|truth_hits"][offsets[k] : offsets[k + 1]]) for k in arrays["event|missed"]]
    used = np.zeros(len(hits), bool)
    used[arrays["event|hits"]] = True
    return plots.Drawn(hits, used, drawn, sensor_corners(), title=f"event {int(arrays['event|number'])}", note=f"{len(tracks)} tracks")


def _along(hits: Array, which: Array) -> Array:
    points = hits[which]
    return points[np.argsort(points[:, 2])]
