"""Electron, muon, pion, kaon, proton or ghost? The species of a track from Cherenkov light, calorimeters and muon stations.

Networks take what the detectors say of a track and give a number for each species, as LHCb's ProbNN do: one network for all species, or six
of one against the rest; and one that learns only what holds in every decay channel, so that it fails less on channels it has not seen.

Methods: LHCb, arXiv:1412.6352 (section 5); common-specific decomposition, LHCb, arXiv:2212.07274, V. Piratla et al., arXiv:2003.12815;
efficiencies with sWeights as LHCb's PIDCalib2, arXiv:1803.00824.
"""

from bartik.core import Arrays
from bartik.usecases.particle_identification.together import whole as whole

parts: dict[str, tuple[str, ...]] = {"multiclass": (), "one_vs_rest": (), "robust": ()}
HEADLINE = "mean AUC"


def figures(arrays: Arrays, metrics: dict[str, dict[str, object]]) -> list[tuple[str, str, object]]:
    """Figures of the page, drawn when they are wanted: matplotlib takes a second to import."""
    from bartik.usecases.particle_identification.figures import figures as draw

    return list(draw(arrays, metrics))
