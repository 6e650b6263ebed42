"""What the network sees of a pair of tracks, and what it is asked to say."""

from __future__ import annotations

from bartik.core import Column, Signature, TensorSpec

COLUMNS = (
    Column("fd_chi2", "", "χ² of the flight from the primary to the secondary vertex"),
    Column("sum_pt", "GeV", "transverse momenta of both tracks, added"),
    Column("vertex_chi2", "", "χ² of the secondary vertex, one degree of freedom"),
    Column("min_ip_chi2", "", "χ² of the impact parameter to the nearest primary vertex, the smaller of both tracks"),
)
LOGARITHMIC = (True, False, False, True)
DIRECTIONS = (1, 1, 0, 1)
"""The response never falls while these rise; the χ² of the vertex is free, as in LHCb's."""
_FEATURES = TensorSpec("features", "float32", ("batch", len(COLUMNS)), COLUMNS)
signature = Signature((_FEATURES,), (TensorSpec("score", "float32", ("batch", 1)), TensorSpec("response", "float32", ("batch", 1))))
"""``score`` in (0, 1); ``response`` is its log odds, of which the certificates speak."""
