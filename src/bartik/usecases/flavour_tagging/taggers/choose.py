"""What each single tagger chooses among the tracks of a candidate: the one of largest transverse momentum that passes its cuts.

The vertex tagger takes all displaced tracks together; its charge is their mean, weighted with the square root of the momentum.
"""

from __future__ import annotations

import numpy as np

from bartik.core import Array
from bartik.simulation.tagging import TaggingEvents
from bartik.usecases.flavour_tagging import toy
from bartik.usecases.flavour_tagging.columns import CHOSEN, TAGGERS

_CHARGE, _PT, _DETA, _DPHI, _SIGNIFICANCE, _E, _MU, _K, _P = range(9)
_DISPLACED = 3.0
"""Significance of the impact parameter from which a track is taken for one of the opposite side."""


def features(events: TaggingEvents) -> Array:
    """Every tagger's choice, then what is known of the signal, float32 [candidates, 73]; zeros where a tagger has none."""
    tracks, owner = toy.tracks(events), toy.owners(events)
    masks = passing(tracks)
    blocks = [_chosen(tracks, owner, masks[tagger], len(events)) for tagger in TAGGERS]
    place = TAGGERS.index("OS vertex")
    blocks[place] = _vertex(tracks, owner, masks["OS vertex"], blocks[place])
    return np.concatenate([*blocks, toy.candidates(events)], axis=1).astype(np.float32)


def passing(tracks: Array) -> dict[str, Array]:
    """Which tracks [tracks, 9] each tagger may choose, bool [tracks]."""
    far = (tracks[:, _SIGNIFICANCE] > _DISPLACED) & (tracks[:, _PT] > 0.5)
    near = (tracks[:, _SIGNIFICANCE] < _DISPLACED) & (np.abs(tracks[:, _DPHI]) < 1.2) & (np.abs(tracks[:, _DETA]) < 1.0)
    muon, electron = tracks[:, _MU] > 0.5, tracks[:, _E] > 0.5
    kaon = (tracks[:, _K] > 2) & (tracks[:, _K] > tracks[:, _P])
    proton = (tracks[:, _P] > 4) & ~kaon
    light = ~muon & ~electron & ~kaon & ~proton
    masks = (
        far & muon,
        far & electron,
        far & kaon & ~muon & ~electron,
        far,
        near & light & (tracks[:, _PT] > 0.4),
        near & kaon,
        near & proton,
    )
    return dict(zip(TAGGERS, masks, strict=True))


def _chosen(tracks: Array, owner: Array, mask: Array, candidates: int) -> Array:
    """The first track that passes, of each candidate, and how many do [candidates, 10]."""
    found = np.zeros((candidates, CHOSEN))
    rows = np.flatnonzero(mask)
    which, first = np.unique(owner[rows], return_index=True)
    found[which, :-1] = tracks[rows[first]]
    found[:, -1] = np.bincount(owner[rows], minlength=candidates)
    return found


def _vertex(tracks: Array, owner: Array, mask: Array, leading: Array) -> Array:
    """Of two or more displaced tracks: mean charge, sum of momenta, mean direction and significance; identity of the leading one."""
    found, rows = leading.copy(), np.flatnonzero(mask)
    weight, mine = np.sqrt(tracks[rows, _PT]), owner[rows]

    def mean(column: int) -> Array:
        return np.bincount(mine, weight * tracks[rows, column], len(found)) / np.maximum(np.bincount(mine, weight, len(found)), 1e-9)

    for column in (_CHARGE, _DETA, _SIGNIFICANCE):
        found[:, column] = mean(column)
    found[:, _PT] = np.bincount(mine, tracks[rows, _PT], len(found))
    found[found[:, -1] < 2] = 0.0
    return found
