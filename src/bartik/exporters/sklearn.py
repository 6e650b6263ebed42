"""scikit-learn's estimators and pipelines, by the maintained converter skl2onnx; their files are pickles, which are never opened.

Where skl2onnx 1.20 is wrong, it is put right: in trees that were trained with missing values it loses which way these go (all go
right); it multiplies by the inverse of a scale where scikit-learn divides, which moves values across the cuts of trees behind it. The
last step of a pipeline may be a model of another library, or HistGradientBoosting: its trees are written by the exporter of their own.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import onnx
from onnx import helper
from skl2onnx import convert_sklearn
from skl2onnx.common.data_types import DoubleTensorType, FloatTensorType
from sklearn.base import BaseEstimator
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from bartik.core import Array, Arrays, ExportError, Signature, TensorSpec
from bartik.exporters.answers import MARGIN, answers, check_answers, check_labels, decided
from bartik.exporters.graphs import IR_VERSION, ML_OPSET, OPSET
from bartik.exporters.imported import Build, Imported, translate, usable
from bartik.exporters.loading import load_exporter
from bartik.exporters.sklearn_boosting import KINDS as BOOSTING
from bartik.exporters.sklearn_boosting import boosting_model
from bartik.exporters.sklearn_scalers import KINDS as SCALERS
from bartik.exporters.sklearn_scalers import scaler_shape, write_scaler
from bartik.exporters.tree_model import TreeModel
from bartik.exporters.tree_nodes import OPERATORS, trees_in
from bartik.exporters.tree_rows import rows_for_trees

_INNER = "inner"
_LIBRARIES = ("xgboost", "lightgbm", "catboost")


def export_sklearn(model: Any, signature: Signature, reference: Arrays) -> bytes:
    """ONNX bytes of an estimator or a pipeline, compared with scikit-learn on ``reference``, on edges and, for trees, on their cuts.

    A float32 output is the probability of class 1 or of each class, the prediction of a regressor, or what a transformer gives; an
    integer output is the label. Inputs are float32, as in the trigger, and scikit-learn is asked with float32 too.
    """
    signature.check_inputs(reference)
    sklearn_outputs(model, signature, reference)  # refuses what it cannot answer
    name, features = type(model).__name__, signature.inputs[0].name

    def run(inputs: Arrays) -> Arrays:
        return sklearn_outputs(model, signature, inputs)

    graphs = _graphs(model, signature)
    with _quiet():
        made = _answered(model, _rows(model, graphs, reference[features]))
        made = made[decided(signature, _value(model, made))] if hasattr(model, "classes_") else made
    rows = usable({features: made}, run)
    source = Imported(name, signature, rows, run, graphs)
    return translate(source, {features: np.concatenate([reference[features], rows[features]])})


def sklearn_outputs(model: Any, signature: Signature, inputs: Arrays) -> Arrays:
    """Outputs by name of ``model`` by scikit-learn itself."""
    name = type(model).__name__
    _check(model, signature)
    features = inputs[signature.inputs[0].name]
    with _quiet():
        try:
            value = _value(model, features)
            label = np.asarray(model.predict(features)) if hasattr(model, "classes_") else value[:, 0]
        except (AttributeError, ValueError, TypeError) as error:
            reason = str(error).strip().partition("\n")[0]
            raise ExportError(f"{name}: scikit-learn cannot answer ({reason})", hint="is it trained, on rows of numbers?") from error
    check_answers(name, signature, int(model.n_features_in_), value.shape[1])
    check_labels(name, getattr(model, "classes_", ()), signature, any_number=True)
    if any(spec.name == MARGIN for spec in signature.outputs):
        raise ExportError(f"{name}: has no output {MARGIN!r}", hint="scikit-learn's sums are not exported: ask for the probability")
    found = answers(signature, value, value)
    return {
        spec.name: label.astype(spec.dtype).reshape(found[spec.name].shape) if spec.dtype.startswith("int") else found[spec.name]
        for spec in signature.outputs
    }


def _check(model: Any, signature: Signature) -> None:
    if not isinstance(model, BaseEstimator) or not hasattr(model, "n_features_in_"):
        raise ExportError(f"{type(model).__module__}.{type(model).__name__}: is no trained estimator", hint="call fit first")
    check_answers(type(model).__name__, Signature(signature.inputs, ()), int(model.n_features_in_), 1)


def _value(model: Any, features: Array) -> Array:
    """Probabilities (of class 1 where there are two classes), a prediction or a transformation, [rows, k]."""
    if hasattr(model, "predict_proba"):
        found = np.asarray(model.predict_proba(features))
        return found[:, 1:] if found.shape[1] == 2 else found
    found = np.asarray(model.predict(features) if hasattr(model, "predict") else model.transform(features))
    return found.reshape(len(features), -1)


@contextmanager
def _quiet() -> Iterator[None]:
    """Without advice on names of columns, which a graph has not."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        yield


