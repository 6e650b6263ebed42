"""What there is to see: efficiency against false vertices, in bins, resolution, an event."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from matplotlib.figure import Figure

from bartik import plots
from bartik.core import Array, Arrays
from bartik.metrics.resampling import COVERAGE
from bartik.usecases.vertex_finding.targets import resolution
from bartik.usecases.vertex_finding.together import CHAIN, VARIABLES

_TRACKS = (5, 8, 12, 16, 22, 30, 40, 55, 75, 100, 200)
_FEWEST = 10  # vertices for a point of the resolution
_DRAWN = 500  # events, as points


def figures(arrays: Arrays, metrics: dict[str, dict[str, object]]) -> list[tuple[str, str, Figure]]:
    """The curve, efficiencies, resolution, and the test event of median size as each network sees it."""
    curves = {name: arrays[f"curve|{name}"] for name in metrics}
    points = {name: _point(arrays[f"curve|{name}"], float(arrays[f"threshold|{name}"])) for name in metrics}
    text = "The threshold on the weight of a vertex runs along each curve; the marks are the working points, chosen on other events."
    found = [("Efficiency against false vertices", text, plots.vertex_curves(curves, points))]
    for variable in VARIABLES:
        binned = {name: arrays[f"{variable}|{name}"] for name in metrics}
        figure = plots.efficiency_curves(binned, variable, "efficiency", logarithmic=variable.startswith("distance"))
        found.append(
            (f"Efficiency against {variable.partition(' [')[0]}", "Of vertices with five tracks or more, at the working point.", figure)
        )
    widths = {name: _widths(arrays[f"offsets|{name}"]) for name in metrics}
    expected = np.stack([np.arange(5, 151), 1000 * arrays["event|bins"][2] * resolution(np.arange(5, 151))], axis=1)
    text = "Half of the width that holds 68.3% of the distances to the true vertex. The line is the width of the peaks that are learned."
    found.append(("Resolution along the beam", text, plots.vertex_resolution(widths, expected)))
    found += _times(arrays, list(metrics))
    seen = [name for name in metrics if f"event|histogram|{name}" in arrays]
    number = int(arrays["event|number"])
    found += [(f"One event, {name}", f"Test event {number}, of median size.", _event(arrays, name)) for name in seen]
    return found


def _times(arrays: Arrays, names: list[str]) -> list[tuple[str, str, Figure]]:
    """Of each search in each event, and of the two stages of the chain."""
    mean = {name: float(arrays[f"ms|{name}"].mean()) for name in names}
    density = float(arrays["ms|density"].mean())
    stages = {"density": density, "peaks of it": max(0.0, mean[CHAIN] - density)} | {name: mean[name] for name in names if name != CHAIN}
    text = "Mean of the test events with the backend of the run: both parts of the chain, then the others."
    sizes = {name: (arrays["tracks of events"][:_DRAWN], arrays[f"ms|{name}"][:_DRAWN]) for name in names}
    return [
        ("Time by stage", text, plots.stage_times(stages)),
        ("Time against tracks", "Each point is an event.", plots.time_by_size(sizes, "tracks in the event")),
    ]


def _point(curve: Array, threshold: float) -> tuple[float, float]:
    """Efficiency and false vertices at the threshold."""
    place = min(int(np.searchsorted(curve[:, 2], threshold)), len(curve) - 1)
    return float(curve[place, 0]), float(curve[place, 1])


def _widths(offsets: Array) -> Array:
    """Low and high edge, width in um, and its interval [bins, 5]."""
    rows = []
    for low, high in pairwise(_TRACKS):
        some = 1000 * offsets[(offsets[:, 0] >= low) & (offsets[:, 0] < high), 1]
        if len(some) >= _FEWEST:
            left, right = np.quantile(some, [(1 - COVERAGE) / 2, (1 + COVERAGE) / 2])
            width = float(right - left) / 2
            error = width / np.sqrt(2 * len(some))
            rows.append([low, high, width, width - error, width + error])
    return np.array(rows).reshape(-1, 5)


def _event(arrays: Arrays, name: str) -> Figure:
    low, width, _ = arrays["event|bins"].tolist()
    found, true = arrays[f"event|found|{name}"], np.stack([arrays["event|z"], arrays["event|count"].astype(np.float64)], axis=1)
    histograms = {"density of tracks": arrays["event|density"], name: arrays[f"event|histogram|{name}"]}
    return plots.vertex_event(histograms, low, width, found, true)
