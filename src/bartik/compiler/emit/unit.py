"""What a header is about: its name, where it comes from, and the arrays of its caller."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Tensor:
    """One of the caller's arrays: its word in the code, values per row, and their C++ type."""

    word: str
    width: int
    description: str = ""
    kind: str = "float"


@dataclass(frozen=True)
class Unit:
    """What a header is about: the namespace, the caller's arrays, and lines that say where the model comes from."""

    word: str
    digest: str
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    origin: tuple[str, ...] = ()


def internal(unit: Unit) -> list[tuple[str, Tensor]]:
    """The caller's arrays by their name within."""
    inputs = [(f"input_{k}", tensor) for k, tensor in enumerate(unit.inputs)]
    return inputs + [(f"output_{k}", tensor) for k, tensor in enumerate(unit.outputs)]


def parameters(unit: Unit, *, within: bool = False) -> list[str]:
    """Parameters of a function, by the caller's names or by those ``within``."""
    words = [name if within else t.word for name, t in internal(unit)]
    inputs = [f"const {t.kind}* {word}" for t, word in zip(unit.inputs, words, strict=False)]
    return inputs + [f"{t.kind}* {word}" for t, word in zip(unit.outputs, words[len(inputs) :], strict=True)]
