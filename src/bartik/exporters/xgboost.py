"""XGBoost: boosters, scikit-learn's wrappers of them, and model files in JSON and UBJSON.

The trees are taken from XGBoost's own JSON. The maintained converter (onnxmltools 1.16, ``convert_xgboost``) is not used: of what we
tried it drops the sigmoid of ``reg:logistic``, gives probabilities for ``rank:*`` and ``binary:logitraw``, ignores the threshold of
``binary:hinge``, and fails for DART and for named features; read in its code, it counts trees where early stopping counts rounds.

What a graph has to reproduce, after XGBoost's C++: ``x < split`` goes left, in float32; a missing value goes its node's own way;
``base_score`` is kept as a prediction, and stands in the sum as the objective's ``ProbToMargin`` makes it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import xgboost

from bartik.core import Array, Arrays, ExportError, Signature
from bartik.exporters.graphs import GraphBuilder
from bartik.exporters.imported import Imported
from bartik.exporters.lwtnn import parse_json
from bartik.exporters.tree_model import Link, TreeModel, exponential, identity, sigmoid, softmax
from bartik.exporters.trees import Ensemble, Tree, check_trees
from bartik.exporters.ubjson import parse_ubjson

SOURCE = "xgboost.json"
_ALIKE = ("reg:squarederror", "reg:linear", "reg:squaredlogerror", "reg:absoluteerror", "reg:pseudohubererror", "reg:quantileerror")
_RANKS = ("rank:pairwise", "rank:ndcg", "rank:map")
_LOGISTIC, _LOGARITHMIC = ("binary:logistic", "reg:logistic"), ("count:poisson", "reg:gamma", "reg:tweedie", "survival:cox", "survival:aft")


def _step(graph: GraphBuilder, margin: str) -> str:
    return graph.cast(graph.op("Greater", margin, graph.constant(0.0)), "float32")


_LINKS: dict[str, Link] = {
    **dict.fromkeys((*_ALIKE, *_RANKS, "binary:logitraw"), identity),
    **dict.fromkeys(_LOGISTIC, sigmoid),
    **dict.fromkeys(_LOGARITHMIC, exponential),
    "binary:hinge": _step,
    "multi:softprob": softmax,
}
"""By objective: what is done with the sum."""

_NONE = -1
"""In place of a leaf's children."""
_FORESTS = ("gbtree", "dart")
_NODES = ("left_children", "right_children", "parents", "split_indices", "split_conditions", "default_left", "base_weights")
"""Of the lists in a tree those that must be there."""


def export_xgboost(model: Any, signature: Signature, reference: Arrays) -> bytes:
    """ONNX bytes of a ``Booster`` or an ``XGBModel``, compared with XGBoost on ``reference`` and on rows made for its cuts.

    A wrapper is exported as its own ``predict`` works: up to its best iteration where training stopped early.
    """
    return model_of(model).export(signature, reference)


def xgboost_outputs(model: Any, signature: Signature, inputs: Arrays) -> Arrays:
    """Outputs by name of ``model`` by XGBoost itself."""
    return model_of(model).outputs(signature, inputs)


def source_files(model: Any) -> dict[str, bytes]:
    """The exported model as XGBoost's own JSON, for a backend that runs it."""
    return dict(model_of(model).source)


def read_xgboost(path: Path, content: bytes) -> Imported:
    """The model ``content`` of ``path``, JSON or UBJSON; ``response`` is XGBoost's prediction, a probability where it is one."""
    text = content.lstrip()[:1] == b"{" and content.lstrip()[1:].lstrip()[:1] == b'"'
    values = parse_json(path, content) if text else parse_ubjson(path, content)
    _read(path, values)  # looked at as a whole before XGBoost's C++ sees it, which crashes on damaged files
    booster = xgboost.Booster()
    try:
        booster.load_model(bytearray(json.dumps(values).encode()))
        booster.set_param({"nthread": 1, "device": "cpu"})
        booster = _decided(path, booster)
    except (xgboost.core.XGBoostError, ValueError) as error:
        reason = next((line for line in str(error).splitlines() if line.strip() and "Stack trace" not in line), "").strip()
        raise ExportError(f"{path}: XGBoost {xgboost.__version__} cannot read it ({reason[:200]})", hint="is the file whole?") from error
    return _model(path, booster).imported()


