"""Track finding by the graph network of a run against searches without a network: quality, time by stage, denser events.

    python benchmarks/velo_tracking.py RUN [--data PATH] [--events N] [--out FOLDER] [--json FILE]

RUN is the folder of `bartik run velo_tracking`. On its test events: efficiencies, clones, ghosts, time of an event with graph building, all
searches in this process on one core, and how time grows with hits. Times are the processor's, so that other work does not count. Then the
same networks on LHCb's Upgrade 2 events, seven times as dense.
Needs LHCb's Velo events: name their folder with --data, or set BARTIK_DATA; without, the toy's events are taken and Upgrade 2 is left out.
"""

from __future__ import annotations

import argparse
import resource
import sys
import time
from collections.abc import Mapping
from itertools import islice, pairwise
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from bartik.core import Array, Arrays, BartikError, Config, UsageError, load_config
from bartik.core.files import read_json, write_json
from bartik.core.places import samples
from bartik.core.plugins import usecase_folder
from bartik.core.provenance import revision
from bartik.data.velo import read_velo_events
from bartik.plots import save, time_by_size
from bartik.profile.budget import SECONDS_PER_EVENT
from bartik.profile.machine import machine
from bartik.usecases import velo_tracking
from bartik.usecases.velo_tracking.finder import STAGES, Finder
from bartik.usecases.velo_tracking.graph import positions
from bartik.workflow.results import plain

UPGRADE = "velopix_upgrade_*.tar*"
BINS = (0, 500, 1000, 1500, 2000, 2500, 3000, 4000, 6000)


def main(arguments: list[str]) -> int:
    """Run, print the tables, and write the JSON where asked."""
    options = _parser().parse_args(arguments)
    try:
        found, figures = measure(options.run, _configuration(options), options.dense)
    except BartikError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    print(table(found))
    for name, figure in figures.items() if options.out else ():
        save(figure, options.out / f"{name}.png")
    if options.json:
        write_json(options.json, found)
    return 0


