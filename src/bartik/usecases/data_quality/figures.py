"""What somebody on shift wants to see."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from bartik import plots
from bartik.core import Array, Dataset
from bartik.metrics import roc_curve
from bartik.simulation.runs import EDGES
from bartik.usecases.data_quality.peers import TEMPLATE, template_of
from bartik.usecases.data_quality.score import Judged, judged

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_SHOWN = 1000
_STEPS = 8
_MEMORY = 0.7


def figures(scores: Mapping[str, Array], data: Dataset) -> list[tuple[str, str, Figure]]:
    """Title, caption and figure: scores in time, ROC, what follows a jump, and a bad run against the template."""
    streams = {name: list(judged(values, data)) for name, values in scores.items()}
    shown = {name: streams[name] for name in list(streams)[:2]}
    return [
        ("Scores in time", "The first runs that are judged. Dashed: mean or width of the histogram jump.", in_time(shown)),
        ("Bad runs found, good runs flagged", "All runs that are judged, of all streams. Lower is better.", roc(streams)),
        ("After a jump", "Run 0 is the first after it. Errors are statistical.", after_jumps(streams)),
        ("A bad run against the template", _RUN, against_template(data)),
    ]


_RUN = "The bad run of the first stream with most wrong bins. The band is the template's own uncertainty; below, pulls, dark beyond 3."


def in_time(streams: Mapping[str, list[Judged]]) -> Figure:
    """Scores of the first runs of the first stream, by name."""
    first = next(iter(streams.values()))[0]
    cut = slice(0, _SHOWN)
    scores = {name: (found[0].scores[cut], found[0].threshold) for name, found in streams.items()}
    return plots.scores_in_time(scores, first.bad[cut], first.jumped[cut], "log χ²/bins", first=int(first.rows[0]))


def roc(streams: Mapping[str, list[Judged]]) -> Figure:
    """Of all streams together."""
    curves = {}
    for name, found in streams.items():
        scores, bad = (np.concatenate([getattr(stream, what) for stream in found]) for what in ("scores", "bad"))
        curve = roc_curve(scores[bad], scores[~bad])
        curves[name] = (curve.signal_efficiency, curve.background_rejection)
    figure = plots.roc(curves, from_efficiency=0.8)
    figure.axes[0].set_xlabel("bad runs flagged", loc="right")
    figure.axes[0].set_ylabel("good runs flagged", loc="top")
    return figure


def after_jumps(streams: Mapping[str, list[Judged]]) -> Figure:
    """Share of the good runs flagged, by how many good runs came since the last jump."""
    shares = {}
    for name, found in streams.items():
        since = np.concatenate([_since(stream) for stream in found])
        flagged = np.concatenate([(stream.scores >= stream.threshold)[~stream.bad] for stream in found])
        rows = [flagged[since == step] for step in range(_STEPS)]
        share = np.array([some.mean() if some.size else 0.0 for some in rows])
        shares[name] = (
            share,
            np.array([np.sqrt((p + 0.01) * (1.01 - p) / max(1, some.size)) for p, some in zip(share, rows, strict=True)]),
        )
    return plots.after_jump(shares)


def against_template(data: Dataset) -> Figure:
    """The bad run with most wrong bins of the first stream, and the template before it."""
    rows = np.flatnonzero(data.spectators["stream"] == data.spectators["stream"][0])
    found = template_of(data, rows, [_MEMORY])
    worst = int(np.argmax(data.spectators["wrong"][rows].sum(axis=1) + (data.target[rows] > 0.5)))
    share, sigma, pull = found.reference[worst], found.sigma[worst], found.pull[worst]
    references = {TEMPLATE: (share, sigma, pull)}
    return plots.run_against_reference(EDGES, data.inputs["run"][rows[worst]], references, "monitored quantity")


def _since(stream: Judged) -> Array:
    """Good runs [good runs] since the conditions jumped, many before the first jump."""
    count, found = _STEPS, []
    for bad, jumped in zip(stream.bad, stream.jumped, strict=True):
        count = 0 if jumped else count
        if not bad:
            found.append(count)
            count += 1
    return np.array(found)