def _booster_of(model: Any) -> xgboost.Booster:
    """A copy of the booster in ``model``, of the rounds that its ``predict`` uses."""
    name = type(model).__name__
    if isinstance(model, xgboost.Booster):
        return _decided(name, _copy(model))
    if not isinstance(model, xgboost.XGBModel):
        raise ExportError(f"no exporter for {type(model).__module__}.{name}", hint="give a Booster, XGBClassifier, XGBRegressor ...")
    if not np.isnan(model.missing):
        raise ExportError(f"{name}: takes {model.missing} for a missing value, a graph only NaN", hint="train with missing=nan")
    try:
        booster = model.get_booster()
    except Exception as error:  # scikit-learn's, where it is not trained
        raise ExportError(f"{name}: is not trained ({error})", hint="call fit first") from error
    return _probabilities(_best(_copy(booster)))


def _copy(booster: xgboost.Booster) -> xgboost.Booster:
    copy = xgboost.Booster()
    copy.load_model(bytearray(booster.save_raw("json")))
    copy.set_param({"nthread": 1, "device": "cpu"})
    return copy


def _decided(name: object, booster: xgboost.Booster) -> xgboost.Booster:
    """``booster`` of the rounds that are meant; `ExportError` where training stopped early and nobody says which are.

    ``Booster.predict`` uses all rounds and ``XGBModel.predict`` those up to the best: a file that a wrapper wrote says so.
    """
    best, rounds = booster.attr("best_iteration"), booster.num_boosted_rounds()
    if best is None or int(best) + 1 >= rounds or booster.attr("scikit_learn") is not None:
        return _probabilities(_best(booster))
    hint = f"for the best take booster[:{int(best) + 1}], for all call booster.set_attr(best_iteration=None)"
    raise ExportError(f"{name}: has {rounds} rounds, and training that stopped early found {int(best) + 1} the best: which?", hint=hint)


def _best(booster: xgboost.Booster) -> xgboost.Booster:
    best = booster.attr("best_iteration")
    rounds = booster.num_boosted_rounds()
    return booster if best is None or int(best) + 1 >= rounds else booster[: int(best) + 1]


def _probabilities(booster: xgboost.Booster) -> xgboost.Booster:
    """``multi:softmax``, which gives the number of a class, as ``multi:softprob``, which is the same model and gives all of them."""
    if json.loads(booster.save_config())["learner"]["objective"]["name"] == "multi:softmax":
        booster.set_param({"objective": "multi:softprob"})
        booster = _copy(booster)
    return booster


def model_of(model: Any) -> TreeModel:
    """``model`` as trees, of the rounds that its own ``predict`` uses."""
    return _model(type(model).__name__, _booster_of(model))


def _model(name: Path | str, booster: xgboost.Booster) -> TreeModel:
    content = bytes(booster.save_raw("json"))
    values = json.loads(content)
    ensemble, objective = _read(name, values)

    def predict(features: Array) -> tuple[Array, Array]:
        value, margin = (
            np.asarray(booster.inplace_predict(features, missing=np.nan, predict_type=kind, validate_features=False))
            for kind in ("value", "margin")
        )
        return value.reshape(len(features), -1), margin.reshape(len(features), -1)

    columns = tuple(str(column) for column in values["learner"].get("feature_names") or ())
    about = {"format": "XGBoost", "objective": objective, "version": ".".join(map(str, values["version"]))}
    return TreeModel(name, ensemble, _LINKS[objective], predict, columns, about, {SOURCE: content})


def _read(name: Path | str, values: Any) -> tuple[Ensemble, str]:
    """The trees in XGBoost's JSON ``values`` and their objective; `ExportError` says what is not supported, or not there."""
    try:
        learner = values["learner"]
        objective, booster = str(learner["objective"]["name"]), learner["gradient_booster"]
        objective = "multi:softprob" if objective == "multi:softmax" else objective
        _check_supported(name, objective, booster)
        ensemble = _ensemble(learner, booster, objective)
    except (LookupError, TypeError, ValueError, OverflowError) as error:
        reason = f"{type(error).__name__}: {error}"
        raise ExportError(f"{name}: no whole XGBoost model ({reason})", hint="write it again with booster.save_model") from error
    check_trees(name, ensemble)
    return ensemble, objective


