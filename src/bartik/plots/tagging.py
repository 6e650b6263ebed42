"""Figures of flavour tagging: ROC, calibration, tagging power, oscillation."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from bartik.core import Array
from bartik.plots.palette import DASHES, INK, MARKERS, MUTED, series
from bartik.plots.style import label, new_figure, styled


def tagging_roc(curves: Mapping[str, Array]) -> Figure:
    """Share of flavour +1 kept less the share of flavour -1 kept, against the former: by name [2, points], efficiency and rejection.

    Taggers are weak: in the usual picture all curves would lie on the diagonal, which is 0 here.
    """
    figure, axes = new_figure()
    with styled():
        for place, (name, (efficiency, rejection)) in enumerate(curves.items()):
            axes.plot(
                efficiency,
                efficiency - (1 - rejection),
                color=series(place),
                linestyle=DASHES[place % len(DASHES)],
                linewidth=1.4,
                label=name,
            )
        axes.set(xlim=(0, 1), ylim=(0, None))
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_formatter(PercentFormatter(1, decimals=0))
        label(axes, "flavour +1 kept", "kept of flavour +1 less of flavour -1")
        figure.legend(loc="outside lower left", ncols=3)
    return figure


def tagging_calibration(points: Array, line: Array, peer: Array | None = None, peer_name: str = "") -> Figure:
    """Measured against predicted mistag: ``points`` [bins, 6] of `bartik.metrics.calibration_points`; ``line`` and ``peer`` [2, points]."""
    figure, axes = new_figure()
    with styled():
        low, high, value, below, above, middle = points.T
        axes.plot([0, 0.5], [0, 0.5], color=MUTED, linewidth=0.9, linestyle=":", label="perfect")
        axes.plot(*line, color=series(1), label="fit on the control sample")
        if peer is not None:
            axes.plot(*peer, color=series(2), linestyle=DASHES[1], label=peer_name)
        axes.errorbar(
            middle,
            value,
            xerr=[middle - low, high - middle],
            yerr=[np.maximum(value - below, 0), np.maximum(above - value, 0)],
            fmt="o",
            color=series(0),
            markersize=4,
            linewidth=1.2,
            label="test candidates",
        )
        smallest = float(min(low.min(), below.min()))
        axes.set(xlim=(max(0.0, float(low.min()) - 0.02), 0.505), ylim=(max(0.0, smallest - 0.02), 0.52))
        label(axes, "predicted mistag η", "measured mistag ω")
        axes.legend(loc="upper left")
    return figure


def tagging_powers(powers: Mapping[str, tuple[float, float, float]], best: float | None = None) -> Figure:
    """Tagging power by name with its interval (value, low, high); ``best`` that can be, where it is known."""
    figure, axes = new_figure(height=0.9 + 0.42 * len(powers))
    with styled():
        names, values = list(powers), np.array(list(powers.values()))
        errors = np.abs(values[:, 1:] - values[:, :1]).T
        bars = axes.barh(names, values[:, 0], xerr=errors, color=series(0), ecolor=INK, height=0.6, error_kw={"elinewidth": 1.1})
        axes.bar_label(bars, [f"  {100 * value:.2f}%" for value in values[:, 0]], fontsize=9, color=MUTED)
        if best is not None:
            axes.axvline(best, color=series(1), linewidth=1.3, linestyle=DASHES[1], label="no tagger can have more")
            figure.legend(loc="outside lower left")
        axes.invert_yaxis()
        axes.set_xlim(0, 1.18 * max(float(values.max()), best or 0.0, 1e-6))
        axes.xaxis.set_major_formatter(PercentFormatter(1, decimals=1))
        axes.grid(visible=False, axis="y")
        label(axes, "tagging power", "")
    return figure


def oscillation(asymmetries: Mapping[str, Array], curves: Mapping[str, Array]) -> Figure:
    """Asymmetry of signals that decay as they were tagged and those that do not, against the decay time in ps.

    By name: measured [bins, 5], low and high edge, value, low and high; and the fit [2, points].
    """
    figure, axes = new_figure()
    with styled():
        axes.axhline(0, color=MUTED, linewidth=0.8)
        for place, (name, bins) in enumerate(asymmetries.items()):
            low, high, value, below, above = bins.T
            spread = [np.maximum(value - below, 0), np.maximum(above - value, 0)]
            axes.errorbar(
                (low + high) / 2,
                value,
                yerr=spread,
                fmt=MARKERS[place % len(MARKERS)],
                color=series(place),
                markersize=4,
                linewidth=1.1,
                label=name,
            )
            axes.plot(*curves[name], color=series(place), linestyle=DASHES[place % len(DASHES)], linewidth=1.4)
        label(axes, "decay time t [ps]", "asymmetry")
        figure.legend(loc="outside lower left")
    return figure
