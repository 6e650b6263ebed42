"""How many events a second the simulation makes, on one core: python benchmarks/simulation_speed.py [--json FILE]."""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np

from bartik.core.files import write_json
from bartik.profile.machine import machine
from bartik.simulation.conditions import SETS
from bartik.simulation.generate import SAMPLES, Order, make_events, one_event
from bartik.simulation.record import EventSample
from bartik.simulation.response.detector import long_tracks
from bartik.simulation.velo import generate_velo_event
from bartik.simulation.velo_hits import with_hits

EVENTS, ROUNDS = 20, 5


def main() -> None:
    """Print a table of medians, with the slowest and fastest of the rounds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path)
    chosen = parser.parse_args()
    makers: dict[str, Callable[[int], object]] = {
        f"Pythia, {sample}": partial(one_event, Order(sample, SETS["run3"], 1)) for sample in SAMPLES
    }
    makers |= {f"parametric, {sample}": partial(one_event, Order(sample, SETS["run3"], 1, "parametric")) for sample in SAMPLES}
    makers["with B_s0 -> phi phi"] = partial(one_event, Order("bbbar", SETS["run3"], 1, "parametric", "Bs_PhiPhi"))
    makers["responses, long tracks"] = _responses(one_event(Order("bbbar", SETS["run3"], 1, "parametric"), 0))
    makers["Velo hits, parametric"] = partial(generate_velo_event, 1)
    made = make_events(Order("minbias", SETS["run3"], 2), EVENTS, progress=lambda _: None)
    rows_of_hits = {"Velo hits of Pythia's events": [EVENTS * rate for rate in _rates(partial(_hits, made), 1)]}
    rows = {name: _rates(make) for name, make in makers.items()} | rows_of_hits
    for name, rates in rows.items():
        print(f"{name:30} {statistics.median(rates):8.1f} events/s  [{min(rates):.1f}, {max(rates):.1f}]")
    if chosen.json is not None:
        write_json(chosen.json, {"machine": machine(), "events_per_second": rows})


def _responses(event: EventSample) -> Callable[[int], object]:
    """The detector's response to one event, with random numbers of its own each time."""
    return lambda number: long_tracks(np.random.default_rng(number), event)


def _hits(made: EventSample, number: int) -> object:
    """Those of all the events at once, as `bartik generate` makes them."""
    return with_hits(made, SETS["run3"], number, range(len(made)))


def _rates(make: Callable[[int], object], calls: int = EVENTS) -> list[float]:
    make(0)  # sets Pythia up
    rates = []
    for turn in range(ROUNDS):
        started = time.perf_counter()
        for number in range(calls):
            make(1 + turn * calls + number)
        rates.append(calls / (time.perf_counter() - started))
    return rates


if __name__ == "__main__":
    main()
