"""How often the generation of a pair's lowest common ancestor is right."""

from __future__ import annotations

from bartik.core import Arrays, Dataset, Interval
from bartik.metrics import efficiency

HEADLINE = "right generation of pairs of one b decay"


def score(outputs: Arrays, data: Dataset) -> dict[str, Interval]:
    """Share of pairs whose likeliest generation is the true one: of all, and of those of one b decay."""
    right = outputs["generations"].argmax(axis=1) == data.target
    true, events = data.target > 0, data.spectators["event"]
    found = {"right generation of all pairs": efficiency(right, clusters=events)}
    return {HEADLINE: efficiency(right[true], clusters=events[true]), **found} if true.any() else found
