"""Numbers as people read them: as many digits as the interval allows; counts and rates in short units."""

from __future__ import annotations

import math
from dataclasses import dataclass

from bartik.core import Interval

MINUS, DASH, NARROW = "\N{MINUS SIGN}", "\N{EN DASH}", "\N{NARROW NO-BREAK SPACE}"


@dataclass(frozen=True)
class Shown:
    """A value and its errors, rounded alike; ``both`` is set where they are equal."""

    value: str
    up: str = ""
    down: str = ""
    both: str = ""
    unit: str = ""


def shown(number: Interval | float, unit: str = "") -> Shown:
    """Round to two digits of the larger error; fractions in percent where the unit is ``%``.

    >>> shown(Interval(0.9531, 0.9512, 0.9548), "%")
    Shown(value='95.31', up='0.17', down='0.19', both='', unit='%')
    >>> shown(Interval(2.0, 1.9, 2.1)).both, shown(0.25, "%").value
    ('0.10', '25')
    """
    scale = 100.0 if unit == "%" else 1.0
    if not isinstance(number, Interval):
        return Shown(plain(number * scale), unit=unit)
    up, down = (number.high - number.value) * scale, (number.value - number.low) * scale
    digits = _digits([up, down])
    value, high, low = (_fixed(x, digits) for x in (number.value * scale, up, down))
    return Shown(value, both=high, unit=unit) if high == low else Shown(value, high, low, unit=unit)


def plain(value: float | None) -> str:
    """Four digits, with a minus sign; a dash for nothing.

    >>> plain(1234567.0), plain(0.000012345), plain(-3.14159) == f"{MINUS}3.142", plain(None) == DASH
    ('1.235e+06', '1.234e-05', True, True)
    """
    if value is None:
        return DASH
    return (MINUS if value < 0 else "") + f"{abs(value):.4g}"


def count(value: int) -> str:
    """Thousands apart.

    >>> count(1234567) == f"1{NARROW}234{NARROW}567"
    True
    """
    return f"{value:,}".replace(",", NARROW)


def rate(ns_per_candidate: float) -> str:
    """Candidates a second.

    >>> rate(33.25), rate(5200)
    ('30.1 M/s', '192 k/s')
    """
    value = 1e9 / ns_per_candidate
    for unit, scale in (("G", 1e9), ("M", 1e6), ("k", 1e3)):
        if value >= scale:
            return f"{value / scale:.3g} {unit}/s"
    return f"{value:.3g} /s"


def percent(value: float | None) -> str:
    """A share.

    >>> percent(0.1834), percent(0.00032), percent(1.706), percent(28.62)
    ('18%', '0.032%', '171%', '29 times')
    """
    if value is None:
        return DASH
    if value >= 10:
        return f"{value:.0f} times"
    return f"{100 * value:.2g}%" if value < 1 else f"{100 * value:.0f}%"


def difference(value: float | None) -> str:
    """A small number, or none at all.

    >>> difference(1.23e-7), difference(0.0)
    ('1.2e-07', '0')
    """
    return DASH if value is None else f"{value:.1e}" if value else "0"


def _digits(errors: list[float]) -> int:
    """Decimals that show two digits of the larger error, and one more where the smaller would vanish."""
    real = [error for error in errors if error > 0 and math.isfinite(error)]
    if not real:
        return 4
    digits = 1 - math.floor(math.log10(max(real)))
    return min(max(digits + (min(real) < 0.1 * max(real)), 0), 8)


def _fixed(value: float, digits: int) -> str:
    return f"{value:.{digits}f}".replace("-", MINUS)
