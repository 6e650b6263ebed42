"""What the best vertex finder could reach: `vertex_limits.py [--events N] [--set KEY=VALUE ...]`.

Of test events of `vertex_finding`, without any network: how many vertices have another near them; what the target itself gives through the
peak finder, in both ways of counting; and how far a fit to the tracks that are known to be of a vertex is from it (x, y and z with the
beams as a constraint, each track counted as 1 / (1 + chi²/4)): what tracks say, and no search can say better.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import torch

from bartik.core import Array, BartikError, Config, load_config
from bartik.core.plugins import load_usecase, usecase_folder
from bartik.data.ellipsoids import BEAM_WIDTH
from bartik.data.vertex_event import VertexEvent
from bartik.metrics.vertices import WINDOW, distance_to_next, match_vertices, vertex_efficiency
from bartik.usecases.vertex_finding.counting import counted
from bartik.usecases.vertex_finding.events import events_of
from bartik.usecases.vertex_finding.layers import Peaks
from bartik.usecases.vertex_finding.rows import histograms
from bartik.usecases.vertex_finding.score import found_in
from bartik.usecases.vertex_finding.targets import FEWEST, resolution

_NEAR = (0.3, 0.5, 1.0, 1.5, 2.0)  # mm
_TRACKS = (5, 8, 12, 20, 40, 1000)
_OWN = 3.0  # mm along the beam: tracks nearer to a vertex that is alone are taken for its own
_ALONE = 10.0
_STEPS = 20
_BEAM = np.diag([1.0, 1.0, 0.0]) / BEAM_WIDTH**2


def main(arguments: list[str]) -> int:
    """Print the tables."""
    options = _parser().parse_args(arguments)
    try:
        config = load_config(usecase_folder(load_usecase("vertex_finding")), settings=[f"data.test={options.events}", *options.set])
        events = events_of("test", config)
    except BartikError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    print(_neighbours(events), _targets(events, config), _fits(events), sep="\n\n")
    return 0


def _neighbours(events: Sequence[VertexEvent]) -> str:
    apart = distance_to_next([event.z for event in events])[np.concatenate([event.count for event in events]) >= FEWEST]
    shares = ", ".join(f"{100 * np.mean(apart < near):.1f}% within {near} mm" for near in _NEAR)
    return f"{len(apart)} vertices of {FEWEST} tracks or more in {len(events)} events; another collision is near: {shares}"


def _targets(events: Sequence[VertexEvent], config: Config) -> str:
    """What the target gives: the limit of any network that learns it."""
    bins = config.bins
    target = torch.from_numpy(np.nan_to_num(histograms(events, config)))
    found = found_in(Peaks(bins.low, bins.width)(target).numpy())
    every = match_vertices(found, [event.z for event in events], config.finders.window)
    wanted = np.concatenate([event.count for event in events]) >= FEWEST
    true = [counted(event, bins.low, bins.width, bins.resolution) for event in events]
    published = match_vertices(found, [one.z for one in true], [one.window for one in true])
    peaks = np.concatenate([one.count for one in true]) >= FEWEST
    text = f"The target itself: {vertex_efficiency(every, wanted, 0).value:.4f} of all collisions are found; as published, "
    return text + f"{peaks.sum()} peaks count, of which {vertex_efficiency(published, peaks, 0).value:.4f} are found"


def _fits(events: Sequence[VertexEvent]) -> str:
    rows: list[tuple[float, float]] = []
    for event in events:
        apart = distance_to_next([event.z])
        for z, count, alone in zip(event.z, event.count, apart, strict=True):
            own = np.abs(event.tracks[:, 0] - z) < _OWN
            if count >= FEWEST and alone > _ALONE and own.sum() >= FEWEST:
                rows.append((float(count), _fitted(event.tracks[own], event.beam, float(z)) - float(z)))
    count, off = np.abs(np.array(rows)).T
    wide = np.maximum(5 * resolution(count), 0.3)
    lines = [f"| all | {len(off)} | | | {100 * np.mean(off > WINDOW):.2f}% | {100 * np.mean(off > wide):.2f}% |"]
    for low, high in pairwise(_TRACKS):
        some = (count >= low) & (count < high)
        width, expected = 1000 * np.quantile(off[some], 0.683), 1000 * float(resolution(np.median(count[some])))
        beyond = f"{100 * np.mean(off[some] > WINDOW):.2f}% | {100 * np.mean(off[some] > wide[some]):.2f}%"
        lines.append(f"| {low} to {high - 1} | {some.sum()} | {width:.0f} | {expected:.0f} | {beyond} |")
    head = f"| tracks | vertices | 68.3% within um | formula um | > {WINDOW} mm | > 5 sigma |\n"
    return "Fits to the tracks of vertices that are alone:\n\n" + head + "|---" * 6 + "|\n" + "\n".join(lines)


def _fitted(tracks: Array, beam: Array, start: float) -> float:
    """Z of the fit, which begins at ``start``."""
    matrix = np.zeros((len(tracks), 3, 3))
    for column, (i, j) in enumerate(((0, 0), (1, 1), (2, 2), (0, 1), (0, 2), (1, 2))):
        matrix[:, i, j] = matrix[:, j, i] = tracks[:, 3 + column]
    matrix -= _BEAM
    place = tracks[:, [1, 2, 0]] - np.array([*beam, 0.0])
    found = np.array([0.0, 0.0, start])
    for _ in range(_STEPS):
        away = place - found
        weight = 1 / (1 + np.einsum("ti,tij,tj->t", away, matrix, away) / 4)
        equations = _BEAM + np.einsum("t,tij->ij", weight, matrix)
        found = np.linalg.solve(equations, np.einsum("t,tij,tj->i", weight, matrix, place))
    return float(found[2])


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--events", type=int, default=800, metavar="N", help="test events")
    parser.add_argument("--set", nargs="*", default=[], metavar="KEY=VALUE", help="of the configuration")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
