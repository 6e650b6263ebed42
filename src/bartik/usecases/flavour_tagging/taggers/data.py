"""The choices of the single taggers, one row a candidate."""

from __future__ import annotations

from bartik.core import Arrays, Config, Dataset, Signature, Split, TensorSpec
from bartik.simulation.tagging import TaggingEvents
from bartik.usecases.flavour_tagging import toy
from bartik.usecases.flavour_tagging.columns import FEATURES, TAGGERS
from bartik.usecases.flavour_tagging.taggers.choose import features

signature = Signature(
    (TensorSpec("features", "float32", ("candidates", len(FEATURES)), FEATURES),),
    (TensorSpec("score", "float32", ("candidates", 1)), TensorSpec("taggers", "float32", ("candidates", len(TAGGERS)))),
)
"""Out come the combination, and each single tagger, as probabilities of flavour +1; 0.5 where a tagger has nothing to say."""


def inputs_of(events: TaggingEvents) -> Arrays:
    """What the network takes."""
    return {"features": features(events)}


def data(split: Split, config: Config) -> Dataset:
    """Candidates of one split of the toy."""
    events = toy.events_of(split, config)
    return Dataset(inputs_of(events), toy.target(events), spectators=toy.spectators(events, split), source=toy.source(events))
