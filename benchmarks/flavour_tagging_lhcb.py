"""LHCb's opposite-side taggers on simulated B0 -> J/psi K*0: tagging power, calibration, recalibration, combination.

    python benchmarks/flavour_tagging_lhcb.py [--folder PATH] [--peer PYTHON] [--figure FILE] [--json FILE]

Reads kstar_MC_old.root (boosted by XGBoost) and kstar_MC_old_tmva.root (TMVA), the same candidates in both; PATH is their folder, else that
of BARTIK_DATA. Half of the candidates calibrate and combine; the other half, which nothing was chosen on, gives the numbers. Those that
repeat another (same mass and decay time) are never in both. PYTHON is that of an environment with lhcb_ftcalib, whose calibration of the
same half is then shown beside ours.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

import numpy as np

from bartik import plots
from bartik.core import Array, BartikError, DataError, Interval
from bartik.core.files import write_json
from bartik.core.places import samples
from bartik.core.provenance import revision
from bartik.data.tables import read_table
from bartik.metrics import (
    auc,
    calibrated_power,
    calibration_points,
    dilution,
    fit_calibration,
    paired_bootstrap,
    realised_power,
    tagging_power,
)
from bartik.profile.machine import machine
from bartik.usecases.flavour_tagging.decisions import combine_learnt, duplicates, halves, read_decisions
from bartik.usecases.flavour_tagging.ftcalib import PEER_NAME, peer_mistag
from bartik.workflow.results import plain

FILES = {"XGBoost": "kstar_MC_old.root", "TMVA": "kstar_MC_old_tmva.root"}


def main(arguments: list[str]) -> int:
    """Run, print the tables, and write the JSON where asked."""
    options = _parser().parse_args(arguments)
    try:
        found, drawn = measure(_folder(options.folder), options.seed, options.peer)
    except BartikError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    print(table(found))
    if options.figure:
        plots.save(plots.tagging_calibration(*drawn, PEER_NAME), options.figure)
    if options.json:
        write_json(options.json, found)
    return 0


def measure(folder: Path, seed: int, peer: str) -> tuple[dict[str, Any], tuple[Array, Array, Array | None]]:
    """Metrics by tagger on the untouched half, duplicates, order, ours against the peer; and points, line and peer's line to draw."""
    read = {name: read_decisions(folder / file) for name, file in FILES.items()}
    first = read["XGBoost"]
    columns = read_table(folder / FILES["XGBoost"], ["Bmass", "decay_time"])
    groups, repeated = duplicates(columns["Bmass"], columns["decay_time"])
    control = halves(groups, seed)
    taggers = {name: decisions.probability for name, decisions in read.items()}
    taggers["combined"] = combine_learnt(list(taggers.values()), first.flavour, control)
    metrics = {name: _judged(probability, first.flavour, control, groups) for name, probability in taggers.items()}
    points, line, lines = _calibrations(taggers["XGBoost"], first.flavour, control, peer)
    found = {
        "candidates": len(first),
        "repeated": repeated,
        "tested": int((~control).sum()),
        "leakage": _leakage(first.flavour, columns["decay_time"], taggers["XGBoost"]),
        "all": {name: plain(_raw(d.probability, d.flavour)) for name, d in read.items()},
        "metrics": {name: plain(found) for name, found in metrics.items()},
        "gain": plain(_gain(taggers, first.flavour, ~control, groups)),
        "peer": [] if lines is None else np.concatenate([line[:1], line[1:], lines]).T.tolist(),
        "machine": machine(),
        "code": revision(Path(__file__).parent),
    }
    return found, (points, line[[0, 1]], None if lines is None else np.stack([line[0], lines.mean(0)]))


def table(found: dict[str, Any]) -> str:
    """Tables in Markdown."""
    lines = [
        f"{found['candidates']} candidates, {found['repeated']} repeat another; {found['tested']} tested. Intervals are 68.3%.",
        f"Correlations that would betray order or leakage: {', '.join(f'{k} {v:+.4f}' for k, v in found['leakage'].items())}.",
        "",
        "| tagger, all candidates | AUC | claimed power | realised power |",
        "|---|---|---|---|",
    ]
    raw = ("AUC", "claimed", "realised")
    lines += [f"| {name} | {' | '.join(_cell(v[key]) for key in raw)} |" for name, v in found["all"].items()]
    keys = list(next(iter(found["metrics"].values())))
    lines += ["", f"| tagger, untouched half | {' | '.join(keys)} |", "|---" * (len(keys) + 1) + "|"]
    lines += [f"| {name} | {' | '.join(_cell(v[key]) for key in keys)} |" for name, v in found["metrics"].items()]
    lines += ["", *(f"combined less XGBoost, {key}: {_cell(value)}" for key, value in found["gain"].items())]
    if found["peer"]:
        away = np.abs(np.array(found["peer"])[:, 2:4] - np.array(found["peer"])[:, 4:6]).max()
        lines.append(f"calibrated mistags, ours and {PEER_NAME}: largest difference {away:.1e} for predicted ones of 0.05 to 0.5")
    return "\n".join(lines)


