"""The network, made when it is needed: torch takes seconds to import."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bartik.core import Config

if TYPE_CHECKING:
    from bartik.usecases.event_interpretation.interpreter.network import Interpreter


def model(config: Config) -> Interpreter:
    """An untrained network of the sizes in ``config.model``, which learns as ``config.train.by_decay`` says."""
    from bartik.usecases.event_interpretation.interpreter.network import Interpreter

    return Interpreter(config.model.width, config.model.steps, by_decay=config.train.by_decay)


def loss(network: Interpreter, inputs: Any, target: Any, weights: Any) -> Any:
    """What training makes small, scalar."""
    from bartik.usecases.event_interpretation.interpreter.network import loss as of

    return of(network, inputs, target, weights)
