"""LightGBM: boosters, scikit-learn's wrappers of them, and text model files.

The trees are taken from LightGBM's own text. The maintained converter (onnxmltools 1.16, ``convert_lightgbm``) is not used: it rounds
thresholds to the nearest float32, which can lie above the float64 one, and knows no zeros that are missing values.

What a graph has to reproduce, after LightGBM's C++ (``Tree::NumericalDecision``): ``x <= threshold`` goes left, both as float64. A
node's missing type decides on the rest: *NaN*: a NaN goes the node's default way; *Zero*: so do a NaN and a zero; *None*: a NaN is a 0.
Before the trees a value nearer to zero than 1e-35 is made a zero (``RowPairFunctionFromDenseMatric``).
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import lightgbm
import numpy as np

from bartik.core import Array, Arrays, ExportError, Signature
from bartik.exporters.answers import check_labels
from bartik.exporters.graphs import GraphBuilder
from bartik.exporters.imported import Imported
from bartik.exporters.lightgbm_text import TextModel, TextTree, read_text, written
from bartik.exporters.tree_model import Link, TreeModel, exponential, identity, sigmoid, softmax
from bartik.exporters.trees import NEARLY_ZERO, Ensemble, Tree, check_trees, rounded_down

SOURCE = "lightgbm.txt"
_NO_MISSING, _ZERO, _NAN = 0, 1, 2
"""Missing types, bits 2 and 3 of a node's decision type."""


def _scaled_sigmoid(scale: float, graph: GraphBuilder, margin: str) -> str:
    return sigmoid(graph, margin if scale == 1 else graph.op("Mul", margin, graph.constant(scale)))


def _softplus(graph: GraphBuilder, margin: str) -> str:
    return graph.op("Softplus", margin)


def _signed_square(graph: GraphBuilder, margin: str) -> str:
    return graph.op("Mul", margin, graph.op("Abs", margin))


_REGRESSIONS = ("regression", "regression_l1", "huber", "fair", "quantile", "mape")
_LINKS: dict[str, Link] = {
    **dict.fromkeys((*_REGRESSIONS, "lambdarank", "rank_xendcg", "custom"), identity),
    **dict.fromkeys(("poisson", "gamma", "tweedie"), exponential),
    "cross_entropy": sigmoid,
    "cross_entropy_lambda": _softplus,
    "multiclass": softmax,
}
"""By objective: what is done with the sum; ``binary`` and ``multiclassova`` have a number of their own in the file."""


def export_lightgbm(model: Any, signature: Signature, reference: Arrays) -> bytes:
    """ONNX bytes of a ``Booster`` or an ``LGBMModel``, compared with LightGBM on ``reference`` and on rows made for its cuts.

    Where training stopped early it is the model up to its best iteration, as LightGBM's own ``predict`` takes it.
    """
    check_labels(type(model).__name__, getattr(model, "classes_", ()), signature)
    return model_of(model).export(signature, reference)


def lightgbm_outputs(model: Any, signature: Signature, inputs: Arrays) -> Arrays:
    """Outputs by name of ``model`` by LightGBM itself."""
    return model_of(model).outputs(signature, inputs)


def source_files(model: Any) -> dict[str, bytes]:
    """The exported model as LightGBM's own text, for a backend that runs it."""
    return dict(model_of(model).source)


def read_lightgbm(path: Path, content: bytes) -> Imported:
    """The model ``content`` of ``path``; ``response`` is LightGBM's prediction, a probability where it is one."""
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        raise ExportError(f"{path}: is no text ({error})", hint="is the file whole?") from error
    return _model(path, text).imported()


def model_of(model: Any) -> TreeModel:
    """``model`` as trees, of the rounds that its own ``predict`` uses."""
    name = type(model).__name__
    if isinstance(model, lightgbm.LGBMModel):
        try:
            model = model.booster_
        except ValueError as error:  # scikit-learn's, where it is not trained
            raise ExportError(f"{name}: is not trained ({error})", hint="call fit first") from error
    if not isinstance(model, lightgbm.Booster):
        raise ExportError(f"no exporter for {type(model).__module__}.{name}", hint="give a Booster, LGBMClassifier, LGBMRegressor ...")
    return _model(name, model.model_to_string())


