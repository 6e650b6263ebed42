"""Whether a model fits a budget on a device, which layer to shrink and by how much if not, and what measured alternatives bring."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bartik.core.bundle import Bundle
from bartik.core.ragged import is_ragged
from bartik.profile.bench import bench
from bartik.profile.devices import HERE, device, predicted_seconds, roofline_seconds
from bartik.profile.limit import LIMIT
from bartik.profile.profiler import Profile
from bartik.profile.result import Row

_BATCHES = (1, 256)
_DEVICE_BATCH = 4096
"""Candidates that a GPU works on at once: of many events."""
_REACHED = (0.05, 0.9)
"""Share of the peak that a model is taken to reach on a device, at least and at most."""


@dataclass(frozen=True)
class Prediction:
    """Seconds of a candidate on ``device``.

    At the roofline, all layers and each by name; and ``likely``, if a kernel reaches there the share of the peak that ours reaches here.
    On this machine both are the same: what the rates of its kernels add up to.
    """

    device: str
    roofline: float
    likely: float
    layers: Mapping[str, float]


@dataclass(frozen=True)
class Alternative:
    """A way to run it that was measured: seconds of a candidate, and what it changes in the answers, in words."""

    name: str
    seconds: float
    cost: str = ""


def predict(found: Profile, name: str) -> Prediction:
    """Of a profiled model, on a known device, or on this machine for ``here``."""
    if name == HERE:
        layers = {part.name: predicted_seconds(part.work, found.batch, found.limits) for part in found.layers}
        whole = predicted_seconds(found.whole.work, found.batch, found.limits)
        return Prediction(HERE, whole, whole, layers)
    on = device(name)
    layers = {part.name: roofline_seconds(part.work, _DEVICE_BATCH, on) for part in found.layers}
    whole = roofline_seconds(found.whole.work, _DEVICE_BATCH, on)
    return Prediction(on.name, whole, whole / reached(found), layers)


def reached(found: Profile) -> float:
    """Share of this machine's limit that the model reaches here, with bounds."""
    least = max(found.whole.verdict.shares.get(kind, 0.0) for kind in ("compute", "functions", "memory"))
    return min(_REACHED[1], max(_REACHED[0], least))


def measured_alternatives(bundle: Bundle, others: Mapping[str, tuple[Bundle, str]], seconds: float) -> list[Alternative]:
    """Backends at two batch sizes; and ``others``, smaller bundles with what they cost, on `native`; the fastest first."""
    found = [Alternative(f"{row.backend}, batch {row.batch}", row.seconds_per_candidate) for row in _rows(bundle, seconds, None)]
    for name, (other, cost) in others.items():
        found += [Alternative(f"{name}, batch {row.batch}", row.seconds_per_candidate, cost) for row in _rows(other, seconds, ["native"])]
    return sorted(found, key=lambda one: one.seconds)


def _rows(bundle: Bundle, seconds: float, backends: Sequence[str] | None) -> list[Row]:
    batches = (1,) if is_ragged(bundle.signature) else _BATCHES
    return [row for row in bench(bundle, backends, batches, seconds=seconds).rows if row.backend != LIMIT]


def shrink(predicted: Prediction, allowed: float) -> str:
    """Which layer is to become smaller, and by how much, so that ``likely`` is ``allowed`` seconds; empty where it is."""
    if predicted.likely <= allowed:
        return ""
    name = max(predicted.layers, key=lambda layer: predicted.layers[layer])
    part = predicted.layers[name] / sum(predicted.layers.values())
    rest = 1 - allowed / predicted.likely
    if part > rest:
        left = 1 - rest / part
        width = f"{left**0.5:.0%} of its width if both sides shrink"
        return f"layer {name} is {part:.0%} of it: with {left:.0%} of its work the model fits, {width}"
    scale = allowed / predicted.likely
    return f"layer {name} is {part:.0%} of it, and leaving it out is not enough: all layers together must do with {scale:.1%} of their work"


def error(found: Profile) -> float:
    """How many times what was predicted for this machine is what was measured."""
    return predict(found, HERE).likely * found.batch / found.whole.seconds
