"""The mass difference of D*+ and D0 candidates in 16 categories, whose shapes are the same and whose yields give asymmetries."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from bartik.core import Array
from bartik.nn.densities import gaussian_integral, johnson, johnson_integral, threshold_integral

PION = 139.57039
"""MeV: where the mass difference begins."""
YIELDS, DETECTION, SHAPES = 8, 4, 8
"""Signal yields (mode, polarity, year); asymmetries of D0 -> pi pi (polarity, year); shape parameters."""


class AsymmetryDensity:
    """Rate of candidates per MeV of mass difference up to ``high`` MeV, in the categories (mode, charge, polarity, year).

    Parameters: 8 yields, 4 raw asymmetries of pi pi, Delta A_CP, 16 background yields; mean, width, gamma, delta of Johnson's S_U, fraction
    and width of a Gaussian, power and slope of the background.
    """

    def __init__(self, high: float) -> None:
        """Remember the end of the range in MeV."""
        self.high = high

    def coefficients(self, parameters: Tensor) -> Tensor:
        """Shape [16, 10]: mean, 1/width, gamma, delta, 1/Gaussian width, power, slope, heights of the three parts."""
        signal, background = self.yields(parameters)
        xi, scale, gamma, delta, fraction, wide, power, slope = parameters[-SHAPES:].unbind()
        low, high = PION - xi, self.high - xi
        narrow = johnson_integral(low / scale, high / scale, gamma, delta) * scale
        broad = gaussian_integral(low / wide, high / wide) * wide
        flat = threshold_integral(power, slope, self.high - PION)
        common = torch.stack([xi, 1 / scale, gamma, delta, 1 / wide, power, slope]).expand(16, 7)
        heights = torch.stack([signal * (1 - fraction) / narrow, signal * fraction / broad, background / flat], 1)
        return torch.cat([common, heights], 1)

    @staticmethod
    def yields(parameters: Tensor) -> tuple[Tensor, Tensor]:
        """Signal and background candidates [16] that are expected: K K with a positive charge first, then negative, then pi pi."""
        total = parameters[:YIELDS].reshape(2, 1, 4)
        raw = parameters[YIELDS : YIELDS + DETECTION]
        shift = parameters[YIELDS + DETECTION]
        asymmetry = torch.stack([raw + shift, raw])[:, None, :]
        sign = torch.tensor([1.0, -1.0], dtype=parameters.dtype, device=parameters.device)[None, :, None]
        start = YIELDS + DETECTION + 1
        return (0.5 * total * (1 + sign * asymmetry)).reshape(16), parameters[start : start + 16]

    def log_density(self, columns: Tensor, coefficients: Any) -> Tensor:
        """Logarithm of the rate [events] for mass differences [events, 1] in MeV."""
        narrow, broad, flat = self.parts(columns, coefficients)
        return torch.log(narrow + broad + flat)

    @staticmethod
    def parts(columns: Tensor, coefficients: Any) -> tuple[Tensor, Tensor, Tensor]:
        """Rates [events] of Johnson's S_U, the Gaussian and the background."""
        xi, inverse, gamma, delta, broad, power, slope, *heights = (coefficients[i] for i in range(10))
        x = columns[:, 0]
        u = (x - xi) * broad
        q = torch.relu(x - PION) + 1e-9
        return (
            heights[0] * torch.exp(johnson((x - xi) * inverse, gamma, delta)),
            heights[1] * torch.exp(-0.5 * u * u),
            heights[2] * torch.exp(power * torch.log(q) - slope * q),
        )

    def expected(self, parameters: Tensor) -> Tensor:
        """Candidates expected in all categories."""
        return sum(part.sum() for part in self.yields(parameters))  # type: ignore[return-value]


class FittedAsymmetry(nn.Module):
    """Forward takes the mass difference and three labels [batch, 4]; it gives probability of signal and log density, [batch, 1] each."""

    table: Tensor
    numbers: Tensor

    def __init__(self, density: AsymmetryDensity, values: Array) -> None:
        """Fix the parameters to ``values`` [37]."""
        super().__init__()
        self.density = density
        with torch.no_grad():
            parameters = torch.tensor(values, dtype=torch.float64)
            fixed = density.coefficients(parameters)
            fixed[:, -3:] /= density.expected(parameters)
        self.register_buffer("table", fixed.float())
        self.register_buffer("numbers", torch.arange(16.0))

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """Probability of signal, logarithm of the density per MeV over all categories."""
        inside = features[:, :1].clamp(PION + 1e-3, self.density.high)
        labels = features[:, 1:].clamp(0, 3)
        category = (8 * labels[:, 0].clamp(max=1) + 4 * labels[:, 1].clamp(max=1) + labels[:, 2]).round()
        chosen = torch.relu(1 - (category[:, None] - self.numbers).abs())
        narrow, broad, flat = self.density.parts(inside, (chosen @ self.table).unbind(1))
        total = narrow + broad + flat
        return ((narrow + broad) / total)[:, None], torch.log(total)[:, None]
