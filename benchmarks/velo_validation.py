"""The toy's vertex locator against LHCb's simulated events: python benchmarks/velo_validation.py [--toy FILE] [--out FOLDER] [--json FILE].

The toy is Pythia's minimum bias with `bartik.simulation`'s hits, or the record that --toy names. LHCb's events are those of BARTIK_DATA or
--lhcb; without them the table has the toy alone. Search by triplet runs on both with the same settings.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from itertools import islice
from pathlib import Path

import numpy as np

from bartik.core import Array, Interval, UsageError
from bartik.core.files import write_json
from bartik.core.places import samples
from bartik.data.velo import VeloEvent, read_velo_events
from bartik.data.velo_columns import events_of_columns
from bartik.data.velo_summary import ELECTRON, residuals, summary
from bartik.metrics import ghost_rate, match_tracks, performance
from bartik.plots import distributions, save
from bartik.profile.machine import machine
from bartik.simulation.conditions import conditions_of
from bartik.simulation.generate import Order, make_events
from bartik.usecases.ghost_probability.candidates import find_candidates

EVENTS, SEARCHED = 450, 200
_ARCHIVE = Path("06_velo_tracking") / "velopix_minibias_450ev.tar.xz"
_FEWEST = 3


def main(arguments: Sequence[str]) -> None:
    """Print the table, write figures and numbers where asked."""
    chosen = _parser().parse_args(arguments)
    compared = {"toy": _toy(chosen), **_lhcb(chosen)}
    numbers = {name: summary(events) | _searched(events[: chosen.searched]) for name, events in compared.items()}
    print(table(numbers, {name: len(events) for name, events in compared.items()}))
    if chosen.out is not None:
        for name, figure in _figures(compared).items():
            save(figure, chosen.out / f"velo_{name}.png")
    if chosen.json is not None:
        plain = {name: {key: vars(v) if isinstance(v, Interval) else v for key, v in found.items()} for name, found in numbers.items()}
        write_json(chosen.json, {"machine": machine(), "events": {name: len(events) for name, events in compared.items()}, **plain})


def table(numbers: dict[str, dict[str, float | Interval]], counts: dict[str, int]) -> str:
    """Numbers by sample as Markdown, and how far the first sample is from the last."""
    names = list(numbers)
    lines = [f"| | {' | '.join(f'{name}, {counts[name]} events' for name in names)} | difference |", "|---" * (len(names) + 2) + "|"]
    for key in numbers[names[0]]:
        values = [numbers[name][key] for name in names]
        lines.append(f"| {key} | {' | '.join(_text(key, value) for value in values)} | {_difference(values[0], values[-1])} |")
    return "\n".join(lines)


def _text(key: str, value: float | Interval) -> str:
    if isinstance(value, Interval):
        return f"{value.value:.2%} ± {(value.high - value.low) / 2:.2%}"
    return f"{value:.4g}" if "[" in key or abs(value) >= 1 else f"{value:.2%}"


def _difference(toy: float | Interval, other: float | Interval) -> str:
    if isinstance(toy, Interval) and isinstance(other, Interval):
        return f"{100 * (toy.value - other.value):+.2f} points"
    return f"{float(toy) / float(other) - 1:+.1%}" if not isinstance(toy, Interval) and not isinstance(other, Interval) else ""


def _searched(events: Sequence[VeloEvent]) -> dict[str, Interval]:
    """How search by triplet does: ghosts among tracks, efficiency and clones of long particles, efficiency of electrons and of all."""
    matches, wanted = [], {"long": [], "electrons": [], "all": []}
    for event in events:
        found, truth = find_candidates(event), event.truth
        matches.append(match_tracks(found.hits, found.offsets, truth.hits, truth.offsets))
        seen, electron = np.diff(truth.offsets) >= _FEWEST, np.abs(truth.particles["pid"]) == ELECTRON
        masks = {"long": seen & ~electron & (truth.particles["isLong"] == 1), "electrons": seen & electron, "all": seen}
        for name, mask in masks.items():
            wanted[name].append(mask)
    found_of = {name: performance(matches, masks) for name, masks in wanted.items()}
    rates = {"search: ghost rate": ghost_rate(matches), "search: clone rate, long": found_of["long"].clone_rate}
    rates |= {"search: hit efficiency, long": found_of["long"].hit_efficiency}
    return rates | {f"search: efficiency, {name}": found.efficiency for name, found in found_of.items()}


def _figures(compared: dict[str, list[VeloEvent]]) -> dict[str, object]:
    def each(values: object) -> dict[str, Array]:
        return {name: np.concatenate([np.atleast_1d(values(event)) for event in events]) for name, events in compared.items()}

    return {
        "hits": distributions(each(len), np.linspace(0, 6000, 25), "hits an event"),
        "sizes": distributions(each(lambda event: np.diff(event.truth.offsets)), np.arange(2.5, 22), "hits a particle"),
        "momentum": distributions(each(lambda event: event.truth.particles["p"] / 1e3), np.geomspace(0.01, 100, 33), "p [GeV]", log=True),
        "eta": distributions(each(lambda event: event.truth.particles["eta"]), np.linspace(-5.5, 5.5, 45), "pseudorapidity"),
        "modules": distributions(each(lambda event: event.modules), np.arange(-0.5, 52), "module of the hits"),
        "radius": distributions(
            each(lambda event: np.hypot(event.x, event.y)), np.linspace(5, 50, 31), "distance of hits from the beam [mm]"
        ),
        "residuals": distributions(each(residuals), np.linspace(-60, 60, 41), "distance from the straight line, p > 10 GeV [µm]"),
    }


def _toy(chosen: argparse.Namespace) -> list[VeloEvent]:
    if chosen.toy is not None:
        return list(islice(read_velo_events(chosen.toy, require_truth=True), chosen.events))
    order = Order("minbias", conditions_of("run3"), chosen.seed, hits=True)
    made = make_events(order, chosen.events, progress=lambda line: print(line, end="\r", file=sys.stderr))
    return list(events_of_columns(made.to_arrays(), "toy"))


def _lhcb(chosen: argparse.Namespace) -> dict[str, list[VeloEvent]]:
    folder = samples()
    path = chosen.lhcb or (folder / _ARCHIVE if folder is not None else None)
    if path is None:
        return {}
    if not path.exists():
        raise UsageError(f"{path}: no such file", hint="name LHCb's simulated events with --lhcb, or unset BARTIK_DATA")
    return {"LHCb": list(islice(read_velo_events(path, require_truth=True), chosen.events))}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--toy", type=Path, help="a record with hits, as bartik generate writes it; default: made here")
    parser.add_argument("--lhcb", type=Path, help="LHCb's simulated events; default: those of BARTIK_DATA")
    parser.add_argument("--events", type=int, default=EVENTS)
    parser.add_argument("--searched", type=int, default=SEARCHED, help="events of each to search for tracks")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, help="folder for the figures")
    parser.add_argument("--json", type=Path, help="write the numbers to this file")
    return parser


if __name__ == "__main__":
    main(sys.argv[1:])
