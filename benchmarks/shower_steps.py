"""Quality of flow matching by its number of steps, and of the student that makes the whole way in one.

    python benchmarks/shower_steps.py RUN [--steps 0 1 2 8] [--showers N] [--json FILE]

RUN is the folder of `bartik run calorimeter_showers`; its flow matching is trained once, and steps are a matter of the graph alone (0: the
student). Test showers against showers of the model at the same energies; the last line is another sample of the simulation.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from bartik.core import Array, BartikError, Config, Interval, UsageError, load_config
from bartik.core.files import read_json, write_json
from bartik.core.plugins import load_part, load_usecase, usecase_folder
from bartik.core.provenance import revision
from bartik.exporters import outputs as outputs_of
from bartik.metrics import fpd, two_sample_auc
from bartik.metrics.shower_observables import high_level, low_level
from bartik.profile.machine import machine
from bartik.train import load_trained
from bartik.usecases.calorimeter_showers.judged import Sample, resolution_at_high_energies
from bartik.usecases.calorimeter_showers.sample import geometry_of


def main(arguments: list[str]) -> int:
    """Run, print the table, and write the JSON where asked."""
    options = _parser().parse_args(arguments)
    try:
        found = measure(options.run / "flow_matching", options.steps, options.showers)
    except BartikError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    print(table(found))
    if options.json:
        write_json(options.json, {"steps": found, "machine": machine(), "code": revision(Path(__file__).parent)})
    return 0


def measure(run: Path, steps: list[int], showers: int) -> dict[str, dict[str, Any]]:
    """Distances and classifiers by number of steps."""
    checkpoint = run / "checkpoint.pt"
    if not checkpoint.is_file():
        raise UsageError(f"{checkpoint}: no checkpoint here", hint="bartik run calorimeter_showers --out RUN")
    usecase = load_part(load_usecase("calorimeter_showers"), "flow_matching")
    config = load_config(usecase_folder(usecase)).replace(dict(read_json(run / "configuration.json")))
    test = usecase.data("test", config)
    if not 0 < 2 * showers <= len(test.target):
        raise UsageError(
            f"--showers {showers}: the run has {len(test.target)} test showers", hint="half of them at most: the others are the floor"
        )
    energy, inputs = test.inputs["energy"][:showers], {name: values[:showers] for name, values in test.inputs.items()}
    found = {}
    for count in steps:
        model = load_trained(usecase, config.replace({"model": {"steps": count}}), checkpoint)
        made = outputs_of(model, usecase.signature, inputs)["showers"]
        found[f"{count} steps" if count else "student"] = _judged(test.target[:showers], made, energy[:, 0], energy[:, 0], config)
        print(f"{count} steps: {found[f'{count} steps' if count else 'student']}", file=sys.stderr, flush=True)
    other = test.inputs["energy"][showers : 2 * showers, 0]
    found["floor"] = _judged(test.target[:showers], test.target[showers : 2 * showers], energy[:, 0], other, config)
    return found


def _judged(true: Array, made: Array, energy: Array, other: Array, config: Config) -> dict[str, Any]:
    where = geometry_of(config)
    parts = [Sample.of(*part, where.binning) for part in ((true, energy), (made, other))]
    low = [low_level(part.showers, part.incident, where.response.threshold) for part in parts]
    high = [high_level(part.observables, part.incident) for part in parts]
    found = {
        "network": two_sample_auc(low[0], low[1], "network", hidden=(256, 256), epochs=30),
        "trees": two_sample_auc(low[0], low[1], "trees"),
        "FPD": fpd(high[0], high[1], batches=5),
        "resolution": resolution_at_high_energies(made.sum(1), other, config.data.energies[1]),
    }
    return {name: [value.value, value.low, value.high] for name, value in found.items()}


def table(found: dict[str, dict[str, Any]]) -> str:
    """Markdown."""
    lines = ["| way | AUC, low level: network | trees | FPD | resolution, high energies, % |", "|---|---|---|---|---|"]
    shown = (("network", 3), ("trees", 3), ("FPD", 4), ("resolution", 2))
    for name, row in found.items():
        cells = " | ".join(_cell(Interval(*row[key]), digits) for key, digits in shown)
        lines.append(f"| {name} | {cells} |")
    return "\n".join(lines)


def _cell(found: Interval, digits: int) -> str:
    return f"{found.value:.{digits}f} ± {(found.high - found.low) / 2:.{digits}f}"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("run", type=Path, metavar="RUN")
    parser.add_argument("--steps", type=int, nargs="+", default=[0, 1, 2, 8], metavar="N")
    parser.add_argument("--showers", type=int, default=7500, metavar="N", help="test showers that judge")
    parser.add_argument("--json", type=Path, metavar="FILE")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
