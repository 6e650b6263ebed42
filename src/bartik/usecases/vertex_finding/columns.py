"""What goes into the networks and what comes out."""

from __future__ import annotations

from bartik.core import Column, TensorSpec

BINS = 4000
"""Of the histogram along the beam."""
SLOTS = 40
"""Vertices at most in the answer for an event."""
_ELLIPSOID = tuple(Column(name, "mm^-2", "of the surface A x² + B y² + C z² + 2 (D x y + E x z + F y z) = 1") for name in "ABCDEF")
TRACKS = TensorSpec(
    "tracks",
    "float32",
    ("tracks", 9),
    (*(Column(axis, "mm", "of the point of closest approach to the beam line") for axis in "zxy"), *_ELLIPSOID),
)
EVENT = TensorSpec("event", "int64", ("tracks",), index_of="events")
BEAM = TensorSpec("beam", "float32", ("events", 2), (Column("x", "mm", "of the beam line"), Column("y", "mm")))
KDE = TensorSpec("kde", "float32", ("events", 1, BINS))
HISTOGRAM = TensorSpec("histogram", "float32", ("events", BINS))
VERTICES = TensorSpec(
    "vertices",
    "float32",
    ("events", SLOTS, 2),
    (Column("z", "mm"), Column("weight", "", "area of the peak; 0: no vertex")),
)
