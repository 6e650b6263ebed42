"""Points of the Dalitz plot with a decay time, drawn from the time-dependent density with the parameters of ``truth``."""

from __future__ import annotations

import numpy as np

from bartik.core import Array, Column, Config, Dataset, Split
from bartik.usecases.charm_fit.common import dataset, events, signature_of
from bartik.usecases.charm_fit.dalitz.data import MINUS, PLUS

signature = signature_of(
    MINUS,
    PLUS,
    Column("time", "ps", "measured decay time"),
    Column("sigma", "ps", "error of the decay time"),
    Column("is_anti", "", "1: anti-D0 by the charge of the pion of its D*; 0: D0"),
)
NAMES = ("x_CP", "y_CP", "Delta x", "Delta y", "lifetime")
_LONGEST = 30.0
"""Lifetimes: no decay of a toy is later."""


def data(split: Split, config: Config) -> Dataset:
    """Events of one split of the toy, as many D0 as anti-D0; the target is 1 for D0."""
    from bartik.usecases.charm_fit.mixing.model import log_truth

    size, rng = events(split, config)
    rows = draw(config, size, rng)
    return dataset(rows, 1 - rows[:, 4], log_truth(config, rows), split, f"toy, {size} events, seed {config.data.seed}")


def truth_of(config: Config) -> dict[str, float]:
    """True parameters."""
    truth = config.truth
    return dict(zip(NAMES, (truth.x_cp, truth.y_cp, truth.delta_x, truth.delta_y, truth.lifetime), strict=True))


def draw(config: Config, size: int, rng: np.random.Generator) -> Array:
    """Rows [size, 5]: by rejection from a mixture of ``|A|^2`` and a hundredth of ``|A'|^2`` times an exponential, then smeared."""
    from bartik.usecases.charm_fit.mixing.model import weights

    parts: list[Array] = []
    while (missing := size - sum(map(len, parts))) > 0:
        points, time, anti = _proposed(int(2.3 * missing) + 100, rng)
        kept = rng.random(len(time)) < weights(config, points, time, anti)
        parts.append(np.column_stack([points, time * config.truth.lifetime, np.zeros(len(time)), anti])[kept])
    rows = np.concatenate(parts)[:size]
    spread = config.data.resolution * (rng.gamma(9.0, 1 / 9.0, size) if config.data.per_event else 1.0)
    rows[:, 3] = np.maximum(spread, 0.1 * config.data.resolution)
    rows[:, 2] += rows[:, 3] * rng.standard_normal(size)
    return rows


def _proposed(size: int, rng: np.random.Generator) -> tuple[Array, Array, Array]:
    """Points [size, 2], times in lifetimes, and whether it is an anti-D0, whose masses are exchanged."""
    from bartik.usecases.charm_fit.mixing.model import plane_of

    points, time = plane_of().points(size, rng), rng.exponential(size=size)
    anti = (rng.random(size) < 0.5).astype(np.float64)
    return np.where(anti[:, None] > 0, points[:, ::-1], points), np.minimum(time, _LONGEST), anti