def _graphs(model: Any, signature: Signature) -> dict[str, Build]:
    last = model.steps[-1][1] if isinstance(model, Pipeline) else model
    trees = _tree_model(last)
    if trees is None:
        return {dtype: _whole(model, signature, dtype) for dtype in _precisions(last)}
    if last is model:
        return {"float32": lambda: trees.graph(signature)}
    before = Pipeline(model.steps[:-1])
    return {dtype: _joined(before, trees, signature, dtype) for dtype in ("float32", "float64")}


def _precisions(last: Any) -> tuple[str, ...]:
    """Trees compare in float32 only: for float64 skl2onnx searches a threshold, and never ends where one is infinite."""
    trees = any(hasattr(last, name) for name in ("tree_", "estimators_", "calibrated_classifiers_"))
    return ("float32",) if trees else ("float32", "float64")


def _tree_model(last: Any) -> TreeModel | None:
    """The model as trees where skl2onnx is not who writes it."""
    if isinstance(last, BOOSTING):
        return boosting_model(last)
    packages = {base.__module__.partition(".")[0] for base in type(last).__mro__}
    library = next((name for name in _LIBRARIES if name in packages), None)
    return None if library is None else load_exporter(library).model_of(last)


def _whole(model: Any, signature: Signature, dtype: str) -> Build:
    def build() -> onnx.ModelProto:
        return _with_outputs(_converted(model, signature.inputs[0], dtype), model, signature)

    return build


def _joined(before: Any, trees: TreeModel, signature: Signature, dtype: str) -> Build:
    """The steps before the last, rounded to float32 as scikit-learn gives them on, and the last on top."""

    def build() -> onnx.ModelProto:
        converted = _converted(before, signature.inputs[0], dtype)
        _append(converted, "Cast", [converted.graph.output[-1].name], [_INNER], to=onnx.TensorProto.FLOAT)
        width = trees.ensemble.features
        tail = trees.graph(Signature((TensorSpec(_INNER, "float32", ("batch", width)),), signature.outputs))
        del converted.graph.output[:]
        converted.graph.output.append(helper.make_tensor_value_info(_INNER, onnx.TensorProto.FLOAT, ["batch", width]))
        prefixed = onnx.compose.add_prefix(tail, "tail_", rename_inputs=False, rename_outputs=False)
        prefixed.graph.input[0].name = f"{_INNER}_in"
        for node in prefixed.graph.node:
            node.input[:] = [f"{_INNER}_in" if name in (_INNER, f"tail_{_INNER}") else name for name in node.input]
        _same_opsets(converted, prefixed)
        joined: onnx.ModelProto = onnx.compose.merge_models(converted, prefixed, io_map=[(_INNER, f"{_INNER}_in")])
        return joined

    return build


def _same_opsets(*models: onnx.ModelProto) -> None:
    for model in models:
        del model.opset_import[:]
        model.opset_import.extend([helper.make_opsetid("", OPSET), helper.make_opsetid("ai.onnx.ml", ML_OPSET)])
        model.ir_version = IR_VERSION


def _converted(model: Any, spec: TensorSpec, dtype: str) -> onnx.ModelProto:
    """What skl2onnx makes of ``model``, computing in ``dtype`` from a float32 input, put right."""
    double = dtype == "float64"
    fed = f"{spec.name}_double" if double else spec.name
    kind = DoubleTensorType if double else FloatTensorType
    options: dict[Any, Any] = {StandardScaler: {"div": "div"}} if _holds_scaler(model) else {}
    if hasattr(model, "predict_proba"):
        options[id(model)] = {**options.pop(type(model), {}), "zipmap": False}
    try:
        with _quiet():
            converted = convert_sklearn(
                model,
                "bartik",
                initial_types=[(fed, kind([None, spec.shape[1]]))],
                options=options,
                custom_conversion_functions=dict.fromkeys(SCALERS, write_scaler),
                custom_shape_calculators=dict.fromkeys(SCALERS, scaler_shape),
                target_opset={"": OPSET, "ai.onnx.ml": ML_OPSET},
            )
    except Exception as error:  # each converter in it raises its own
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
        raise ExportError(f"{type(model).__name__}: skl2onnx cannot convert it ({reason})", hint="leave that step out, or ask") from error
    _missing_ways(converted, model)
    if double:
        converted.graph.node.insert(0, helper.make_node("Cast", [spec.name], [fed], name="to_double", to=onnx.TensorProto.DOUBLE))
        converted.graph.input[0].CopyFrom(helper.make_tensor_value_info(spec.name, onnx.TensorProto.FLOAT, list(spec.shape)))
    result: onnx.ModelProto = converted
    return result


def _holds_scaler(model: Any) -> bool:
    steps = [step for _, step in model.steps] if isinstance(model, Pipeline) else [model]
    return any(isinstance(step, StandardScaler) for step in steps)


