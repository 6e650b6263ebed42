"""Tables of a run of particle identification: species told apart by every model, and the sign test on unseen channels.

    python benchmarks/particle_identification.py RUN

RUN is the folder of `bartik run particle_identification`. Nothing is computed anew but the sign test's probability.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np

from bartik.core import BartikError, UsageError
from bartik.core.files import read_arrays, read_json
from bartik.usecases.particle_identification.robustness import sign


def main(arguments: list[str]) -> int:
    """Print the tables."""
    try:
        if len(arguments) != 1 or not (Path(arguments[0]) / "metrics.json").is_file():
            raise UsageError("wanted the folder of a run of particle_identification", hint="bartik run particle_identification --out RUN")
        run = Path(arguments[0])
        print(_metrics(read_json(run / "metrics.json")["models"]))
        print(_robustness(read_arrays(run / "whole.npz")["robustness"]))
    except BartikError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    return 0


def _metrics(models: dict[str, Any]) -> str:
    """One row a metric, one column a model."""
    rows = [f"| | {' | '.join(models)} |", f"|{'---|' * (1 + len(models))}"]
    for name in next(iter(models.values())):
        cells = [models[model][name] for model in models]
        rows.append(f"| {name} | " + " | ".join(f"{c['value']:.4f} ± {(c['high'] - c['low']) / 2:.4f}" for c in cells) + " |")
    return "\n".join(rows)


def _robustness(table: Any) -> str:
    """Means over seeds with their errors, and the sign test."""
    wins, p = sign(table)
    mean, error = table.mean(axis=0), table.std(axis=0, ddof=1) / np.sqrt(len(table))
    lost = np.stack([table[:, 0] - table[:, 1], table[:, 2] - table[:, 3]])
    better = int((table[:, 3] > table[:, 1]).sum())
    rows = ["\n| last layer | AUC, seen channels | unseen | lost |", "|---|---|---|---|"]
    for place, name in enumerate(("ordinary", "common part")):
        seen, unseen = (f"{mean[k]:.4f} ± {error[k]:.4f}" for k in (2 * place, 2 * place + 1))
        rows.append(f"| {name} | {seen} | {unseen} | {lost[place].mean():.4f} ± {lost[place].std(ddof=1) / np.sqrt(len(table)):.4f} |")
    summary = f"loses less in {wins} of {len(table)} seeds (sign test p = {p:.2g}), and is the better on unseen channels in {better}"
    return "\n".join(rows) + f"\n\nThe common part {summary}."


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
