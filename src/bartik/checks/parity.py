"""What was found when one backend ran a bundle's reference."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

Status = Literal["same", "wrong", "refused", "unavailable"]
"""It reproduces the reference; it does not; it cannot run this model and says so; it is not installed here."""


@dataclass(frozen=True)
class Parity:
    """One backend against the reference.

    ``max_abs`` and ``max_ulp`` are the largest differences of any element, absolute and in float steps. ``reason`` says
    where it went wrong or why it did not run, ``remedy`` what to do. ``nan`` tells whether rows with a NaN gave what the
    reference evaluator gives, ``same`` or ``other``; empty where that was not looked at.
    """

    backend: str
    status: Status
    max_abs: float = 0.0
    max_ulp: float = 0.0
    reason: str = ""
    remedy: str = ""
    version: str = ""
    nan: Literal["same", "other", ""] = ""

    @property
    def ok(self) -> bool:
        """Whether it reproduces the reference."""
        return self.status == "same"

    def __str__(self) -> str:
        """One line for people."""
        if self.status == "same":
            other = "; a NaN in the input gives other scores than the reference" if self.nan == "other" else ""
            return f"{self.backend:<12} same         largest difference {self.max_abs:.2g} ({self.max_ulp:.0f} ulp){other}"
        return f"{self.backend:<12} {self.status:<12} {self.reason}" + (f" ({self.remedy})" if self.remedy else "")

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON; a difference without bound becomes null."""
        values = asdict(self) | {"ok": self.ok}
        return values | {key: values[key] if math.isfinite(values[key]) else None for key in ("max_abs", "max_ulp")}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Parity:
        """Inverse of `to_dict`."""
        numbers = {key: math.inf if values[key] is None else values[key] for key in ("max_abs", "max_ulp")}
        return cls(**{key: value for key, value in values.items() if key != "ok"} | numbers)
