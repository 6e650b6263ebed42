"""What is chosen for one machine: how large a tile, how wide a vector, how many rows at once; and what was found best before.

No choice changes a bit of any result: each output is the sum of the same products in the same order. `bartik.profile.tune` measures;
what it finds is kept in the cache, by digest of the model, the machine and the compiler, and taken by the backend ``native``.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path

from bartik.compiler.build import compiler, compiler_version, machine
from bartik.core.bundle import Bundle
from bartik.core.digest import digest_values
from bartik.core.files import write_json
from bartik.core.places import cache

_LANES_OFF = {8: "-mno-avx512f"}


@dataclass(frozen=True)
class Tuning:
    """``tile``: most outputs of a dense layer at once. ``lanes``: floats of a vector, 0 for the widest there are. ``blocks``: blocks of
    rows, or rows by columns, that a kernel takes at once if it gains from that. ``alone``: most rows that are computed one by one rather
    than in a block that is not full.
    """  # noqa: D205 - one line a field reads better

    tile: int = 8
    lanes: int = 0
    blocks: int = 4
    alone: int = 3

    @property
    def flags(self) -> tuple[str, ...]:
        """For the compiler."""
        return (_LANES_OFF[self.lanes],) if self.lanes in _LANES_OFF else ()

    def __str__(self) -> str:
        """As it is printed: what differs from the default."""
        changed = [f"{f.name}={getattr(self, f.name)}" for f in fields(self) if getattr(self, f.name) != getattr(DEFAULT, f.name)]
        return " ".join(changed) or "default"


DEFAULT = Tuning()
"""What serves every machine well."""
CHOICES = {"tile": (4, 6, 8, 10, 12, 16), "lanes": (0, 8), "blocks": (1, 2, 4, 8), "alone": (0, 1, 3, 5, 7, 11)}
"""What is tried of each."""


def variants(tuning: Tuning, *names: str) -> list[Tuning]:
    """``tuning`` itself, and with every combination of the choices for ``names``."""
    found = [tuning]
    for name in names:
        found += [replace(one, **{name: value}) for one in found for value in CHOICES[name]]
    return list(dict.fromkeys(found))


def remembered(bundle: Bundle) -> Tuning:
    """What was found best for this model on this machine, else the default."""
    try:
        found = json.loads(_path(bundle).read_text(encoding="utf-8"))["tuning"]
        known = {name: CHOICES[name][CHOICES[name].index(found[name])] for name in CHOICES}
    except (OSError, ValueError, LookupError, TypeError):
        return DEFAULT
    return Tuning(**known)


def remember(bundle: Bundle, tuning: Tuning) -> Path:
    """Keep ``tuning`` for this model on this machine; the file."""
    path = _path(bundle)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_json(path, {"model": bundle.model_digest, "tuning": asdict(tuning)})
    return path


def _path(bundle: Bundle) -> Path:
    program = compiler()
    return cache() / "tuning" / f"{digest_values([bundle.model_digest, machine(), str(program), compiler_version(program)])[:24]}.json"
