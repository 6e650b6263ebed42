"""What happens along one axis of a row, as kernels: reductions, softmax, normalisations, running sums, places of extremes, sorting."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from bartik.core import Array

FOLDS: Mapping[str, Callable[..., Array]] = {
    "sum": np.sum,
    "product": np.prod,
    "largest": np.max,
    "smallest": np.min,
    "magnitudes": lambda x, axis: np.sum(np.abs(x), axis=axis),
    "squares": lambda x, axis: np.sum(x * x, axis=axis),
}
"""What each reduction means; names are those of ``Fold`` in ``kernels/along.hpp``."""


@dataclass(frozen=True, eq=False)
class Along:
    """One operation along the middle axis of rows [outer, count, inner], as `Kernel`.

    ``function`` is ``reduce`` (``options``: the name of a fold), ``softmax`` (logarithm), ``normalise`` (centred), ``running_sum``
    (exclusive, reverse), ``place_of_extreme`` (largest, last) or ``sorted`` (descending, kept).
    """

    function: str
    outer: int
    count: int
    inner: int
    options: tuple[int | str, ...]
    epsilon: float = 0.0

    lanes = True

    @property
    def header(self) -> str:
        """Where the template is."""
        return "sort" if self.function == "sorted" else "along"

    @property
    def kept(self) -> int:
        """Elements of the result along the axis."""
        if self.function == "sorted":
            return int(self.options[1])
        return 1 if self.function in ("reduce", "place_of_extreme") else self.count

    @property
    def width(self) -> int:
        """Values of the result."""
        return self.outer * self.kept * self.inner

    @property
    def scratch(self) -> int:
        """What is sorted."""
        return self.count if self.function == "sorted" else 0

    def parameters(self) -> tuple[int | str, ...]:
        """Of the template."""
        sizes = (self.outer, self.count, self.inner)
        return (f"Fold::{self.options[0]}", *sizes) if self.function == "reduce" else (*sizes, *self.options)

    def constants(self) -> Mapping[str, Array]:
        """The epsilon of a normalisation."""
        return {"epsilon": np.array([self.epsilon], np.float32)} if self.function == "normalise" else {}

    def multiply_adds(self) -> int:
        """None: sums and functions."""
        return 0

    def evaluate(self, args: Sequence[Array]) -> Array:
        """In numpy, on rows [rows, outer * count * inner]."""
        x = args[0].reshape(-1, self.outer, self.count, self.inner)
        with np.errstate(all="ignore"):
            found = _MEANINGS[self.function](self, x)
        return np.ascontiguousarray(found, x.dtype).reshape(len(x), -1)

    def __str__(self) -> str:
        """For example ``reduce sum [4, 10, 3]``."""
        options = " ".join(map(str, self.options))
        return f"{self.function} {options} [{self.outer}, {self.count}, {self.inner}]"


def _reduce(kernel: Along, x: Array) -> Array:
    return FOLDS[str(kernel.options[0])](x, axis=2)


def _softmax(kernel: Along, x: Array) -> Array:
    shifted = x - x.max(axis=2, keepdims=True)
    total = np.exp(shifted).sum(axis=2, keepdims=True)
    return np.asarray(shifted - np.log(total) if kernel.options[0] else np.exp(shifted) / total)


def _normalise(kernel: Along, x: Array) -> Array:
    centred = x - x.mean(axis=2, keepdims=True) if kernel.options[0] else x
    return np.asarray(centred / np.sqrt((centred * centred).mean(axis=2, keepdims=True) + np.float32(kernel.epsilon)))


def _running_sum(kernel: Along, x: Array) -> Array:
    exclusive, reverse = kernel.options
    turned = x[:, :, ::-1] if reverse else x
    found = np.cumsum(turned, axis=2)
    found = np.concatenate([np.zeros_like(found[:, :, :1]), found[:, :, :-1]], axis=2) if exclusive else found
    return np.asarray(found[:, :, ::-1] if reverse else found)


def _place(kernel: Along, x: Array) -> Array:
    largest, last = kernel.options
    turned = x[:, :, ::-1] if last else x
    found = turned.argmax(axis=2) if largest else turned.argmin(axis=2)
    return np.asarray(kernel.count - 1 - found if last else found)


def _sorted(kernel: Along, x: Array) -> Array:
    descending, kept = kernel.options
    found = np.sort(x, axis=2)
    return np.asarray((found[:, :, ::-1] if descending else found)[:, :, : int(kept)])


_MEANINGS: Mapping[str, Callable[[Along, Array], Array]] = {
    "reduce": _reduce,
    "softmax": _softmax,
    "normalise": _normalise,
    "running_sum": _running_sum,
    "place_of_extreme": _place,
    "sorted": _sorted,
}
