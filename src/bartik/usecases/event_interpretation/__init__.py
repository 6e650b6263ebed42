"""Every b decay of an event by graph networks: which tracks are of it, what decayed to what, and which tracks can be left out.

An event of the trigger has some hundred tracks from five collisions; those of a b hadron are a handful. Three graph networks one after the
other drop tracks, drop pairs of tracks, and say of each pair left in which generation its lowest common ancestor is; from these follow the
decay trees. One network that knows the primary vertices does all of it at once, and says from which vertex each track is. What is of no b
decay need not be stored.

Methods: DFEI (J. García Pardiñas et al., arXiv:2304.08610) and its successor with heterogeneous graphs (W. Sutcliffe et al.,
arXiv:2504.21844); ancestors as matrices after J. Kahn et al., arXiv:2208.14924.
"""

from bartik.core import Arrays
from bartik.usecases.event_interpretation.sources import source as source
from bartik.usecases.event_interpretation.together import whole as whole

parts = {"nodes": (), "edges": ("nodes",), "ancestors": ("nodes", "edges"), "interpreter": ()}
HEADLINE = "perfect"


def figures(arrays: Arrays, metrics: dict[str, dict[str, object]]) -> list[tuple[str, str, object]]:
    """Figures of the page, drawn when they are wanted: matplotlib takes a second to import."""
    from bartik.usecases.event_interpretation.figures import figures as draw

    return list(draw(arrays, metrics))