def measure(run: Path, config: Config, dense: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """Metrics by search, seconds by stage and by number of hits, and the Upgrade 2 events; figures by name."""
    bundles = {part: run / part / "bundle" for part in velo_tracking.parts}
    with threadpool_limits(1):
        metrics, arrays = velo_tracking.whole(bundles, config, lambda line: print(line, file=sys.stderr))
        upgrade = _upgrade(Finder(bundles, config.tracks), dense)
    stages = dict(zip(STAGES, np.mean(arrays["stages"], axis=1).tolist(), strict=True))
    sizes = {name: _by_size(arrays["hits"], arrays[f"seconds|{name}"]) for name in metrics}
    found = {"metrics": {name: plain(values) for name, values in metrics.items()}, "stages": stages, "by_hits": sizes, "upgrade": upgrade}
    bundles_used = {part: read_json(path / "bundle.json").get("digest", "") for part, path in bundles.items()}
    found |= {"events": len(arrays["hits"]), "machine": machine(), "code": revision(Path(__file__).parent), "bundles": bundles_used}
    return found, _figures(arrays, metrics, upgrade)


def _figures(arrays: Arrays, metrics: dict[str, Any], upgrade: Mapping[str, Any]) -> dict[str, Any]:
    """Those of the page, and how time grows with hits up to the Upgrade 2 events."""
    drawn = {f"velo_tracking_{place}": figure for place, (_, _, figure) in enumerate(velo_tracking.figures(arrays, metrics))}
    times = {name: (arrays["hits"], 1000 * arrays[f"seconds|{name}"]) for name in metrics}
    if upgrade:
        times["graph network, Upgrade 2"] = tuple(np.array(upgrade["each"]).T)
    return drawn | {"velo_tracking_growth": time_by_size(times, "hits in the event")}


def table(found: Mapping[str, Any]) -> str:
    """Three tables in Markdown: searches, stages, events by size."""
    names = list(found["metrics"])
    keys = list(dict.fromkeys(key for values in found["metrics"].values() for key in values))
    lines = [
        f"{found['events']} test events; intervals are 68.3%, events drawn anew.",
        "",
        f"| | {' | '.join(names)} |",
        "|---" * (len(names) + 1) + "|",
    ]
    lines += [f"| {key} | {' | '.join(_cell(key, found['metrics'][name].get(key)) for name in names)} |" for key in keys]
    total = sum(found["stages"].values())
    lines += ["", "| stage | ms an event | of 10.9 us |", "|---|---|---|"]
    rows = [*found["stages"].items(), ("all", total)]
    lines += [f"| {name} | {1000 * seconds:.2f} | {seconds / SECONDS_PER_EVENT:.0f} times |" for name, seconds in rows]
    lines += ["", f"| hits | {' | '.join(names)} |", "|---" * (len(names) + 1) + "|"]
    lines += [f"| {low}-{high} | {' | '.join(_of_bin(found['by_hits'][name], low) for name in names)} |" for low, high in pairwise(BINS)]
    if found["upgrade"]:
        up = found["upgrade"]
        lines += [
            "",
            f"Upgrade 2, {up['events']} events: {up['hits']:.0f} hits, {up['tracks']:.0f} tracks, {up['seconds']:.2f} s an event ",
        ]
        lines[-1] += f"({up['low']:.2f} to {up['high']:.2f}), at most {up['megabytes']:.0f} MB of memory in the process."
    return "\n".join(lines)


def _upgrade(finder: Finder, events: int) -> dict[str, Any]:
    folder = samples()
    archives = sorted((folder / "06_velo_tracking").glob(UPGRADE)) if folder else []
    if not archives or not events:
        return {}
    hits, tracks, seconds = [], [], []
    for event in islice(read_velo_events(archives[0]), events):
        started = time.process_time()
        found = finder.find(positions(event))
        seconds.append(time.process_time() - started)
        hits.append(len(event))
        tracks.append(len(found))
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    mean = {"hits": float(np.mean(hits)), "tracks": float(np.mean(tracks)), "seconds": float(np.mean(seconds))}
    each = [[hit, 1000 * second] for hit, second in zip(hits, seconds, strict=True)]
    return mean | {"events": len(hits), "low": min(seconds), "high": max(seconds), "megabytes": memory, "each": each}


def _by_size(hits: Array, seconds: Array) -> dict[str, float]:
    """Mean milliseconds of the events in each bin of hits, by its low edge."""
    bins = {str(low): (hits >= low) & (hits < high) for low, high in pairwise(BINS)}
    return {low: 1000 * float(seconds[mask].mean()) for low, mask in bins.items() if mask.any()}


def _of_bin(times: Mapping[str, float], low: int) -> str:
    return f"{times[str(low)]:.1f} ms" if str(low) in times else ""


def _cell(key: str, value: Mapping[str, float] | None) -> str:
    if value is None:
        return ""
    error = (value["high"] - value["low"]) / 2
    return f"{value['value']:.1f} ± {error:.1f}" if key == "ms/event" else f"{100 * value['value']:.2f} ± {100 * error:.2f}%"


def _configuration(options: argparse.Namespace) -> Config:
    if not (options.run / "edges" / "bundle").is_dir():
        raise UsageError(f"{options.run}: no run of velo_tracking here", hint="bartik run velo_tracking --out RUN")
    settings = [f"data.path={options.data}"] if options.data else []
    settings += [f"data.events={options.events}"] if options.events else []
    return load_config(usecase_folder(velo_tracking), settings=[*settings, *options.set])


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("run", type=Path, metavar="RUN")
    parser.add_argument("--data", type=Path, metavar="PATH", help="folder of LHCb's Velo events")
    parser.add_argument("--events", type=int, default=0, metavar="N", help="at most so many test events")
    parser.add_argument("--dense", type=int, default=20, metavar="N", help="so many Upgrade 2 events")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="a setting of the use case, as of bartik run")
    parser.add_argument("--out", type=Path, metavar="FOLDER", help="for the figures")
    parser.add_argument("--json", type=Path, metavar="FILE")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
