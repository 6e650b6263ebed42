"""What there is to see: a decay tree found beside the true one, what became of decays, smaller events, times."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from bartik import plots
from bartik.core import Arrays
from bartik.metrics.decay_trees import CATEGORIES
from bartik.usecases.event_interpretation.stages import STAGES

WANTED = (0.99, 0.45)
"""Published for LHCb's inclusive isolation (arXiv:2511.11487): 45% smaller events with 99% of the signal's particles."""


def figures(arrays: Arrays, metrics: Mapping[str, Mapping[str, Any]]) -> list[tuple[str, str, Figure]]:
    """Title, caption and figure of each."""
    number, names = int(arrays["event|number"]), [_name(*row) for row in zip(arrays["event|pdg"], arrays["event|charge"], strict=True)]
    tree = plots.decay_trees(arrays["event|true"], arrays["event|found"], names)
    found = [(f"Decays of event {number}", "The first test event with a decay of five tracks or more; what the one network found.", tree)]
    counted = {name: np.bincount(arrays[f"outcomes|{name}"][:, 0], minlength=len(CATEGORIES)) for name in metrics}
    became = {name: dict(zip(CATEGORIES, (counts / counts.sum()).tolist(), strict=True)) for name, counts in counted.items()}
    found.append(("What became of true decays", "Of all b decays of two tracks or more.", plots.shares(became)))
    curves = {name: arrays[f"reduction|{name}"] for name in metrics}
    found.append(
        ("Smaller events", "The star: published for LHCb's inclusive isolation, on its own events.", plots.reduction(curves, WANTED))
    )
    by_tracks = {name: arrays[f"perfect|{name}"] for name in metrics}
    found.append(
        (
            "Perfect decays by size",
            "Each track more has to be found and put in its place.",
            plots.efficiency_curves(by_tracks, "tracks of the decay", "perfect"),
        )
    )
    times = dict(zip(STAGES, 1000 * arrays["stages"], strict=True)) | dict(
        zip(("pairs (one)", "one network"), 1000 * arrays["network"], strict=True)
    )
    found.append(("Time by stage", "Mean of the test events, one core: the three stages, then the one network.", plots.stage_times(times)))
    seconds = {name: (arrays["tracks"], 1000 * arrays[f"seconds|{name}"]) for name in metrics}
    found.append(("Time against tracks", "Each point is an event.", plots.time_by_size(seconds, "tracks in the event")))
    return found


_SYMBOLS = {11: "e", 13: "μ", 211: "π", 321: "K", 2212: "p"}


def _name(pdg: int, charge: float) -> str:
    return _SYMBOLS.get(abs(int(pdg)), "track ") + ("$^+$" if charge > 0 else "$^-$")
