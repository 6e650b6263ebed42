"""The time the trigger has.

LHCb's first trigger stage (LHCB-TDR-021) takes 30 MHz of collisions, and 326 GPUs run it: each sees 92 kHz, which leaves
10.9 us for an event. A new algorithm that may cost 5% of the throughput has 0.55 us of that, one that may cost 1% has 0.11 us.
"""

from __future__ import annotations

from dataclasses import dataclass

COLLISIONS_PER_SECOND = 30e6
GPUS = 326
SECONDS_PER_EVENT = GPUS / COLLISIONS_PER_SECOND
"""10.9 us: what one GPU has for one event."""


@dataclass(frozen=True)
class Budget:
    """What a model that scores ``candidates`` an event may take; 150 is the number of long tracks in a Run 3 event."""

    candidates: float = 150

    def share(self, seconds_per_candidate: float) -> float:
        """Part of a GPU's 10.9 us for an event that all candidates take, 1 being all of it.

        For a time measured on a processor this says what it would take if that were what stands in the GPU's place; it
        ranks models and runtimes, and predicts no GPU.
        """
        return seconds_per_candidate * self.candidates / SECONDS_PER_EVENT

    def seconds_per_candidate(self, share: float) -> float:
        """Time for one candidate at a ``share`` of the event's time: 3.6 ns at 5% and 150 candidates."""
        return share * SECONDS_PER_EVENT / self.candidates
