"""True vertices as PV-Finder's published numbers count them.

After ``efficiency_res_optimized.py`` of github.com/uc-lhcb/pv-finder: what is to be found is what the target histogram has as peaks, so
that collisions that make one peak count once; a found vertex belongs to a peak within five of its resolutions, three bins at least.
Vertices of few tracks, where the target is masked (no larger one is beside), are neither merit nor fault within five bins.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bartik.core import Array
from bartik.data.vertex_event import VertexEvent
from bartik.usecases.vertex_finding.targets import FEWEST, histogram, resolution

_LEAST, _AREA, _WIDTH = 1e-2, 0.2, 2
"""Of a peak: content of its bins, of all of them together, number of bins."""
_SIGMAS, _BINS, _MASKED = 5.0, 3, 5


@dataclass(frozen=True)
class Counted:
    """Vertices [vertices] that count: z in mm, tracks (of the largest collision in the peak), and how far a found one may be in mm."""

    z: Array
    count: Array
    window: Array


def counted(event: VertexEvent, low: float, width: float, scale: float = 1.0) -> Counted:
    """Of one event, those of few tracks last; bins and ``scale`` as for the target."""
    many = event.count >= FEWEST
    peaks = _peaks(histogram(event.z[many], event.count[many], low, width, scale))
    place = (event.z[many] - low) / width
    tracks = [int(event.count[many][_inside(place, *peak)].max()) for peak in peaks]
    few = ~many & _masked(event, low, width, scale)
    z = np.concatenate([low + width * np.array([peak[0] for peak in peaks]), event.z[few]])
    window = np.maximum(_SIGMAS * scale * resolution(np.array(tracks)), _BINS * width) if peaks else np.zeros(0)
    count = np.concatenate([np.array(tracks, np.int64), event.count[few]])
    return Counted(z, count, np.concatenate([window, np.full(int(few.sum()), _MASKED * width)]))


def _masked(event: VertexEvent, low: float, width: float, scale: float) -> Array:
    """Which vertices are where the target counts neither way: of few tracks, with none of more beside."""
    target = histogram(event.z, event.count, low, width, scale)
    return np.isnan(target[np.clip(np.floor((event.z - low) / width).astype(np.int64), 0, len(target) - 1)])


def _peaks(content: Array) -> list[tuple[float, int, int]]:
    """Middle, first bin and end of each run of bins that are not empty, cut where the content rises again."""
    found, first = [], -1
    fallen = False
    for k in range(len(content) + 1):
        inside = k < len(content) and content[k] >= _LEAST
        again = inside and fallen and content[k] > content[k - 1]
        if first >= 0 and (not inside or again):
            part = content[first:k]
            if len(part) >= _WIDTH and part.sum() >= _AREA:
                found.append((float(np.average(np.arange(first, k) + 0.5, weights=part)), first, k))
            first, fallen = -1, False
        if inside:
            fallen = first >= 0 and (fallen or content[k] < content[k - 1])
            first = k if first < 0 else first
    return found


def _inside(place: Array, middle: float, first: int, end: int) -> Array:
    """Which vertices are in a peak; the nearest where none is."""
    inside = (place >= first) & (place < end)
    return inside if inside.any() else np.abs(place - middle) == np.abs(place - middle).min()
