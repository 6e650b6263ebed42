"""What goes into the registry and what comes out, without MLflow."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bartik.core import Interval, UsageError
from bartik.registry.gates import GateReport

CANDIDATE = "candidate"
"""The alias of the version that was registered last."""
CHAMPION = "champion"
"""The alias of the version in use; promotion gives it, retirement takes it away."""
ARCHIVED = "archived"
"""The alias of the last version that was champion and is no more."""

_NAME = r"[A-Za-z0-9_][A-Za-z0-9_.-]*"
_REFERENCE = re.compile(rf"({_NAME})(?:@({_NAME})|/([1-9][0-9]*))")


@dataclass(frozen=True)
class RunRecord:
    """How a bundle was made, as the registry keeps it.

    ``parameters`` flat, any plain values; ``metrics`` numbers or intervals by name; ``datasets`` by split, each with
    ``digest``, ``rows`` and ``source``; ``tags`` words, among them ``mlflow.parentRunId`` and ``bartik.campaign`` where the
    run is part of something larger; ``artifacts`` files kept beside the bundle; ``gates`` what the candidate passed.
    """

    parameters: Mapping[str, object] = field(default_factory=dict)
    metrics: Mapping[str, Interval | float] = field(default_factory=dict)
    datasets: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    artifacts: tuple[Path, ...] = ()
    gates: GateReport | None = None


@dataclass(frozen=True)
class TrialRecord:
    """One trial of a campaign; ``state`` in words, ``begun`` and ``ended`` in seconds since 1970."""

    number: int
    parameters: Mapping[str, object]
    metrics: Mapping[str, Interval | float]
    state: str
    begun: float
    ended: float


@dataclass(frozen=True)
class Version:
    """One version of a registered model; ``source`` is where its bundle lies, ``run`` the MLflow run that made it."""

    name: str
    number: int
    digest: str
    aliases: tuple[str, ...]
    run: str
    source: str
    created: str
    tags: Mapping[str, str] = field(default_factory=dict, repr=False, compare=False)

    @property
    def reference(self) -> str:
        """``NAME/VERSION``, as `fetch` takes it."""
        return f"{self.name}/{self.number}"

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "name": self.name,
            "number": self.number,
            "digest": self.digest,
            "aliases": list(self.aliases),
            "run": self.run,
            "source": self.source,
            "created": self.created,
        }


def is_reference(text: str) -> bool:
    """Whether ``text`` has the form of a registered model.

    >>> is_reference("ghost_probability@candidate"), is_reference("ghost_probability/3"), is_reference("runs/bundle")
    (True, True, False)
    """
    return _REFERENCE.fullmatch(text) is not None


def parse_reference(text: str) -> tuple[str, str, int]:
    """Name, alias or nothing, version or 0; `UsageError` for anything else.

    >>> parse_reference("ghost_probability/3"), parse_reference("ghost_probability@3"), parse_reference("ghost_probability@champion")
    (('ghost_probability', '', 3), ('ghost_probability', '', 3), ('ghost_probability', 'champion', 0))
    """
    found = _REFERENCE.fullmatch(text)
    if found is None:
        raise UsageError(
            f"{text!r}: not a registered model", hint="wanted NAME@ALIAS or NAME/VERSION, for example ghost_probability@candidate"
        )
    name, alias, number = found.groups()
    if alias and re.fullmatch("[1-9][0-9]*", alias):
        alias, number = "", alias
    return name, alias or "", int(number or 0)


def is_name(text: str) -> bool:
    """Whether ``text`` can be the name of a registered model, without alias or version."""
    return re.fullmatch(_NAME, text) is not None


def check_name(name: str) -> None:
    """Raise `UsageError` unless ``name`` can be the name of a registered model."""
    if not is_name(name):
        raise UsageError(f"model name {name!r}: wanted letters, digits, '_', '-' and '.'")


def plain_name(name: str) -> str:
    """A metric's or parameter's name in the letters that MLflow allows.

    >>> plain_name("rejection at 99%")
    'rejection at 99 percent'
    """
    return re.sub(r"[^\w\-. /]", "_", name.replace("%", " percent"))


def metric_values(metrics: Mapping[str, Interval | float]) -> dict[str, float]:
    """Numbers by the names MLflow allows; an interval becomes ``name``, ``name.low`` and ``name.high``.

    >>> metric_values({"rejection at 99%": Interval(0.95, 0.94, 0.96)})
    {'rejection at 99 percent': 0.95, 'rejection at 99 percent.low': 0.94, 'rejection at 99 percent.high': 0.96}
    """
    found: dict[str, float] = {}
    for name, metric in metrics.items():
        key = plain_name(name)
        if key in found:
            raise UsageError(f"metrics {', '.join(map(repr, metrics))}: two have the same name {key!r} in the registry")
        if isinstance(metric, Interval):
            found |= {key: metric.value, f"{key}.low": metric.low, f"{key}.high": metric.high}
        else:
            found[key] = float(metric)
    return found
