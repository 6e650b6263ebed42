"""CatBoost: trained objects, and model files in its JSON and its own binary format (``.cbm``).

The trees are taken from CatBoost's JSON, which it writes for every model. CatBoost's own ONNX export is not used: it knows no trees
that are not symmetric, and gives its probabilities as a list of maps.

What a graph has to reproduce: ``x > border`` sets a bit, or goes right, in float32; a missing value does so where its column's
``nan_value_treatment`` is ``AsTrue``. The sum is scaled and moved by ``scale_and_bias``.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import catboost
import numpy as np

from bartik.core import Array, Arrays, ExportError, Signature
from bartik.exporters.answers import check_labels
from bartik.exporters.imported import Imported
from bartik.exporters.lwtnn import parse_json
from bartik.exporters.tree_model import Link, TreeModel, exponential, identity, sigmoid, softmax
from bartik.exporters.trees import Ensemble, Tree, check_trees

_MAX_DEPTH = 16
_LINKS: dict[str, Link] = {
    **dict.fromkeys(("RMSE", "MAE", "Quantile", "MAPE", "LogLinQuantile", "Lq", "Huber", "Expectile", "MultiRMSE"), identity),
    **dict.fromkeys(("PairLogit", "PairLogitPairwise", "YetiRank", "YetiRankPairwise", "QueryRMSE", "QuerySoftMax"), identity),
    **dict.fromkeys(("Poisson", "Tweedie"), exponential),
    **dict.fromkeys(("Logloss", "CrossEntropy", "MultiClassOneVsAll"), sigmoid),
    "MultiClass": softmax,
}
"""By loss: what is done with the sum."""
_ANSWERS: dict[Link, str] = {sigmoid: "Probability", softmax: "Probability", exponential: "Exponent", identity: "RawFormulaVal"}


def export_catboost(model: Any, signature: Signature, reference: Arrays) -> bytes:
    """ONNX bytes of a ``CatBoost`` model, compared with CatBoost on ``reference`` and on rows made for its cuts."""
    trees = model_of(model)
    check_labels(trees.name, np.ravel(model.classes_ if model.classes_ is not None else ()), signature)
    return trees.export(signature, reference)


def catboost_outputs(model: Any, signature: Signature, inputs: Arrays) -> Arrays:
    """Outputs by name of ``model`` by CatBoost itself."""
    return model_of(model).outputs(signature, inputs)


def model_of(model: Any) -> TreeModel:
    """``model`` as trees, all of those that it keeps: after early stopping they are its best iterations."""
    name = type(model).__name__
    if not isinstance(model, catboost.CatBoost):
        raise ExportError(f"no exporter for {type(model).__module__}.{name}", hint="give a CatBoostClassifier, CatBoostRegressor ...")
    if not model.is_fitted():
        raise ExportError(f"{name}: is not trained", hint="call fit first")
    return _model(name, model)


def read_catboost(path: Path, content: bytes) -> Imported:
    """The model ``content`` of ``path``; ``response`` is a probability for a classifier, the prediction otherwise."""
    text = content[:4] != b"CBM1"
    if text:
        _ensemble(path, parse_json(path, content))  # looked at as a whole before CatBoost's C++ sees it
    model = catboost.CatBoost()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "model"
        file.write_bytes(content)
        try:
            model.load_model(str(file), format="json" if text else "cbm")
        except Exception as error:  # CatBoost raises its own and others
            reason = str(error).strip().partition("\n")[0][:200]
            raise ExportError(f"{path}: CatBoost cannot read it ({reason})", hint="is the file whole?") from error
    return _model(path, model).imported()


def _model(name: Path | str, model: catboost.CatBoost) -> TreeModel:
    values = _json(name, model)
    ensemble, link, loss = _ensemble(name, values)
    pair = ensemble.targets == 1

    def ask(features: Array, kind: str) -> Array:
        found = np.asarray(catboost.CatBoost.predict(model, features, prediction_type=kind, thread_count=1), np.float64)
        found = found.reshape(len(features), -1)
        return found[:, 1:] if pair and found.shape[1] == 2 else found

    def predict(features: Array) -> tuple[Array, Array]:
        return ask(features, _ANSWERS[link]), ask(features, "RawFormulaVal")

    columns = tuple(str(column) for column in model.feature_names_ or ())
    return TreeModel(name, ensemble, link, predict, columns, {"format": "CatBoost", "objective": loss})


def _json(name: Path | str, model: catboost.CatBoost) -> Any:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "model.json"
        try:
            model.save_model(str(file), format="json")
        except Exception as error:  # CatBoost raises its own and others
            raise ExportError(f"{name}: CatBoost cannot write it as JSON ({error})", hint="train on numbers alone") from error
        return json.loads(file.read_bytes())


def _ensemble(name: Path | str, values: Any) -> tuple[Ensemble, Link, str]:
    try:
        loss = str(_parameters(values)["loss_function"]["type"])
        if loss not in _LINKS:
            raise ExportError(f"{name}: loss {loss} is not supported", hint=f"known: {', '.join(_LINKS)}")
        _check_numbers(name, values["features_info"])
        ensemble = _trees(name, values)
    except (LookupError, TypeError, ValueError, OverflowError) as error:
        reason = f"{type(error).__name__}: {error}"
        raise ExportError(f"{name}: no whole CatBoost model ({reason})", hint="write it again with model.save_model") from error
    check_trees(name, ensemble)
    return ensemble, _LINKS[loss], loss


def _parameters(values: Any) -> Any:
    """The parameters of the training: newer CatBoost writes them as a text in the JSON, older as a part of it."""
    parameters = values["model_info"]["params"]
    return json.loads(parameters) if isinstance(parameters, str) else parameters


def _check_numbers(name: Path | str, info: Mapping[str, Any]) -> None:
    for kind in ("categorical_features", "text_features", "embedding_features"):
        if info.get(kind):
            raise ExportError(f"{name}: has {kind.replace('_', ' ')}, which are not supported", hint="train on numbers alone")


def _trees(name: Path | str, values: Any) -> Ensemble:
    columns = values["features_info"]["float_features"]
    place = {int(c["feature_index"]): int(c["flat_feature_index"]) for c in columns}
    missing_right = {int(c["feature_index"]): c.get("nan_value_treatment") == "AsTrue" for c in columns}
    scale, bias = values.get("scale_and_bias") or [1, [0]]
    bias = np.atleast_1d(np.array(bias, np.float64))
    symmetric = "oblivious_trees" in values
    found = values["oblivious_trees"] if symmetric else values["trees"]
    targets = _targets(found[0], len(bias), symmetric=symmetric)
    trees = []
    for tree in found:
        grown = _symmetric(name, tree, targets) if symmetric else _grown(name, tree, targets)
        cuts, left, right, leaves = grown
        trees += _as_trees(cuts, left, right, leaves * float(scale), place, missing_right)
    return Ensemble(1 + max(place.values()), tuple(trees), np.broadcast_to(bias, targets), or_equal=True)


def _targets(tree: Mapping[str, Any], biases: int, *, symmetric: bool) -> int:
    if symmetric:
        return len(tree["leaf_values"]) // int(2 ** len(tree.get("splits") or ()))
    while "value" not in tree:
        tree = tree["left"]
    return int(max(biases, np.size(tree["value"])))


_Grown = tuple[list[Mapping[str, Any] | None], Array, Array, Array]
"""A node's split, or None for a leaf; its children; the values [nodes, targets]."""


