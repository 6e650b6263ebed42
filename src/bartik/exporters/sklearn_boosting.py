"""scikit-learn's HistGradientBoosting, which skl2onnx 1.20 fails to write (its attributes are numpy's whole numbers).

``X`` is compared as float64: ``x <= num_threshold`` goes left, a missing value goes where ``missing_go_to_left`` says
(``_predictor_bitset.pyx``, ``_predict_one_from_raw_data``).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

from bartik.core import Array, ExportError
from bartik.exporters.tree_model import Link, TreeModel, exponential, identity, sigmoid, softmax
from bartik.exporters.trees import Ensemble, Tree, rounded_down

KINDS = (HistGradientBoostingClassifier, HistGradientBoostingRegressor)
_LOGARITHMIC = ("poisson", "gamma")


def boosting_model(model: Any) -> TreeModel:
    """``model``, one of `KINDS`, trained."""
    name = type(model).__name__
    if not hasattr(model, "_predictors"):
        raise ExportError(f"{name}: is not trained", hint="call fit first")
    base = np.ravel(model._baseline_prediction).astype(np.float64)  # noqa: SLF001 - it has no other door
    trees = tuple(
        _tree(name, predictor.nodes, target)
        for round_ in model._predictors  # noqa: SLF001 - likewise
        for target, predictor in enumerate(round_)
    )
    ensemble = Ensemble(int(model.n_features_in_), trees, base, or_equal=True)

    def predict(features: Array) -> tuple[Array, Array]:
        margin = np.asarray(model._raw_predict(features))  # noqa: SLF001 - likewise
        value = model.predict_proba(features) if hasattr(model, "predict_proba") else model.predict(features)[:, None]
        return (value[:, 1:] if len(base) == 1 and value.shape[1] == 2 else value), margin

    return TreeModel(name, ensemble, _link(model, len(base)), predict)


def _link(model: Any, targets: int) -> Link:
    if hasattr(model, "predict_proba"):
        return sigmoid if targets == 1 else softmax
    return exponential if model.loss in _LOGARITHMIC else identity


def _tree(name: str, nodes: Array, target: int) -> Tree:
    leaf = nodes["is_leaf"].astype(bool)
    if (nodes["is_categorical"].astype(bool) & ~leaf).any():
        raise ExportError(f"{name}: splits on categories, which is not supported", hint="one column for each category, say")
    left, right = (np.where(leaf, -1, nodes[side].astype(np.int64)) for side in ("left", "right"))
    return Tree(
        feature=np.where(leaf, -1, nodes["feature_idx"].astype(np.int64)),
        threshold=np.where(leaf, np.float32(0), rounded_down(np.where(leaf, 0, nodes["num_threshold"]))),
        missing_left=nodes["missing_go_to_left"].astype(bool),
        left=left,
        right=right,
        value=np.where(leaf, nodes["value"], 0.0),
        target=target,
    )
