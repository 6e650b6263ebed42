"""The Dalitz plot of D0 -> K_S pi+ pi-: an isobar model whose couplings are free, its masses and widths fixed.

With fixed line shapes each event is 2 K numbers, computed once, and the normalisation a quadratic form of the couplings.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from bartik.core import Array
from bartik.nn.amplitudes import Dalitz

RANGE = (0.4, 3.0)
"""GeV^2: a square around the phase space."""


class DalitzDensity:
    """Density over the phase space per GeV^4. Parameters: real and imaginary parts of all couplings but the first, which is one."""

    def __init__(self, model: Dalitz) -> None:
        """Take the amplitudes and their integrals from ``model``."""
        self.model = model
        self.count = len(model.resonances)

    def couplings(self, parameters: Tensor) -> tuple[Tensor, Tensor]:
        """Real and imaginary parts [K]."""
        pairs = parameters.reshape(-1, 2)
        one, zero = torch.ones_like(parameters[:1]), torch.zeros_like(parameters[:1])
        return torch.cat([one, pairs[:, 0]]), torch.cat([zero, pairs[:, 1]])

    def norm(self, real: Tensor, imaginary: Tensor) -> Tensor:
        """Integral of the intensity."""
        m = self.model.products.to(real.device)
        symmetric, skew = m.real.to(real.dtype), m.imag.to(real.dtype)
        return real @ symmetric @ real + imaginary @ symmetric @ imaginary - 2 * (real @ skew @ imaginary)

    def coefficients(self, parameters: Tensor) -> Tensor:
        """Shape [1, 2 K + 1]: couplings, and the logarithm of the normalisation."""
        real, imaginary = self.couplings(parameters)
        return torch.cat([real, imaginary, torch.log(self.norm(real, imaginary))[None]])[None]

    def prepare(self, columns: Tensor) -> Tensor:
        """Amplitudes [events, 2 K], real parts first, at squared masses [events, 2] of K_S pi- and K_S pi+ in GeV^2."""
        return torch.cat(self.model.amplitudes(columns[:, 0], columns[:, 1]), 1)

    def log_density(self, columns: Tensor, coefficients: Tensor) -> Tensor:
        """Logarithm of the density [events] for amplitudes [events, 2 K]."""
        real, imaginary = coefficients[: self.count], coefficients[self.count : 2 * self.count]
        mixed = torch.stack([torch.cat([real, -imaginary]), torch.cat([imaginary, real])], 1)
        total = columns @ mixed
        return torch.log((total * total).sum(1)) - coefficients[-1]

    def expected(self, parameters: Tensor) -> Tensor:
        """Nothing: the number of events is not fitted."""
        return torch.zeros_like(parameters[0])


class FittedDalitz(nn.Module):
    """Forward takes squared masses [batch, 2] of K_S pi- and K_S pi+ in GeV^2.

    It gives the probability that a D0 and not an anti-D0 decayed there, if both are as many, and the logarithm of the density of D0 per
    GeV^4, [batch, 1] each. Points beyond the phase space are taken for points of its square.
    """

    real: Tensor
    imaginary: Tensor

    def __init__(self, model: Dalitz, parts: tuple[Array, Array], norm: Callable[[tuple[Array, Array]], float]) -> None:
        """Fix the couplings to ``parts`` [K]."""
        super().__init__()
        self.model = model
        scale = norm(parts) ** -0.5
        self.register_buffer("real", torch.tensor(scale * parts[0], dtype=torch.float32))
        self.register_buffer("imaginary", torch.tensor(scale * parts[1], dtype=torch.float32))

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """Probability of D0, logarithm of the density."""
        inside = features.clamp(*RANGE)
        straight = self.intensity(inside[:, 0], inside[:, 1])
        mirrored = self.intensity(inside[:, 1], inside[:, 0])  # not as more rows of one batch: rows do not mix in compiled code
        return (straight / (straight + mirrored))[:, None], torch.log(straight)[:, None]

    def intensity(self, minus: Tensor, plus: Tensor) -> Tensor:
        """Density of D0 per GeV^4, at least 1e-12."""
        real, imaginary = self.model.total(minus, plus, (self.real, self.imaginary))
        return real * real + imaginary * imaginary + 1e-12
