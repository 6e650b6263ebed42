"""A variational autoencoder (D. Kingma, M. Welling, arXiv:1312.6114): hidden numbers are drawn Gaussian, with no flow between."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor, nn

from bartik.core import Array
from bartik.usecases.calorimeter_showers.hidden import Hidden
from bartik.usecases.calorimeter_showers.size import LATENT


class ShowerVae(nn.Module):
    """Forward takes energies [showers, 1] in MeV and noise [showers, NOISE], and gives voxels [showers, VOXELS] in MeV."""

    def __init__(self, hidden: Hidden, beta: float) -> None:
        """``beta`` is the weight of the divergence of hidden numbers from Gaussian ones."""
        super().__init__()
        self.hidden, self.beta = hidden, beta

    def adapt_to(self, inputs: Mapping[str, Array], showers: Array) -> None:
        """Learn spots and scales of training showers."""
        self.hidden.adapt_to(inputs, showers)

    def evidence(self, energy: Tensor, showers: Tensor) -> Tensor:
        """Lower bound of the log density [showers], constants left out."""
        numbers, drawn_from = self.hidden.encoded(energy, showers)
        divergence = drawn_from + 0.5 * (numbers**2).sum(1)
        return self.hidden.log_density(numbers, energy, showers) - self.beta * divergence

    def forward(self, energy: Tensor, noise: Tensor) -> Tensor:
        """Showers of noise."""
        return self.hidden.showers(noise[:, :LATENT], energy, noise[:, LATENT:])
