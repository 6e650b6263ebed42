"""Vertices found against time and work: `vertex_scan.py RUN [--variants NAMES] [--epochs N] [--events N] [--json FILE] [--figure FILE]`.

RUN is the folder of `bartik run vertex_finding`: its joined network is the big one, its small network the first of the variants. Further
variants of the small one are trained here on the run's events; where that takes fewer `--epochs`, one of the same sizes is worth a look
among them. For each: multiply-adds of an event of median size, efficiency at 0.03 false vertices an event (threshold from validation
events; counted as published), and microseconds an event on one core by ONNX Runtime and by our compiler, all in turns in this process: of
each event the best of some rounds, then the mean. Last, the big one with as many channels as published, untrained: its time alone.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from threadpoolctl import threadpool_limits

from bartik import plots
from bartik.backends import prepare
from bartik.core import SPLITS, BartikError, Config, Dataset, UsageError, load_config
from bartik.core.bundle import Bundle, open_bundle, write_bundle
from bartik.core.files import read_arrays, write_json
from bartik.core.plugins import load_part, usecase_folder
from bartik.core.provenance import revision
from bartik.core.ragged import take_events
from bartik.data.vertex_event import VertexEvent
from bartik.exporters.torch import export_torch
from bartik.metrics.vertices import Vertices, false_vertices, match_vertices, threshold_at_false_rate, vertex_efficiency
from bartik.profile.budget import SECONDS_PER_EVENT
from bartik.profile.machine import machine
from bartik.profile.work import multiply_adds
from bartik.train import fit, run_model
from bartik.usecases import vertex_finding
from bartik.usecases.vertex_finding.beamline import beamline_vertices
from bartik.usecases.vertex_finding.counting import counted
from bartik.usecases.vertex_finding.events import events_of
from bartik.usecases.vertex_finding.padded import Compiled
from bartik.usecases.vertex_finding.rows import inputs_of
from bartik.usecases.vertex_finding.score import ALLOWED, found_in
from bartik.usecases.vertex_finding.targets import FEWEST
from bartik.usecases.vertex_finding.together import Search

VARIANTS: dict[str, list[str]] = {
    "same sizes": [],
    "eight channels": ["model.channels=8"],
    "twenty channels": ["model.channels=20"],
    "reach of six": ["model.reach=6"],
    "two convolutions": ["model.dilations=[1,4]"],
}
BIG, SMALL, PUBLISHED, PEER = "big (joined)", "small", "published size", "beam line histogram"
PUBLISHED_SETTINGS = ["model.channels=64"]


def main(arguments: list[str]) -> int:
    """Run, print the table, and write the JSON where asked."""
    options = _parser().parse_args(arguments)
    try:
        found = measure(options)
    except BartikError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    print(table(found))
    if options.json:
        write_json(options.json, found)
    if options.figure:
        plots.save(_drawn(found["networks"]), options.figure)
    return 0


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """By network: multiply-adds, efficiency, false vertices, microseconds by runtime."""
    whole = load_config(usecase_folder(vertex_finding), settings=[f"data.test={options.events}", f"data.validation={options.events}"])
    validation, test = (events_of(split, whole) for split in ("validation", "test"))
    shorter = [f"train.epochs={options.epochs}"] if options.epochs else []
    with tempfile.TemporaryDirectory() as folder, threadpool_limits(1):
        bundles = {BIG: _of_run(options.run, "joined"), SMALL: _of_run(options.run, "small")}
        bundles |= {name: _variant(options.run, [*VARIANTS[name], *shorter], Path(folder) / name) for name in options.variants}
        results = {name: _accuracy(_search(bundle), validation, test) for name, bundle in bundles.items()}
        results[PEER] = _accuracy(beamline_vertices, validation, test)
        bundles[PUBLISHED] = _untrained(PUBLISHED_SETTINGS, Path(folder) / "published", test)
        few = [event for event in test if len(event) <= max(options.sizes)][:60]
        seconds = _seconds(bundles, few, options.rounds, options.sizes)
        for name, bundle in bundles.items():
            results.setdefault(name, {})
            results[name] |= {"multiply_adds": multiply_adds(bundle), "digest": bundle.digest}
            results[name] |= {f"us_{runtime}": 1e6 * seconds[name, runtime] for runtime in ("onnxruntime", "native")}
    return {"events": len(test), "networks": results, "machine": machine(), "code": revision(Path(__file__).parent)}


def table(found: Mapping[str, Any]) -> str:
    """In Markdown, each against the big one on ONNX Runtime."""
    networks = found["networks"]
    slow, work = networks[BIG]["us_onnxruntime"], networks[BIG]["multiply_adds"]
    lines = [
        f"{found['events']} test events, one core.",
        "",
        "| | efficiency | false / event | MMAC | of big | ONNX Runtime us | native us | big / native |",
    ]
    lines.append("|---" * 8 + "|")
    for name, row in networks.items():
        accuracy = (
            f"{100 * row['efficiency']:.1f} ± {100 * row['error']:.1f}% | {row['false']:.3f}" if "efficiency" in row else "not trained | "
        )
        if "multiply_adds" not in row:
            lines.append(f"| {name} | {accuracy} | | | | | |")
            continue
        share = f"{row['multiply_adds'] / 1e6:.2f} | 1/{work / row['multiply_adds']:.1f}"
        times = f"{row['us_onnxruntime']:.0f} | {row['us_native']:.0f} | {slow / row['us_native']:.1f}"
        lines.append(f"| {name} | {accuracy} | {share} | {times} |")
    best = networks[SMALL]["us_native"]
    return "\n".join(
        [
            *lines,
            "",
            f"The small one takes {best / 1e6 / SECONDS_PER_EVENT:.0f} times the 10.9 us that a GPU of the trigger has for an event.",
        ]
    )


def _drawn(networks: Mapping[str, Mapping[str, float]]) -> Figure:
    """Of all that have an efficiency and a time."""
    shown = {name: row for name, row in networks.items() if "efficiency" in row and "us_native" in row}
    runtimes = {"ONNX Runtime": "us_onnxruntime", "native": "us_native"}
    return plots.vertex_efficiency_against_time(
        {title: {name: (row["efficiency"], row["error"], row[key]) for name, row in shown.items()} for title, key in runtimes.items()}
    )


def _of_run(run: Path, part: str) -> Bundle:
    path = run / part / "bundle"
    if not path.is_dir():
        raise UsageError(f"{run}: no run of vertex_finding here", hint="bartik run vertex_finding --out RUN")
    return open_bundle(path)


def _variant(run: Path, settings: list[str], folder: Path) -> Bundle:
    """A small network of other sizes, trained on the events of the run's small one."""
    usecase = load_part(vertex_finding, "small")  # type: ignore[arg-type]
    config = load_config(usecase_folder(usecase), settings=settings)
    data = {split: Dataset.from_arrays(read_arrays(run / "small" / "data" / f"{split}.npz")) for split in SPLITS}
    progress = partial(print, f"{folder.name}:", file=sys.stderr)
    model = fit(usecase, data["train"], data["validation"], config, folder.with_suffix(".pt"), progress)
    return _bundle(model, usecase, take_events(usecase.signature, data["test"].inputs, data["test"].offsets, [0]), folder)


