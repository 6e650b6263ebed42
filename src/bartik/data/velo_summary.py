"""What Velo events are like, in numbers that tell a simulation from another: occupancy, particles, resolution."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from bartik.core import Array, DataError
from bartik.data.velo_event import VeloEvent, VeloTruth

ELECTRON, PROTON = 11, 2212
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
_FAST = 10_000.0  # MeV
_FEWEST = 3
_FAR = 100.0  # um


def summary(events: Sequence[VeloEvent]) -> dict[str, float]:
    """Numbers by name, of events with truth; momenta in GeV, the residual in µm.

    Means are over events or particles as the name says; particles are those with three hits or more. `DataError` without truth or
    particles.
    """
    truths = _truths(events)
    hits = np.array([len(event) for event in events])
    uses = np.concatenate([np.bincount(truth.hits, minlength=len(event)) for event, truth in zip(events, truths, strict=True)])
    sizes = np.concatenate([np.diff(truth.offsets) for truth in truths])
    kept = sizes >= _FEWEST
    if not kept.any():
        raise DataError("no particle with three hits in any event", hint="more events, or others")
    kinds = {name: np.concatenate([truth.particles[name] for truth in truths])[kept] for name in ("p", "eta", "pid", "isLong")}
    found = {"hits an event": hits.mean(), "hits an event, spread": hits.std(), "particles an event": kept.sum() / len(events)}
    found |= {"hits a particle": sizes[kept].mean(), "hits a particle, median": np.median(sizes[kept])}
    found |= {"shared hits": (uses > 1).mean(), "hits of no particle": (uses == 0).mean()}
    found |= _shares(kinds) | _quantiles("p [GeV]", kinds["p"] / 1e3) | _quantiles("eta", kinds["eta"])
    found["residual above 10 GeV [um]"] = spread(np.concatenate([residuals(event) for event in events]))
    return {name: float(value) for name, value in found.items()}


def residuals(event: VeloEvent) -> npt.NDArray[np.float64]:
    """Distance in µm, in x and in y, of each hit from the line through the one before and behind it, of particles above 10 GeV."""
    (truth,) = _truths([event])
    parts: list[Array] = [np.zeros(0)]
    for row in np.flatnonzero((truth.particles["p"] > _FAST) & (np.diff(truth.offsets) >= _FEWEST)):
        hits = truth.hits[truth.offsets[row] : truth.offsets[row + 1]]
        x, y, z = (getattr(event, axis)[hits[np.argsort(event.z[hits], kind="stable")]] for axis in "xyz")
        parts += [1e3 * _off_line(z, x), 1e3 * _off_line(z, y)]
    return np.concatenate(parts)


def spread(values: Array) -> float:
    """Root mean square of those ``values`` in µm that are within 100 µm; NaN without any."""
    near = values[np.abs(values) < _FAR]
    return float(np.sqrt(np.mean(near**2))) if len(near) else float("nan")


def _off_line(z: Array, x: Array) -> Array:
    share = (z[1:-1] - z[:-2]) / np.where(z[2:] == z[:-2], np.inf, z[2:] - z[:-2])
    between = (share > 0.3) & (share < 0.7)  # far from the middle the same width of hits gives another of residuals
    return np.asarray((x[1:-1] - x[:-2] - share * (x[2:] - x[:-2]))[between])


def _shares(kinds: Mapping[str, Array]) -> dict[str, float]:
    return {
        "forward": (kinds["eta"] > 0).mean(),
        "long": (kinds["isLong"] == 1).mean(),
        "electrons": (np.abs(kinds["pid"]) == ELECTRON).mean(),
        "protons": (np.abs(kinds["pid"]) == PROTON).mean(),
    }


def _quantiles(name: str, values: Array) -> dict[str, float]:
    return {f"{name}, {100 * share:g}%": value for share, value in zip(QUANTILES, np.quantile(values, QUANTILES), strict=True)}


def _truths(events: Sequence[VeloEvent]) -> list[VeloTruth]:
    if not events:
        raise DataError("no events", hint="give some")
    for event in events:
        if event.truth is None:
            raise DataError(f"{event.name}: no truth in this event", hint="use simulated events")
    return [event.truth for event in events if event.truth is not None]
