"""What goes into the stages of the chain and what comes out."""

from __future__ import annotations

from bartik.core import Column, Signature, TensorSpec
from bartik.simulation.response.identity import GLOBAL
from bartik.simulation.response.rich import HYPOTHESES
from bartik.simulation.response.track_state import PAIRS, RESIDUALS, STATE

CHARGED = Column("charged", "", "charged particles of the event with p > 2 GeV and a pseudorapidity between 2 and 5")
PARTICLE = (
    *(Column(axis, "mm", "where it was made") for axis in "xyz"),
    Column("p", "GeV", "true momentum"),
    Column("tx", "", "true slope px / pz"),
    Column("ty", "", "true slope py / pz"),
    Column("is_e", "", "1 for an electron, else 0"),
    Column("is_mu", "", "1 for a muon, else 0"),
    Column("is_h", "", "1 for a hadron, else 0"),
    Column("charge", "e", "+1 or -1"),
    CHARGED,
)
TRACK = (*PARTICLE, *(Column(f"is_{kind}", "", "class of the track") for kind in ("long", "upstream", "downstream")))
_UNITS = ("mm", "mm", "mm", "", "", "GeV", "", "", "")
QUALITY = tuple(Column(name, unit, "measured less true" if name[0] == "d" else "") for name, unit in zip(RESIDUALS, _UNITS, strict=True))
FITTED = (*TRACK, *QUALITY[6:])
COVARIANCE = (
    *(Column(f"log10_var_{name}", "", "decimal logarithm of the variance, in mm and 1/GeV") for name in STATE),
    *(Column(f"corr_{STATE[column]}_{STATE[row]}", "", "correlation") for row, column in PAIRS),
)
IDENTITY = (
    Column("p", "GeV", "true momentum"),
    Column("eta", "", "true pseudorapidity"),
    CHARGED,
    Column("charge", "e", "+1 or -1"),
    *(Column(f"is_{name}", "", "1 for this species, else 0") for name in ("e", "mu", "pi", "K", "p")),
)
DLL = tuple(Column(name, "", "logarithm of the RICH likelihood less that of a pion") for name in ("DLLe", "DLLmu", "DLLK", "DLLp"))
ELECTRON = (HYPOTHESES["pi"] ** 2 - HYPOTHESES["e"] ** 2) / (HYPOTHESES["pi"] ** 2 - HYPOTHESES["mu"] ** 2)
"""DLLe over DLLmu of fast tracks: angles differ as squared masses, and likelihoods then as angles."""
_LEPTONS = {"e": (0, 1, 2, 3), "mu": (1, 0, 2, 3)}
DRAWN = tuple(_LEPTONS.get(name, (2, 3, 1, 0)) for name in HYPOTHESES)
"""Of each species the places in `DLL` in the order in which they are drawn: first on what it is selected."""
MUON = (Column("MuonMuLL", "", "logarithm of the likelihood as muon"), Column("MuonBgLL", "", "and as background"))
IS_MUON = Column("isMuon", "", "1 where it passes, else 0")
KNOWN = (*IDENTITY, IS_MUON, *DLL, *MUON)
COMBINED = tuple(Column(name, "", "combined likelihood" if name[:3] == "PID" else "posterior probability") for name in GLOBAL)
JUDGED = (*IDENTITY, IS_MUON, *COMBINED[:4], *MUON)
CLASSES = tuple(Column(f"p_{kind}", "", "probability") for kind in ("none", "long", "upstream", "downstream"))
NOISE_DESCRIPTION = "random number between 0 and 1, both excluded"


def probabilities(features: tuple[Column, ...], outputs: tuple[Column, ...]) -> Signature:
    """Of a stage that says how probable something is."""
    return Signature((_table("features", features),), (_table("probability", outputs),))


def generator(features: tuple[Column, ...], noise: int, outputs: tuple[Column, ...]) -> Signature:
    """Of a stage that draws something: noise is an input, so that the same inputs give the same bits."""
    columns = tuple(Column(f"u{number}", "", NOISE_DESCRIPTION) for number in range(noise))
    return Signature((_table("features", features), _table("noise", columns)), (_table("drawn", outputs),))


def _table(name: str, columns: tuple[Column, ...]) -> TensorSpec:
    return TensorSpec(name, "float32", ("batch", len(columns)), columns)