def _untrained(settings: list[str], folder: Path, test: Sequence[VertexEvent]) -> Bundle:
    """The big network of other sizes."""
    usecase = load_part(vertex_finding, "joined")  # type: ignore[arg-type]
    config: Config = load_config(usecase_folder(usecase), settings=settings)
    return _bundle(usecase.model(config).eval(), usecase, inputs_of(test[:1])[0], folder)


def _bundle(model: Any, usecase: Any, inputs: Any, folder: Path) -> Bundle:
    answers = run_model(model, usecase.signature, inputs)
    return write_bundle(folder, export_torch(model, usecase.signature, inputs), usecase.signature, (inputs, answers), name=folder.name)


def _search(bundle: Bundle) -> Search:
    session = prepare(bundle, "onnxruntime")
    return lambda event: found_in(session.run(inputs_of([event])[0])["vertices"])[0]


def _accuracy(search: Search, validation: Sequence[VertexEvent], test: Sequence[VertexEvent]) -> dict[str, float]:
    """Counted as published; the threshold is from the validation events."""
    bins = load_config(usecase_folder(vertex_finding)).bins

    def vertices(events: Sequence[VertexEvent]) -> tuple[Vertices, Any]:
        true = [counted(event, bins.low, bins.width, bins.resolution) for event in events]
        found = match_vertices([search(event) for event in events], [one.z for one in true], [one.window for one in true])
        return found, np.concatenate([one.count for one in true]) >= FEWEST

    threshold = threshold_at_false_rate(vertices(validation)[0], ALLOWED)
    seen, wanted = vertices(test)
    efficiency = vertex_efficiency(seen, wanted, threshold)
    error = (efficiency.high - efficiency.low) / 2
    return {"efficiency": efficiency.value, "error": error, "false": false_vertices(seen, threshold).value, "threshold": threshold}


def _seconds(
    bundles: Mapping[str, Bundle], events: Sequence[VertexEvent], rounds: int, sizes: Sequence[int]
) -> dict[tuple[str, str], float]:
    """Mean over events of the best of some rounds, of each network on each runtime, in turns."""
    calls: dict[tuple[str, str], list[Callable[[], Any]]] = {}
    for name, bundle in bundles.items():
        session, compiled = prepare(bundle, "onnxruntime"), Compiled(bundle, sizes)
        calls[name, "onnxruntime"] = [partial(session.run, inputs_of([event])[0]) for event in events]
        calls[name, "native"] = [partial(program.run, inputs) for program, inputs in map(compiled.fit, events)]
    best = {key: np.full(len(events), np.inf) for key in calls}
    for _ in range(rounds):
        for key, some in calls.items():
            best[key] = np.minimum(best[key], [_timed(call) for call in some])
    return {key: float(values.mean()) for key, values in best.items()}


def _timed(call: Callable[[], Any]) -> float:
    started = time.perf_counter()
    call()
    return time.perf_counter() - started


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("run", type=Path, metavar="RUN")
    parser.add_argument(
        "--variants", nargs="*", default=list(VARIANTS), choices=list(VARIANTS), metavar="NAME", help="of the small network"
    )
    parser.add_argument("--epochs", type=int, default=0, metavar="N", help="of their training; 0: as the small one")
    parser.add_argument("--events", type=int, default=1000, metavar="N", help="validation events, and test events")
    parser.add_argument("--rounds", type=int, default=7, metavar="N", help="of timing")
    parser.add_argument("--sizes", nargs="+", type=int, default=[256, 512, 1024], metavar="N", help="tracks that programs are compiled for")
    parser.add_argument("--json", type=Path, metavar="FILE")
    parser.add_argument("--figure", type=Path, metavar="FILE", help="efficiency against time, .png or .svg")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
