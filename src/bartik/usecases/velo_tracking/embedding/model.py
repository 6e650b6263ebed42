"""The embedding, made when it is needed: torch takes seconds to import."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bartik.core import Config

if TYPE_CHECKING:
    from bartik.usecases.velo_tracking.embedding.network import Embedding


def model(config: Config) -> Embedding:
    """An untrained network of the sizes in ``config.model``."""
    from bartik.usecases.velo_tracking.embedding.network import Embedding

    return Embedding(list(config.model.hidden))


def loss(network: Embedding, inputs: Any, target: Any, weights: Any) -> Any:
    """What training makes small, scalar."""
    from bartik.usecases.velo_tracking.embedding.network import hinge_loss

    return hinge_loss(network, inputs, target, weights)
