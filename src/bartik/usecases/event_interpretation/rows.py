"""Graphs of events put together, for training."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bartik.core import Array, Arrays, Dataset, Signature
from bartik.core.ragged import put_together
from bartik.usecases.event_interpretation.event import Event


def dataset(signature: Signature, events: Sequence[Event], graphs: Sequence[Arrays], targets: Sequence[Array], source: str) -> Dataset:
    """Graphs behind one another; ``targets`` are of each event's entries on the first axis of the first output."""
    inputs, offsets = put_together(signature, graphs)
    numbers = np.repeat([event.number for event in events], [len(target) for target in targets])
    return Dataset(inputs, np.concatenate(targets), spectators={"event": numbers}, source=source, offsets=dict(offsets))
