"""ONNX's Resize: one axis after the other."""

from __future__ import annotations

import math
from collections.abc import Sequence
from math import prod

from bartik.compiler.operators.builder import Builder, Constant, Tensor, Value
from bartik.compiler.operators.interpolation import COORDINATES, MODES, ROUNDINGS, Interpolation
from bartik.compiler.operators.plane_kernels import ResizeAxis
from bartik.compiler.operators.table import operator


@operator("Resize")
def _resize(  # noqa: PLR0913 - ONNX's arguments
    b: Builder, x: Value, roi: Value | None = None, scales: Value | None = None, sizes: Value | None = None, *,
    antialias: int = 0, axes: Sequence[int] = (), coordinate_transformation_mode: str = "half_pixel", cubic_coeff_a: float = -0.75,
    exclude_outside: int = 0, extrapolation_value: float = 0.0, keep_aspect_ratio_policy: str = "stretch", mode: str = "nearest",
    nearest_mode: str = "round_prefer_floor",
) -> Value:  # fmt: skip
    del roi, extrapolation_value  # of tf_crop_and_resize, which is refused
    if antialias:
        raise b.refuse("attribute antialias=1 is not compiled")
    _check(b, "mode", mode, MODES)
    _check(b, "coordinate_transformation_mode", coordinate_transformation_mode, COORDINATES)
    _check(b, "nearest_mode", nearest_mode, ROUNDINGS)
    value = b.tensor(x)
    chosen = [axis % len(value.shape) for axis in axes] or list(range(len(value.shape)))
    how = Interpolation(mode, coordinate_transformation_mode, nearest_mode, cubic_coeff_a, bool(exclude_outside))
    for axis, size, scale in _targets(b, value, chosen, scales, sizes, keep_aspect_ratio_policy):
        value = _along(b, value, axis, size, scale, how)
    return value


def _check(b: Builder, name: str, value: str, known: Sequence[str]) -> None:
    if value not in known:
        raise b.refuse(f"attribute {name}={value!r} is not compiled")


def _targets(
    b: Builder, x: Tensor, axes: Sequence[int], scales: Value | None, sizes: Value | None, policy: str
) -> list[tuple[int, int, float]]:
    """For each axis that is resized its new size and its scale."""
    if isinstance(scales, Constant) and scales.array.size:
        factors = [float(v) for v in b.floats(scales)]
        found = [(axis, math.floor((x.shape[axis] or 1) * f), f) for axis, f in zip(axes, factors, strict=True)]
    else:
        wanted = [None if n == -1 else n for n in b.numbers(sizes, "the size of the result")]
        found = _by_sizes(b, x, axes, wanted, policy)
    for axis, size, scale in found:
        if x.shape[axis] is None and scale != 1:
            raise b.refuse("the batch axis is not resized")
        if size < 1:
            raise b.refuse(f"axis {axis} would have no values")
    return [target for target in found if target[2] != 1]


def _by_sizes(b: Builder, x: Tensor, axes: Sequence[int], sizes: Sequence[int | None], policy: str) -> list[tuple[int, int, float]]:
    if len(sizes) != len(axes):
        raise b.refuse(f"{len(sizes)} sizes for {len(axes)} axes")
    pairs = [(axis, x.shape[axis], size) for axis, size in zip(axes, sizes, strict=True)]
    known = [(axis, old, new) for axis, old, new in pairs if old is not None and new is not None]
    scales = [new / old for _, old, new in known]
    if policy == "stretch":
        return [(axis, new, scale) for (axis, _, new), scale in zip(known, scales, strict=True)]
    if policy not in ("not_larger", "not_smaller"):
        raise b.refuse(f"attribute keep_aspect_ratio_policy={policy!r} is not compiled")
    scale = min(scales) if policy == "not_larger" else max(scales)
    return [(axis, math.floor(old * scale + 0.5), scale) for axis, old, _ in known]


def _along(b: Builder, x: Tensor, axis: int, outputs: int, scale: float, how: Interpolation) -> Tensor:
    row, sizes = axis - (x.shape[0] is None), x.row
    places, weights = how.table(sizes[row], outputs, scale)
    kernel = ResizeAxis(prod(sizes[:row]), sizes[row], prod(sizes[row + 1 :]), places, weights)
    shape = (*x.shape[:axis], outputs, *x.shape[axis + 1 :])
    return b.kernel(kernel, [x], shape)
