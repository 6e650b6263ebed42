"""What goes into the networks and what comes out."""

from __future__ import annotations

from bartik.core import Column, TensorSpec

CLASSES = 4
"""Generations of the lowest common ancestor that a pair of tracks is given: 0 none, 1, 2, and 3 for 3 or more, as published."""
LEVELS = 6
"""Generations that the truth knows."""
TRACKS = TensorSpec(
    "tracks",
    "float32",
    ("tracks", 10),
    (
        *(Column(f"o{axis}", "mm", "point on the track nearest to the beam line") for axis in "xyz"),
        *(Column(f"p{axis}", "GeV") for axis in "xyz"),
        *(Column(f"pv_{axis}", "mm", "primary vertex that the track passes most closely") for axis in "xyz"),
        Column("charge"),
    ),
)
"""The first ten of the published node features, in their order; the other three are the true vertex."""
PAIRS = TensorSpec(
    "pairs", "int64", ("pairs", 2), (Column("first", "", "the track of more transverse momentum"), Column("second")), index_of="tracks"
)
VERTICES = TensorSpec("vertices", "float32", ("vertices", 3), tuple(Column(axis, "mm") for axis in "xyz"))
LINK_TRACKS = TensorSpec("link_tracks", "int64", ("links",), index_of="tracks")
LINK_VERTICES = TensorSpec("link_vertices", "int64", ("links",), index_of="vertices")
KEEP = TensorSpec("keep", "float32", ("tracks", 1))
JOIN = TensorSpec("join", "float32", ("pairs", 1))
GENERATIONS = TensorSpec("generations", "float32", ("pairs", CLASSES))
ORIGIN = TensorSpec("origin", "float32", ("links", 1))
