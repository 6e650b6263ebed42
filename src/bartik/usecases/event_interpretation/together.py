"""What the networks make of the test events, and what cuts and boosted trees make of the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from bartik.core import Arrays, Config, Interval, Progress
from bartik.metrics.decay_trees import mothers_of, roots
from bartik.usecases.event_interpretation import judged
from bartik.usecases.event_interpretation.decays import JOIN
from bartik.usecases.event_interpretation.event import Event
from bartik.usecases.event_interpretation.judged import Interpret, Interpreted, interpreted
from bartik.usecases.event_interpretation.peers import Trees, every_cut
from bartik.usecases.event_interpretation.sources import events_of
from bartik.usecases.event_interpretation.stages import STAGES, OneNetwork, Stage, ThreeStages

ONE, THREE, TREES, CUTS = "one network", "three stages", "boosted trees", "cuts"


def whole(bundles: Mapping[str, Path], config: Config, progress: Progress) -> tuple[dict[str, dict[str, Interval]], Arrays]:
    """Decays, smaller events and times of the networks and of each peer on the test events; arrays for the figures."""
    (validation, _), (test, _) = (events_of(split, config) for split in ("validation", "test"))
    one, three = OneNetwork(Stage.of(bundles["interpreter"], config.run.backend)), ThreeStages.of(bundles, config.run.backend)
    ways: dict[str, Interpret] = {ONE: one, THREE: three}
    ways |= {TREES: Trees(events_of("train", config)[0], config.peers, config.data.seed), CUTS: best_cuts(validation)}
    metrics: dict[str, dict[str, Interval]] = {}
    arrays: Arrays = {"tracks": np.array([len(event) for event in test])}
    for name, way in ways.items():
        before, after = interpreted(way, validation), interpreted(way, test)
        join = judged.best_join(before)
        metrics[name] = judged.metrics(before, after, join)
        arrays |= _curves(name, after, join)
        if name == ONE:
            arrays |= _display(after, join)
        progress(f"{name} (joined above {join}): " + ", ".join(f"{key} {value.value:.4g}" for key, value in metrics[name].items()))
    arrays["stages"] = np.array([np.mean(three.seconds[stage]) for stage in STAGES])
    arrays["network"] = np.array([np.mean(one.seconds[stage]) for stage in ("pairs", "network")])
    return metrics, arrays


def best_cuts(validation: Sequence[Event]) -> Interpret:
    """The cuts with the most perfect decays."""
    return max(every_cut(), key=lambda cuts: judged.perfect_share(interpreted(cuts, validation), JOIN))


def _curves(name: str, test: Interpreted, join: float) -> Arrays:
    became = test.outcomes(join)
    found = {f"outcomes|{name}": np.array([[outcome.category, outcome.tracks] for event in became for outcome in event])}
    found[f"events|{name}"] = np.repeat([event.number for event in test.events], [len(event) for event in became])
    found |= {f"reduction|{name}": judged.reduction_curve(test), f"perfect|{name}": judged.perfect_by_tracks(became)}
    return found | {f"seconds|{name}": test.seconds}


def _display(test: Interpreted, join: float) -> Arrays:
    """The first event whose largest decay has five tracks or more, or else the one with the largest: trees, true and found."""
    sizes = [len(roots(event.decays)[0]) for event in test.events]
    place = next((place for place, size in enumerate(sizes) if size >= 5), int(np.argmax(sizes)))
    event, found = test.events[place], test.found[place].decays(join)
    shown: Arrays = {"event|number": np.array(event.number), "event|pdg": event.pdg, "event|charge": event.tracks[:, 9]}
    return shown | {"event|true": mothers_of(event.decays, len(event)), "event|found": mothers_of(found, len(event))}
