"""Mass differences of D*+ -> D0 pi+ candidates in 16 categories, drawn from the density with the parameters of ``truth``."""

from __future__ import annotations

import numpy as np

from bartik.core import Array, Column, Config, Dataset, Split
from bartik.usecases.charm_fit.common import dataset, events, signature_of
from bartik.usecases.charm_fit.toy import drawn

PION = 139.57039
"""MeV: where the mass difference begins."""
PLACES = ("up 2017", "down 2017", "up 2018", "down 2018")
CATEGORIES = tuple(f"{mode} {charge} {place}" for mode in ("KK", "pipi") for charge in ("+", "-") for place in PLACES)
SHAPES = ("mean", "width", "gamma", "delta", "wide fraction", "wide width", "power", "slope")
ASYMMETRY = "Delta A_CP"
NAMES = (
    *(f"signal {mode} {place}" for mode in ("KK", "pipi") for place in PLACES),
    *(f"A_raw pipi {place}" for place in PLACES),
    ASYMMETRY,
    *(f"background {category}" for category in CATEGORIES),
    *SHAPES,
)
_SHARES = (0.22, 0.24, 0.26, 0.28)
"""Of the data in each place."""

signature = signature_of(
    Column("delta_mass", "MeV", "mass of the D* candidate less that of the D0 candidate"),
    Column("is_pipi", "", "1: D0 -> pi- pi+; 0: D0 -> K- K+"),
    Column("is_negative", "", "1: the pion of the D* is negative, an anti-D0; 0: positive"),
    Column("place", "", "polarity of the magnet and year: 0 up 2017, 1 down 2017, 2 up 2018, 3 down 2018"),
)


def data(split: Split, config: Config) -> Dataset:
    """Candidates of one split of the toy; the target is 1 for signal."""
    size, rng = events(split, config)
    rows = draw(truth_of(config, size), config, rng)
    from bartik.usecases.charm_fit.asymmetry.model import log_truth

    share, logs = log_truth(config, rows)
    return dataset(rows, rng.random(len(rows)) < share, logs, split, f"toy, {size} candidates expected, seed {config.data.seed}")


def truth_of(config: Config, size: int) -> dict[str, float]:
    """True parameters for ``size`` expected candidates."""
    truth = config.truth
    signal, background = size * truth.signal_share, size * (1 - truth.signal_share)
    values: list[float] = []
    for share in (truth.share_kk, 1 - truth.share_kk):
        values += [signal * share * part for part in _SHARES]
    values += [*truth.raw_pipi, truth.delta_a_cp]
    for share in (truth.share_kk, 1 - truth.share_kk):
        values += [0.5 * background * share * part for part in (*_SHARES, *_SHARES)]
    values += [float(truth[name.replace(" ", "_")]) for name in SHAPES]
    return dict(zip(NAMES, values, strict=True))


def category_of(rows: Array) -> Array:
    """Number of the category [rows] of rows [rows, 4]."""
    return np.asarray(8 * rows[:, 1] + 4 * rows[:, 2] + rows[:, 3], np.int64)


def draw(truth: dict[str, float], config: Config, rng: np.random.Generator) -> Array:
    """Rows [rows, 4], as many in each category as a Poisson distribution gives."""
    from bartik.usecases.charm_fit.asymmetry.model import expected, rate

    signal, background = expected(truth)
    found = []
    for category in range(16):
        size = int(rng.poisson(signal[category] + background[category]))
        mass = drawn(rate(config, truth, category), PION, config.data.high, size, rng)
        labels = np.array([category // 8, category // 4 % 2, category % 4], np.float64)
        found.append(np.column_stack([mass, np.tile(labels, (size, 1))]))
    rows: Array = rng.permutation(np.concatenate(found))
    return rows
