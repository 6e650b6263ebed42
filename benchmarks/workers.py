"""One network trained by one process and by two that share every batch: seconds of an epoch, and whether the results agree.

python benchmarks/workers.py [--rounds 3] [--json FILE]

Dense networks on generated rows, one thread a process; rounds take turns. Starting torchrun and reading the data are not in the times.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np

from bartik.core import Config, Dataset
from bartik.core.files import read_json, write_json
from bartik.nn.tabular import TabularClassifier, logistic_loss
from bartik.profile.machine import machine
from bartik.train import fit, read_history

SIZES = (([25, 20], 1024), ([512, 512], 4096), ([1024, 1024, 1024], 8192))
"""Hidden layers, and rows of a batch."""
COLUMNS, ROWS, VALIDATION, EPOCHS = 17, 32768, 4096, 3


def rows(seed: int, count: int) -> Dataset:
    """Two classes of which one is shifted a little."""
    random = np.random.default_rng(seed)
    target = (random.random(count) > 0.5).astype(np.float32)
    return Dataset({"features": (random.exponential(size=(count, COLUMNS)) + 0.3 * target[:, None]).astype(np.float32)}, target)


def work(place: int, folder: Path) -> None:
    """What each process does; all write the same."""
    hidden, batch = SIZES[place]
    usecase = SimpleNamespace(model=lambda config: TabularClassifier([False] * COLUMNS, config.model.hidden), loss=logistic_loss)
    options = {"seed": 1, "threads": 1, "epochs": EPOCHS, "patience": EPOCHS, "weight_decay": 0.01, "balance": True, "start": ""}
    config = Config({"model": {"hidden": hidden}, "train": options | {"batch": batch, "learning_rate": 2e-3, "accumulate": 1}})
    train, validation, said = rows(1, ROWS), rows(2, VALIDATION), list[float]()
    fit(usecase, train, validation, config, folder / "checkpoint.pt", lambda _line: said.append(time.perf_counter()))
    if said:  # the first process alone speaks, once an epoch
        losses = read_history(folder / "checkpoint.pt")["validation"].tolist()
        write_json(folder / "found.json", {"seconds": float(np.median(np.diff(said))), "losses": losses})


def measured(place: int, workers: int) -> tuple[float, list[float]]:
    """Seconds of an epoch, and the validation losses."""
    with tempfile.TemporaryDirectory() as folder:
        torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={workers}"]
        subprocess.run([*torchrun, __file__, "--work", str(place), folder], check=True, capture_output=True)
        found = read_json(Path(folder) / "found.json")
    return found["seconds"], found["losses"]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--work", nargs=2, metavar=("SIZE", "FOLDER"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.work:
        work(int(options.work[0]), Path(options.work[1]))
        return
    print(f"{machine().get('cpu', '')}, one thread a process, {ROWS} rows, {options.rounds} rounds\n")
    print("| network | batch | 1 process, s an epoch | 2 processes | times faster (smallest, largest) | largest difference of a loss |")
    print("|---|---|---|---|---|---|")
    table = [_row(place, options.rounds) for place in range(len(SIZES))]
    if options.json:
        options.json.write_text(json.dumps({"machine": machine(), "table": table}, indent=1), encoding="utf-8")


def _row(place: int, rounds: int) -> dict[str, object]:
    pairs = [(measured(place, 1), measured(place, 2)) for _ in range(rounds)]
    ratios = [one[0] / two[0] for one, two in pairs]
    away = max(float(np.abs(np.divide(two[1], one[1]) - 1).max()) for one, two in pairs)
    hidden, batch = SIZES[place]
    name = "-".join(map(str, [COLUMNS, *hidden, 1]))
    one, two = (statistics.median(pair[which][0] for pair in pairs) for which in (0, 1))
    spread = f"{statistics.median(ratios):.2f} ({min(ratios):.2f}, {max(ratios):.2f})"
    print(f"| {name} | {batch} | {one:.3f} | {two:.3f} | {spread} | {away:.1e} |", flush=True)
    return {"network": name, "batch": batch, "one": one, "two": two, "ratios": ratios, "difference": away}


if __name__ == "__main__":
    main()
