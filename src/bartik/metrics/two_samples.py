"""Distances between two samples: of histograms, of means and covariances, of kernels, of neighbourhoods.

Each is only worth what it is beside its floor: its value for two independent halves of the reference.
"""

from __future__ import annotations

import numpy as np

from bartik.core import Array, DataError, Interval
from bartik.metrics.arrays import Floats
from bartik.metrics.resampling import COVERAGE


def separation_power(reference: Array, sample: Array, edges: Array) -> float:
    """1/2 sum (h1 - h2)² / (h1 + h2) of normalised histograms in bins of ``edges``: 0 if they are the same, 1 if nothing is in common.

    >>> separation_power(np.array([0.5, 1.5]), np.array([0.5, 0.5]), np.array([0.0, 1.0, 2.0]))
    0.3333333333333333
    """
    one, other = (np.histogram(values, edges)[0].astype(np.float64) for values in (reference, sample))
    if not one.sum() or not other.sum():
        raise DataError("separation power: a sample has nothing in these bins")
    one, other = one / one.sum(), other / other.sum()
    both = one + other
    return float(0.5 * ((one - other) ** 2 / np.where(both > 0, both, 1)).sum())


def frechet_distance(reference: Array, sample: Array) -> float:
    """Between Gaussians with the means and covariances of two samples [rows, features] (D. Dowson, B. Landau, 1982)."""
    means = [np.mean(rows, axis=0) for rows in (reference, sample)]
    first, second = (np.atleast_2d(np.cov(rows, rowvar=False)) for rows in (reference, sample))
    root = _root(first)
    shared = np.sqrt(np.maximum(np.linalg.eigvalsh(root @ second @ root), 0.0)).sum()
    return float(((means[0] - means[1]) ** 2).sum() + np.trace(first) + np.trace(second) - 2 * shared)


def fpd(reference: Array, sample: Array, *, least: int = 0, most: int = 0, points: int = 10, batches: int = 20, seed: int = 42) -> Interval:
    """Fréchet physics distance (R. Kansal et al., arXiv:2211.10295): `frechet_distance` at an infinite number of rows.

    Features are divided by the largest of the reference; distances of ``batches`` draws of so many rows, from ``least`` to ``most``, are
    extrapolated linearly in one over the number, neither the value nor the slope below 0. As ``jetnet.evaluation.fpd`` (20,000 and 50,000
    rows), whose numbers it gives; by default 40% of the rows and all of them.
    """
    one, other = _normalised(reference, sample)
    count = min(len(one), len(other))
    least, most = least or max(2, int(0.4 * count)), most or count
    sizes = (1 / np.linspace(1 / least, 1 / most, points)).astype(np.int32)
    rng = np.random.default_rng(seed)
    values = [np.mean([_one_draw(rng, one, other, size) for _ in range(batches)]) for size in sizes]
    return _intercept(1 / sizes, np.asarray(values))


def kpd(reference: Array, sample: Array, *, batches: int = 10, size: int = 5000, seed: int = 42) -> Interval:
    """Kernel physics distance (arXiv:2211.10295): median over ``batches`` of the unbiased squared discrepancy with the kernel (x·y/d + 1)⁴.

    As ``jetnet.evaluation.kpd``; of few rows the batches are smaller.
    """
    one, other = _normalised(reference, sample)
    size = min(size, len(one), len(other))
    found = []
    for batch in range(batches):
        rng = np.random.default_rng(seed + batch * 1000)
        found.append(_discrepancy(one[rng.choice(len(one), size)], other[rng.choice(len(other), size)]))
    low, high = np.quantile(found, [(1 - COVERAGE) / 2, (1 + COVERAGE) / 2])
    middle, half = float(np.median(found)), float(high - low) / 2
    return Interval(middle, middle - half, middle + half)


