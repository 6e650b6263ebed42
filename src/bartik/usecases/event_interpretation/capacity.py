"""Events of any size for a network compiled for one: compiled code allocates nothing, so it has room for so many tracks and pairs.

What is left of the room is filled with tracks and vertices of zeros, and with pairs and links among these: no message of theirs reaches the
event, so that its outputs are the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from bartik.core import Arrays, Session, Signature, UsageError
from bartik.core.ragged import with_room


class Roomy:
    """A session compiled for ``sizes`` of all axes, which takes events that leave room for one more track and vertex."""

    def __init__(self, session: Session, signature: Signature, sizes: Mapping[str, int]) -> None:
        """Wrap a ``session``; ``signature`` is that of the network before its axes were given sizes."""
        self.session, self.signature, self.sizes = session, signature, dict(sizes)
        self.indexed = {spec.index_of for spec in signature.inputs if spec.index_of}

    def run(self, inputs: Arrays, out: Arrays | None = None) -> Arrays:
        """Outputs of the event alone; `UsageError` for one that is too large."""
        counts = {str(spec.shape[0]): len(inputs[spec.name]) for spec in self.signature.inputs}
        for axis, count in counts.items():
            room = self.sizes[axis] - (axis in self.indexed)
            if count > room:
                raise UsageError(f"an event of {count} {axis}: compiled for {room}", hint="compile it for more, or use onnxruntime")
        found = self.session.run(with_room(self.signature.inputs, inputs, self.sizes))
        results = {spec.name: found[spec.name][: counts[str(spec.shape[0])]] for spec in self.signature.outputs}
        for name, array in (out or {}).items():
            np.copyto(array, results[name])
        return results


def room_for(signature: Signature, graphs: Sequence[Arrays]) -> dict[str, int]:
    """Sizes of the axes for all of these events, with one track and vertex to spare, in steps of a quarter of a power of two."""
    sizes: dict[str, int] = {}
    for spec in signature.inputs:
        most = 1 + max((len(graph[spec.name]) for graph in graphs), default=0)
        step = max(1, 2 ** (most.bit_length() - 3))
        sizes[str(spec.shape[0])] = -(-most // step) * step
    return sizes
