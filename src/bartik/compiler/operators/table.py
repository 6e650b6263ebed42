"""The table of operators, and the decorator that fills it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

Operator: TypeAlias = Callable[..., Any]

OPERATORS: dict[str, Operator] = {}

BATCH_ANYWHERE = frozenset({"Gather", "GatherND", "Identity", "Shape", "Transpose"})
"""Operators that take rows whose batch axis is not the first: torch writes ``x[:, [2, 0]]`` as a Gather or GatherND
between two Transposes."""


def operator(*names: str) -> Callable[[Operator], Operator]:
    """Enter a function under ONNX's names for it."""

    def enter(function: Operator) -> Operator:
        OPERATORS.update(dict.fromkeys(names, function))
        return function

    return enter
