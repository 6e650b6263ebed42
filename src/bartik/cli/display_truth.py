"""What `bartik display` draws of the truth: particles from their birth through their hits, and collisions."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from bartik.core import DataError

if TYPE_CHECKING:
    import numpy as np

    from bartik.core import Arrays
    from bartik.data.velo import VeloEvent

_FLAGS = {"strange": ("fromStrangeDecay",), "heavy": ("fromBeautyDecay", "fromCharmDecay")}
_ELECTRON = 11


def collisions(source: Path | None, number: int) -> np.ndarray:
    """Where the collisions of an event of a record were [collisions, 3] in mm; none for events of another kind."""
    import numpy as np

    arrays, first = _record(source)
    if "collision_offsets" not in arrays:
        return np.zeros((0, 3))
    start, stop = arrays["collision_offsets"][number - first : number - first + 2]
    return np.stack([arrays[f"collision.{axis}"][start:stop] for axis in "xyz"], axis=1)


def true_tracks(source: Path | None, event: VeloEvent) -> dict[str, list[np.ndarray]]:
    """Points in mm of every particle of the truth by kind, from its birth where a record says it; `DataError` without truth."""
    import numpy as np

    truth = event.truth
    if truth is None:
        raise DataError(f"{event.name}: no truth in this event", hint="leave --truth out to see the tracks that are found")
    hits = np.stack([event.x, event.y, event.z], axis=1)
    births = _births(source, event)
    kinds: dict[str, list[np.ndarray]] = {"particle": [], "strange": [], "heavy": [], "electron": []}
    parts = np.split(truth.hits, truth.offsets[1:-1]) if len(truth) else []
    for row, (kind, part) in enumerate(zip(_kinds(event), parts, strict=True)):
        points = hits[part] if births is None else np.concatenate([hits[part], births[row : row + 1]])
        kinds[kind].append(points[np.argsort(points[:, 2], kind="stable")])
    return kinds


def _kinds(event: VeloEvent) -> list[str]:
    import numpy as np

    assert event.truth is not None  # noqa: S101 - asked before
    particles, none = event.truth.particles, np.zeros(len(event.truth))
    found = np.full(len(event.truth), "particle", dtype=object)
    for kind, flags in _FLAGS.items():
        found[np.any([particles.get(flag, none) == 1 for flag in flags], axis=0)] = kind
    found[np.abs(particles.get("pid", none)) == _ELECTRON] = "electron"
    return [str(kind) for kind in found]


def _births(source: Path | None, event: VeloEvent) -> np.ndarray | None:
    import numpy as np

    arrays, first = _record(source)
    if "seen_offsets" not in arrays or event.truth is None:
        return None
    rows = int(arrays["seen_offsets"][event.number - first]) + event.truth.particles["key"].astype(int)
    return np.stack([arrays[f"seen.{axis}"][rows] for axis in "xyz"], axis=1)


def _record(source: Path | None) -> tuple[Arrays, int]:
    """Columns and number of the first event of a record; nothing for another kind of file."""
    from bartik.data.events import FORMATS, read_columns
    from bartik.data.velo_columns import FIRST_EVENT

    if source is None or source.suffix not in FORMATS:
        return {}, 0
    arrays, about = read_columns(source)
    return arrays, int(about.get(FIRST_EVENT, "0"))
