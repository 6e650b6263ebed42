"""From generated particles straight to reconstructed tracks and their identity, by a chain of small models.

Where full simulation follows every particle through the detector, ultra-fast simulation draws what the reconstruction would have said:
acceptance, tracking efficiency and class, resolution and quality, covariance, isMuon, likelihoods of RICH and muon system, and
global particle identification. The chain compiles to one C++ library.

Methods: Lamarr (LHCb, arXiv:2303.11428, arXiv:2309.13213), its PID by GANs (arXiv:2204.09947).
"""

from bartik.core import Arrays
from bartik.usecases.ultrafast_simulation.candidates import reconstruct as reconstruct
from bartik.usecases.ultrafast_simulation.together import whole as whole

parts: dict[str, tuple[str, ...]] = {
    "acceptance": (),
    "efficiency": (),
    "resolution": (),
    "covariance": (),
    "is_muon": (),
    "rich": (),
    "rich_gan": (),
    "muon": (),
    "global_pid": (),
    "neutral": (),
}
HEADLINE = "largest KS"


def figures(arrays: Arrays, metrics: dict[str, dict[str, object]]) -> list[tuple[str, str, object]]:
    """Figures of the page, drawn when they are wanted: matplotlib takes a second to import."""
    from bartik.usecases.ultrafast_simulation.figures import figures as draw

    return list(draw(arrays, metrics))
