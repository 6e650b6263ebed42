"""How one kind of node runs in torch, and the table that such descriptions go into."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor

Value = Any
"""A tensor; or, for what must be known before the call, a list of whole numbers; or nothing, for an input left out."""

Function = Callable[..., Any]


@dataclass(frozen=True)
class Operator:
    """How to run one kind of node.

    ``attributes`` it takes; ``only`` the values it can do, for attributes of which it cannot do all; ``lists`` the inputs
    it wants as whole numbers; ``one_result`` unless it may have several.
    """

    function: Callable[..., Value]
    attributes: frozenset[str] = frozenset()
    only: Mapping[str, Collection[Any]] = field(default_factory=dict)
    lists: frozenset[int] = frozenset()
    one_result: bool = True


Register = Callable[..., Callable[[Function], Function]]


def registering(table: dict[str, Operator]) -> Register:
    """A decorator that enters a function in ``table``; what follows the function's star are attributes, with ONNX's defaults."""

    def operator(
        *kinds: str, lists: tuple[int, ...] = (), only: Mapping[str, Collection[Any]] | None = None, one_result: bool = True
    ) -> Callable[[Function], Function]:
        def register(function: Function) -> Function:
            parameters = inspect.signature(function).parameters.values()
            attributes = frozenset(p.name for p in parameters if p.kind is p.KEYWORD_ONLY)
            for kind in kinds:
                table[kind] = Operator(function, attributes, only or {}, frozenset(lists), one_result)
            return function

        return register

    return operator


def whole(value: Tensor | list[int]) -> list[int]:
    """Whole numbers as a list, whether known beforehand or only in the call."""
    return value if isinstance(value, list) else [int(number) for number in value.reshape(-1).tolist()]
