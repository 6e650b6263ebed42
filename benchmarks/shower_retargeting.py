"""A model of one calorimeter for another: fine-tuned or trained from scratch with 1% and 10% of the showers.

    python benchmarks/shower_retargeting.py RUN [--part PART] [--geometry NAME] [--shares 0.01 0.1] [--json FILE] [--figure FILE.png]

RUN is the folder of `bartik run calorimeter_showers`; its model PART, trained on one geometry, is where fine-tuning begins (as `bartik
retrain --warm-start` does). Means and spreads of the numbers are learnt anew from the showers of the new geometry in both cases; what
differs is where the weights begin. Both have the same number of steps. Judged on test showers that no training has seen.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from bartik import plots
from bartik.core import BartikError, Config, Dataset, Interval, UsageError, load_config
from bartik.core.files import read_json, write_json
from bartik.core.plugins import load_part, load_usecase, usecase_folder
from bartik.core.provenance import revision
from bartik.exporters import outputs as outputs_of
from bartik.metrics import fpd, two_sample_auc
from bartik.metrics.shower_observables import high_level, observables
from bartik.profile.machine import machine
from bartik.train import read_history, train_model
from bartik.usecases.calorimeter_showers.sample import geometry_of

TUNED, SCRATCH = "fine-tuned", "from scratch"
_STEPS, _LEAST_BATCH = 600, 32
_TEST = 4000
"""Showers of the new geometry that judge."""


def main(arguments: list[str]) -> int:
    """Run, print the table, and write JSON and figure where asked."""
    options = _parser().parse_args(arguments)
    try:
        found = measure(options.run, options.part, options.geometry, options.shares)
    except BartikError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    print(table(found))
    if options.json:
        write_json(options.json, found)
    if options.figure:
        _draw(found, options.figure)
    return 0


def measure(run: Path, part: str, geometry: str, shares: list[float]) -> dict[str, Any]:
    """Distances and classifiers by share of the showers and by beginning, and validation losses by epoch."""
    start = run / part / "checkpoint.pt"
    if not start.is_file():
        raise UsageError(f"{start}: no checkpoint here", hint="bartik run calorimeter_showers --out RUN")
    usecase = load_part(load_usecase("calorimeter_showers"), part)
    known = load_config(usecase_folder(usecase)).replace(_kept(run / part))
    full = known.data.showers
    rows: dict[str, Any] = {}
    test = usecase.data("test", known.replace({"data": {"geometry": geometry, "showers": 2 * _TEST}}))
    for share in shares:
        count = max(_LEAST_BATCH, int(share * full))
        batch = max(_LEAST_BATCH, min(known.train.batch, count // 4))
        epochs = max(1, round(_STEPS / np.ceil(count / batch)))
        for name, begin in ((TUNED, str(start)), (SCRATCH, "")):
            train = {"batch": batch, "epochs": epochs, "patience": epochs, "start": begin}
            config = known.replace({"data": {"geometry": geometry, "showers": count}, "train": train})
            rows[f"{share:g} {name}"] = _trained(usecase, config, test) | {"showers": count, "epochs": epochs}
            print(f"{share:g} {name}: {rows[f'{share:g} {name}']['FPD']}", file=sys.stderr)
    return {
        "part": part,
        "from": known.data.geometry,
        "to": geometry,
        "rows": rows,
        "floor": _judged(test.target[: _TEST // 2], test, slice(_TEST // 2, _TEST), known),
        "machine": machine(),
        "code": revision(Path(__file__).parent),
    }


def table(found: dict[str, Any]) -> str:
    """Markdown."""
    lines = [f"{found['part']}, from {found['from']} to {found['to']}", ""]
    lines += ["| showers of the new geometry | weights begin | FPD | AUC, high level |", "|---|---|---|---|"]
    for name, row in found["rows"].items():
        share, _, begin = name.partition(" ")
        lines.append(f"| {row['showers']} ({100 * float(share):g}%) | {begin} | {_cell(row['FPD'])} | {_cell(row['AUC, high level'])} |")
    return "\n".join([*lines, f"| floor | | {_cell(found['floor']['FPD'])} | {_cell(found['floor']['AUC, high level'])} |"])


def _trained(usecase: Any, config: Config, test: Dataset) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        checkpoint = Path(folder) / "checkpoint.pt"
        train, validation = (usecase.data(split, config) for split in ("train", "validation"))
        model = train_model(usecase, train, validation, config, checkpoint, lambda _: None)
        losses = read_history(checkpoint)["validation"].tolist()
    inputs = {name: values[: _TEST // 2] for name, values in test.inputs.items()}
    made = outputs_of(model, usecase.signature, inputs)["showers"]
    return _judged(made, test, slice(0, _TEST // 2), config) | {"validation": losses}


def _judged(made: Any, test: Dataset, rows: slice, config: Config) -> dict[str, Any]:
    """Against test showers of ``rows``, which have the incident energies of ``made`` or, for the floor, others."""
    binning, energy = geometry_of(config).binning, test.inputs["energy"][:, 0]
    mine = energy[: _TEST // 2]
    features = (
        high_level(observables(test.target[rows], energy[rows], binning), energy[rows]),
        high_level(observables(made, mine, binning), mine),
    )
    found = {"FPD": fpd(*features, batches=5), "AUC, high level": two_sample_auc(*features, hidden=(64, 64), epochs=30)}
    return {name: [value.value, value.low, value.high] for name, value in found.items()}


def _kept(run: Path) -> dict[str, Any]:
    """The configuration that a run was made with."""
    path = run / "configuration.json"
    return dict(read_json(path)) if path.is_file() else {}


def _cell(value: Any) -> str:
    found = value if isinstance(value, Interval) else Interval(*value)
    return f"{found.value:.4f} ± {(found.high - found.low) / 2:.4f}"


def _draw(found: dict[str, Any], path: Path) -> None:
    curves = {name: row["validation"] for name, row in found["rows"].items()}
    plots.save(plots.training_history(curves, ylabel="validation loss, new geometry"), path)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("run", type=Path, metavar="RUN")
    parser.add_argument("--part", default="flow_matching", metavar="PART")
    parser.add_argument("--geometry", default="lead_scintillator", metavar="NAME")
    parser.add_argument("--shares", type=float, nargs="+", default=[0.01, 0.1], metavar="SHARE")
    parser.add_argument("--json", type=Path, metavar="FILE")
    parser.add_argument("--figure", type=Path, metavar="FILE")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
