"""Truth about the particles seen in the vertex locator: where they come from, and whether they would cross the whole spectrometer.

The magnet turns momenta by 1.26 GeV in the plane of x and z, in the middle at z = 5.2 m (4 Tm: JINST 3 (2008) S08005); the stations behind
it end at z = 9.4 m and reach 3 m in x and 2.4 m in y (LHCb-TDR-015). A particle that gets there is *long*; one in five interacts or decays
behind the vertex locator.
"""

from __future__ import annotations

import numpy as np

from bartik.core import Array, Arrays
from bartik.simulation.counters import uniform
from bartik.simulation.record import EventSample, Indices, descends_from, is_beauty, is_charm
from bartik.simulation.velo_flyers import Flags, Flyers

_KICK, _MAGNET, _LAST = 1.26, 5.2, 9.4  # GeV, m, m
_HALF_WIDTH, _HALF_HEIGHT, _PIPE = 3.0, 2.4, 0.15  # m
_SURVIVING, _NEAR_PIPE = (0.8, 0.68), 0.037  # share of those aimed at the stations that get there, above and below this slope
_STRANGE = (130, 310, 3122, 3112, 3222, 3312, 3322, 3334)


def seen_columns(sample: EventSample, flyers: Flyers, rows: Indices) -> Arrays:
    """Columns of the table ``seen`` for the ``rows`` of ``flyers``."""
    one = flyers.chosen(rows)
    inherited = _inherited(sample)
    place = sample.particle_offsets[one.event] + one.ancestor
    momentum = one.momentum
    columns: Arrays = {name: getattr(one, name) for name in ("particle", "ancestor", "process", "pdg", "charge", "x", "y", "z")}
    columns |= {name: momentum[:, axis] for axis, name in enumerate(("px", "py", "pz"))}
    columns |= {name: flags[place] & (one.particle >= 0) for name, flags in inherited.items()}
    return columns | {"long": is_long(one)}


def is_long(flyers: Flyers) -> Flags:
    """Charged particles [particles] that fly forward, through the magnet, into the stations behind it."""
    inside = (flyers.sense > 0) & (flyers.charge != 0) & np.isinf(flyers.end)
    kick = flyers.charge * _KICK * (_LAST - _MAGNET) / np.maximum(flyers.p, 0.05)
    x, y = flyers.tx * _LAST + kick, flyers.ty * _LAST
    hit = (np.abs(x) < _HALF_WIDTH) & (np.abs(y) < _HALF_HEIGHT) & (np.maximum(np.abs(x), np.abs(y)) > _PIPE)
    lives = uniform(flyers.key, 11) < np.where(np.hypot(flyers.tx, flyers.ty) > _NEAR_PIPE, *_SURVIVING)
    return np.asarray(inside & hit & lives)


def _inherited(sample: EventSample) -> dict[str, Array]:
    pdg = sample.particles["pdg"]
    return {
        "beauty": descends_from(sample, is_beauty(pdg)),
        "charm": descends_from(sample, is_charm(pdg)),
        "strange": descends_from(sample, np.isin(np.abs(pdg), _STRANGE)),
    }
