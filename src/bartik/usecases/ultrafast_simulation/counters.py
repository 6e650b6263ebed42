"""Which random numbers belong to which stage of which particle: the counters of Philox4x32-10.

A counter is (block, number of the particle in its event, lower and upper half of the number of the event); the key is the seed. Blocks
are those of `BLOCKS`, four numbers each.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bartik.core import Array
from bartik.simulation.philox import philox, uniform

BLOCKS = {"decisions": 0, "resolution": 1, "covariance": 4, "rich": 8, "muon": 9, "global_pid": 10, "neutral decisions": 15, "neutral": 16}
"""First block of each stage."""
ACCEPTANCE, EFFICIENCY, IS_MUON = range(3)
"""Places among the decisions."""


@dataclass(frozen=True)
class Places:
    """Whose numbers: the seed, and of each particle the number of its event and its own in that event [rows]."""

    seed: int
    event: npt.NDArray[np.uint64]
    particle: npt.NDArray[np.uint32]

    def take(self, rows: Array) -> Places:
        """Of some of them."""
        return Places(self.seed, self.event[rows], self.particle[rows])

    def noise(self, stage: str, count: int) -> npt.NDArray[np.float32]:
        """Numbers in (0, 1) of a stage [rows, count]."""
        blocks = [self._block(BLOCKS[stage] + number) for number in range(-(-count // 4))]
        return np.ascontiguousarray(np.concatenate(blocks, axis=1)[:, :count])

    def _block(self, block: int) -> npt.NDArray[np.float32]:
        low, high = self.event & np.uint64(0xFFFFFFFF), self.event >> np.uint64(32)
        counters = np.stack([np.full(len(low), block), self.particle, low, high], axis=1).astype(np.uint32)
        return uniform(philox(counters, (self.seed & 0xFFFFFFFF, self.seed >> 32 & 0xFFFFFFFF)))
