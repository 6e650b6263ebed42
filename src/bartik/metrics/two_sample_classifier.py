"""How well a classifier tells two samples apart (D. Lopez-Paz, M. Oquab, arXiv:1610.06545): AUC 0.5 if it cannot."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from bartik.core import Array, DataError, Interval, UnknownNameError
from bartik.metrics.roc import auc

KINDS = ("network", "trees")


def two_sample_auc(
    reference: Array, sample: Array, kind: str = "network", *, hidden: tuple[int, ...] = (256, 256), epochs: int = 40, seed: int = 0
) -> Interval:
    """AUC on the untouched 30% of the rows [rows, features] of both samples; 68.3% interval of DeLong.

    ``network``: dense layers, features of mean 0 and spread 1, stopped when a tenth of the training rows no longer gets better; ``trees``:
    boosted. The better classifier finds more: an AUC is of a classifier, and only compares where that is the same.
    """
    if kind not in KINDS:
        raise UnknownNameError("classifier", kind, KINDS)
    count = min(len(reference), len(sample))
    if count < 20:
        raise DataError(f"two-sample classifier: wanted 20 rows or more of each sample, got {count}")
    rng = np.random.default_rng(seed)
    cut = int(0.7 * count)
    parts = [np.asarray(values, np.float32)[rng.permutation(len(values))[:count]] for values in (reference, sample)]
    train = np.concatenate([part[:cut] for part in parts])
    mean, spread = train.mean(0), train.std(0)
    scale = np.where(spread > 1e-6, spread, 1)
    model = _classifier(kind, hidden, epochs, seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it says that it has not converged, which is why it was stopped
        model.fit((train - mean) / scale, np.repeat([1, 0], cut))
    scores = [model.predict_proba((part[cut:] - mean) / scale)[:, 1] for part in parts]
    return auc(scores[0], scores[1])


def _classifier(kind: str, hidden: tuple[int, ...], epochs: int, seed: int) -> Any:
    if kind == "trees":
        from sklearn.ensemble import HistGradientBoostingClassifier  # noqa: PLC0415 - a second to import

        return HistGradientBoostingClassifier(max_iter=100, random_state=seed)
    from sklearn.neural_network import MLPClassifier  # noqa: PLC0415

    return MLPClassifier(hidden, alpha=1e-3, batch_size=256, early_stopping=True, n_iter_no_change=5, max_iter=epochs, random_state=seed)