def neighbourhoods(reference: Array, sample: Array, *, nearest: int = 10, rows: int = 5000, seed: int = 0) -> dict[str, float]:
    """Precision and recall (T. Kynkäänniemi et al., arXiv:1904.06991), density and coverage (M. Naeem et al., arXiv:2002.09797).

    Features have mean 0 and spread 1 in the reference; balls reach to the neighbour of that number of each row, of at most so many rows.
    Two halves of one sample have a precision and a recall that depend on the number of features, a density of 1, a coverage near 1.
    """
    from sklearn.neighbors import NearestNeighbors  # noqa: PLC0415 - not needed by most metrics

    spread = np.std(reference, axis=0)
    scaled = [
        (np.asarray(values, np.float64) - np.mean(reference, axis=0)) / np.where(spread > 0, spread, 1) for values in (reference, sample)
    ]
    rng = np.random.default_rng(seed)
    real, made = (values[rng.permutation(len(values))[:rows]] for values in scaled)
    nearest = min(nearest, len(real) - 1, len(made) - 1)
    if nearest < 1:
        raise DataError("neighbourhoods: wanted two rows or more of each sample")
    reach_real, reach_made = (NearestNeighbors(n_neighbors=nearest + 1).fit(v).kneighbors(v)[0][:, -1] for v in (real, made))
    distance = _distances(real, made)
    inside = distance < reach_real[:, None]
    return {
        "precision": float(inside.any(0).mean()),
        "recall": float((distance < reach_made[None]).any(1).mean()),
        "density": float(inside.sum(0).mean() / nearest),
        "coverage": float((distance.min(1) < reach_real).mean()),
    }


def _root(covariance: Floats) -> Floats:
    """Symmetric root, of features that may depend on one another too."""
    values, vectors = np.linalg.eigh(covariance)
    return np.asarray((vectors * np.sqrt(np.maximum(values, 0.0))) @ vectors.T)


def _normalised(reference: Array, sample: Array) -> tuple[Floats, Floats]:
    one, other = (np.asarray(values, np.float64) for values in (reference, sample))
    if one.ndim != 2 or other.ndim != 2 or one.shape[1] != other.shape[1] or min(len(one), len(other)) < 2:
        raise DataError(f"features: wanted [rows, n] of both samples, got {list(one.shape)} and {list(other.shape)}")
    largest = np.abs(one).max(0)
    largest[largest == 0] = 1
    return one / largest, other / largest


def _one_draw(rng: np.random.Generator, one: Floats, other: Floats, size: int) -> float:
    first = rng.choice(len(one), size=size)
    return frechet_distance(one[first], other[rng.choice(len(other), size=size)])


def _intercept(x: Floats, y: Floats) -> Interval:
    """At 0 of the best line with an intercept and a slope that are not negative, and the error that the scatter around it means."""
    from scipy.optimize import curve_fit  # noqa: PLC0415

    found, covariance = curve_fit(lambda at, value, slope: value + slope * at, x, y, bounds=([0, 0], [np.inf, np.inf]))
    error = float(np.sqrt(covariance[0, 0])) if np.isfinite(covariance[0, 0]) else 0.0
    return Interval(float(found[0]), float(found[0]) - error, float(found[0]) + error)


def _discrepancy(one: Floats, other: Floats) -> float:
    """Unbiased squared maximum mean discrepancy."""
    scale, (m, n) = 1 / one.shape[1], (len(one), len(other))
    same_one, same_other = (_same(rows, scale) for rows in (one, other))
    cross = ((one @ other.T) * scale + 1) ** 4
    return float(same_one / (m * (m - 1)) + same_other / (n * (n - 1)) - 2 * cross.mean())


def _same(rows: Floats, scale: float) -> float:
    kernel = ((rows @ rows.T) * scale + 1) ** 4
    return float(kernel.sum() - np.trace(kernel))


def _distances(one: Floats, other: Floats) -> Floats:
    squares = (one**2).sum(1)[:, None] + (other**2).sum(1)[None] - 2 * one @ other.T
    return np.asarray(np.sqrt(np.maximum(squares, 0.0)))
