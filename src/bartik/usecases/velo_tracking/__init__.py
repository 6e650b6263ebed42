"""Tracks in the vertex locator by a graph network: hits to doublets to triplets to tracks, which may share hits.

Charged particles cross up to 26 stations of silicon pixels around the beam, without a magnetic field, and scatter in them. A learned
embedding proposes pairs of hits (doublets), a small network filters them, an interaction network judges each among its neighbours, and a
classifier says which doublets that share a hit belong together. Tracks are the chains of these; electrons and positrons of a photon that
converted may share their first hits, which searches that hand out hits once cannot do.

Method: ETX4VELO (A. Correia et al., arXiv:2406.12869, arXiv:2407.12119) after Exa.TrkX (X. Ju et al., arXiv:2103.06995).
"""

from bartik.core import Arrays
from bartik.usecases.velo_events import source as source
from bartik.usecases.velo_tracking.found import predict as predict
from bartik.usecases.velo_tracking.together import whole as whole

parts = {
    "embedding": (),
    "doublets": ("embedding",),
    "edges": ("embedding", "doublets"),
    "triplets": ("embedding", "doublets", "edges"),
}
HEADLINE = "long efficiency"


def figures(arrays: Arrays, metrics: dict[str, dict[str, object]]) -> list[tuple[str, str, object]]:
    """Figures of the page, drawn when they are wanted: matplotlib takes a second to import."""
    from bartik.usecases.velo_tracking.figures import figures as draw

    return list(draw(arrays, metrics))
