"""The gates of a candidate: physics against the champion, parity, time, size; the use case's ``[gates]`` say what is wanted."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from bartik.checks import Parity
from bartik.core import Config, ConfigError
from bartik.core.bundle import Bundle
from bartik.metrics import Paired
from bartik.profile.result import Benchmark
from bartik.registry import Gate

_NATIVE = "native"


@dataclass(frozen=True)
class Limits:
    """What a use case asks of every candidate.

    ``tolerance`` by metric: how much worse than the champion it may be; ``us_per_event`` processor time of ``native`` (of another where
    that does not take the model) for the candidates of an event, one thread, batches; ``kilobytes`` of ``model.onnx``. Zero, or nothing:
    not asked.
    """

    tolerance: Mapping[str, float]
    us_per_event: float
    kilobytes: float

    @classmethod
    def of(cls, config: Config) -> Limits:
        """From the table ``gates`` of a configuration; a use case without one has no limits of its own."""
        gates = config.to_dict().get("gates", {})
        tolerance = {name: float(value) for name, value in gates.get("tolerance", {}).items()}
        found = cls(tolerance, float(gates.get("us_per_event", 0.0)), float(gates.get("kilobytes", 0.0)))
        if any(value < 0 for value in (*tolerance.values(), found.us_per_event, found.kilobytes)):
            raise ConfigError("gates: a tolerance, a time and a size are 0 or more")
        return found


def physics_gates(sample: str, found: Mapping[str, Paired], limits: Limits, smaller: Collection[str] = ()) -> list[Gate]:
    """No metric with a tolerance may be worse than the champion's by more than that, on this ``sample``.

    ``smaller`` are metrics of which less is better. A tolerance for a metric that the use case does not give is an error.
    """
    unknown = set(limits.tolerance) - set(found)
    if unknown:
        raise ConfigError(f"gates.tolerance: no metric {', '.join(sorted(unknown))}", hint=f"the use case gives {', '.join(found)}")
    return [_physics(f"{name}, {sample}", found[name], limit, smaller=name in smaller) for name, limit in limits.tolerance.items()]


def _physics(name: str, paired: Paired, tolerance: float, *, smaller: bool) -> Gate:
    worse = paired.difference.value if smaller else -paired.difference.value
    sign, bound = (">=", paired.old.value - tolerance) if not smaller else ("<=", paired.old.value + tolerance)
    wanted = f"{sign} {bound:.5f} (champion {paired.old.value:.5f}, tolerance {tolerance:g})"
    low, high = paired.difference.value - paired.difference.low, paired.difference.high - paired.difference.value
    found = f"{paired.new.value:.5f}, difference {paired.difference.value:+.5f} -{low:.5f} +{high:.5f}"
    return Gate(name, worse <= tolerance, wanted, found)


def parity_gate(parities: Sequence[Parity], backend: str = _NATIVE) -> Gate:
    """Every backend that runs here gives the reference, ``backend`` among them: ours, but for models that it does not take."""
    same, wrong = ([p.backend for p in parities if p.status == status] for status in ("same", "wrong"))
    passed = backend in same and not wrong
    found = f"same on {', '.join(same) or 'none'}" + (f"; wrong on {', '.join(wrong)}" if wrong else "")
    return Gate("parity", passed, f"the reference on every backend, {backend} among them", found)


def time_gate(measured: Benchmark, limits: Limits, backend: str = _NATIVE) -> list[Gate]:
    """Processor time of ``backend`` for one event, at the largest batch that was measured."""
    if not limits.us_per_event:
        return []
    rows = [row for row in measured.rows if row.backend == backend]
    wanted = f"<= {limits.us_per_event:g} us an event of {measured.candidates:g} candidates"
    if not rows:
        return [Gate("time", passed=False, wanted=wanted, found=f"{backend} was not measured: {measured.skipped.get(backend, '')}")]
    row = max(rows, key=lambda one: one.batch)
    micros = 1e6 * row.seconds_per_candidate * measured.candidates
    cpu = measured.machine.get("cpu", "this processor")
    return [Gate("time", micros <= limits.us_per_event, wanted, f"{micros:.2f} us by {backend} on one thread of {cpu}")]


def size_gate(bundle: Bundle, limits: Limits) -> list[Gate]:
    """Bytes of the ONNX file."""
    if not limits.kilobytes:
        return []
    size = bundle.model_path.stat().st_size / 1000
    return [Gate("size", size <= limits.kilobytes, f"<= {limits.kilobytes:g} kB", f"{size:.1f} kB")]
