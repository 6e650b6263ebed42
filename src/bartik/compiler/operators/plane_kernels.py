"""Kernels of whole planes: global pooling, instance normalisation, and interpolation along an axis."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bartik.compiler.operators.pool_kernel import POOLS
from bartik.core import Array


@dataclass(frozen=True, eq=False)
class GlobalPool:
    """Rows of ``planes`` planes of ``size`` values to one value each: the ``max``, the ``mean`` or the sum of ``squares``."""

    planes: int
    size: int
    kind: str

    function = "global_pool"
    header = "plane_sums"
    scratch = 0
    lanes = False

    @property
    def width(self) -> int:
        """Values of the result."""
        return self.planes

    def parameters(self) -> tuple[int | str, ...]:
        """Template parameters."""
        return (POOLS[self.kind], self.planes, self.size)

    def constants(self) -> Mapping[str, Array]:
        """None."""
        return {}

    def evaluate(self, args: Sequence[Array]) -> Array:
        """In float64, rounded once."""
        x = args[0].astype(np.float64).reshape(-1, self.planes, self.size)
        functions: Mapping[str, Callable[[Array], Any]] = {
            "max": lambda plane: plane.max(axis=2),
            "mean": lambda plane: plane.mean(axis=2),
            "squares": lambda plane: (plane * plane).sum(axis=2),
        }
        return np.asarray(functions[self.kind](x), args[0].dtype)

    def multiply_adds(self) -> int:
        """None to speak of."""
        return 0

    def __str__(self) -> str:
        """For example ``global_pool mean 10x4000 -> 10``."""
        return f"global_pool {self.kind} {self.planes}x{self.size} -> {self.planes}"


@dataclass(frozen=True, eq=False)
class InstanceNorm:
    """Rows [images, channels, size] less their mean, by their spread, times ``scale`` plus ``shift`` of the channel."""

    images: int
    size: int
    scale: Array
    shift: Array
    epsilon: float

    function = "instance_norm"
    header = "plane_sums"
    scratch = 0
    lanes = False

    @property
    def width(self) -> int:
        """Values of the result."""
        return self.images * len(self.scale) * self.size

    def parameters(self) -> tuple[int | str, ...]:
        """Template parameters."""
        return (self.images, len(self.scale), self.size)

    def constants(self) -> Mapping[str, Array]:
        """Per channel."""
        return {"scale": self.scale, "shift": self.shift, "epsilon": np.array([self.epsilon], np.float32)}

    def evaluate(self, args: Sequence[Array]) -> Array:
        """In float64, rounded once."""
        x = args[0].astype(np.float64).reshape(-1, len(self.scale), self.size)
        with np.errstate(all="ignore"):
            spread = np.sqrt(x.var(axis=2, keepdims=True) + self.epsilon)
            result = (x - x.mean(axis=2, keepdims=True)) / spread * self.scale[:, None] + self.shift[:, None]
        return np.asarray(result.reshape(len(args[0]), -1), args[0].dtype)

    def multiply_adds(self) -> int:
        """Squares and scaling."""
        return 2 * self.width

    def __str__(self) -> str:
        """For example ``instance_norm 10x4000``."""
        return f"instance_norm {len(self.scale)}x{self.size}"


@dataclass(frozen=True, eq=False)
class ResizeAxis:
    """Rows [outer, size, inner] to [outer, outputs, inner]: sums of values at ``places`` with ``weights``, both [outputs, taps]."""

    outer: int
    size: int
    inner: int
    places: Array
    weights: Array

    function = "resize_axis"
    header = "resize"
    scratch = 0
    lanes = False

    @property
    def width(self) -> int:
        """Values of the result."""
        return self.outer * len(self.places) * self.inner

    def parameters(self) -> tuple[int | str, ...]:
        """Template parameters."""
        return (self.outer, self.size, len(self.places), self.inner, self.places.shape[1])

    def constants(self) -> Mapping[str, Array]:
        """Places and weights."""
        return {"places": self.places.astype(np.int32).reshape(-1), "weights": self.weights.reshape(-1)}

    def evaluate(self, args: Sequence[Array]) -> Array:
        """In float64, rounded once; a single value is moved as it is."""
        x = args[0].reshape(-1, self.outer, self.size, self.inner)
        taken = x[:, :, self.places]
        if self.places.shape[1] > 1:
            taken = taken.astype(np.float64) * self.weights[:, :, None]
        return np.asarray(taken.sum(axis=3).reshape(len(args[0]), -1), args[0].dtype)

    def multiply_adds(self) -> int:
        """One for each value that is read."""
        return self.outer * self.places.size * self.inner

    def __str__(self) -> str:
        """For example ``resize_axis 10x2000x1 -> 10x4000x1, taps 2``."""
        sizes = [f"{self.outer}x{n}x{self.inner}" for n in (self.size, len(self.places))]
        return f"resize_axis {sizes[0]} -> {sizes[1]}, taps {self.places.shape[1]}"
