"""Nested values as flat ones."""

from __future__ import annotations

from collections.abc import Mapping


def flat(values: Mapping[str, object], prefix: str = "") -> dict[str, object]:
    """Nested values as ``a.b`` keys.

    >>> flat({"train": {"epochs": 20}, "x": 1})
    {'train.epochs': 20, 'x': 1}
    """
    found: dict[str, object] = {}
    for key, value in values.items():
        found |= flat(value, f"{prefix}{key}.") if isinstance(value, Mapping) else {prefix + key: value}
    return found
