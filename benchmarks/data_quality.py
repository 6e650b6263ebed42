"""Data quality of a run of it against the template method: table of the issue, spread over the seeds, and the figures of the page.

python benchmarks/data_quality.py runs/data_quality [--out docs/images]
"""

from __future__ import annotations

import argparse
import time
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from bartik import plots
from bartik.backends import prepare
from bartik.core import Array, Arrays, Config, Dataset
from bartik.core.bundle import open_bundle
from bartik.core.files import read_arrays
from bartik.metrics import auc, judgement
from bartik.profile.machine import machine
from bartik.simulation.runs import EDGES
from bartik.usecases.data_quality.figures import after_jumps, in_time, roc
from bartik.usecases.data_quality.peers import LAST, TEMPLATE, known_conditions, template_of
from bartik.usecases.data_quality.score import jaccard_of_bins, judged, score
from bartik.usecases.data_quality.stream import RunWatch

_COLUMNS = ("balanced accuracy", "AUC", "sensitivity", "specificity", "runs to adapt", "Jaccard of flagged bins")
_AT_ONCE, _WATCHED = 4096, 500
NETWORK = "network"


def main() -> None:
    """Print the tables, and draw the figures where --out names a folder."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    print(f"{datetime.now(UTC):%Y-%m-%d}, {machine().get('cpu', '')}")
    bundle, test = open_bundle(options.run / "bundle"), Dataset.from_arrays(read_arrays(options.run / "data" / "test.npz"))
    config = Config(bundle.provenance["configuration"])
    session = prepare(bundle, "native")
    rows = [{k: v[i : i + _AT_ONCE] for k, v in test.inputs.items()} for i in range(0, test.rows, _AT_ONCE)]
    answers = [session.run(some) for some in rows]
    found = {
        NETWORK: {name: np.concatenate([answer[name] for answer in answers]) for name in answers[0]},
        TEMPLATE: _template(test, config.peers.memories),
        LAST: _template(test, [0.0]),
        "known conditions": {"score": known_conditions(test, config)},
    }
    _table(found, test)
    _spread(found, test)
    _speed(RunWatch(session, bundle.working_points["flagged"]), test)
    if options.out:
        _draw(found, test, options.out)


def _template(test: Dataset, memories: list[float]) -> Arrays:
    parts = [template_of(test, np.flatnonzero(test.spectators["stream"] == n), memories) for n in np.unique(test.spectators["stream"])]
    whole = {name: np.concatenate([getattr(part, name) for part in parts]) for name in ("score", "reference", "sigma", "pull")}
    return whole | {"score": whole["score"][:, np.newaxis]}


def _table(found: dict[str, Arrays], test: Dataset) -> None:
    print(f"\n| method | {' | '.join(_COLUMNS)} |\n|---|{'---|' * len(_COLUMNS)}")
    for name, outputs in found.items():
        metrics = score(outputs, test) | ({_COLUMNS[-1]: jaccard_of_bins(outputs["pull"], test)} if "pull" in outputs else {})
        cells = [f"{m.value:.4f} ± {(m.high - m.low) / 2:.4f}" if (m := metrics.get(column)) else "" for column in _COLUMNS]
        print(f"| {name} | {' | '.join(cells)} |")


def _spread(found: dict[str, Arrays], test: Dataset) -> None:
    """Of each stream, as the published 0.942 ± 0.008 is a spread."""
    print("\n| method | balanced accuracy: lowest | highest | standard deviation | AUC: lowest | highest |\n|---|---|---|---|---|---|")
    for name, outputs in found.items():
        streams = list(judged(outputs["score"], test))
        right = np.array([judgement(s.scores, s.bad, s.threshold).balanced_accuracy for s in streams])
        area = np.array([auc(s.scores[s.bad], s.scores[~s.bad]).value for s in streams])
        print(f"| {name} | {right.min():.4f} | {right.max():.4f} | {right.std(ddof=1):.4f} | {area.min():.4f} | {area.max():.4f} |")


def _speed(watch: RunWatch, test: Dataset) -> None:
    """Runs one by one, on one thread."""
    runs, bad = test.inputs["run"][:_WATCHED], test.target[:_WATCHED] > 0.5
    begin = time.perf_counter()
    for run, was_bad in zip(runs, bad, strict=True):
        watch.judge(run)
        if not was_bad:
            watch.learn(run)
    print(f"\nnative, run by run with all checks: {1e6 * (time.perf_counter() - begin) / len(runs):.0f} µs a run")


def _draw(found: dict[str, Arrays], test: Dataset, out: Path) -> None:
    streams = {name: list(judged(outputs["score"], test)) for name, outputs in found.items()}
    both = {name: streams[name] for name in (NETWORK, TEMPLATE)}
    plots.save(in_time(both), out / "data_quality_time.png")
    plots.save(roc(streams), out / "data_quality_roc.png")
    plots.save(after_jumps(both), out / "data_quality_jump.png")
    row = _shown(found, test)
    references = {name: tuple(found[name][part][row] for part in ("reference", "sigma", "pull")) for name in (NETWORK, TEMPLATE)}
    plots.save(plots.run_against_reference(EDGES, test.inputs["run"][row], references, "monitored quantity"), out / "data_quality_run.png")


def _shown(found: dict[str, Arrays], test: Dataset) -> int:
    """A bad run with moved mean and dead bins that the network flags and the template does not; that with most wrong bins."""
    flags: dict[str, Array] = {}
    for name in (NETWORK, TEMPLATE):
        flags[name] = np.zeros(test.rows, bool)
        for stream in judged(found[name]["score"], test):
            flags[name][stream.rows] = stream.scores >= stream.threshold
    kept = flags[NETWORK] & ~flags[TEMPLATE] & (test.target > 0.5)
    return int(np.argmax(np.where(kept, test.spectators["wrong"].sum(axis=1), -1)))


if __name__ == "__main__":
    main()
