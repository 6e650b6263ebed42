"""Event interpretation of a run against boosted trees and cuts: decays, smaller events, time by stage, scaling with tracks, backends.

    python benchmarks/event_interpretation.py RUN [--events N] [--rounds N] [--json FILE]

RUN is the folder of `bartik run event_interpretation`. On its test events, all in this process on one core: what became of true decays, how
much of an event is dropped where 99% of the tracks of b decays are kept (cut chosen on the validation events), differences between each two
that follow one another, event by event; then the time of each stage on each backend, and of events of 50 to 2000 tracks, made of the test
events put together.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from bartik.core import Array, Arrays, BartikError, UsageError, load_config
from bartik.core.bundle import open_bundle
from bartik.core.files import read_json, write_json
from bartik.core.plugins import usecase_folder
from bartik.core.provenance import revision
from bartik.metrics.decay_trees import PERFECT
from bartik.metrics.paired import paired_bootstrap
from bartik.profile.machine import machine
from bartik.usecases import event_interpretation
from bartik.usecases.event_interpretation.capacity import room_for
from bartik.usecases.event_interpretation.columns import LEVELS
from bartik.usecases.event_interpretation.event import Event
from bartik.usecases.event_interpretation.graph import LOOSE, candidate_pairs
from bartik.usecases.event_interpretation.sources import events_of
from bartik.usecases.event_interpretation.stages import NETWORKS, STAGES, OneNetwork, Stage, ThreeStages, whole_graph
from bartik.workflow.results import plain

BACKENDS = ("onnxruntime", "native")
SIZES = (50, 100, 200, 500, 1000, 2000)


def main(arguments: list[str]) -> int:
    """Run, print the tables, and write the JSON where asked."""
    options = _parser().parse_args(arguments)
    try:
        found = measure(options.run, options.events, options.rounds)
    except BartikError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    print(table(found))
    if options.json:
        write_json(options.json, found)
    return 0


def measure(run: Path, some: int, rounds: int) -> dict[str, Any]:
    """Metrics by way, differences, seconds by stage and backend and by number of tracks."""
    bundles = {part: run / part / "bundle" for part in event_interpretation.parts}
    if not all(path.is_dir() for path in bundles.values()):
        raise UsageError(f"{run}: no run of event_interpretation here", hint="bartik run event_interpretation --out RUN")
    config = load_config(usecase_folder(event_interpretation), settings=_settings(run))
    with threadpool_limits(1):
        metrics, arrays = event_interpretation.whole(bundles, config, lambda line: print(line, file=sys.stderr))
        events = events_of("test", config)[0][:some]
        stages = {backend: _stages(bundles, backend, events) for backend in BACKENDS}
        sizes = {backend: _sizes(bundles, backend, events, rounds) for backend in BACKENDS}
    found = {"metrics": {name: plain(values) for name, values in metrics.items()}, "differences": _differences(list(metrics), arrays)}
    used = {part: read_json(path / "bundle.json").get("digest", "") for part, path in bundles.items()}
    found["dropped"] = {name: _dropped(arrays[f"reduction|{name}"]) for name in metrics}
    found |= {"stages": stages, "sizes": sizes, "events": len(arrays["tracks"]), "tracks": float(arrays["tracks"].mean())}
    return found | {"machine": machine(), "code": revision(Path(__file__).parent), "bundles": used}


def table(found: Mapping[str, Any]) -> str:
    """Tables in Markdown: ways, differences, stages, sizes."""
    names = list(found["metrics"])
    lines = [f"{found['events']} test events, {found['tracks']:.0f} tracks each; intervals are 68.3%.", ""]
    lines += _rows(
        ["", *names], ([key, *(_cell(key, found["metrics"][name][key]) for name in names)] for key in found["metrics"][names[0]])
    )
    differences = (
        [name, f"{100 * v['value']:.1f} [{100 * v['low']:.1f}, {100 * v['high']:.1f}]"] for name, v in found["differences"].items()
    )
    lines += ["", *_rows(["perfect, in points", "difference"], differences)]
    lines += [
        "",
        *_rows(
            ["tracks dropped", *names], [["where 99% of the b tracks are kept", *(f"{100 * v:.1f}%" for v in found["dropped"].values())]]
        ),
    ]
    keys = list(found["stages"][BACKENDS[0]])
    lines += [
        "",
        *_rows(["ms an event", *BACKENDS], ([key, *(f"{1000 * found['stages'][name][key]:.2f}" for name in BACKENDS)] for key in keys)),
    ]
    columns = [f"{way}, {backend}" for backend in BACKENDS for way in ("one network", "three stages")]
    cells = (
        [str(size), *(f"{1000 * found['sizes'][b][way][str(size)]:.1f}" for b in BACKENDS for way in ("one", "three"))] for size in SIZES
    )
    return "\n".join([*lines, "", *_rows(["tracks (ms an event)", *columns], cells)])


def _dropped(curve: Array) -> float:
    """Share of all tracks of the test events that may be dropped where 99% of those of b decays are kept."""
    kept, dropped = curve[np.argsort(curve[:, 0])].T
    return float(np.interp(0.99, kept, dropped))


def _settings(run: Path) -> list[str]:
    """The data of the run's one network, so that its test events are tested on."""
    values = read_json(run / "interpreter" / "bundle" / "bundle.json")["provenance"]["configuration"]["data"]
    return [f"data.{key}={value}" for key, value in values.items() if value != ""]


