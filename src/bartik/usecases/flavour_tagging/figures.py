"""What there is to see: how well flavours are told apart, whether mistags are true, tagging power, the oscillation."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.figure import Figure

from bartik import plots
from bartik.core import Array, Arrays
from bartik.usecases.flavour_tagging.columns import TAGGERS
from bartik.usecases.flavour_tagging.ftcalib import PEER_NAME
from bartik.usecases.flavour_tagging.together import COMBINED, INCLUSIVE, OPTIMUM

Drawn = tuple[str, str, Figure]


def figures(arrays: Arrays, metrics: dict[str, Any]) -> list[Drawn]:
    """ROC, calibration, tagging power of all and of the single taggers, oscillation."""
    curves = {name: arrays[f"roc|{name}"] for name in (*_judged(metrics), OPTIMUM)}
    return [
        ("Flavours told apart", "Test candidates, before calibration. The optimum knows every density.", plots.tagging_roc(curves)),
        *(_calibration(arrays, name) for name in (INCLUSIVE, COMBINED)),
        _powers(metrics),
        _single(arrays["single"]),
        _oscillation(arrays),
    ]


def _judged(metrics: dict[str, Any]) -> list[str]:
    return [name for name in metrics if name != OPTIMUM]


def _calibration(arrays: Arrays, name: str) -> Drawn:
    peer = arrays.get(f"peer|{name}")
    figure = plots.tagging_calibration(arrays[f"calibration|{name}"], arrays[f"line|{name}"], peer, PEER_NAME)
    return (
        f"Calibration, {name}",
        "The line is fitted to validation candidates, the points are test candidates. Intervals are 68.3%.",
        figure,
    )


def _powers(metrics: dict[str, Any]) -> Drawn:
    powers = {name: _triple(values["realised tagging power"]) for name, values in metrics.items() if name != OPTIMUM}
    best = _triple(metrics[OPTIMUM]["realised tagging power"])[0]
    return "Tagging power", "Realised on the test candidates after calibration. Intervals are 68.3%.", plots.tagging_powers(powers, best)


def _single(single: Array) -> Drawn:
    powers = {f"{tagger} ({100 * rows[0, 0]:.0f}% tagged)": tuple(rows[2]) for tagger, rows in zip(TAGGERS, single, strict=True)}
    return "Single taggers", "Each network alone, realised on the test candidates. Intervals are 68.3%.", plots.tagging_powers(powers)


def _oscillation(arrays: Arrays) -> Drawn:
    asymmetries, curves = {}, {}
    for name in (INCLUSIVE, COMBINED):
        value, error, truth = arrays[f"amplitude|{name}"]
        shown = f"{name}: 1 - 2ω = {value:.3f} ± {error:.3f} (true {truth:.3f})"
        asymmetries[shown], curves[shown] = arrays[f"asymmetry|{name}"], arrays[f"oscillation|{name}"]
    caption = (
        "Signals that decay with the flavour of their tag less those that do not, over their sum. The amplitude is the mean dilution that "
        "the fit finds; the true one is counted from the flavours at production. Bars are statistical."
    )
    return "Oscillation", caption, plots.oscillation(asymmetries, curves)


def _triple(value: Any) -> tuple[float, float, float]:
    found = value if isinstance(value, dict) else {"value": value.value, "low": value.low, "high": value.high}
    return tuple(float(np.float64(found[key])) for key in ("value", "low", "high"))  # type: ignore[return-value]
