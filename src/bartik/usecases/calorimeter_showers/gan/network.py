"""A conditional Wasserstein GAN with gradient penalty (I. Gulrajani et al., arXiv:1704.00028) and an auxiliary regressor of the energy.

The generator says from a few hidden numbers how many spots each voxel is to expect, as the decoder of the others does; no encoder and no
density teach it, a critic does. The regressor, after LHCb's (V. Chekalina et al., arXiv:1812.01319), learns the particle's energy from true
showers and is kept fixed; in generated ones the energy must be found as well, and no better.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from bartik.core import Array
from bartik.simulation.shower_geometry import Geometry
from bartik.usecases.calorimeter_showers.by_energy import told
from bartik.usecases.calorimeter_showers.columns import LAYERS
from bartik.usecases.calorimeter_showers.decoder import Decoder, smooth
from bartik.usecases.calorimeter_showers.gan.seen import SEEN, Seen
from bartik.usecases.calorimeter_showers.size import LATENT


class ShowerGan(nn.Module):
    """Forward takes energies [showers, 1] in MeV and noise [showers, NOISE], and gives voxels [showers, VOXELS] in MeV.

    The generator adds to the mean shower of the energy: where it has learnt nothing, showers have the right means, and the noise of spots.
    """

    def __init__(self, where: Geometry, energies: tuple[float, float], generator: Sequence[int], critic: Sequence[int]) -> None:
        """Hidden layers of the generator and of the critic, which the regressor has too."""
        super().__init__()
        self.generator = Decoder(where.response.threshold, energies, generator)
        self.seen = Seen(where.binning, where.response.threshold)
        self.critic = smooth([SEEN + 2, *critic, 1])
        self.regressor = smooth([LAYERS, *critic, 1])

    def adapt_to(self, inputs: Mapping[str, Array], showers: Array) -> None:
        """Learn spots, the mean shower of each energy and the scales of what the critic sees; networks are left as they are."""
        self.generator.adapt_to(inputs, showers)
        energy = torch.from_numpy(inputs["energy"])
        self.seen.adapt(torch.from_numpy(showers), energy, self.scaled(energy))

    def scaled(self, energy: Tensor) -> Tensor:
        """The energy from -1 to 1."""
        return self.generator.scaled(energy)

    def shown(self, energy: Tensor, noise: Tensor) -> tuple[Tensor, Tensor]:
        """What the critic sees of generated showers, and the showers; slopes of occupancies are those of the chance that a voxel is lit."""
        spots, expected = self.generator.spots, self.generator(noise[:, :LATENT], energy)
        voxels = spots.sample(expected, noise[:, LATENT:])
        chance = 1 - torch.exp(-torch.exp(expected) * (1 - spots.unseen))
        lit = (voxels > 0).float() + chance - chance.detach()
        return self.seen(voxels, energy, self.scaled(energy), lit), voxels

    def judged(self, seen: Tensor, scaled: Tensor) -> Tensor:
        """How true [showers, 1] the critic finds what it sees."""
        return torch.as_tensor(self.critic(torch.cat([seen, told(scaled)], 1)))

    def regressed(self, voxels: Tensor) -> Tensor:
        """The scaled energy [showers, 1] that the regressor reads from the energies of layers."""
        return torch.as_tensor(self.regressor(0.2 * self.seen.layers(voxels)))

    def forward(self, energy: Tensor, noise: Tensor) -> Tensor:
        """Showers of noise."""
        return self.generator.showers(noise[:, :LATENT], energy, noise[:, LATENT:])
