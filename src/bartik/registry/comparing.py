"""Two versions side by side: only what differs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from bartik.registry.describing import Details


@dataclass(frozen=True)
class Change:
    """One thing that differs; ``before`` and ``after`` are nothing where a version lacks it, ``change`` is for numbers."""

    part: str
    name: str
    before: Any
    after: Any
    change: float | None = None

    def __str__(self) -> str:
        """One line.

        >>> print(Change("metrics", "AUC", 0.9985, 0.9991, 0.0006), Change("origin", "campaign", "", "winter"), sep=chr(10))
        AUC: 0.9985 -> 0.9991  (+0.0006)
        campaign: - -> winter
        """
        return f"{self.name}: {_shown(self.before)} -> {_shown(self.after)}" + ("" if self.change is None else f"  ({self.change:+.4g})")

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)


def difference(one: Details, other: Details) -> list[Change]:
    """What differs between two versions, parts in the order of a model's page, names in alphabetical order."""
    parts = zip(_parts(one).items(), _parts(other).values(), strict=True)
    return [change for (part, before), after in parts for change in _changes(part, before, after)]


def _parts(details: Details) -> dict[str, Mapping[str, Any]]:
    inputs = {f"input {spec.name}": str(spec.to_dict()) for spec in details.signature.inputs}
    outputs = {f"output {spec.name}": str(spec.to_dict()) for spec in details.signature.outputs}
    return {
        "graph": {"digest": details.graph},
        "signature": inputs | outputs,
        "metrics": details.metrics,
        "working points": details.working_points,
        "parameters": details.parameters,
        "data": {split: values.get("digest", "") for split, values in details.data.items()},
        "code": details.code,
        "environment": details.environment,
        "origin": {"parent run": details.parent, "campaign": details.campaign},
    }


def _changes(part: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Change]:
    for name in sorted({*before, *after}):
        one, other = before.get(name), after.get(name)
        if one != other:
            numbers = isinstance(one, int | float) and isinstance(other, int | float)
            yield Change(part, name, one, other, other - one if numbers else None)  # type: ignore[operator]


def _shown(value: object) -> str:
    return f"{value:.6g}" if isinstance(value, float) else "-" if value is None else str(value) or "-"
