"""What a vertex finder is given of an event, and what it is to find."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from bartik.core import Array, DataError

FEATURES = 9
"""Numbers of a track: z, x, y of its point of closest approach to the beam line, and six of its ellipsoid."""


@dataclass(frozen=True)
class VertexEvent:
    """Tracks float32 [tracks, 9] (see `bartik.data.ellipsoids`), the beam line x, y [2], and the true vertices.

    ``z`` [vertices] in mm, ``count`` [vertices] of tracks from each.
    """

    number: int
    tracks: npt.NDArray[np.float32]
    beam: npt.NDArray[np.float32]
    z: npt.NDArray[np.float64]
    count: npt.NDArray[np.int64]
    extra: dict[str, Array] = field(default_factory=dict)
    """What only some sources have: ``kde`` and ``histogram`` [bins]."""

    def __post_init__(self) -> None:
        """`DataError` for arrays that do not fit one another or are not finite."""
        if self.tracks.ndim != 2 or self.tracks.shape[1] != FEATURES or self.beam.shape != (2,):
            message = f"event {self.number}: wanted tracks [tracks, {FEATURES}] and beam [2]"
            raise DataError(f"{message}, got {list(self.tracks.shape)} and {list(self.beam.shape)}")
        if self.z.shape != self.count.shape or self.z.ndim != 1:
            raise DataError(f"event {self.number}: {self.z.shape} positions of vertices, {self.count.shape} numbers of tracks")
        if not (np.isfinite(self.tracks).all() and np.isfinite(self.z).all() and np.isfinite(self.beam).all()):
            raise DataError(f"event {self.number}: a track, a vertex or the beam line is not finite", hint="leave out such tracks")

    def __len__(self) -> int:
        """Number of tracks."""
        return len(self.tracks)
