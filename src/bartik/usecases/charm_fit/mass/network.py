"""The mass of D0 candidates: a Crystal Ball with two sides and two tails over an exponential, ten parameters."""

from __future__ import annotations


import torch
from torch import Tensor, nn

from bartik.core import Array
from bartik.nn.densities import crystal_ball, crystal_ball_side, exponential_integral


class MassDensity:
    """Rate of candidates per MeV between ``low`` and ``high`` MeV.

    Parameters: signal, background, mean; of the left side and of the right sigma, where the tail begins in sigma, its power; slope.
    """

    def __init__(self, low: float, high: float) -> None:
        """Remember the range in MeV."""
        self.low, self.high = low, high

    def coefficients(self, parameters: Tensor) -> Tensor:
        """Shape [1, 10]: mean, left 1/sigma, begin, power, right 1/sigma, begin, power, slope, heights of signal and background."""
        signal, background, mean, sigma1, left, power1, sigma2, right, power2, slope = parameters.unbind()
        peak = crystal_ball_side((mean - self.low) / sigma1, left, power1) * sigma1
        peak = peak + crystal_ball_side((self.high - mean) / sigma2, right, power2) * sigma2
        flat = exponential_integral(slope, self.high - self.low)
        sides = (1 / sigma1, left, power1, 1 / sigma2, right, power2)
        return torch.stack([mean, *sides, slope, signal / peak, background / flat])[None]

    def log_density(self, columns: Tensor, coefficients: Any) -> Tensor:
        """Logarithm of the rate [events] for masses [events, 1] in MeV."""
        signal, background = self.parts(columns, coefficients)
        return torch.log(signal + background)

    def parts(self, columns: Tensor, coefficients: Any) -> tuple[Tensor, Tensor]:
        """Rates [events] of signal and background."""
        mean, inverse1, left, power1, inverse2, right, power2, slope, peak, flat = (coefficients[i] for i in range(10))
        x = columns[:, 0]
        below, above = torch.relu(mean - x) * inverse1, torch.relu(x - mean) * inverse2
        shape = crystal_ball(below, above, (left, power1), (right, power2))
        return peak * torch.exp(shape), flat * torch.exp(-slope * (x - self.low))

    def expected(self, parameters: Tensor) -> Tensor:
        """Candidates expected: signal and background."""
        return parameters[0] + parameters[1]


class FittedMass(nn.Module):
    """Forward takes masses [batch, 1] in MeV; it gives the probability of signal and the logarithm of the density per MeV, [batch, 1] each.

    Masses beyond the range of the fit are taken for its ends.
    """

    coefficients: Tensor

    def __init__(self, density: MassDensity, values: Array) -> None:
        """Fix the parameters to ``values`` [10]."""
        super().__init__()
        self.density = density
        with torch.no_grad():
            fixed = density.coefficients(torch.tensor(values, dtype=torch.float64))[0]
            fixed[-2:] /= values[0] + values[1]
        self.register_buffer("coefficients", fixed.float())

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """Probability of signal, logarithm of the density."""
        inside = features.clamp(self.density.low, self.density.high)
        signal, background = self.density.parts(inside, self.coefficients)
        total = signal + background
        return (signal / total)[:, None], torch.log(total)[:, None]
