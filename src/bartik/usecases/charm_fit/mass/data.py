"""Masses of D0 candidates: from a table, or drawn from the density with the parameters of ``truth``."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from bartik.core import Array, Column, Config, DataError, Dataset, Split
from bartik.data.tables import read_table
from bartik.usecases.charm_fit.common import dataset, events, signature_of
from bartik.usecases.charm_fit.toy import drawn

signature = signature_of(Column("mass", "MeV", "invariant mass of the D0 candidate"))
NAMES = ("signal", "background", "mean", *(f"{side} {what}" for side in ("left", "right") for what in ("sigma", "tail", "power")), "slope")


def data(split: Split, config: Config) -> Dataset:
    """Candidates of one split; the target is 1 for signal, of a table it is not known and 0."""
    if config.data.path:
        return _table(split, config)
    size, rng = events(split, config)
    rows = draw(truth_of(config, size), config, rng)
    from bartik.usecases.charm_fit.mass.model import log_truth

    share, logs = log_truth(config, rows)
    return dataset(rows, rng.random(len(rows)) < share, logs, split, f"toy, {size} candidates expected, seed {config.data.seed}")


def truth_of(config: Config, size: int) -> dict[str, float]:
    """True parameters for ``size`` expected candidates."""
    values = config.truth.to_dict()
    share = values.pop("signal_share")
    plain = {name.replace("_", " "): float(value) for name, value in values.items()}
    return {"signal": size * share, "background": size * (1 - share)} | plain


def draw(truth: dict[str, float], config: Config, rng: np.random.Generator) -> Array:
    """Masses [rows, 1] in MeV, as many as a Poisson distribution gives."""
    from bartik.usecases.charm_fit.mass.model import rate

    size = int(rng.poisson(truth["signal"] + truth["background"]))
    return drawn(rate(config, truth), config.data.low, config.data.high, size, rng)[:, None]


def _table(split: Split, config: Config) -> Dataset:
    """Rows of a table in the range of the fit: one in ten validates, one in ten tests."""
    path = Path(config.data.path)
    mass = read_table(path, ["mass"])["mass"].astype(np.float64)
    rows = mass[(mass > config.data.low) & (mass < config.data.high)][:, None]
    if not len(rows):
        hint = "is it in GeV? the fit takes MeV; or change data.low and data.high"
        raise DataError(f"{path}: column 'mass' has no value between {config.data.low:g} and {config.data.high:g} MeV", hint=hint)
    place = np.arange(len(rows)) % 10
    kept = rows[{"validation": place == 1, "test": place == 3, "train": ~np.isin(place, (1, 3))}[split]]
    return dataset(kept, np.zeros(len(kept)), np.full(len(kept), np.nan), split, path.name)
