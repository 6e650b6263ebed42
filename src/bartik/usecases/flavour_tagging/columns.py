"""What goes into the taggers and what comes out."""

from __future__ import annotations

from bartik.core import Column, TensorSpec

IDENTITY = ("dll_e", "dll_mu", "dll_k", "dll_p")
_CANDIDATE = (
    Column("signal_pt", "GeV", "transverse momentum of the signal B"),
    Column("signal_eta", "", "its pseudorapidity"),
    Column("collisions", "", "proton-proton collisions seen in the event"),
)
_TRACK = (
    Column("charge", "e", "+1 or -1"),
    Column("pt", "GeV", "transverse momentum"),
    Column("deta", "", "pseudorapidity less that of the signal"),
    Column("dphi", "rad", "azimuth less that of the signal"),
    Column("significance", "", "impact parameter over its error"),
    *(Column(name, "", "log-likelihood less that of a pion") for name in IDENTITY),
)
SIGNAL_WIDTH = len(_CANDIDATE)
CANDIDATES = TensorSpec("candidate", "float32", ("candidates", len(_CANDIDATE)), _CANDIDATE)
TRACKS = TensorSpec("tracks", "float32", ("tracks", len(_TRACK)), _TRACK)
OWNER = TensorSpec("owner", "int64", ("tracks",), index_of="candidates")
STEPS = 40
"""Tracks of largest transverse momentum that the recurrent network reads: all there are, but for one candidate in a hundred."""
SEQUENCES = TensorSpec("tracks", "float32", ("candidates", STEPS, len(_TRACK)), _TRACK)
SCORE = TensorSpec("score", "float32", ("candidates", 1))
"""Probability of flavour +1."""

TAGGERS = ("OS muon", "OS electron", "OS kaon", "OS vertex", "SS pion", "SS kaon", "SS proton")
_CHOSEN = (*(column.name for column in _TRACK), "count")
CHOSEN = len(_CHOSEN)
"""Numbers that a single tagger has of its track: those of the track, and how many it chose from."""


def _units() -> dict[str, str]:
    return {column.name: column.unit for column in _TRACK}


FEATURES = (
    *(Column(f"{tagger}: {name}", _units().get(name, "")) for tagger in TAGGERS for name in _CHOSEN),
    *_CANDIDATE,
)
