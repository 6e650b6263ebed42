"""Tables of taggers' decisions, as LHCb writes them: true flavour, decision and mistag of each candidate.

Rules for what a file may hold: columns beside those that are asked for are left alone. A candidate without decision has tag 0; its mistag
does not count, whatever it is (-999, NaN). With a decision the mistag lies between 0 and 0.5. Weights may be negative (sWeights) if their
sum is not. Everything else is refused, with the column and what to do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bartik.core import Array, DataError
from bartik.data.tables import read_table
from bartik.metrics import dilution


@dataclass(frozen=True)
class Decisions:
    """Of each candidate [rows] the flavour it was made with, the tagger's probability of flavour +1, and its weight."""

    flavour: Array
    probability: Array
    weights: Array

    def __len__(self) -> int:
        """Number of candidates."""
        return len(self.flavour)


def read_decisions(path: Path, *, flavour: str = "flavour", tag: str = "tag", mistag: str = "mistag", weight: str = "") -> Decisions:
    """Read these columns of a table; without ``weight`` each candidate counts once."""
    table = read_table(path, [flavour, tag, mistag, *([weight] if weight else [])])
    try:
        weights = table[weight] if weight else np.ones(len(table[flavour]))
        return decisions(table[flavour], table[tag], table[mistag], weights, names=(flavour, tag, mistag, weight))
    except DataError as error:
        raise DataError(f"{path}: {error.message}", hint=error.hint) from error


def decisions(
    flavour: Array, tag: Array, mistag: Array, weights: Array, *, names: Sequence[str] = ("flavour", "tag", "mistag", "weight")
) -> Decisions:
    """Checked columns [rows]; ``names`` are those of a refusal."""
    if not len(flavour):
        raise DataError("no candidates")
    _one_of(names[0], flavour, (-1, 1), "true flavours are +1 and -1: leave out candidates of unknown flavour")
    _one_of(names[1], tag, (-1, 0, 1), "decisions are +1, -1, and 0 for none")
    made = np.asarray(tag) != 0
    eta = np.asarray(mistag, dtype=np.float64)
    bad = made & ~((eta >= 0) & (eta <= 0.5))
    if bad.any():
        raise DataError(
            f"column {names[2]!r} is {eta[bad][0]:g} in {bad.sum()} of {made.sum()} rows with a decision", hint=_remedy(eta[bad])
        )
    share = np.asarray(weights, dtype=np.float64)
    if not np.isfinite(share).all() or share.sum() <= 0:
        raise DataError(
            f"column {names[3]!r}: wanted finite weights with a positive sum, got a sum of {share.sum():g}", hint="check the fit"
        )
    probability = 0.5 + np.where(made, tag, 0) * (0.5 - np.where(made, eta, 0.5))
    return Decisions(np.asarray(flavour), probability, share)


def duplicates(*columns: Array) -> tuple[Array, int]:
    """The same number [rows] for rows that agree in all ``columns``, and how many rows repeat another."""
    which = np.unique(np.stack(columns, axis=1), axis=0, return_inverse=True)[1].reshape(-1)
    return which, len(which) - int(which.max() + 1)


def halves(groups: Array, seed: int) -> Array:
    """Whether a row calibrates (else it tests), bool [rows]: drawn by group, so that no group is in both."""
    chosen = np.random.default_rng(seed).permutation(int(groups.max()) + 1) % 2 == 0
    return np.asarray(chosen[groups])


def combine_learnt(probabilities: Sequence[Array], flavour: Array, rows: Array) -> Array:
    """Probability of flavour +1 [all rows] from several taggers that may know the same things, learnt on ``rows`` bool [all rows].

    Log odds are a sum of odd functions of the taggers' log odds: each itself and its cube, by logistic regression without a constant.
    """
    from sklearn.linear_model import LogisticRegression

    odds = np.stack([2 * np.arctanh(np.clip(dilution(p), -0.999, 0.999)) for p in probabilities], axis=1)
    features = np.concatenate([odds, odds**3 / 10], axis=1)
    model = LogisticRegression(fit_intercept=False, C=1e3, max_iter=1000).fit(features[rows], flavour[rows] > 0)
    return np.asarray(model.predict_proba(features)[:, 1])


def _one_of(name: str, values: Array, known: Sequence[int], remedy: str) -> None:
    bad = ~np.isin(values, known)
    if bad.any():
        raise DataError(f"column {name!r} is {np.asarray(values)[bad][0]:g} in {bad.sum()} of {len(bad)} rows", hint=remedy)


def _remedy(bad: Array) -> str:
    if np.isnan(bad).any() or (bad < 0).any():
        return "give tag 0 to candidates without a prediction"
    if (bad > 1).all() and bad.max() <= 50:
        return "is it in per cent? give it as a share"
    return "a mistag above 0.5 is the other decision: turn the tag, and take one minus it"
