"""The mass of D0 candidates: a Crystal Ball with two sides and two tails over an exponential, ten parameters."""

from __future__ import annotations

from typing import Any

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
        """Shape [1, 12]: mean; left 1/sigma, begin, power, begin/power; the same of the right; slope; heights of signal and background."""
        signal, background, mean, sigma1, left, power1, sigma2, right, power2, slope = parameters.unbind()
        peak = crystal_ball_side((mean - self.low) / sigma1, left, power1) * sigma1
        peak = peak + crystal_ball_side((self.high - mean) / sigma2, right, power2) * sigma2
        flat = exponential_integral(slope, self.high - self.low)
        sides = (1 / sigma1, left, power1, left / power1, 1 / sigma2, right, power2, right / power2)
        return torch.stack([mean, *sides, slope, signal / peak, background / flat])[None]

    def log_density(self, columns: Tensor, coefficients: Any) -> Tensor:
        """Logarithm of the rate [events] for masses [events, 1] in MeV."""
        signal, background = self.parts(columns, coefficients)
        return torch.log(signal + background)

    def parts(self, columns: Tensor, coefficients: Any) -> tuple[Tensor, Tensor]:
        """Rates [events] of signal and background."""
        mean, inverse1, *left, inverse2, right, power2, ratio2, slope, peak, flat = (coefficients[i] for i in range(12))
        x = columns[:, 0]
        below, above = torch.relu(mean - x) * inverse1, torch.relu(x - mean) * inverse2
        shape = crystal_ball(below, above, (left[0], left[1], left[2]), (right, power2, ratio2))
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


class LifetimeDensity:
    """Rate of candidates per MeV and ps in mass and decay time: signal with one lifetime, background with two.

    Parameters: signal, background, mean, sigma, tail, slope, lifetime, short and long lifetime of the background in ps, share of the long.
    """

    POWER = 3.0

    def __init__(self, mass: tuple[float, float], time: tuple[float, float]) -> None:
        """Remember the ranges in MeV and in ps; resolution and acceptance are left out, which a range away from zero allows."""
        self.mass, self.time = mass, time

    def coefficients(self, parameters: Tensor) -> Tensor:
        """Shape [1, 11]: mean, 1/sigma, tail, its ratio to the power, slope, three decay rates, heights of signal and both backgrounds."""
        signal, background, mean, sigma, tail, slope, lifetime, short, long, share = parameters.unbind()
        power = torch.full_like(tail, self.POWER)
        peak = sigma * sum(crystal_ball_side(end / sigma, tail, power) for end in (mean - self.mass[0], self.mass[1] - mean))
        flat = exponential_integral(slope, self.mass[1] - self.mass[0])
        times = [exponential_integral(1 / one, self.time[1] - self.time[0]) for one in (lifetime, short, long)]
        heights = (signal / peak / times[0], background * (1 - share) / flat / times[1], background * share / flat / times[2])
        return torch.stack([mean, 1 / sigma, tail, tail / self.POWER, slope, 1 / lifetime, 1 / short, 1 / long, *heights])[None]

    def log_density(self, columns: Tensor, coefficients: Any) -> Tensor:
        """Logarithm of the rate [events] for masses and times [events, 2] in MeV and ps."""
        mean, inverse, tail, ratio, slope, rate, fast, slow, *heights = (coefficients[i] for i in range(11))
        x, t = columns[:, 0], columns[:, 1] - self.time[0]
        below, above = torch.relu(mean - x) * inverse, torch.relu(x - mean) * inverse
        power = torch.full_like(tail, self.POWER)
        peak = torch.exp(crystal_ball(below, above, (tail, power, ratio), (tail, power, ratio)) - rate * t)
        flat = torch.exp(-slope * (x - self.mass[0]))
        return torch.log(heights[0] * peak + flat * (heights[1] * torch.exp(-fast * t) + heights[2] * torch.exp(-slow * t)))

    def expected(self, parameters: Tensor) -> Tensor:
        """Candidates expected: signal and background."""
        return parameters[0] + parameters[1]
