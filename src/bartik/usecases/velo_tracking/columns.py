"""What goes into the networks and what comes out."""

from __future__ import annotations

from bartik.core import Column, TensorSpec

DIMENSIONS = 8
"""Of the learned space."""
PARTICLES = 2**20
"""More than an event has; the factor between events in the target of the embedding."""
WIDTH = 32
"""Numbers by which the edge network knows a doublet."""
_XYZ = tuple(Column(axis, "mm") for axis in "xyz")
HITS = TensorSpec("hits", "float32", ("hits", 3), _XYZ)
EDGES = TensorSpec(
    "edges", "int64", ("edges", 2), (Column("first", "", "hit nearer to the first module"), Column("second")), index_of="hits"
)


def positions_of(*names: str) -> tuple[Column, ...]:
    """Columns of the positions of hits by these names."""
    return tuple(Column(f"{axis}_{name}", "mm") for name in names for axis in "xyz")
