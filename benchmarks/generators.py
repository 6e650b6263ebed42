"""How the parametric generator compares with Pythia: python benchmarks/generators.py [--events N] [--processes N] [--json FILE]."""

from __future__ import annotations

import argparse
from pathlib import Path

from bartik.core.files import write_json
from bartik.profile.machine import machine
from bartik.simulation.conditions import SETS
from bartik.simulation.generate import GENERATORS, Order, make_events
from bartik.simulation.summary import beauty_summary, summary


def main() -> None:
    """Print a table of numbers of both generators and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=150)
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--json", type=Path)
    chosen = parser.parse_args()
    found = {generator: _numbers(generator, chosen.events, chosen.processes) for generator in GENERATORS}
    print(f"{'':38} {'Pythia':>9} {'parametric':>11} {'ratio':>7}")
    for name, wanted in found["pythia"].items():
        came = found["parametric"][name]
        print(f"{name:38} {wanted:9.3f} {came:11.3f} {came / wanted:7.2f}")
    if chosen.json is not None:
        write_json(chosen.json, {"machine": machine(), "events": chosen.events} | found)


def _numbers(generator: str, events: int, processes: int) -> dict[str, float]:
    """Of minimum bias, and of a third as many events with beauty, which take Pythia ten times as long."""

    def made(sample: str, count: int):  # noqa: ANN202 - a sample
        return make_events(Order(sample, SETS["run3"], 1, generator), count, processes=processes, progress=lambda _: None)

    beauty = beauty_summary(made("bbbar", max(events // 3, 1)))
    return summary(made("minbias", events)) | {f"beauty: {name}": value for name, value in beauty.items()}


if __name__ == "__main__":
    main()
