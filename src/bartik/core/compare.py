"""How equal two sets of outputs are: the one place that knows the tolerance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bartik.core.spec import Array, Arrays


@dataclass(frozen=True)
class Tolerance:
    """``|found - wanted| <= absolute + relative * |wanted|``; NaN equals NaN, infinity the same infinity, integers exactly.

    The defaults are for float32, whose numbers lie 1.2e-7 apart: summing a few hundred products in another order moves a
    sum by up to some 1e-6 of its largest term, and a sigmoid, whose slope is at most 1/4, passes a quarter of that on.
    """

    absolute: float = 1e-6
    relative: float = 1e-5

    def __post_init__(self) -> None:
        """Two numbers, not negative."""
        if not all(isinstance(value, float) and value >= 0 for value in (self.absolute, self.relative)):
            raise TypeError(f"tolerance {self.absolute!r}, {self.relative!r}: wanted two numbers that are not negative")


@dataclass(frozen=True)
class Difference:
    """The worst element of one output, and the largest differences over all its elements.

    ``max_ulp`` counts float steps, over elements not smaller than the absolute tolerance: next to zero a step means nothing. ``form``
    tells of another dtype or shape, or that there is none.
    """

    output: str
    ok: bool
    max_abs: float = 0.0
    max_ulp: float = 0.0
    index: tuple[int, ...] = ()
    wanted: float = 0.0
    found: float = 0.0
    form: str = ""

    def __str__(self) -> str:
        """Output, place and both values; where it has another form, both forms."""
        if self.form:
            return f"output {self.output!r}: {self.form}"
        place = f" row {self.index[0]}" if self.index else ""
        rest = f" element {list(self.index[1:])}" if any(self.index[1:]) else ""
        return f"output {self.output!r}{place}{rest}: wanted {self.wanted:.9g}, got {self.found:.9g}"


def compare(wanted: Arrays, found: Arrays, tolerance: Tolerance | None = None) -> list[Difference]:
    """One `Difference` for each output of ``wanted``; another name, dtype or shape in ``found`` is a difference."""
    return [_compare(name, array, found.get(name), tolerance or Tolerance()) for name, array in wanted.items()]


def worst(differences: list[Difference]) -> Difference:
    """The one to show: a wrong one before a right one, then the largest."""
    return max(differences, key=lambda d: (not d.ok, d.max_abs))


def _compare(name: str, wanted: Array, found: Array | None, tolerance: Tolerance) -> Difference:
    if found is None or found.dtype != wanted.dtype or found.shape != wanted.shape:
        form = f"wanted {_form(wanted)}, got {'none' if found is None else _form(found)}"
        return Difference(name, ok=False, max_abs=np.inf, max_ulp=np.inf, wanted=np.nan, found=np.nan, form=form)
    if wanted.size == 0:
        return Difference(name, ok=True)
    with np.errstate(invalid="ignore", over="ignore"):
        distance = _distance(wanted, found)
        exact = wanted.dtype.kind != "f"
        allowed = np.zeros(wanted.shape) if exact else tolerance.absolute + tolerance.relative * np.abs(wanted.astype(np.float64))
        excess = np.where(np.isfinite(allowed), distance - allowed, distance)
    index = np.unravel_index(int(np.argmax(excess)), wanted.shape)
    return Difference(
        name,
        ok=bool(excess.max() <= 0),
        max_abs=float(distance.max()),
        max_ulp=float(_ulps(wanted, found, tolerance.absolute).max()),
        index=tuple(int(i) for i in index),
        wanted=float(wanted[index]),
        found=float(found[index]),
    )


def _form(array: Array) -> str:
    return f"{array.dtype}{list(array.shape)}"


def _distance(wanted: Array, found: Array) -> Array:
    """Absolute differences in float64: 0 where both are the same NaN or infinity, infinite where only one is."""
    wanted, found = wanted.astype(np.float64), found.astype(np.float64)
    same = (wanted == found) | (np.isnan(wanted) & np.isnan(found))
    return np.where(same, 0.0, np.nan_to_num(np.abs(wanted - found), nan=np.inf, posinf=np.inf))


def _ulps(wanted: Array, found: Array, floor: float) -> Array:
    """Distance counted in representable numbers between the two; for whole numbers their difference."""
    if wanted.dtype.kind != "f":
        return _distance(wanted, found)
    ordered = _ordered(found).astype(np.float64) - _ordered(wanted).astype(np.float64)
    return np.where((np.isnan(wanted) & np.isnan(found)) | (np.abs(wanted) < floor), 0.0, np.abs(ordered))


def _ordered(values: Array) -> Array:
    """Whole numbers in the order of the floats: their bits, negative ones mirrored at zero."""
    bits = values.view(f"int{8 * values.itemsize}") if values.flags.c_contiguous else values.copy().view(f"int{8 * values.itemsize}")
    bits = bits.astype(np.int64)
    return np.where(bits < 0, np.int64(-(2 ** (8 * values.itemsize - 1))) - bits, bits)