def _model(name: Path | str, text: str) -> TreeModel:
    read = read_text(name, text)
    ensemble = _ensemble(name, read)
    link = _link(name, read)
    booster = _booster(name, written(read))  # not the file itself: LightGBM's C++ crashes on damaged ones
    source = booster.model_to_string(num_iteration=-1).encode()

    def predict(features: Array) -> tuple[Array, Array]:
        value, margin = (np.asarray(booster.predict(features, raw_score=raw, num_threads=1)) for raw in (False, True))
        return value.reshape(len(features), -1), margin.reshape(len(features), -1)

    columns = tuple(read.header.get("feature_names", "").split())
    about = {"format": "LightGBM", "objective": read.header.get("objective", "custom"), "version": read.header.get("version", "")}
    return TreeModel(name, ensemble, link, predict, columns, about, {SOURCE: source})


def _booster(name: Path | str, text: str) -> lightgbm.Booster:
    try:
        return lightgbm.Booster(model_str=text)
    except (lightgbm.basic.LightGBMError, ValueError) as error:
        reason = f"LightGBM {lightgbm.__version__}: {error}"
        raise ExportError(f"{name}: cannot be read ({reason})", hint="is the file whole?") from error


def _link(name: Path | str, read: TextModel) -> Link:
    objective, *options = read.header.get("objective", "custom").split()
    if objective in ("binary", "multiclassova"):
        scale = next((option.partition(":")[2] for option in options if option.startswith("sigmoid:")), "1")
        return partial(_scaled_sigmoid, float(scale))
    if objective in _REGRESSIONS and "sqrt" in options:
        return _signed_square
    if objective not in _LINKS:
        known = ", ".join((*_LINKS, "binary", "multiclassova"))
        raise ExportError(f"{name}: objective {objective} is not supported", hint=f"known: {known}")
    return _LINKS[objective]


def _ensemble(name: Path | str, read: TextModel) -> Ensemble:
    targets = read.whole("num_tree_per_iteration")
    scale = targets / max(1, len(read.trees)) if "average_output" in read.header else 1.0
    features = read.whole("max_feature_idx") + 1
    zero, other = np.zeros(features, bool), np.zeros(features, bool)
    trees = []
    for number, tree in enumerate(read.trees):
        trees.append(_tree(name, number, tree, number % targets, scale))
        missing = (tree.decision >> 2) & 3
        used = np.clip(tree.feature, 0, features - 1)
        zero[used[missing == _ZERO]] = True
        other[used[missing != _ZERO]] = True
    if (zero & other).any():
        raise ExportError(f"{name}: column {int(np.argmax(zero & other))} has zeros that are missing in some nodes only")
    ensemble = Ensemble(features, tuple(trees), np.zeros(targets), or_equal=True, zero_missing=zero if zero.any() else None)
    check_trees(name, ensemble)
    return ensemble


def _tree(name: Path | str, number: int, tree: TextTree, target: int, scale: float) -> Tree:
    """Inner nodes first, then leaves: in the file leaf ``i`` is child ``-1 - i``."""
    inner, leaves = len(tree.feature), len(tree.value)
    if (tree.decision & 1).any():
        hint = "train on numbers: one column for each category, say"
        raise ExportError(f"{name}: tree {number} splits on categories, which is not supported", hint=hint)
    missing, default_left = (tree.decision >> 2) & 3, (tree.decision & 2) > 0
    left, right = (np.where(side < 0, inner - 1 - side, side) for side in (tree.left, tree.right))
    none = np.full(leaves, -1, np.int64)
    return Tree(
        feature=np.concatenate([tree.feature, none]),
        threshold=np.concatenate([_as_read(rounded_down(tree.threshold)), np.zeros(leaves, np.float32)]),
        missing_left=np.concatenate([np.where(missing == _NO_MISSING, tree.threshold >= 0, default_left), none > 0]),
        left=np.concatenate([left, none]),
        right=np.concatenate([right, none]),
        value=np.concatenate([np.zeros(inner), tree.value * scale]),
        target=target,
    )


def _as_read(threshold: Array) -> Array:
    """Cuts so near to zero that what LightGBM makes a zero falls on one side of them, moved beyond all of that."""
    below = np.nextafter(-NEARLY_ZERO, np.float32(-1))
    near = np.where(threshold >= 0, NEARLY_ZERO, below)
    return np.where(np.abs(threshold) <= NEARLY_ZERO, near, threshold).astype(np.float32)
