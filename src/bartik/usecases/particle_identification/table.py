"""Tracks from a table of any format, checked column by column before a training.

Rules for what it may hold:

- Wanted: the columns of the networks, ``species`` (0 to 5: e, mu, pi, K, p, ghost) and ``event``; if they are there ``weight`` and
  ``channel``. Others are ignored.
- What a detector has not measured is -999 (or less than -900) in ``dll_*``, ``velo_charge``, ``ecal`` and ``hcal``: the graph takes a value
  that says nothing, in training as in the trigger. Every track has the other columns: there -999 is refused, as is NaN in any.
- Columns that are the same in all rows, units that cannot be, and splits that lack a species are refused.
- Weights may be negative (sWeights) if their sum is not: each becomes the mean of those of similar tracks (`sweights`).
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np

from bartik.core import Array, Arrays, Config, DataError, Dataset, Split
from bartik.data.tables import read_optional, read_table, stack
from bartik.simulation.identification import SPECIES
from bartik.usecases.particle_identification import toy
from bartik.usecases.particle_identification.columns import MISSING, NAMES, OPTIONAL
from bartik.usecases.particle_identification.sweights import positive_weights

_EXTRA = ("weight", "channel")


class _Rule(NamedTuple):
    least: float
    most: float
    typical: tuple[float, float]
    otherwise: str


_GEV = "is it in MeV? the networks take GeV: divide by 1000"
_CHI2 = "the networks take χ² over its degrees of freedom"
_RULES = {
    "p": _Rule(0.0, 1e5, (1.0, 500.0), _GEV),
    "pt": _Rule(0.0, 1e5, (0.05, 60.0), _GEV),
    "n_tracks": _Rule(0.0, 1e5, (1.0, 5000.0), "the networks take the number of tracks in the event"),
    "track_chi2": _Rule(0.0, 1e6, (0.0, 20.0), _CHI2),
    "match_chi2": _Rule(0.0, 1e6, (0.0, 50.0), _CHI2),
    "velo_charge": _Rule(-1e3, 1e5, (0.05, 20.0), "the networks take the charge over the most probable one"),
    "ecal": _Rule(0.0, 1e5, (0.0, 500.0), _GEV),
    "hcal": _Rule(0.0, 1e5, (0.0, 500.0), _GEV),
    "is_muon": _Rule(0.0, 1.0, (0.0, 1.0), "1 where isMuon holds, else 0"),
    "muon_stations": _Rule(0.0, 4.0, (0.0, 4.0), "stations M2 to M5 with a hit: 0 to 4"),
}


def source(config: Config) -> str:
    """What the rows depend on beside the configuration: name, size and time of the table, where there is one."""
    path = Path(config.data.path)
    return f"{path.name} {path.stat().st_size} {path.stat().st_mtime_ns}" if config.data.path and path.exists() else ""


def rows(split: Split, config: Config) -> Dataset:
    """Tracks of one split: of the table ``data.path``, or of the toy where that is empty; the target is the number of the species."""
    return read_tracks(Path(config.data.path), split, config.train.seed) if config.data.path else toy.dataset(split, config)


def read_tracks(path: Path, split: Split, seed: int = 1) -> Dataset:
    """Rows of one split, by the number of their event: 3, 7, 11 ... test, 1, 9, 17 ... validate, all others train.

    `DataError` names the column that cannot be, and the remedy.
    """
    table = read_table(path, [*NAMES, "species", "event"]) | read_optional(path, _EXTRA)
    features = stack(path, table, NAMES)
    for name in NAMES:
        check_column(path, name, table[name])
    _check_rest(path, table)
    event = table["event"].astype(np.int64)
    kept = np.select([event % 4 == 3, event % 8 == 1], ["test", "validation"], "train") == split
    species = table["species"].astype(np.int64)[kept]
    missing = [name for place, name in enumerate(SPECIES) if not (species == place).any()]
    if missing:
        raise DataError(f"{path}: the {split} split has no track of species {missing[0]!r}", hint="the networks need all six, 0 to 5")
    channel = table.get("channel", np.zeros(len(event)))[kept].astype(np.int64)
    spectators = {"event": event[kept], "species": species, "channel": channel}
    weights = positive_weights(features[kept], species, table["weight"][kept], seed) if "weight" in table else None
    return Dataset({"features": features[kept]}, species.astype(np.float32), weights, spectators, path.name)


def check_column(path: Path, name: str, values: Array) -> None:
    """`DataError` that names the column: not measured where every track is, the same in all rows, out of range, or in another unit."""
    numbers, of = values.astype(np.float64), f"{path}: column {name!r}"
    absent = numbers <= MISSING
    if name not in OPTIONAL and absent.any():
        raise DataError(f"{of} is {numbers[absent][0]:g} in {absent.sum()} of {len(numbers)} rows", hint="leave those rows out")
    numbers = numbers[~absent]
    if not len(numbers) or numbers.min() == numbers.max():
        what = f"{numbers[0]:g}" if len(numbers) else "not measured"
        raise DataError(f"{of} is {what} in all {len(numbers) or len(values)} rows", hint="fill it, or train a model without it")
    rule = _RULES.get(name, _Rule(MISSING, -MISSING, (-500.0, 500.0), "the networks take the difference of logarithms of likelihoods"))
    worst = numbers.min() if numbers.min() < rule.least else numbers.max()
    if not rule.least <= worst <= rule.most:
        raise DataError(f"{of} has a value of {worst:g}, wanted {rule.least:g} to {rule.most:g}", hint=rule.otherwise)
    middle = float(np.median(numbers))
    if not rule.typical[0] <= middle <= rule.typical[1]:
        wanted = f"{rule.typical[0]:g} to {rule.typical[1]:g}"
        raise DataError(f"{of} has a median of {middle:g}, wanted {wanted}", hint=rule.otherwise)


def _check_rest(path: Path, table: Arrays) -> None:
    """Species, event, weights, channels, and momenta that fit each other."""
    bad = ~np.isin(table["species"], range(len(SPECIES)))
    if bad.any():
        hint = ", ".join(f"{place} {name}" for place, name in enumerate(SPECIES))
        raise DataError(f"{path}: column 'species' is {table['species'][bad][0]:g} in {bad.sum()} of {len(bad)} rows", hint=hint)
    for name, least in (("event", -np.inf), ("channel", 0)):
        values = table.get(name, np.zeros(1))
        if not (np.array_equal(np.round(values), values) and (values >= least).all()):
            raise DataError(f"{path}: column {name!r} has values that are no number of one", hint=f"number the {name}s: 0, 1, 2 ...")
    if (table["pt"] > 1.001 * table["p"]).any():
        count = int((table["pt"] > 1.001 * table["p"]).sum())
        raise DataError(f"{path}: column 'pt' is above 'p' in {count} rows", hint="are both in GeV?")
    weight = table.get("weight", np.ones(1)).astype(np.float64)
    if not np.isfinite(weight).all() or weight.sum() <= 0:
        hint = "leave out those rows" if not np.isfinite(weight).all() else "check the fit that gave the sWeights"
        raise DataError(f"{path}: column 'weight': wanted finite numbers with a positive sum, got a sum of {weight.sum():g}", hint=hint)
