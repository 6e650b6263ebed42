"""What goes into the networks and what comes out."""

from __future__ import annotations

from bartik.core import Column, Signature, TensorSpec
from bartik.simulation.identification import SPECIES

COLUMNS = (
    Column("p", "GeV", "momentum"),
    Column("pt", "GeV", "transverse momentum"),
    Column("n_tracks", "", "tracks in the event"),
    Column("track_chi2", "", "χ² of the track's fit over its degrees of freedom"),
    Column("match_chi2", "", "χ² of the match of its segments before and behind the magnet over its degrees of freedom"),
    Column("velo_charge", "", "charge in the vertex locator over the most probable one"),
    Column("dll_e", "", "logarithm of the likelihood of the RICHs' light for an electron less that for a pion"),
    Column("dll_mu", "", "for a muon less that for a pion"),
    Column("dll_k", "", "for a kaon less that for a pion"),
    Column("dll_p", "", "for a proton less that for a pion"),
    Column("ecal", "GeV", "energy in the electromagnetic calorimeter"),
    Column("hcal", "GeV", "energy in the hadronic calorimeter"),
    Column("is_muon", "", "1 where isMuon holds, else 0"),
    Column("muon_stations", "", "stations M2 to M5 with a hit in the field of interest"),
)
NAMES = tuple(column.name for column in COLUMNS)
OPTIONAL = {"velo_charge": 1.0, "dll_e": 0.0, "dll_mu": 0.0, "dll_k": 0.0, "dll_p": 0.0, "ecal": 0.0, "hcal": 0.0}
"""Columns that a detector may not have measured, and what then takes their place in the graph: what says nothing."""
MISSING = -900.0
"""From which on down a value stands for none: LHCb's programs write -999 or -1000."""
WORDS = ("an electron", "a muon", "a pion", "a kaon", "a proton", "none: a ghost")
FEATURES = TensorSpec("features", "float32", ("tracks", len(COLUMNS)), COLUMNS)
_ANSWERS = tuple(Column(name, "", f"how much the track looks like {what}") for name, what in zip(SPECIES, WORDS, strict=True))
signature = Signature((FEATURES,), (TensorSpec("score", "float32", ("tracks", len(SPECIES)), _ANSWERS),))
"""Out come numbers between 0 and 1 for e, mu, pi, K, p, ghost, in this order."""
