"""A coupling flow of the hidden numbers of a shower, trained with encoder and decoder at once (X. Chen et al., arXiv:1611.02731)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from torch import Tensor, nn

from bartik.core import Array
from bartik.nn.coupling import Coupling, CouplingFlow
from bartik.usecases.calorimeter_showers.columns import VOXELS
from bartik.usecases.calorimeter_showers.hidden import Hidden
from bartik.usecases.calorimeter_showers.size import LATENT

_KINDS = ("even channels", "odd channels")


class ShowerFlow(nn.Module):
    """Forward takes energies [showers, 1] in MeV and noise [showers, NOISE], and gives voxels [showers, VOXELS] in MeV."""

    def __init__(self, hidden: Hidden, widths: Sequence[int], couplings: int, bins: int) -> None:
        """Couplings with networks of ``widths``: the first is a spline of so many ``bins``, the others shift and stretch."""
        super().__init__()
        self.hidden = hidden
        first = Coupling("all", 1, LATENT, 2, widths, 0, bins)
        self.flow = CouplingFlow([first, *(Coupling(_KINDS[place % 2], 1, LATENT, 2, widths, 0, 0) for place in range(couplings))])

    def adapt_to(self, inputs: Mapping[str, Array], showers: Array) -> None:
        """Learn spots and scales of training showers."""
        self.hidden.adapt_to(inputs, showers)

    def evidence(self, energy: Tensor, showers: Tensor) -> Tensor:
        """Lower bound of the log density [showers], constants left out."""
        numbers, drawn_from = self.hidden.encoded(energy, showers)
        prior = self.flow.log_density(numbers.unsqueeze(1), self.hidden.told(energy).unsqueeze(1))
        return self.hidden.log_density(numbers, energy, showers) + prior - drawn_from

    def forward(self, energy: Tensor, noise: Tensor) -> Tensor:
        """Showers of noise."""
        told = self.hidden.told(energy).unsqueeze(1)
        numbers = self.flow.sample(noise[:, :LATENT].unsqueeze(1), told).squeeze(1)
        return self.hidden.showers(numbers, energy, noise[:, LATENT : LATENT + VOXELS])
