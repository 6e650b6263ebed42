"""A conditional Wasserstein GAN with gradient penalty (I. Gulrajani et al., arXiv:1704.00028) and an auxiliary regressor of the energy.

After LHCb's (V. Chekalina et al., arXiv:1812.01319): the regressor learns the particle's energy from true showers and is kept fixed; the
generator is also asked for showers from which it finds the energy.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from bartik.core import Array
from bartik.nn.interaction import dense
from bartik.usecases.calorimeter_showers.columns import CHANNELS, LAYERS, VOXELS
from bartik.usecases.calorimeter_showers.splits import Splits, scaled_energy


class ShowerGan(nn.Module):
    """Forward takes energies [showers, 1] in MeV and noise [showers, VOXELS], and gives voxels [showers, VOXELS] in MeV.

    The generator changes its noise, beginning from no change: where it has learnt nothing, showers have the right means and spreads.
    """

    def __init__(self, threshold: float, energies: tuple[float, float], generator: Sequence[int], critic: Sequence[int]) -> None:
        """Hidden layers of the generator and of the critic, which the regressor has too."""
        super().__init__()
        self.energies, self.splits = energies, Splits(threshold)
        self.generator = dense([VOXELS + 1, *generator, VOXELS])
        self.critic = dense([VOXELS + 1, *critic, 1])
        self.regressor = dense([LAYERS, *critic, 1])
        with torch.no_grad():
            for values in self.generator[-1].parameters():
                values.mul_(0.1)

    def adapt_to(self, inputs: Mapping[str, Array], showers: Array) -> None:
        """Learn quantiles of training showers."""
        self.splits.adapt(inputs["energy"], showers)

    def made(self, scaled: Tensor, noise: Tensor) -> Tensor:
        """Numbers [showers, VOXELS] of noise."""
        return noise + torch.as_tensor(self.generator(torch.cat([noise, scaled], 1)))

    def judged(self, numbers: Tensor, scaled: Tensor) -> Tensor:
        """How true [showers, 1] the critic finds them."""
        return torch.as_tensor(self.critic(torch.cat([numbers, scaled], 1)))

    def regressed(self, numbers: Tensor, energy: Tensor) -> Tensor:
        """The scaled energy [showers, 1] that the regressor reads from the energies of layers."""
        layers = self.splits.layer_energies(numbers.reshape(-1, LAYERS, CHANNELS)[:, :, 0], energy)
        return torch.as_tensor(self.regressor(layers.clamp(-2.0, 15.0) * 0.2))

    def forward(self, energy: Tensor, noise: Tensor) -> Tensor:
        """Showers of noise."""
        numbers = self.made(scaled_energy(energy, *self.energies), noise)
        return torch.as_tensor(self.splits(numbers.reshape(-1, LAYERS, CHANNELS), energy))
