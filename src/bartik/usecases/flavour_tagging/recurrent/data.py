"""The tracks of each candidate in the order of their momenta, padded to one length."""

from __future__ import annotations

from bartik.core import Arrays, Config, Dataset, Signature, Split
from bartik.simulation.tagging import TaggingEvents
from bartik.usecases.flavour_tagging import toy
from bartik.usecases.flavour_tagging.columns import CANDIDATES, SCORE, SEQUENCES

signature = Signature((CANDIDATES, SEQUENCES), (SCORE,))


def inputs_of(events: TaggingEvents) -> Arrays:
    """What the network takes."""
    return {"candidate": toy.candidates(events), "tracks": toy.sequences(events)}


def data(split: Split, config: Config) -> Dataset:
    """Candidates of one split of the toy."""
    events = toy.events_of(split, config)
    return Dataset(inputs_of(events), toy.target_and_origins(events), spectators=toy.spectators(events, split), source=toy.source(events))
