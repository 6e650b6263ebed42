"""``bartik display``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bartik.cli.common import next_step
from bartik.core import DataError, UsageError

if TYPE_CHECKING:
    import numpy as np

    from bartik.data.velo import VeloEvent
    from bartik.metrics import Matches
    from bartik.plots import Drawn
    from bartik.usecases.ghost_probability.candidates import Candidates

_SOURCE = "Velo events: a .json file, a folder, an archive, or what bartik generate wrote; without it, a generated event."
_Source = Annotated[Path | None, typer.Argument(metavar="EVENT", help=_SOURCE)]
_Number = Annotated[int, typer.Option("--event", metavar="N", help="The event with this number in its name, or the one generated with it.")]
_Output = Annotated[Path, typer.Option("-o", "--output", metavar="FILE", help="Where to draw (.png or .svg).")]
_Seed = Annotated[int, typer.Option("--seed", help="Of the generator.")]
_Run = Annotated[Path | None, typer.Option("--run", metavar="RUN", help="Draw the tracks that this run of velo_tracking finds.")]
_Truth = Annotated[bool, typer.Option("--truth", help="Draw the simulated particles in the place of the tracks found.")]
_LEAST = 3
"""Hits of a particle that can be found."""


def display(
    source: _Source = None,
    event: _Number = 0,
    output: _Output = Path("event.png"),
    seed: _Seed = 1,
    truth: _Truth = False,
    run: _Run = None,
) -> None:
    """Draw an event of the vertex locator: hits, tracks found by search by triplet, ghosts, and what the simulation says was there.

    Example: bartik display velo_event_7.json -o event.svg

    Example: bartik display 06_velo_tracking/velopix_minibias_450ev.tar.xz --event 7

    Example: bartik display minbias.h5 --event 7 --truth

    Example: bartik display minbias.h5 --event 7 --run runs/velo_tracking
    """
    from bartik.cli.display_truth import collisions, true_tracks
    from bartik.plots import save, velo_event

    if truth and run is not None:
        raise UsageError("--truth and --run: one of them can be drawn", hint="without --truth, what was missed is drawn as well")
    found = _event(source, event, seed)
    title = f"{source.name}, event {event}" if source else f"generated event {event}"
    drawn = true_tracks(source, found) if truth else None
    save(velo_event(_drawn(found, title, collisions(source, event), drawn, run)), output)
    print(output)
    next_step(f"look at {output}; another one: --event {event + 1}")


def _event(source: Path | None, number: int, seed: int) -> VeloEvent:
    from bartik.data.velo import event_from_dict, read_velo_events
    from bartik.simulation.velo import generate_velo_event

    if source is None:
        return event_from_dict(generate_velo_event(seed, number), number)
    single = source.suffix == ".json"
    found = next(iter(read_velo_events(source, select=None if single else lambda known: known == number)), None)
    if found is None:
        raise DataError(f"{source}: no event of number {number}", hint="numbers are those in the names of the events: --event N")
    return found


def _search(event: VeloEvent, run: Path | None) -> Candidates:
    """Tracks by the networks of a run, or by search by triplet."""
    from bartik.usecases.ghost_probability.candidates import candidates_from, find_candidates

    if run is None:
        return find_candidates(event)
    from bartik.core.plugins import load_usecase
    from bartik.usecases.velo_tracking.finder import Finder
    from bartik.usecases.velo_tracking.graph import positions
    from bartik.workflow.predict import bundles_of, run_config

    usecase = load_usecase("velo_tracking")
    finder = Finder(bundles_of(usecase, run), run_config(usecase, run).tracks)
    return candidates_from(finder.find(positions(event)))


def _drawn(event: VeloEvent, title: str, collisions: np.ndarray, truth: dict[str, list[np.ndarray]] | None, run: Path | None) -> Drawn:
    import numpy as np

    from bartik.plots import Drawn
    from bartik.simulation.velo_geometry import sensor_corners

    hits = np.stack([event.x, event.y, event.z], axis=1)
    used = np.zeros(len(event), bool)
    if truth is None:
        candidates = _search(event, run)
        used[candidates.hits] = True
        truth, note = _tracks(event, candidates, hits)
    elif event.truth is not None:
        used[event.truth.hits] = True
        note = f"{len(event)} hits, {len(event.truth)} particles"
    return Drawn(hits, used, truth, sensor_corners(), collisions, title=title, note=note)


def _tracks(event: VeloEvent, candidates: Candidates, hits: np.ndarray) -> tuple[dict[str, list[np.ndarray]], str]:
    """Points of the tracks by kind; without truth all are found."""
    import numpy as np

    from bartik.metrics import match_tracks

    lists = [_along(hits, part) for part in np.split(candidates.hits, candidates.offsets[1:-1])] if len(candidates) else []
    if event.truth is None:
        return {"found": lists}, f"{len(event)} hits, {len(lists)} tracks"
    match = match_tracks(candidates.hits, candidates.offsets, event.truth.hits, event.truth.offsets)
    electron = np.abs(event.truth.particles.get("pid", np.zeros(len(event.truth)))) == 11
    kinds: dict[str, list[np.ndarray]] = {"found": [], "electron": [], "ghost": [], "missed": _missed(event, match, hits)}
    for points, particle in zip(lists, match.particle.tolist(), strict=True):
        kinds["ghost" if particle < 0 else "electron" if electron[particle] else "found"].append(points)
    return kinds, f"{len(event)} hits, {len(event.truth)} particles, {len(lists)} tracks"


def _missed(event: VeloEvent, match: Matches, hits: np.ndarray) -> list[np.ndarray]:
    import numpy as np

    assert event.truth is not None  # noqa: S101 - asked before
    parts = np.split(event.truth.hits, event.truth.offsets[1:-1]) if len(event.truth) else []
    return [_along(hits, part) for part, times in zip(parts, match.tracks.tolist(), strict=True) if times == 0 and len(part) >= _LEAST]


def _along(hits: np.ndarray, part: np.ndarray) -> np.ndarray:
    """The hits of a track in the order of z."""
    import numpy as np

    points = hits[part]
    return np.asarray(points[np.argsort(points[:, 2], kind="stable")])
