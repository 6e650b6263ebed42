"""Samples that a trained generator draws, in the place of a simulation: showers of a calorimeter."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from bartik.backends import prepare
from bartik.core import UsageError
from bartik.core.plugins import recorded_usecase
from bartik.data.calochallenge import ShowerFile, read_showers, write_showers
from bartik.workflow.shards import Kind

if TYPE_CHECKING:
    from bartik.core.bundle import Bundle

ENDINGS = (".hdf5", ".h5")
_RANGE = 2


def energies_in(text: str) -> tuple[float, float] | None:
    """Lowest and highest of ``LOW,HIGH`` in MeV; nothing of an empty text."""
    if not text:
        return None
    try:
        found = [float(part) for part in text.split(",")]
    except ValueError:
        found = []
    if len(found) != _RANGE or not 0 < found[0] < found[1] < float("inf"):
        raise UsageError(f"--energies {text}: wanted LOW,HIGH in MeV, both positive", hint="--energies 1000,100000")
    return found[0], found[1]


def drawer(bundle: Bundle, backend: str, energies: str, seed: int) -> Callable[[int, int], ShowerFile]:
    """A function of the first number and how many: showers that the bundle draws; a bundle that cannot is refused now.

    The use case of the bundle, or the one it is a part of, has ``draw(bundle, session, numbers, seed, energies)``.
    """
    name = str(bundle.provenance.get("use_case", "")).partition(".")[0]
    draw = getattr(recorded_usecase(name), "draw", None)
    if draw is None:
        made = name or "no use case"
        raise UsageError(f"--from {bundle.path}: a bundle of {made}, which draws no samples", hint="wanted a generator of showers")
    session, wanted = prepare(bundle, backend), energies_in(energies)
    return lambda first, count: cast(ShowerFile, cast(Any, draw)(bundle, session, np.arange(first, first + count), seed, wanted))


def write(path: Path, made: ShowerFile) -> None:
    """In the layout of the CaloChallenge."""
    write_showers(path, made.incident, made.showers)


def _read(path: Path) -> ShowerFile:
    return read_showers(path, None)


def _joined(samples: Sequence[ShowerFile], first: int) -> ShowerFile:  # noqa: ARG001 - showers do not keep their number
    return ShowerFile(*(np.concatenate([getattr(sample, name) for sample in samples]) for name in ("incident", "showers")))


SHOWERS = Kind("showers", ".hdf5", _read, _joined, write)
