"""The network, made when it is needed: torch takes seconds to import."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bartik.core import Config

if TYPE_CHECKING:
    from bartik.usecases.vertex_finding.networks import Joined


def model(config: Config) -> Joined:
    """The networks of ``config.bundles`` in one, with their weights; untrained ones, normalised in batches, where none are named.

    With ``looks`` the second network begins untrained: it is told more than that of the bundle.
    """
    from bartik.usecases.vertex_finding.fits import CHANNELS
    from bartik.usecases.vertex_finding.networks import Aim, Density, Finder, Joined

    sizes, low, width = config.model, config.bins.low, config.bins.width
    aim = Aim(sizes.asymmetry, sizes.stretch)
    density = Density(sizes.hidden, sizes.sums, low, width)
    begun = bool(config.bundles.kde and config.bundles.peaks)
    extra = CHANNELS if sizes.looks else sizes.sums
    finder = Finder(sizes.channels, sizes.kernels, low, width, aim, extra=extra, normalised=sizes.looks or not begun)
    if begun:
        from bartik.usecases.vertex_finding.joined.weights import take_weights

        take_weights(density, config.bundles.kde)
        if not sizes.looks:
            take_weights(finder, config.bundles.peaks)
    return Joined(density, finder, low, width, aim, looks=sizes.looks)


def loss(network: Joined, inputs: Any, target: Any, _weights: Any) -> Any:
    """What training makes small, scalar."""
    from bartik.usecases.vertex_finding.losses import histogram_loss

    return histogram_loss(network, inputs, target)
