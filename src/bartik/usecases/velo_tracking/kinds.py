"""Kinds of particles that efficiencies are given for, as LHCb's track checker has them, and what they are given as functions of."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from bartik.core import Array
from bartik.data.velo import VeloEvent
from bartik.usecases.velo_tracking.vertices import primary_vertices

_FEWEST_HITS = 3
_ELECTRON = 11
Masks = Mapping[str, Array]


def particles(event: VeloEvent) -> Masks:
    """Masks [particles]: ``Velo`` (three hits or more), ``electron``, ``isLong``, ``fromStrangeDecay``, ``fromBeautyDecay``."""
    assert event.truth is not None  # noqa: S101 - events are read with truth
    table, velo = event.truth.particles, np.diff(event.truth.offsets) >= _FEWEST_HITS
    none = np.zeros(len(velo), bool)
    flags = {name: np.asarray(table.get(name, none)) > 0 for name in ("isLong", "fromStrangeDecay", "fromBeautyDecay")}
    electron = np.abs(np.asarray(table.get("pid", none), dtype=np.int64)) == _ELECTRON
    return {"Velo": velo, "electron": electron, **flags}


KINDS: Mapping[str, Callable[[Masks], Array]] = {
    "long": lambda is_: is_["Velo"] & is_["isLong"],
    "long, no electron": lambda is_: is_["Velo"] & is_["isLong"] & ~is_["electron"],
    "Velo": lambda is_: is_["Velo"],
    "Velo, no electron": lambda is_: is_["Velo"] & ~is_["electron"],
    "electron": lambda is_: is_["Velo"] & is_["electron"],
    "long electron": lambda is_: is_["Velo"] & is_["electron"] & is_["isLong"],
    "strange": lambda is_: is_["Velo"] & is_["fromStrangeDecay"] & ~is_["electron"],
    "long from b": lambda is_: is_["Velo"] & is_["fromBeautyDecay"] & is_["isLong"],
}
"""By name, which particles: all have left three hits or more. ``long`` ones also reach the stations behind the magnet."""


def _momentum(event: VeloEvent) -> Array:
    assert event.truth is not None  # noqa: S101 - events are read with truth
    momenta: Array = np.asarray(event.truth.particles["p"]) / 1000
    return momenta


def _pseudorapidity(event: VeloEvent) -> Array:
    assert event.truth is not None  # noqa: S101 - events are read with truth
    return np.asarray(event.truth.particles["eta"])


def _busy(event: VeloEvent) -> Array:
    assert event.truth is not None  # noqa: S101 - events are read with truth
    return np.full(len(event.truth), len(event))


def _vertices(event: VeloEvent) -> Array:
    assert event.truth is not None  # noqa: S101 - events are read with truth
    return np.full(len(event.truth), primary_vertices(event))


VARIABLES: Mapping[str, tuple[Callable[[VeloEvent], Array], tuple[float, ...]]] = {
    "p [GeV]": (_momentum, (0, 1, 2, 3, 5, 7.5, 10, 15, 20, 30, 50)),
    "η": (_pseudorapidity, (-5, -4, -3, -2, 1.5, 2, 2.5, 3, 3.5, 4, 4.5, 5)),
    "hits in the event": (_busy, (0, 500, 1000, 1500, 2000, 2500, 3000, 4000, 6000)),
    "primary vertices": (_vertices, (0, 2, 3, 4, 5, 6, 7, 8, 10, 14)),
}
"""What efficiencies are drawn against: the value of each particle, and the bins."""
