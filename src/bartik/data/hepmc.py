"""Generated events with their whole history: HepMC 2 ASCII (M. Dobbs, J. B. Hansen, Comput. Phys. Commun. 134 (2001) 41).

A file has one collision or several, each a list of vertices and of the particles that leave them. Read are, of each particle, its number,
status, momentum, where it was born and its mother: the first particle that ends in the vertex it leaves. What comes in from nowhere is
where it ends, and has no mother.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from bartik.core import Arrays, DataError

_MOMENTUM, _LENGTH = {"GEV": 1.0, "MEV": 1e-3}, {"MM": 1.0, "CM": 10.0}
_LIGHT = 299.792458  # mm in a ns
COLUMNS = ("pdg", "status", "mother", "px", "py", "pz", "e", "x", "y", "z", "t")
_VERTEX, _PARTICLE = 6, 12


@dataclass
class _Collision:
    """Lines of one collision, as they are read; units are GeV and mm where it says nothing."""

    momentum: float = 1.0
    length: float = 1.0
    place: dict[int, tuple[float, ...]] = field(default_factory=dict)
    particles: list[tuple[float, ...]] = field(default_factory=list)
    at: list[int] = field(default_factory=list)
    incoming: list[bool] = field(default_factory=list)
    ends: dict[int, int] = field(default_factory=dict)
    open_: int = 0


def read_hepmc(path: Path) -> Iterator[Arrays]:
    """Columns [particles] of each collision: GeV, mm, ns; mothers count within the collision, -1 for none.

    `DataError` names the file and the line that is no HepMC 2.
    """
    current: _Collision | None = None
    try:
        lines = path.read_text(encoding="ascii", errors="replace").splitlines()
    except OSError as error:
        raise DataError(f"{path}: {error.strerror or 'not readable'}") from error
    for number, line in enumerate(lines, 1):
        words = line.split()
        if words[:1] == ["E"]:
            if current is not None:
                yield _columns(current, path)
            current = _Collision()
        elif words and current is not None:
            try:
                _read(current, words)
            except (ValueError, IndexError, KeyError) as error:
                raise DataError(f"{path}: line {number} is no HepMC 2", hint="is the file complete?") from error
    if current is None:
        raise DataError(f"{path}: no event", hint="wanted HepMC 2 ASCII, that begins with HepMC::Version 2")
    yield _columns(current, path)


def _read(current: _Collision, words: Sequence[str]) -> None:
    if words[0] == "U":
        current.momentum, current.length = _MOMENTUM[words[1]], _LENGTH[words[2]]
    elif words[0] == "V":
        current.open_ = int(words[1])
        current.place[current.open_] = tuple(float(word) for word in words[3 : _VERTEX + 1])
    elif words[0] == "P":
        _read_particle(current, words)


def _read_particle(current: _Collision, words: Sequence[str]) -> None:
    """A particle of the vertex whose line came last: one that comes to it from nowhere, if it ends there, else one that leaves it."""
    pdg, status, end = int(words[2]), int(words[8]), int(words[_PARTICLE - 1])
    if not current.open_:
        raise ValueError("a particle before its vertex")
    momentum = tuple(current.momentum * float(word) for word in words[3:7])
    current.at.append(current.open_)
    current.incoming.append(end == current.open_)
    if end:
        current.ends.setdefault(end, len(current.particles))
    current.particles.append((pdg, status, *momentum))


def _columns(current: _Collision, path: Path) -> Arrays:
    if not current.particles:
        raise DataError(f"{path}: a collision without particles", hint="is the file complete?")
    mothers = [-1 if incoming else current.ends.get(vertex, -1) for vertex, incoming in zip(current.at, current.incoming, strict=True)]
    places = np.array([current.place[vertex] for vertex in current.at]) * current.length
    table = np.array(current.particles)
    kinds = dict(zip(("pdg", "status"), table[:, :2].T.astype(np.int64), strict=True)) | {"mother": np.array(mothers, np.int64)}
    moving = dict(zip(("px", "py", "pz", "e"), table[:, 2:].T, strict=True))
    return kinds | moving | dict(zip(("x", "y", "z", "t"), (places / np.array([1.0, 1.0, 1.0, _LIGHT])).T, strict=True))
