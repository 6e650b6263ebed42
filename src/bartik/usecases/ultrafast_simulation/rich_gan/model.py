"""The generator, made when it is needed: torch takes seconds to import."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bartik.core import Config

if TYPE_CHECKING:
    from bartik.usecases.ultrafast_simulation.rich_gan.network import RingsByGan


def model(config: Config) -> RingsByGan:
    """An untrained generator of the sizes in ``config.model``."""
    from bartik.usecases.ultrafast_simulation.rich_gan.network import RingsByGan

    return RingsByGan(config.model.hidden, config.train.epochs)
