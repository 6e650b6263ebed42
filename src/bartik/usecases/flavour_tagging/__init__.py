"""Was it made as a B or as an anti-B? The flavour of a neutral meson at its production, from the other tracks of the event.

The other b hadron (opposite side) and the particles made with the signal (same side) carry its flavour in their charges. Single taggers
pick one track each; the inclusive tagger reads all of them. What counts is the tagging power, eps_tag <(1 - 2 omega)^2>:
the share of the events that a perfect tagger would need for the same precision.

Methods: deep sets (LHCb, arXiv:2404.14145, arXiv:2602.15625), combination and calibration (LHCb, Eur. Phys. J. C 72 (2012) 2022),
single taggers (arXiv:1602.07252, arXiv:1610.06019).
"""

from bartik.core import Arrays
from bartik.usecases.flavour_tagging.together import whole as whole

parts: dict[str, tuple[str, ...]] = {"inclusive": (), "recurrent": (), "taggers": ()}
HEADLINE = "of the optimum"


def figures(arrays: Arrays, metrics: dict[str, dict[str, object]]) -> list[tuple[str, str, object]]:
    """Figures of the page, drawn when they are wanted: matplotlib takes a second to import."""
    from bartik.usecases.flavour_tagging.figures import figures as draw

    return list(draw(arrays, metrics))
