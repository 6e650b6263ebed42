"""Ghosts the network rejects, against boosted trees and a cut on χ², and what each costs.

    python benchmarks/ghost_rejection.py [BUNDLE] [--data PATH] [--json FILE]

Trains the boosted trees on the rows that the bundle was trained on, makes the candidates of the test events by the loose and by the default
search, and scores both. Intervals are 68.3%, with events as the units that are drawn again. Times are of one thread, network and trees in
turn in this process. Needs LHCb's Velo events: name them with --data, or set BARTIK_DATA.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

import bartik
from bartik.backends import availability
from bartik.core import Array, BartikError, Config, Dataset, Interval, Session, UsageError
from bartik.core.bundle import Bundle
from bartik.core.files import write_json
from bartik.core.places import samples
from bartik.core.provenance import revision
from bartik.profile.clock import interleave, ratio
from bartik.profile.machine import machine
from bartik.usecases import ghost_probability
from bartik.usecases.ghost_probability.peers import chi2_scores, train_trees, tree_scores

SEARCHES = {"loose": 3, "default": 4}
"""By name: hits from which a track of the search claims hits for itself."""
BATCH = 4096


def main(arguments: list[str]) -> int:
    """Run, print the table, and write the JSON where asked."""
    options = _parser().parse_args(arguments)
    try:
        bundle = bartik.load(options.bundle)
        found = measure(bundle, _configuration(bundle, options.data))
    except BartikError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    print(table(found))
    if options.json:
        write_json(options.json, found)
    return 0


def measure(bundle: Bundle, config: Config) -> dict[str, Any]:
    """Metrics of every classifier by search, time per candidate, and what they were measured on."""
    backend = "native" if availability("native").ok else "onnxruntime"
    session = bartik.prepare(bundle, backend)
    tests = {name: ghost_probability.data("test", _with_length(config, length)) for name, length in SEARCHES.items()}
    with threadpool_limits(1):
        trees = train_trees(ghost_probability.data("train", config), config)
        searches = {name: _scored(session, trees, rows) for name, rows in tests.items()}
        times = _times(session, trees, tests["loose"].inputs["features"][:BATCH], backend)
    same = tests["loose"].digest == bundle.provenance["data"]["test"]["digest"]
    origin = {"bundle": bundle.digest, "commit": revision(Path(__file__).parent), "machine": machine(), "test rows of the bundle": same}
    return {"searches": searches, "times": times, **origin}


def table(found: Mapping[str, Any]) -> str:
    """What `measure` found, as Markdown."""
    lines = ["| search | candidates | ghosts | classifier | AUC | at 99% | at 95% |", "|---|---|---|---|---|---|---|"]
    for name, search in found["searches"].items():
        for classifier, metrics in search["classifiers"].items():
            auc, *rejections = (Interval(**values) for values in metrics.values())
            cells = [f"{auc.value:.4f} ± {_half(auc):.4f}", *(f"{v.value:.1%} ± {_half(v):.1%}" for v in rejections)]
            lines.append(f"| {name} | {search['candidates']} | {search['ghosts']:.1%} | {classifier} | {' | '.join(cells)} |")
    times = found["times"]
    speedup = Interval(**times["speedup"])
    note = "" if found["test rows of the bundle"] else "\nThese are not the test events that the bundle was judged on."
    return "\n".join(lines) + (
        f"\n\nGhosts rejected at 99% and 95% efficiency for real tracks. Per candidate, batch {times['batch']}, one thread: "
        f"network ({times['backend']}) {times['network_ns']:.0f} ns, BDT {times['bdt_ns']:.0f} ns, "
        f"{speedup.value:.0f} times ({speedup.low:.0f} to {speedup.high:.0f}).{note}"
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("bundle", nargs="?", default="runs/ghost_probability/bundle", help="a bundle of ghost_probability")
    parser.add_argument("--data", type=Path, help="LHCb's Velo events; default: those of BARTIK_DATA")
    parser.add_argument("--json", type=Path, help="write the numbers to this file")
    return parser


def _configuration(bundle: Bundle, path: Path | None) -> Config:
    if path is None and samples() is None:
        raise UsageError("no events to judge with", hint="name LHCb's Velo events with --data PATH, or set BARTIK_DATA")
    config = Config(bundle.provenance["configuration"])
    return config.replace({"data": {"path": str(path or samples())}})


def _with_length(config: Config, length: int) -> Config:
    return config.replace({"data": {"min_length": length}})


def _scored(session: Session, trees: Any, rows: Dataset) -> dict[str, Any]:
    features = rows.inputs["features"]
    scores: dict[str, Array] = {
        "network": session.run({"features": features})["score"],
        "BDT": tree_scores(trees, features),
        "chi2 cut": chi2_scores(features),
    }
    metrics = {name: ghost_probability.score({"score": values}, rows) for name, values in scores.items()}
    plain = {name: {metric: vars(interval) for metric, interval in found.items()} for name, found in metrics.items()}
    return {"candidates": rows.rows, "ghosts": float(np.mean(rows.target)), "classifiers": plain}


def _times(session: Session, trees: Any, features: Array, backend: str) -> dict[str, Any]:
    calls = {"network": lambda: session.run({"features": features}), "BDT": lambda: trees.predict_proba(features)}
    timings = interleave(calls, seconds=5)
    per_row = {name: 1e9 * timing.median / len(features) for name, timing in timings.items()}
    speedup = vars(ratio(timings["BDT"], timings["network"]))
    return {"backend": backend, "batch": len(features), "network_ns": per_row["network"], "bdt_ns": per_row["BDT"], "speedup": speedup}


def _half(interval: Interval) -> float:
    return (interval.high - interval.low) / 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
