"""The time the trigger has.

LHCb's first trigger stage (LHCB-TDR-021) takes 30 MHz of collisions, and 326 GPUs run it: each sees 92 kHz, which leaves
10.9 us for an event. A new algorithm that may cost 5% of the throughput has 0.55 us of that, one that may cost 1% has 0.11 us.
The second stage runs on processors: 265 events a second on a node with 56 threads (LHCb's Moore, merge request 4246), 0.21 s of a thread.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from bartik.core import UnknownNameError, UsageError

COLLISIONS_PER_SECOND = 30e6
GPUS = 326
SECONDS_PER_EVENT = GPUS / COLLISIONS_PER_SECOND
"""10.9 us: what one GPU has for one event."""
HLT2_SECONDS_PER_EVENT = 56 / 265
"""0.21 s: what one thread has for one event."""
NAMED: Mapping[str, float] = {"hlt1": SECONDS_PER_EVENT, "hlt2": HLT2_SECONDS_PER_EVENT}
"""Seconds for an event, by trigger stage."""
_UNITS = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9}


@dataclass(frozen=True)
class Budget:
    """What a model that scores ``candidates`` an event may take; 150 is the number of long tracks in a Run 3 event.

    ``event`` is all the time that there is for an event: of a GPU of the first stage, unless told otherwise.
    """

    candidates: float = 150
    event: float = SECONDS_PER_EVENT

    def share(self, seconds_per_candidate: float) -> float:
        """Part of an event's time that all candidates take, 1 being all of it.

        For a time measured on a processor this says what it would take if that were what stands in the GPU's place; it
        ranks models and runtimes, and predicts no GPU.
        """
        return seconds_per_candidate * self.candidates / self.event

    def seconds_per_candidate(self, share: float) -> float:
        """Time for one candidate at a ``share`` of the event's time: 3.6 ns at 5% and 150 candidates."""
        return share * self.event / self.candidates


def read_budget(text: str, candidates: float) -> float:
    """Seconds a candidate may take: ``0.55us/event``, ``3.6ns/candidate``, or a share of a trigger stage, ``hlt1:5%``.

    >>> f"{read_budget('hlt1:5%', 150):.2e}"
    '3.62e-09'
    """
    if found := re.fullmatch(r"\s*([0-9.eE+-]+)\s*(ns|us|ms|s)\s*/\s*(event|candidate)\s*", text):
        seconds = _number(found[1], text) * _UNITS[found[2]]
        return seconds / candidates if found[3] == "event" else seconds
    stage, _, share = text.strip().partition(":")
    if stage not in NAMED:
        raise UnknownNameError("budget", text, [*NAMED, "hlt1:5%", "0.55us/event", "3.6ns/candidate"])
    part = _number(share.rstrip("%"), text) / 100 if share else 1.0
    return Budget(candidates, NAMED[stage]).seconds_per_candidate(part)


def _number(text: str, whole: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if value <= 0:
        raise UsageError(f"budget {whole!r}: {text!r} is no positive number", hint="for example 0.55us/event, 3.6ns/candidate or hlt1:5%")
    return value