def _differences(names: Sequence[str], arrays: Arrays) -> dict[str, dict[str, float]]:
    """How many more of the true decays each has perfect than the next, with the events drawn anew for both together."""
    perfect = {name: arrays[f"outcomes|{name}"][:, 0] == PERFECT for name in names}
    found = {}
    for one, other in pairwise(names):

        def shares(rows: Any, one: str = one, other: str = other) -> tuple[dict[str, float], dict[str, float]]:
            return {"perfect": float(perfect[one][rows].mean())}, {"perfect": float(perfect[other][rows].mean())}

        difference = paired_bootstrap(shares, arrays[f"events|{one}"])["perfect"].difference
        found[f"{one} - {other}"] = {"value": difference.value, "low": difference.low, "high": difference.high}
    return found


def _stages(bundles: Mapping[str, Path], backend: str, events: Sequence[Event]) -> dict[str, float]:
    """Median seconds an event of every stage, and of the trees made of what it says."""
    three, one = _ways(bundles, backend, events)
    trees = []
    for event in [*events[:3], *events]:
        three(event.tracks, event.vertices)
        found = one(event.tracks, event.vertices)
        trees.append(_seconds(lambda found=found: found.decays(0.5)))
    stages = {f"three stages: {stage}": float(np.median(three.seconds[stage][3:])) for stage in STAGES}
    stages |= {f"one network: {stage}": float(np.median(one.seconds[stage][3:])) for stage in ("pairs", "network")}
    return stages | {"trees": float(np.median(trees[3:]))}


def _sizes(bundles: Mapping[str, Path], backend: str, events: Sequence[Event], rounds: int) -> dict[str, dict[str, float]]:
    """Seconds of events of so many tracks, the best of some rounds."""
    tracks, vertices = np.concatenate([event.tracks for event in events]), events[0].vertices
    found: dict[str, dict[str, float]] = {"one": {}, "three": {}}
    for size in SIZES:
        rows = np.random.default_rng(size).permutation(len(tracks))[:size]
        some = tracks[rows][np.argsort(-np.hypot(tracks[rows, 3], tracks[rows, 4]))]
        three, one = _ways(bundles, backend, [replace(events[0], **_alone(some))])
        for name, way in (("one", one), ("three", three)):
            found[name][str(size)] = min(_seconds(lambda way=way, some=some: way(some, vertices)) for _ in range(rounds))
    return found


def _ways(bundles: Mapping[str, Path], backend: str, events: Sequence[Event]) -> tuple[ThreeStages, OneNetwork]:
    """Both, on compiled code with room for all of the ``events``."""
    if backend != "native":
        return ThreeStages.of(bundles, backend), OneNetwork(Stage.of(bundles["interpreter"], backend))
    signature = open_bundle(bundles["interpreter"]).signature
    sizes = room_for(signature, [whole_graph(event.tracks, event.vertices) for event in events])
    loose = [{"pairs": candidate_pairs(event.tracks, LOOSE)} for event in events]
    few = {"tracks": sizes["tracks"], "pairs": max(sizes["pairs"], 1 + max(len(graph["pairs"]) for graph in loose))}
    stages = {name: Stage.of(bundles[name], backend, few) for name in NETWORKS}
    return ThreeStages(stages), OneNetwork(Stage.of(bundles["interpreter"], backend, sizes))


def _alone(tracks: Array) -> dict[str, Array]:
    """Fields of an event of these tracks and no truth."""
    nothing = np.full(len(tracks), -1)
    return {"tracks": tracks, "vertex": nothing, "pdg": nothing, "clusters": np.full((len(tracks), LEVELS), -1)}


def _seconds(function: Callable[[], object]) -> float:
    started = time.perf_counter()
    function()
    return time.perf_counter() - started


def _rows(head: Sequence[str], rows: Any) -> list[str]:
    return [f"| {' | '.join(head)} |", "|---" * len(head) + "|", *(f"| {' | '.join(row)} |" for row in rows)]


def _cell(key: str, value: Mapping[str, float]) -> str:
    error = (value["high"] - value["low"]) / 2
    if key in {"ms/event", "false decays an event"}:
        return f"{value['value']:.2f} ± {error:.2f}"
    return f"{100 * value['value']:.1f} ± {100 * error:.1f}%"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("run", type=Path, metavar="RUN")
    parser.add_argument("--events", type=int, default=100, metavar="N", help="test events that times are taken of")
    parser.add_argument("--rounds", type=int, default=3, metavar="N", help="of each size")
    parser.add_argument("--json", type=Path, metavar="FILE")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
