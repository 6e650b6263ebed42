"""Energy that comes in spots: their number is Poisson's, each has an energy of a gamma distribution (what sampling leaves in a cell).

With scale s and shape k of a spot and the expected number of spots m, the density of an energy y > 0 is
exp(-m - y / s) W(m (y / s)^k) / y with W(t) = sum over n of t^n / (n! Gamma(n k)) (B. Jorgensen, The Theory of Dispersion Models, 1997,
chapter 4), so that one table of log W trains; another, of the quantiles of y, draws. What is below a threshold is not read out.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import torch
from scipy.optimize import minimize
from scipy.special import expit, gammainc, gammaincinv, gammaln, logsumexp
from torch import Tensor, nn

from bartik.nn.densities import plain_scaled_erfc

Floats = npt.NDArray[np.float64]
_LOW, _HIGH, _STEP = -20.0, 21.0, 0.01
"""Of log t, in the table of log W."""
_FEWEST, _APART = -6.0, 0.25
MOST = 14.0
"""Of log m, in the table of quantiles; ``MOST`` is the largest that is known."""
_WIDEST, _NEAR = 11.0, 0.5
"""Of the logit of a quantile, in its table."""
_EXACT = 64.0
"""Above this expected number quantiles are those of a gamma distribution with the same three moments."""
_SMALL = 0.03
"""Below it the exponential function is a series."""
_RARE, _ENOUGH = (0.02, 0.05), 5
"""A voxel that is lit in this share of the showers, or less, has one spot as a rule; a group has so many lit voxels, at least."""
_MANY, _LEAST = 5000, 500
"""Lit voxels that suffice for the smaller share; those that are taken where none are that seldom lit."""


class Spots(nn.Module):
    """Densities and samples of energies in MeV for expected numbers of spots; both tensors [rows, voxels]."""

    shape: Tensor
    scale: Tensor
    unseen: Tensor
    density: Tensor
    table: Tensor

    def __init__(self, threshold: float) -> None:
        """Below ``threshold`` MeV nothing is read out. What a spot is like is learnt by `adapt`, or said by `set_to`."""
        super().__init__()
        self.threshold = threshold
        self.register_buffer("shape", torch.tensor(1.0))
        self.register_buffer("scale", torch.tensor(1.0))
        self.register_buffer("unseen", torch.tensor(0.0))
        self.register_buffer("density", torch.zeros(3, round((_HIGH - _LOW) / _STEP) + 1))
        self.register_buffer("table", torch.zeros(round((MOST - _FEWEST) / _APART) + 1, round(2 * _WIDEST / _NEAR) + 1))

    def set_to(self, shape: float, scale: float) -> None:
        """Spots of a gamma distribution of this shape and scale in MeV."""
        unseen = float(gammainc(shape, self.threshold / scale))
        for buffer, value in ((self.shape, shape), (self.scale, scale), (self.unseen, unseen)):
            buffer.fill_(value)
        self.density.copy_(torch.from_numpy(_log_w(shape)))
        self.table.copy_(torch.from_numpy(_quantiles(shape, self.threshold / scale)))

    def adapt(self, energies: npt.NDArray[np.float32], groups: npt.NDArray[np.int64]) -> None:
        """Learn shape and scale from voxels [showers, voxels] of showers in ``groups`` [showers] that are alike."""
        self.set_to(*_fitted(*_rare(energies, groups), self.threshold))

    @property
    def mean(self) -> Tensor:
        """Of a spot's energy, in MeV."""
        return self.shape * self.scale

    def log_density(self, log_number: Tensor, energies: Tensor) -> Tensor:
        """Of ``energies`` (0: not read out) for logarithms of expected numbers; terms of the energies alone are left out."""
        number, lit = torch.exp(log_number), energies > 0
        scaled = torch.where(lit, energies, torch.ones_like(energies)) / self.scale
        seen = self._log_w(log_number + self.shape * torch.log(scaled)) - number - scaled
        return torch.where(lit, seen, -number * (1 - self.unseen))

    def sample(self, log_number: Tensor, noise: Tensor) -> Tensor:
        """Energies in MeV of Gaussian ``noise``: the higher it is, the higher are they."""
        number = torch.exp(log_number) * (1 - self.unseen)
        tail, upper = _tail(torch.abs(noise)), noise > 0
        lit = _one_less(number)
        rest = torch.where(upper, lit - tail, tail - torch.exp(-number))
        logit = torch.log(rest.clamp(min=1e-30) / torch.where(upper, tail, 1 - tail))
        energies = torch.exp(self._quantile(log_number, logit)) * self.scale
        return torch.where((rest > 0) & (energies >= self.threshold), energies, torch.zeros_like(energies))

    def _log_w(self, log_t: Tensor) -> Tensor:
        """The table's value and its two derivatives, from the nearest entry."""
        at = ((log_t.detach() - _LOW) / _STEP).round().clamp(0, self.density.shape[1] - 1)
        value, slope, bend = self.density[:, at.long()]
        away = log_t - (at * _STEP + _LOW)
        return torch.as_tensor(value + away * (slope + 0.5 * away * bend))

    def _quantile(self, log_number: Tensor, logit: Tensor) -> Tensor:
        rows, columns = self.table.shape
        row = ((log_number - _FEWEST) / _APART).clamp(0.0, rows - 1.001)
        column = (logit + _WIDEST) * (1 / _NEAR)
        column = column.clamp(0.0, columns - 1.001)
        first, left = torch.floor(row), torch.floor(column)
        down, right = row - first, column - left
        at = (first * columns + left).long()
        upper = self._looked_up(at) * (1 - right) + self._looked_up(at + 1) * right
        lower = self._looked_up(at + columns) * (1 - right) + self._looked_up(at + (columns + 1)) * right
        return torch.as_tensor(upper * (1 - down) + lower * down)

    def _looked_up(self, at: Tensor) -> Tensor:
        return nn.functional.embedding(at, self.table.reshape(-1, 1)).squeeze(-1)


