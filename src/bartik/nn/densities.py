"""Probability densities of the field, in torch, exact to float64 and differentiable in every parameter.

Each comes as two functions: its shape at many places, without a normalisation, and the integral of that shape over a range, which
depends on parameters alone and is computed once for all events.

Sources: T. Skwarnicki, DESY-F31-86-02 (Crystal Ball); N. L. Johnson, Biometrika 36 (1949) 149 (S_U).
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

_ERFC = (
    -1.26551223,
    1.00002368,
    0.37409196,
    0.09678418,
    -0.18628806,
    0.27886807,
    -1.13520398,
    1.48851587,
    -0.82215223,
    0.17087277,
)
_ROOT_2PI = math.sqrt(2 * math.pi)
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(64)


def crystal_ball(below: Tensor, above: Tensor, left: tuple[Tensor, Tensor, Tensor], right: tuple[Tensor, Tensor, Tensor]) -> Tensor:
    """Logarithm of a Gaussian with a power-law tail on each side; 0 at its peak.

    ``below`` and ``above`` [events] are how far an event is from the peak on either side, in standard deviations of that side, the other
    being 0; ``left`` and ``right`` are where the tail begins, its power (``~ |t|^-power``), and the first over the second: a division less
    for each event. Both tails join smoothly.
    """
    beyond = torch.relu(below - left[0]), torch.relu(above - right[0])
    core = below - beyond[0] + above - beyond[1]
    reach = beyond[0] * left[2] + beyond[1] * right[2]
    return -0.5 * core * core - torch.where(below > 0, left[1], right[1]) * torch.log(1 + reach)


def crystal_ball_side(end: Tensor, begin: Tensor, power: Tensor) -> Tensor:
    """Integral of one side of ``exp(crystal_ball)`` from the peak to ``end`` in standard deviations; wants ``power`` above 1."""
    core = math.sqrt(math.pi / 2) * _erf(torch.minimum(end, begin))
    reach = 1 + begin * torch.relu(end - begin) / power
    return core + torch.exp(-0.5 * begin * begin) * power / (begin * (power - 1)) * (1 - reach ** (1 - power))


def _erf(t: Tensor) -> Tensor:
    return torch.erf(t / math.sqrt(2))


def gaussian_integral(low: Tensor, high: Tensor) -> Tensor:
    """Integral of ``exp(-t^2 / 2)`` from ``low`` to ``high`` in standard deviations."""
    return math.sqrt(math.pi / 2) * (_erf(high) - _erf(low))


def exponential_integral(slope: Tensor, width: float) -> Tensor:
    """Integral of ``exp(-slope x)`` from 0 to ``width``; also where ``slope`` is zero or negative."""
    near = torch.where(slope.abs() * width < 1e-6, torch.ones_like(slope), slope)
    return torch.where(slope.abs() * width < 1e-6, width * (1 - 0.5 * slope * width), -torch.expm1(-near * width) / near)


def johnson(u: Tensor, gamma: Tensor, delta: Tensor) -> Tensor:
    """Logarithm of Johnson's S_U in ``u = (x - xi) / lambda``, without a normalisation: ``delta / (lambda sqrt(2 pi))``."""
    size = u * u + 1
    z = gamma + delta * (torch.sign(u) * torch.log(u.abs() + torch.sqrt(size)))
    return -0.5 * z * z - 0.5 * torch.log(size)


def johnson_integral(low: Tensor, high: Tensor, gamma: Tensor, delta: Tensor) -> Tensor:
    """Integral of ``exp(johnson)`` over ``u`` from ``low`` to ``high``."""
    ends = [_erf(gamma + delta * torch.asinh(end)) for end in (low, high)]
    return 0.5 * _ROOT_2PI * (ends[1] - ends[0]) / delta


def threshold_integral(power: Tensor, slope: Tensor, width: float) -> Tensor:
    """Integral of ``q^power exp(-slope q)`` from 0 to ``width``, by 64 Gauss-Legendre nodes in ``sqrt(q)``."""
    u = torch.as_tensor(0.5 * (_NODES + 1) * math.sqrt(width), dtype=power.dtype, device=power.device)
    weights = torch.as_tensor(_WEIGHTS * math.sqrt(width), dtype=power.dtype, device=power.device)
    return (weights * u ** (2 * power + 1) * torch.exp(-slope * u * u)).sum()


def decay_moments(time: Tensor, sigma: Tensor, rate: Tensor, order: int, *, plain: bool = False) -> list[Tensor]:
    """``T_n``, n from 0 to ``order``: ``(rate t)^n exp(-rate t)``, t from 0, folded with a Gaussian of width ``sigma``, at ``time``.

    Analytic: ``T_0`` by the complementary error function, the others from it by parts. Times in one unit, ``rate`` in its inverse; the
    integral of ``rate T_n`` over all times is ``n!``. With ``plain`` only functions that every runtime has are
    used, to 1.2e-7 of each value.
    """
    width = rate * sigma
    tau = rate * time
    shifted = tau - width * width
    first = 0.5 * _tailed(
        shifted / (math.sqrt(2) * width), tau / width, width * width * 0.5 - tau, plain_scaled_erfc if plain else torch.special.erfcx
    )
    edge = torch.exp(-0.5 * (tau / width) ** 2) * width / _ROOT_2PI
    found = [first, shifted * first + edge]
    for n in range(1, order):
        found.append(shifted * found[n] + n * width * width * found[n - 1])
    return found[: order + 1]


def _tailed(z: Tensor, pull: Tensor, exponent: Tensor, scaled: Callable[[Tensor], Tensor]) -> Tensor:
    """``exp(exponent) erfc(-z)`` without overflow, where ``exponent = z^2 - pull^2 / 2``; ``scaled`` is ``exp(z^2) erfc(z)``, z from 0."""
    edge = torch.exp(-0.5 * pull * pull) * scaled(z.abs())
    above = 2 * torch.exp(torch.where(z > 0, exponent, torch.zeros_like(exponent))) - edge
    return torch.where(z > 0, above, edge)


def plain_scaled_erfc(z: Tensor) -> Tensor:
    """``exp(z^2) erfc(z)`` for ``z`` of zero or more, to 1.2e-7 of itself (W. H. Press et al., Numerical Recipes, 6.2)."""
    t = 1 / (1 + 0.5 * z)
    total = torch.full_like(t, _ERFC[-1])
    for coefficient in reversed(_ERFC[:-1]):
        total = coefficient + t * total
    return t * torch.exp(total)
