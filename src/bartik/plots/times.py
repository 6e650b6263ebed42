"""Times as people read them."""

from __future__ import annotations


def nanoseconds(value: float) -> str:
    """A time in the unit that keeps it short.

    >>> nanoseconds(33.25), nanoseconds(10900), nanoseconds(2.5e6)
    ('33.2 ns', '10.9 µs', '2.5 ms')
    """
    for unit, scale in (("ns", 1.0), ("µs", 1e3), ("ms", 1e6)):
        if value < 999.5 * scale:
            return f"{value / scale:.3g} {unit}"
    return f"{value / 1e9:.4g} s"
