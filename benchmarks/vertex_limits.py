"""What the best vertex finder could reach: `vertex_limits.py [--events N] [--set KEY=VALUE ...]`.

Of test events of `vertex_finding`, without any network: how many vertices have another near them; what the target itself gives through the
peak finder, in both ways of counting; and how far a fit to the tracks that are known to be of a vertex is from it (x, y and z with the
beams as a constraint, each track counted as 1 / (1 + chi²/4)): what tracks say, and no search can say better. The fit begins at the true
vertex; once more it begins at many places around, of which the likeliest is kept, as one has to who does not know.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Sequence
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
_STARTS = np.arange(-2.0, 2.1, 0.25)  # mm
_END = 2.0  # logarithm of 1 + chi²/4 from which on a track says nothing
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
    rows: list[tuple[float, float, float]] = []
    for event in events:
        apart = distance_to_next([event.z])
        for z, count, alone in zip(event.z, event.count, apart, strict=True):
            own = np.abs(event.tracks[:, 0] - z) < _OWN
            if count >= FEWEST and alone > _ALONE and own.sum() >= FEWEST:
                told = _fitted(event.tracks[own], event.beam, [float(z)])
                rows.append((float(count), told - float(z), _fitted(event.tracks[own], event.beam, z + _STARTS) - float(z)))
    count, off, sought = np.abs(np.array(rows)).T
    wide = np.maximum(5 * resolution(count), 0.3)
    every = f"{100 * np.mean(off > WINDOW):.2f}% | {100 * np.mean(off > wide):.2f}% | {100 * np.mean(sought > wide):.2f}%"
    lines = [f"| all | {len(off)} | | | {every} |"]
    for low, high in pairwise(_TRACKS):
        some = (count >= low) & (count < high)
        width, expected = 1000 * np.quantile(off[some], 0.683), 1000 * float(resolution(np.median(count[some])))
        beyond = f"{100 * np.mean(off[some] > WINDOW):.2f}% | {100 * np.mean(off[some] > wide[some]):.2f}%"
        beyond += f" | {100 * np.mean(sought[some] > wide[some]):.2f}%"
        lines.append(f"| {low} to {high - 1} | {some.sum()} | {width:.0f} | {expected:.0f} | {beyond} |")
    head = f"| tracks | vertices | 68.3% within um | formula um | > {WINDOW} mm | > 5 sigma | > 5 sigma, begun anywhere |\n"
    return "Fits to the tracks of vertices that are alone:\n\n" + head + "|---" * 7 + "|\n" + "\n".join(lines)


def _fitted(tracks: Array, beam: Array, starts: Iterable[float]) -> float:
    """Z of the likeliest of the fits that begin at ``starts``."""
    matrix = np.zeros((len(tracks), 3, 3))
    for column, (i, j) in enumerate(((0, 0), (1, 1), (2, 2), (0, 1), (0, 2), (1, 2))):
        matrix[:, i, j] = matrix[:, j, i] = tracks[:, 3 + column]
    matrix -= _BEAM
    place = tracks[:, [1, 2, 0]] - np.array([*beam, 0.0])
    return min(_fit(matrix, place, float(start)) for start in starts)[1]


def _fit(matrix: Array, place: Array, start: float) -> tuple[float, float]:
    """How unlikely it is, as minus the logarithm of the likelihood, and z."""
    found = np.array([0.0, 0.0, start])
    chi2 = np.zeros(len(place))
    for _ in range(_STEPS):
        away = place - found
        chi2 = np.einsum("ti,tij,tj->t", away, matrix, away)
        weight = 1 / (1 + chi2 / 4)
        equations = _BEAM + np.einsum("t,tij->ij", weight, matrix)
        found = np.linalg.solve(equations, np.einsum("t,tij,tj->i", weight, matrix, place))
    cost = 2 * np.minimum(np.log1p(chi2 / 4), _END).sum() + 0.5 * found @ _BEAM @ found
    return float(cost), float(found[2])


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--events", type=int, default=800, metavar="N", help="test events")
    parser.add_argument("--set", nargs="*", default=[], metavar="KEY=VALUE", help="of the configuration")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
