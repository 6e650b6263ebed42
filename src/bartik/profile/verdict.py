"""What a layer's time goes into, in one sentence with the evidence."""

from __future__ import annotations

from dataclasses import dataclass

from bartik.profile.limits import Limits
from bartik.profile.nodes import Work

_MUCH = 0.4
"""Share of the time from which something is what limits a layer."""
WORDS = {
    "compute": "the multiply-adds alone take",
    "memory": "moving its numbers in and out takes",
    "functions": "exp, tanh and their kin take",
    "dispatch": "the call itself takes",
}


@dataclass(frozen=True)
class Verdict:
    """``bound``: compute, memory, functions, dispatch or latency; ``shares`` of the time that each would take alone; a ``sentence``."""

    bound: str
    shares: dict[str, float]
    sentence: str


def judge(work: Work, batch: int, seconds: float, limits: Limits, call: float) -> Verdict:
    """Of a layer that takes ``seconds`` a call of ``batch`` candidates, of which ``call`` is what a call takes that does nothing."""
    shares = {name: min(1.0, need / seconds) for name, need in least_seconds(work, batch, limits, call).items()}
    bound = max(shares, key=lambda name: shares[name])
    if shares[bound] < _MUCH:
        return Verdict("latency", shares, _of_nothing(work, shares))
    return Verdict(bound, shares, f"{WORDS[bound]} {shares[bound]:.0%} of the time at this machine's limit")


def least_seconds(work: Work, batch: int, limits: Limits, call: float) -> dict[str, float]:
    """What each kind of work of a call takes at the machine's limit, by kind."""
    touched = work.moved * batch + work.weights
    return {
        "compute": batch * work.multiply_adds / limits.multiply_adds,
        "memory": touched / limits.bandwidth_of(touched),
        "functions": batch * work.series / limits.series,
        "dispatch": call,
    }


def _of_nothing(work: Work, shares: dict[str, float]) -> str:
    """Why time goes where neither arithmetic nor memory is at its limit."""
    largest = max(shares, key=lambda name: shares[name])
    if work.comparisons:
        why = f"its {work.comparisons} comparisons a candidate each wait for the one before"
    elif work.steps > 1:
        why = f"its {work.steps} steps each wait for the one before"
    else:
        why = "numbers are picked, moved and waited for within the caches"
    return f"{why}; nearest to a limit, {WORDS[largest]} {shares[largest]:.0%} of it"
