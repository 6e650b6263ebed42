"""Trainings a second of many networks together against one after another, the same networks, on one core.

python benchmarks/together.py [--networks 64] [--rounds 5] [--json FILE]

Networks of 17-25-20-1 nodes with learning rates of their own, then with seeds and widths of their own too, on generated rows of the
ghost classifier's shape. Rounds take turns, one by one first; a round trains all networks together, and as many of them alone as fit
into about a second (each takes the same time). The table gives the median of the ratios of a round's two rates, with the smallest and
the largest, and the largest relative difference between the best losses of a network trained both ways.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace

import numpy as np

from bartik.core import Config, Dataset
from bartik.nn.tabular import TabularClassifier, logistic_loss
from bartik.profile.machine import machine
from bartik.train import fit, read_history
from bartik.train.together import fit_together

COLUMNS, ROWS, VALIDATION, EPOCHS = 17, 8192, 1024, 10
WANTED = {64: 30, 256: 8, 1024: 3}
TRAIN = {"seed": 1, "threads": 1, "epochs": EPOCHS, "patience": EPOCHS, "weight_decay": 0.01, "balance": True, "start": ""}
USECASE = SimpleNamespace(
    model=lambda config: TabularClassifier([c % 3 == 0 for c in range(COLUMNS)], config.model.hidden), loss=logistic_loss
)


def rows(seed: int, count: int) -> Dataset:
    """Two classes of which one is shifted a little."""
    random = np.random.default_rng(seed)
    target = (random.random(count) > 0.5).astype(np.float32)
    return Dataset({"features": (random.exponential(size=(count, COLUMNS)) + 0.3 * target[:, None]).astype(np.float32)}, target)


def configurations(networks: int, batch: int, *, seeds: bool, widths: bool) -> list[Config]:
    """Learning rates from 0.001 to 0.1; with ``seeds`` each its own, with ``widths`` half to one and a half of the nodes."""
    random, found = np.random.default_rng(0), []
    for place, rate in enumerate(np.geomspace(1e-3, 1e-1, networks)):
        hidden = [int(n * random.uniform(0.5, 1.5)) for n in (25, 20)] if widths else [25, 20]
        options = TRAIN | {"batch": batch, "learning_rate": float(rate), "seed": place + 1 if seeds else 1}
        found.append(Config({"model": {"hidden": hidden}, "train": options}))
    return found


def alone(configs: Sequence[Config], train: Dataset, validation: Dataset, seconds: float = 1.0) -> tuple[float, list[float]]:
    """Trainings a second, and the best losses of those that were done."""
    losses: list[float] = []
    begun = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        while len(losses) < len(configs) and time.perf_counter() - begun < seconds:
            path = Path(folder) / f"{len(losses)}.pt"
            fit(USECASE, train, validation, configs[len(losses)], path, lambda _line: None)
            losses.append(float(read_history(path)["validation"].min()))
    return len(losses) / (time.perf_counter() - begun), losses


def compare(configs: Sequence[Config], rounds: int) -> dict[str, float]:
    """Rates and their ratio, round by round, and the largest relative difference of a best loss."""
    train, validation = rows(1, ROWS), rows(2, VALIDATION)
    fit_together(USECASE, train, validation, configs[:2])
    alone(configs[:1], train, validation)
    rates: list[tuple[float, float]] = []
    worst = 0.0
    for _ in range(rounds):
        one, losses = alone(configs, train, validation)
        begun = time.perf_counter()
        found = fit_together(USECASE, train, validation, configs)
        rates.append((one, len(configs) / (time.perf_counter() - begun)))
        worst = max(worst, *(abs(other.best_loss / loss - 1) for loss, other in zip(losses, found, strict=False)))
    ratios = [many / one for one, many in rates]
    singles, together = (statistics.median(column) for column in zip(*rates, strict=True))
    return {
        "alone": singles,
        "together": together,
        "ratio": statistics.median(ratios),
        "low": min(ratios),
        "high": max(ratios),
        "difference": worst,
    }


def main() -> None:
    """Print the table and write it where asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--networks", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--batches", type=int, nargs="+", default=list(WANTED))
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    found = []
    print(f"{machine().get('cpu', '')}, one thread; {options.networks} networks, {ROWS} rows, {EPOCHS} epochs, {options.rounds} rounds")
    print("kind               batch   alone/s  together/s   ratio [smallest, largest]  wanted   largest difference of a loss")
    for name, ways in (("same seed", (False, False)), ("own seeds", (True, False)), ("own seeds, widths", (True, True))):
        for batch in options.batches:
            row = compare(configurations(options.networks, batch, seeds=ways[0], widths=ways[1]), options.rounds)
            spread = f"{row['ratio']:6.1f}  [{row['low']:.1f}, {row['high']:.1f}]".ljust(27)
            wanted = WANTED.get(batch, "")
            print(
                f"{name:18} {batch:5d} {row['alone']:9.2f} {row['together']:11.1f}  {spread}{wanted!s:>6}   {row['difference']:.1e}",
                flush=True,
            )
            found.append({"kind": name, "batch": batch, **row})
    if options.json:
        options.json.write_text(json.dumps({"machine": machine(), "networks": options.networks, "rows": found}, indent=1))


if __name__ == "__main__":
    main()
