"""Mixing and CP violation of D0 mesons: D0 -> K_S pi+ pi- in its decay time, folded with a Gaussian resolution.

Amplitudes as of Phys. Rev. Lett. 127 (2021) 111801 (LHCb): z_CP +- Delta z are (q/p)^(+-1) (y + i x). The hyperbolic and trigonometric
functions of x and y are expanded to the fourth order in time: for |x|, |y| below 2% what is left out is below 1e-9 within ten lifetimes.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from bartik.core import Array
from bartik.nn.amplitudes import Dalitz
from bartik.nn.densities import decay_moments

RANGE, TIMES, ERRORS = (0.4, 3.0), (-2.0, 10.0), (0.005, 1.0)
"""GeV^2; ps; ps: a square around the phase space, and times and errors that a fit may see."""
Pair = tuple[Tensor, Tensor]


class MixingDensity:
    """Density in phase space and decay time, of D0 (category 0) and of anti-D0 (1).

    Parameters: x_CP, y_CP, Delta x, Delta y, all in percent, and the lifetime in ps.
    """

    def __init__(self, model: Dalitz, couplings: Pair) -> None:
        """Fix the amplitude; ``couplings`` [K] are scaled so that its square integrates to one."""
        self.model = model
        c = torch.complex(*couplings)
        norm = (c.conj() @ model.products @ c).real
        self.couplings = couplings[0] / norm.sqrt(), couplings[1] / norm.sqrt()
        self.overlap = float((c.conj() @ model.mirrored_products @ c).real / norm)
        """Integral of ``conj(A) A'``, A' with the pions exchanged."""

    def coefficients(self, parameters: Tensor) -> Tensor:
        """Shape [2, 10]: decay rate, then what multiplies ``t^2``, ``t^4`` of both intensities and ``t``, ``t^3`` of their product."""
        x, y, dx, dy, lifetime = parameters.unbind()
        one, other = ((y + dy) / 100, (x + dx) / 100), ((y - dy) / 100, (x - dx) / 100)
        return torch.stack([self._of(one, other, lifetime), self._of(other, one, lifetime)])

    def _of(self, u: Pair, v: Pair, lifetime: Tensor) -> Tensor:
        both, size = _times(u, v), u[0] ** 2 + u[1] ** 2
        fourth = (3 * (both[0] ** 2 + both[1] ** 2) + both[0] ** 2 - both[1] ** 2) / 4
        twice = _times(_times(u, u), v)
        cubic = twice[0] / 4 + 0.75 * size * v[0], twice[1] / 4 - 0.75 * size * v[1]
        norm = 1 + 0.5 * both[0] + 0.5 * fourth + 0.5 * size * (1 + both[0]) - self.overlap * (u[0] + cubic[0])
        terms = [both[0] / 4, fourth / 48, size / 4, size * both[0] / 48, u[0], u[1], cubic[0] / 6, cubic[1] / 6]
        return torch.stack([1 / lifetime, *terms, -torch.log(lifetime * norm)])

    def prepare(self, columns: Tensor) -> Tensor:
        """Time, its error, ``|A|^2``, ``|A'|^2``, ``conj(A) A'`` [events, 6] of squared masses, time and error [events, 4] in GeV^2 and ps.

        An anti-D0 comes with its two masses exchanged.
        """
        a = self.model.total(columns[:, 0], columns[:, 1], self._couplings(columns))
        b = self.model.total(columns[:, 1], columns[:, 0], self._couplings(columns))
        squares = a[0] ** 2 + a[1] ** 2, b[0] ** 2 + b[1] ** 2
        return torch.stack([columns[:, 2], columns[:, 3], *squares, a[0] * b[0] + a[1] * b[1], a[0] * b[1] - a[1] * b[0]], 1)

    def log_density(self, columns: Tensor, coefficients: Any) -> Tensor:
        """Logarithm of the density [events] for what `prepare` gives."""
        logs: Tensor = torch.log(self.density(columns, coefficients)) + coefficients[9]
        return logs

    @staticmethod
    def density(columns: Tensor, coefficients: Any, *, plain: bool = False) -> Tensor:
        """The density [events] without its scale; with ``plain`` by functions that every runtime has, to 1e-7."""
        rate, a2, a4, b2, b4, real1, imaginary1, real3, imaginary3 = (coefficients[i] for i in range(9))
        time, sigma, a, b, real, imaginary = columns.unbind(1)
        t0, t1, t2, t3, t4 = decay_moments(time, sigma, rate, 4, plain=plain)
        even = a * (t0 + a2 * t2 + a4 * t4) + b * (b2 * t2 + b4 * t4)
        odd = (real * real1 - imaginary * imaginary1) * t1 + (real * real3 - imaginary * imaginary3) * t3
        total: Tensor = even - odd
        return total

    def expected(self, parameters: Tensor) -> Tensor:
        """Nothing: the number of events is not fitted."""
        return torch.zeros_like(parameters[0])

    def _couplings(self, like: Tensor) -> Pair:
        real, imaginary = self.couplings
        return real.to(like), imaginary.to(like)


def _times(one: Pair, other: Pair) -> Pair:
    return one[0] * other[0] - one[1] * other[1], one[0] * other[1] + one[1] * other[0]


class FittedMixing(nn.Module):
    """Forward takes squared masses, decay time, its error and the flavour [batch, 5].

    It gives the probability of D0 at that point and time, if both flavours are as many, and the logarithm of the density of the flavour
    that is given, per GeV^4 and ps, [batch, 1] each. What is beyond phase space or the times of a fit is taken for its edge.
    """

    constants: Tensor

    def __init__(self, density: MixingDensity, values: Array) -> None:
        """Fix the parameters to ``values`` [5]."""
        super().__init__()
        self.density = density
        with torch.no_grad():
            self.register_buffer("constants", density.coefficients(torch.tensor(values, dtype=torch.float64)).float())

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """Probability of D0, logarithm of the density."""
        masses = features[:, :2].clamp(*RANGE)
        times = torch.stack([features[:, 2].clamp(*TIMES), features[:, 3].clamp(*ERRORS)], 1)
        one = self._density(torch.cat([masses, times], 1), 0)
        other = self._density(torch.cat([masses.flip(1), times], 1), 1)
        anti = features[:, 4].clamp(0, 1)
        return (one / (one + other))[:, None], torch.log(one * (1 - anti) + other * anti)[:, None]

    def _density(self, columns: Tensor, tag: int) -> Tensor:
        constants = self.constants[tag].unbind()
        return self.density.density(self.density.prepare(columns), constants, plain=True).clamp(min=1e-12) * torch.exp(constants[9])