def _check_supported(name: Path | str, objective: str, booster: Mapping[str, Any]) -> None:
    if objective not in _LINKS:
        hint = f"known: {', '.join(_LINKS)}; for one of your own export the sum: booster.set_param({{'objective': 'reg:squarederror'}})"
        raise ExportError(f"{name}: objective {objective} is not supported", hint=hint)
    if booster["name"] not in _FORESTS:
        raise ExportError(f"{name}: booster {booster['name']} is not supported", hint=f"supported: {', '.join(_FORESTS)}")
    starts = np.array(_trees(booster).get("iteration_indptr", [0]), np.int64)
    if (np.diff(starts, prepend=0) < 0).any() or starts[-1:].max(initial=0) > len(_trees(booster)["trees"]):
        raise ExportError(f"{name}: its rounds are not those of its trees", hint="is the file whole?")
    for number, tree in enumerate(_trees(booster)["trees"]):
        if any(tree.get("split_type", ())):
            hint = "train on numbers: one column for each category, say"
            raise ExportError(f"{name}: tree {number} splits on categories, which is not supported", hint=hint)
        if int(tree["tree_param"].get("size_leaf_vector", "1")) > 1:
            hint = "train with multi_strategy=one_output_per_tree"
            raise ExportError(f"{name}: tree {number} has leaves of several values, which are not supported", hint=hint)
        _check_lengths(name, number, tree)


def _check_lengths(name: Path | str, number: int, tree: Mapping[str, Any]) -> None:
    """Refuse lists by node of another length than the number of nodes: XGBoost would read beyond their ends."""
    count = int(tree["tree_param"]["num_nodes"])
    for key, values in tree.items():
        wanted = 0 if key.startswith("categories") else count
        if isinstance(values, list) and len(values) != wanted and (values or key in _NODES):
            raise ExportError(f"{name}: tree {number} has {len(values)} {key} for {count} nodes", hint="is the file whole?")
    left, right, parents = (np.array(tree[key], np.int64) for key in ("left_children", "right_children", "parents"))
    leaf = left == _NONE
    if (left[~leaf] < 0).any() or ((right == _NONE) != leaf).any() or ((parents[1:] < 0) | (parents[1:] >= count)).any():
        raise ExportError(f"{name}: tree {number} has a node whose parent or child there is not", hint="is the file whole?")


def _trees(booster: Mapping[str, Any]) -> Any:
    return (booster["gbtree"] if booster["name"] == "dart" else booster)["model"]


def _ensemble(learner: Mapping[str, Any], booster: Mapping[str, Any], objective: str) -> Ensemble:
    model, about = _trees(booster), learner["learner_model_param"]
    targets = max(1, int(about.get("num_class", 0)), int(about.get("num_target", 1)))
    weights = booster["weight_drop"] if booster["name"] == "dart" else [1.0] * len(model["trees"])
    trees = tuple(_tree(t, int(g), float(w)) for t, g, w in zip(model["trees"], model["tree_info"], weights, strict=True))
    text = str(about["base_score"])
    scores = np.atleast_1d(np.array(json.loads(text) if text.startswith("[") else float(text), np.float32))
    return Ensemble(int(about["num_feature"]), trees, np.broadcast_to(_base_margin(scores, objective), targets))


def _tree(values: Mapping[str, Any], target: int, weight: float) -> Tree:
    left, right = (np.array(values[f"{side}_children"], np.int64) for side in ("left", "right"))
    inner = left >= 0
    with np.errstate(over="ignore"):
        numbers = np.array(values["split_conditions"], np.float32)  # of a leaf: its value
    return Tree(
        feature=np.where(inner, np.array(values["split_indices"], np.int64), -1),
        threshold=np.where(inner, numbers, np.float32(0)),
        missing_left=np.array(values["default_left"], bool),
        left=left,
        right=right,
        value=np.where(inner, 0.0, numbers.astype(np.float64) * weight),
        target=target,
    )


def _base_margin(scores: Array, objective: str) -> Array:
    """``ObjFunction::ProbToMargin`` of the base score, in float32 as there."""
    with np.errstate(divide="ignore", invalid="ignore"):
        if objective in _LOGISTIC:
            return -np.log(np.float32(1) / scores - np.float32(1))
        return np.log(scores) if objective in _LOGARITHMIC else scores