def _tail(x: Tensor) -> Tensor:
    """Gaussian probability above ``x``, which is not negative, to a relative 1.2e-7 in the far tail too."""
    z = x.clamp(max=12.0) * math.sqrt(0.5)
    return 0.5 * plain_scaled_erfc(z) * torch.exp(-z * z)


def _one_less(x: Tensor) -> Tensor:
    """1 - exp(-x), precise for small x too."""
    return torch.where(x < _SMALL, x * (1 - x * (0.5 - x * (1 / 6 - x / 24))), 1 - torch.exp(-x))


def _log_w(shape: float) -> Floats:
    """Logarithm of W and its two derivatives by log t [3, entries]."""
    found = []
    for log_t in np.arange(_LOW, _HIGH + _STEP / 2, _STEP):
        middle = (math.exp(log_t) / shape**shape) ** (1 / (1 + shape))
        width = 8 * math.sqrt(max(middle, 1.0)) + 12
        n = np.arange(max(1, int(middle - width)), int(middle + width) + 1)
        terms = n * log_t - gammaln(n + 1) - gammaln(shape * n)
        value = logsumexp(terms)
        weights = np.exp(terms - value)
        mean = float(weights @ n)
        found.append((value, mean, float(weights @ (n - mean) ** 2)))
    return np.asarray(found).T


def _quantiles(shape: float, threshold: float) -> Floats:
    """Logarithms of energies over the scale of those above the ``threshold`` [log m, logits]."""
    levels = np.arange(-_WIDEST, _WIDEST + _NEAR / 2, _NEAR)
    numbers = np.exp(np.arange(_FEWEST, MOST + _APART / 2, _APART))
    return np.stack([(_few if number < _EXACT else _many)(number, shape, threshold, levels) for number in numbers])


def _few(number: float, shape: float, threshold: float, levels: Floats) -> Floats:
    """From the distribution itself."""
    n = np.arange(1, int(number + 8 * math.sqrt(number)) + 12)
    weights = np.exp(n * math.log(number) - number - gammaln(n + 1))
    highest = shape * number + 12 * math.sqrt(shape * (shape + 1) * number) + 25
    at = np.geomspace(threshold, highest, 600)
    above = np.maximum((weights * (1 - gammainc(shape * n, at[:, None]))).sum(1), 1e-300)
    below = np.maximum(above[0] - above, 1e-300)
    logits = np.log(below) - np.log(above)
    good = np.concatenate([[True], np.diff(np.maximum.accumulate(logits)) > 1e-12])
    return np.asarray(np.interp(levels, logits[good], np.log(at[good])))


def _many(number: float, shape: float, _: float, levels: Floats) -> Floats:
    mean, spread = shape * number, math.sqrt(shape * (shape + 1) * number)
    skew = shape * (shape + 1) * (shape + 2) * number / spread**3
    like = 4 / skew**2
    return np.asarray(np.log(mean + spread * (gammaincinv(like, expit(levels)) - like) / math.sqrt(like)))


def _rare(energies: npt.NDArray[np.float32], groups: npt.NDArray[np.int64]) -> tuple[Floats, Floats]:
    """Energies of lit voxels where few are, and the share that is lit among those alike; of the least lit where nowhere are few."""
    found: list[tuple[float, Floats]] = []
    for group in np.unique(groups):
        for values in energies[groups == group].T:
            lit = values[values > 0].astype(np.float64)
            if len(lit):
                found.append((len(lit) / len(values), lit))
    kept: list[tuple[float, Floats]] = []
    for rare in _RARE:
        if sum(len(lit) for _, lit in kept) < _MANY:
            kept = [(share, lit) for share, lit in found if share <= rare and len(lit) >= _ENOUGH]
    if not kept:
        found.sort(key=lambda one: one[0])
        count = np.cumsum([len(lit) for _, lit in found])
        kept = found[: int(np.searchsorted(count, _LEAST)) + 1] or [(0.1, np.array([1.0]))]
    return np.concatenate([lit for _, lit in kept]), np.concatenate([np.full(len(lit), share) for share, lit in kept])


def _fitted(energies: Floats, lit: Floats, threshold: float) -> tuple[float, float]:
    """Shape and scale of the largest likelihood of ``energies`` above the threshold, in voxels of which the share ``lit`` is."""
    emptiness = -np.log1p(-np.minimum(lit, 0.99))
    n = np.arange(1, 9)[:, None]

    def minus(point: Floats) -> float:
        shape, scale = np.exp(point)
        log_number = np.log(emptiness / (1 - gammainc(shape, threshold / scale)))
        scaled = energies / scale
        terms = n * (log_number + shape * np.log(scaled)) - gammaln(n + 1) - gammaln(shape * n)
        return float(-(logsumexp(terms, axis=0) - np.exp(log_number) - scaled).mean())

    start = np.log([0.7, max(float(energies.mean()), threshold) / 0.7])
    shape, scale = np.exp(minimize(minus, start, method="Nelder-Mead", options={"xatol": 1e-4, "fatol": 1e-8}).x)
    return float(np.clip(shape, 0.05, 20.0)), float(np.clip(scale, threshold / 10, 1e6 * threshold))
