"""Charm from millions of events: unbinned maximum-likelihood fits, whose models are densities.

Mass of D0 candidates, CP asymmetries in 16 categories, amplitudes of D0 -> K_S pi+ pi-, mixing in the decay time. What a fit finds is
a bundle as any other model's: the density of each candidate as a graph, its parameters with their covariance, and where they come from.
"""

from bartik.core import Arrays
from bartik.usecases.charm_fit.together import whole as whole

parts: dict[str, tuple[str, ...]] = {"mass": (), "asymmetry": (), "dalitz": (), "mixing": ()}
HEADLINE = "width of pulls"


def figures(arrays: Arrays, metrics: dict[str, dict[str, object]]) -> list[tuple[str, str, object]]:
    """Figures of the page, drawn when they are wanted: matplotlib takes a second to import."""
    from bartik.usecases.charm_fit.figures import figures as draw

    return list(draw(arrays, metrics))
