"""Sums of products by Einstein's convention, as matrix products between two rearrangements."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bartik.compiler.operators.builder import Builder, Constant, Tensor, Value
from bartik.compiler.operators.matmul import matmul
from bartik.compiler.operators.reduce import fold
from bartik.compiler.operators.table import operator


@dataclass(frozen=True)
class _Labelled:
    """A value and a letter for each axis of its row."""

    value: Value
    letters: str

    def sizes(self) -> dict[str, int]:
        row = self.value.row if isinstance(self.value, Tensor) else self.value.array.shape
        return dict(zip(self.letters, row, strict=True))


@operator("Einsum")
def _einsum(b: Builder, *values: Value, equation: str) -> Value:
    text = equation.replace(" ", "")
    if not re.fullmatch(r"[A-Za-z,]*(->[A-Za-z]*)?", text) or len(text) > 80:
        raise b.refuse(f"equation {equation[:80]!r} is not compiled: letters alone are")
    before, arrow, after = text.partition("->")
    terms = before.split(",")
    result = after if arrow else "".join(sorted(c for c in set(before) - {","} if before.count(c) == 1))
    if len(terms) != len(values) or not set(result) <= set(before) or any(len(set(t)) != len(t) for t in [*terms, result]):
        raise b.refuse(f"equation {equation[:80]!r} for {len(values)} values is not compiled")
    batch = _batch(b, values, terms, result)
    labelled = [_labelled(b, value, term, batch) for value, term in zip(values, terms, strict=True)]
    if batch:
        result = result.replace(batch, "")
    found = _summed(b, labelled[0], result + "".join(term.letters for term in labelled[1:]))
    for place, other in enumerate(labelled[1:], start=2):
        needed = result + "".join(term.letters for term in labelled[place:])
        found = _pair(b, found, _summed(b, other, found.letters + needed), needed)
    return _ordered(b, found, result)


def _batch(b: Builder, values: Sequence[Value], terms: Sequence[str], result: str) -> str:
    """The letter of the batch axis, which must come first in the result; empty where there is none."""
    if not b.free:
        return ""
    found = {term[v.batch] for v, term in zip(values, terms, strict=True) if isinstance(v, Tensor) and v.batch < len(term)}
    if len(found) != 1 or not result.startswith(next(iter(found))):
        raise b.refuse("an equation in which rows mix is not compiled")
    return found.pop()


def _labelled(b: Builder, value: Value, term: str, batch: str) -> _Labelled:
    rank = len(value.shape) if isinstance(value, Tensor) else value.array.ndim
    letters = term.replace(batch, "") if batch and isinstance(value, Tensor) else term
    if rank != len(term) or (batch and batch in letters):
        raise b.refuse(f"{rank} axes do not fit the term {term!r}")
    return _Labelled(value, letters)


def _summed(b: Builder, x: _Labelled, needed: str) -> _Labelled:
    """Summed over the axes that nobody needs."""
    gone = [axis for axis, letter in enumerate(x.letters) if letter not in needed]
    if not gone:
        return x
    kept = "".join(letter for letter in x.letters if letter in needed)
    if isinstance(x.value, Constant):
        return _Labelled(Constant(b.floats(x.value).sum(axis=tuple(gone))), kept)
    shift = int(x.value.batch == 0 and b.free)
    return _Labelled(fold(b, x.value, [axis + shift for axis in gone], "sum", keep=False), kept)


def _pair(b: Builder, x: _Labelled, y: _Labelled, needed: str) -> _Labelled:
    sizes = x.sizes() | y.sizes()
    if any(other.sizes()[c] != sizes[c] for other in (x, y) for c in other.letters):
        raise b.refuse("axes of one letter have different sizes")
    both = [c for c in x.letters if c in y.letters]
    kept, met = "".join(c for c in both if c in needed), "".join(c for c in both if c not in needed)
    left, right = ("".join(c for c in side.letters if c not in both) for side in (x, y))
    count, rows, inner, columns = (math.prod(sizes[c] for c in part) for part in (kept, left, met, right))
    outer = (count,) if kept else ()
    first = _shaped(b, _ordered(b, x, kept + left + met), (*outer, rows, inner))
    second = _shaped(b, _ordered(b, y, kept + met + right), (*outer, inner, columns))
    return _Labelled(_shaped(b, matmul(b, first, second), [sizes[c] for c in kept + left + right]), kept + left + right)


def _ordered(b: Builder, x: _Labelled, letters: str) -> Value:
    order = [x.letters.index(c) for c in letters]
    if isinstance(x.value, Constant):
        return Constant(b.floats(x.value).transpose(order))
    places = np.arange(x.value.width).reshape(x.value.row).transpose(order)
    return b.pick(x.value, places, places.shape)


def _shaped(b: Builder, x: Value, row: Sequence[int]) -> Value:
    return Constant(x.array.reshape(row)) if isinstance(x, Constant) else b.reshaped(x, row)
