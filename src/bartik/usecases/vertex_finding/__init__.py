"""Primary vertices from tracks: where along the beam protons collided, by networks that give a histogram with a peak for each.

In a crossing some five pairs of protons collide within 20 cm. A network per track, summed over tracks, gives the density of tracks along
the beam; a convolutional network turns it into a histogram in which each primary vertex is a narrow peak. Both are trained alone, then as
one. A small network does the same with a small part of the work, for the first trigger stage.

Method: PV-Finder (R. Fang et al., arXiv:1906.08306; arXiv:2007.01023; S. Akar et al., arXiv:2309.12417).
"""

from bartik.core import Arrays
from bartik.usecases.vertex_finding.together import whole as whole

parts = {"kde": (), "peaks": (), "joined": ("kde", "peaks"), "small": ()}
HEADLINE = "efficiency"


def figures(arrays: Arrays, metrics: dict[str, dict[str, object]]) -> list[tuple[str, str, object]]:
    """Figures of the page, drawn when they are wanted: matplotlib takes a second to import."""
    from bartik.usecases.vertex_finding.figures import figures as draw

    return list(draw(arrays, metrics))