def _missing_ways(converted: onnx.ModelProto, model: Any) -> None:
    """Set where missing values go, for a tree or a forest: skl2onnx writes that they all go right."""
    last = model.steps[-1][1] if isinstance(model, Pipeline) else model
    trees = [last] if hasattr(last, "tree_") else list(np.ravel(getattr(last, "estimators_", ())))
    nodes = [node for node in converted.graph.node if node.op_type in OPERATORS]
    if len(nodes) != 1 or not all(hasattr(tree, "tree_") for tree in trees):
        return
    found = {attribute.name: attribute for attribute in nodes[0].attribute}
    ways = [tree.tree_.missing_go_to_left for tree in trees]
    places = zip(found["nodes_treeids"].ints, found["nodes_nodeids"].ints, found["nodes_modes"].strings, strict=True)
    tracks = [int(mode != b"LEAF" and ways[tree][node]) for tree, node, mode in places]
    if "nodes_missing_value_tracks_true" in found:
        nodes[0].attribute.remove(found["nodes_missing_value_tracks_true"])
    nodes[0].attribute.append(helper.make_attribute("nodes_missing_value_tracks_true", tracks, attr_type=onnx.AttributeProto.INTS))


def _append(model: onnx.ModelProto, kind: str, inputs: list[str], outputs: list[str], **attributes: Any) -> None:
    model.graph.node.append(helper.make_node(kind, inputs, outputs, name=f"bartik_{len(model.graph.node)}", **attributes))


def _with_outputs(converted: onnx.ModelProto, model: Any, signature: Signature) -> onnx.ModelProto:
    """``converted`` with the outputs of ``signature`` made of its own."""
    ends = [value.name for value in converted.graph.output]
    pair = hasattr(model, "predict_proba") and len(model.classes_) == 2
    taken = {name: f"skl2onnx_{name}" for name in ends}
    for node in converted.graph.node:
        node.output[:] = [taken.get(name, name) for name in node.output]
        node.input[:] = [taken.get(name, name) for name in node.input]
    for number, spec in enumerate(signature.outputs):
        value = taken[ends[0] if spec.dtype.startswith("int") else ends[-1]]
        if pair and spec.width == 1 and spec.dtype == "float32":
            index = f"bartik_one_{number}"
            converted.graph.initializer.append(onnx.numpy_helper.from_array(np.array([1], np.int64), index))
            _append(converted, "Gather", [value, index], [f"bartik_value_{number}"], axis=1)
            value = f"bartik_value_{number}"
        shape = f"bartik_shape_{number}"
        axes = [-1, *(int(axis) for axis in spec.shape[1:])]
        converted.graph.initializer.append(onnx.numpy_helper.from_array(np.array(axes, np.int64), shape))
        _append(converted, "Reshape", [value, shape], [f"bartik_shaped_{number}"])
        _append(converted, "Cast", [f"bartik_shaped_{number}"], [spec.name], to=int(helper.np_dtype_to_tensor_dtype(np.dtype(spec.dtype))))
    del converted.graph.output[:]
    converted.graph.output.extend(
        helper.make_tensor_value_info(s.name, helper.np_dtype_to_tensor_dtype(np.dtype(s.dtype)), list(s.shape)) for s in signature.outputs
    )
    _same_opsets(converted)
    return converted


def _rows(model: Any, graphs: dict[str, Build], typical: Array) -> Array:
    """Rows on edges and, as far as the steps before the trees can be turned around, on the cuts of its trees."""
    graph = next(iter(graphs.values()))()
    before = Pipeline(model.steps[:-1]) if isinstance(model, Pipeline) and len(model.steps) > 1 else None
    with _quiet():
        inner = typical if before is None else np.asarray(before.transform(typical), np.float32)
        missing = _takes_missing(model, typical)
        ensemble = trees_in(graph, inner.shape[1])
        rows = rows_for_trees(ensemble, inner, missing=missing)
        if before is None:
            return rows
        outer = rows_for_trees(trees_in(onnx.ModelProto(), typical.shape[1]), typical, missing=missing)
        back = _turned_around(before, rows)
        return outer if back is None else np.concatenate([outer, back])


def _answered(model: Any, rows: Array) -> Array:
    """Those of ``rows`` for which scikit-learn gives an answer at all."""
    try:
        _value(model, rows)
    except ValueError:
        return rows[[_answers(model, rows[place : place + 1]) for place in range(len(rows))]]
    return rows


def _answers(model: Any, row: Array) -> bool:
    try:
        _value(model, row)
    except ValueError:
        return False
    return True


def _turned_around(before: Any, rows: Array) -> Array | None:
    """Rows that ``before`` takes to ``rows``, and a step to each side of them; nothing where it cannot say."""
    try:
        back = np.asarray(before.inverse_transform(rows)).astype(np.float32)
    except (AttributeError, NotImplementedError, ValueError):
        return None
    return np.concatenate([back, *(np.nextafter(back, np.float32(way)) for way in (-np.inf, np.inf))])


def _takes_missing(model: Any, typical: Array) -> bool:
    """Whether scikit-learn itself answers for a row without values."""
    return _answers(model, np.full_like(typical[:1], np.nan))
