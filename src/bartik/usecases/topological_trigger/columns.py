"""The seven variables, and the bins that the published selection cuts them into."""

from __future__ import annotations

from bartik.core import Column, table

COLUMNS = (
    Column("sum_pt", "GeV", "transverse momenta of all tracks, added"),
    Column("min_pt", "GeV", "the smallest of them"),
    Column("m", "GeV", "invariant mass, all tracks as pions"),
    Column("m_corrected", "GeV", "mass with what is missing across the line of flight: √(m² + pT²) + pT"),
    Column("doca", "mm", "largest distance of closest approach of two of the tracks"),
    Column("ip_chi2", "", "χ² of the impact parameter of the candidate to its primary vertex"),
    Column("fd_chi2", "", "χ² of the flight from the primary to the secondary vertex"),
)
EDGES: dict[str, tuple[float, ...]] = {
    "sum_pt": (3.5, 4, 4.5, 5, 6, 7, 8, 9, 10, 15, 20),
    "min_pt": (0.6, 0.7, 0.8, 0.9, 1, 1.25, 1.5, 1.75, 2, 2.5, 3, 4, 5, 10),
    "m": (2.5, 4.75),
    "m_corrected": (2, 3, 4, 5, 6, 7, 8, 9, 10, 15),
    "doca": (0.05, 0.1, 0.15),
    "ip_chi2": (20,),
    "fd_chi2": (200, 300, 400, 500, 600, 700, 800, 900, 1000, 2500, 5000, 10000),
}
"""Where bins begin, in the order of the columns: arXiv:1210.6861, table 1, as we remember it and have not been able to check."""
signature = table(COLUMNS)