def _symmetric(name: Path | str, tree: Mapping[str, Any], targets: int) -> _Grown:
    """A tree that asks the same question on each level; the first of ``splits`` is the lowest bit of a leaf's number."""
    splits = list(reversed(tree.get("splits") or ()))
    depth = len(splits)
    if depth > _MAX_DEPTH:
        raise ExportError(f"{name}: a tree of depth {depth}, more than {_MAX_DEPTH}", hint="is the file whole?")
    inner, leaves = 2**depth - 1, np.array(tree["leaf_values"], np.float64).reshape(2**depth, targets)
    cuts = [splits[int(np.log2(node + 1))] for node in range(inner)] + [None] * 2**depth
    numbers = np.arange(2 * inner + 1)
    left, right = (np.where(numbers < inner, 2 * numbers + side, -1) for side in (1, 2))
    return cuts, left, right, np.concatenate([np.zeros((inner, targets)), leaves])


def _grown(name: Path | str, tree: Mapping[str, Any], targets: int) -> _Grown:
    """A tree of nested nodes."""
    cuts: list[Mapping[str, Any] | None] = []
    children: list[tuple[int, int]] = []
    values: list[Array] = []
    waiting: list[tuple[Mapping[str, Any], int, int]] = [(tree, -1, 0)]
    while waiting:
        node, parent, side = waiting.pop()
        place = len(cuts)
        if parent >= 0:
            children[parent] = (place, children[parent][1]) if side == 0 else (children[parent][0], place)
        leaf = "value" in node
        cuts.append(None if leaf else node["split"])
        children.append((-1, -1))
        values.append(np.broadcast_to(np.array(node["value"], np.float64), targets) if leaf else np.zeros(targets))
        if not leaf:
            waiting += [(node["right"], place, 1), (node["left"], place, 0)]
        if len(cuts) > 2 ** (_MAX_DEPTH + 1):
            raise ExportError(f"{name}: a tree of more than {2 ** (_MAX_DEPTH + 1)} nodes", hint="is the file whole?")
    sides = np.array(children, np.int64)
    return cuts, sides[:, 0], sides[:, 1], np.array(values)


def _as_trees(
    cuts: list[Mapping[str, Any] | None], left: Array, right: Array, values: Array, place: Mapping[int, int], missing: Mapping[int, bool]
) -> list[Tree]:
    """The same tree once for each of its values: `Tree` has one."""
    for cut in cuts:
        if cut is not None and cut["split_type"] != "FloatFeature":
            raise ValueError(f"a split of type {cut['split_type']}")
    number = [-1 if cut is None else int(cut["float_feature_index"]) for cut in cuts]
    feature = np.array([-1 if column < 0 else place[column] for column in number], np.int64)
    border = np.array([0.0 if cut is None else float(cut["border"]) for cut in cuts]).astype(np.float32)
    missing_left = np.array([column >= 0 and not missing[column] for column in number])
    return [Tree(feature, border, missing_left, left, right, values[:, target], target) for target in range(values.shape[1])]