def _raw(probability: Array, flavour: Array) -> dict[str, Interval]:
    return {
        "AUC": auc(probability[flavour > 0], probability[flavour < 0]),
        "claimed": tagging_power(probability),
        "realised": realised_power(probability, flavour),
    }


def _judged(probability: Array, flavour: Array, control: Array, groups: Array) -> dict[str, Interval]:
    power, calibration = calibrated_power((probability[control], flavour[control]), probability[~control])
    test = calibration.probability(probability[~control])
    found = {"AUC": auc(test[flavour[~control] > 0], test[flavour[~control] < 0], clusters=_sides(groups[~control], flavour[~control]))}
    found |= {"calibrated power": power, "realised power": realised_power(test, flavour[~control])}
    return (
        found
        | {"p0 - <eta>": _less(calibration.intervals()["p0"], calibration.mean)}
        | {name: value for name, value in calibration.intervals().items() if name != "p0"}
    )


def _sides(groups: Array, flavour: Array) -> tuple[Array, Array]:
    return groups[flavour > 0], groups[flavour < 0]


def _less(interval: Interval, value: float) -> Interval:
    return Interval(interval.value - value, interval.low - value, interval.high - value)


def _gain(taggers: dict[str, Array], flavour: Array, test: Array, groups: Array) -> dict[str, Interval]:
    """Combined less XGBoost on the same candidates: what both share cancels."""
    truth = flavour[test]
    pair = [taggers[name][test] for name in ("combined", "XGBoost")]

    def metrics(rows: Array) -> tuple[dict[str, float], dict[str, float]]:
        new, old = ({"realised power": realised_power(p[rows], truth[rows]).value} for p in pair)
        return new, old

    return {name: found.difference for name, found in paired_bootstrap(metrics, groups[test]).items()}


def _leakage(flavour: Array, time: Array, probability: Array) -> dict[str, float]:
    """Correlations of neighbouring rows, and of what a tagger must not know with its answer."""
    right = (2 * probability - 1) * flavour
    pairs = {
        "neighbouring flavours": (flavour[1:], flavour[:-1]),
        "neighbouring decay times": (time[1:], time[:-1]),
        "row and flavour": (np.arange(len(flavour)), flavour),
        "decay time and right decision": (time, np.sign(right)),
    }
    return {name: float(np.corrcoef(one, other)[0, 1]) for name, (one, other) in pairs.items()}


def _calibrations(probability: Array, flavour: Array, control: Array, peer: str) -> tuple[Array, Array, Array | None]:
    """Measured mistags of the untouched half; predicted mistag with ours for both flavours [4, points]; the peer's [2, points]."""
    signed = dilution(probability)
    eta, right = (1 - np.abs(signed)) / 2, signed * flavour > 0
    ours = fit_calibration(eta[control], right[control], flavour[control])
    grid = np.linspace(0.05, 0.5, 10)
    line = np.stack([grid, ours.mistag(grid), *(ours.mistag(grid, np.full(len(grid), f)) for f in (1, -1))])
    lines = peer_mistag(peer, eta[control], np.sign(signed[control]), flavour[control], grid) if peer else None
    return calibration_points(eta[~control], right[~control]), line, lines


def _cell(value: dict[str, float]) -> str:
    return f"{value['value']:.4f} ± {(value['high'] - value['low']) / 2:.4f}"


def _folder(given: Path | None) -> Path:
    root = samples()
    folder = given or (root / "04_flavour_tagging" if root else None)
    if folder is None or not folder.is_dir():
        raise DataError(f"{folder or 'BARTIK_DATA'}: no folder of LHCb's tagged candidates", hint="name it with --folder")
    return folder


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--folder", type=Path, metavar="PATH", help="where kstar_MC_old.root and kstar_MC_old_tmva.root are")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="of the halves")
    parser.add_argument("--peer", default="", metavar="PYTHON", help="a Python with lhcb_ftcalib")
    parser.add_argument("--figure", type=Path, metavar="FILE", help="calibration of the XGBoost tagger, .png or .svg")
    parser.add_argument("--json", type=Path, metavar="FILE")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
