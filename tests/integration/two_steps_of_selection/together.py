"""What the three do together, and each alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np

import bartik
from bartik import plots
from bartik.core import Array, Config, Interval, Progress
from bartik.metrics import auc, roc_curve
from two_steps_of_selection.rows import KINEMATICS, VERTEX, rows


def whole(bundles: dict[str, Path], config: Config, progress: Progress) -> tuple[dict[str, dict[str, Interval]], dict[str, Array]]:
    """AUC of the chain and of its first two networks on the test rows."""
    features, target = rows("test", config.data.rows, config.data.seed)
    progress(f"{len(target)} test rows")
    single = {"kinematics": features[:, KINEMATICS], "vertex": features[:, VERTEX]}
    scores = {name: _scores(bundles[name], values) for name, values in single.items()}
    scores = {"chain": _scores(bundles["decision"], np.hstack(list(scores.values())))} | scores
    flat = {name: values[:, 0] for name, values in scores.items()}
    return {name: {"AUC": auc(values[target == 1], values[target == 0])} for name, values in flat.items()}, scores | {"target": target}


def figures(arrays: dict[str, Array], metrics: dict[str, dict[str, object]]) -> list[tuple[str, str, object]]:
    """The three ROC curves."""
    target = arrays["target"]
    curves = {name: roc_curve(arrays[name][target == 1, 0], arrays[name][target == 0, 0]) for name in metrics}
    figure = plots.roc({name: (c.signal_efficiency, c.background_rejection) for name, c in curves.items()}, from_efficiency=0.2)
    return [("The chain and its parts", "Lower is better.", figure)]


def _scores(bundle: Path, features: Array) -> Array:
    return bartik.prepare(bartik.load(bundle), "native").run({"features": np.ascontiguousarray(features)})["score"]
