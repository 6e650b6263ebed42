"""All tracks of each candidate, as many as there are."""

from __future__ import annotations

import numpy as np

from bartik.core import Arrays, Config, Dataset, Signature, Split
from bartik.simulation.tagging import TaggingEvents
from bartik.usecases.flavour_tagging import toy
from bartik.usecases.flavour_tagging.columns import CANDIDATES, OWNER, SCORE, TRACKS

signature = Signature((CANDIDATES, TRACKS, OWNER), (SCORE,))


def inputs_of(events: TaggingEvents) -> Arrays:
    """What the network takes."""
    return {"candidate": toy.candidates(events), "tracks": toy.tracks(events), "owner": toy.owners(events)}


def data(split: Split, config: Config) -> Dataset:
    """Candidates of one split of the toy."""
    events = toy.events_of(split, config)
    offsets = {"candidates": np.arange(len(events) + 1), "tracks": events.offsets}
    return Dataset(
        inputs_of(events),
        toy.target_and_origins(events),
        spectators=toy.spectators(events, split),
        source=toy.source(events),
        offsets=offsets,
    )
