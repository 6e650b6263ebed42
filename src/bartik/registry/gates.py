"""What a candidate must pass to become champion: the results, as whoever measured them hands them over.

They are kept with the version: in its tag ``bartik.gates``, which promotion reads, and as the artifact ``gates.json``
of its run. Both hold the same::

    {"format": 1,
     "bundle": "7e89fe…",            digest of the bundle that was measured
     "against": 3,                   version of the champion it was compared with; 0: there was none
     "gates": [{"name": "ghost rejection at 99% efficiency", "passed": true,
                "wanted": ">= 0.970 (champion 0.975, tolerance 0.005)", "found": "0.976 -0.002 +0.002"}]}
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from bartik.core import RegistryError

FORMAT = 1
GATES = "gates.json"
"""The artifact's name."""
GATES_TAG = "bartik.gates"


@dataclass(frozen=True)
class Gate:
    """One condition on a candidate: what was ``wanted`` and what was ``found``, in words with numbers and units."""

    name: str
    passed: bool
    wanted: str = ""
    found: str = ""

    def __str__(self) -> str:
        """One line.

        >>> print(Gate("time", passed=False, wanted="<= 10.9 us an event", found="14.2 us"))
        FAILED time: wanted <= 10.9 us an event, found 14.2 us
        """
        return f"{'passed' if self.passed else 'FAILED'} {self.name}: wanted {self.wanted or '-'}, found {self.found or '-'}"


@dataclass(frozen=True)
class GateReport:
    """All gates of one bundle (by digest), measured against one champion (by version; 0: there was none)."""

    bundle: str
    against: int
    gates: tuple[Gate, ...]

    @property
    def failed(self) -> tuple[Gate, ...]:
        """The gates that were not passed."""
        return tuple(gate for gate in self.gates if not gate.passed)

    def to_dict(self) -> dict[str, Any]:
        """What `gates.json` holds."""
        return {"format": FORMAT, "bundle": self.bundle, "against": self.against, "gates": [asdict(gate) for gate in self.gates]}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> GateReport:
        """Inverse of `to_dict`; `RegistryError` for anything else."""
        try:
            gates = tuple(Gate(str(g["name"]), g["passed"] is True, str(g["wanted"]), str(g["found"])) for g in values["gates"])
            if values["format"] == FORMAT:
                return cls(str(values["bundle"]), int(values["against"]), gates)
        except (KeyError, TypeError, ValueError, AttributeError):
            pass
        raise RegistryError(f"{GATES}: not gates of format {FORMAT}", hint="measure them again: bartik retrain")


def read_gates(text: str) -> GateReport | None:
    """Gates from the text of a version's tag; nothing where there is none."""
    if not text:
        return None
    try:
        return GateReport.from_dict(json.loads(text))
    except json.JSONDecodeError as error:
        raise RegistryError(f"{GATES}: not readable ({error})", hint="measure them again: bartik retrain") from error
