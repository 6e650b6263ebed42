"""Tree ensembles as ONNX writes them: what is read is what ONNX Runtime and the reference evaluator compute."""

import numpy as np
import onnxruntime
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper
from onnx.reference import ReferenceEvaluator

from bartik.compiler.trees import evaluate
from bartik.compiler.trees.kernels import tree_kernel
from bartik.compiler.trees.keys import before, cut_keys, keys
from bartik.compiler.trees.read import MODES, TreeError, read_ensemble, read_new_ensemble

COLUMNS = 4
_EDGES = np.array([0.0, -0.0, 1.5, -1.5, 1e-45, -1e-45, np.inf, -np.inf, 3.4e38, 1.5000001, 1.4999999], np.float32)


def forest_attributes(seed, *, trees=4, depth=4, targets=1, modes=MODES[:6], mixed=True):
    """A TreeEnsembleRegressor's attributes, every cut one of `_EDGES`."""
    rng = np.random.default_rng(seed)
    rows, votes = [], []

    def grow(tree, level, count):
        place = len(rows)
        rows.append(None)
        leaf = level == depth or (level > 0 and rng.random() < 0.2)
        name, mode = count[0], modes[int(rng.integers(len(modes)))] if mixed else modes[0]
        count[0] += 1
        if leaf:
            votes.extend((tree, name, int(k), float(rng.normal())) for k in rng.permutation(targets)[: rng.integers(1, targets + 1)])
            rows[place] = (tree, name, 0, 0.0, "LEAF", 0, 0, 0)
        else:
            yes, no = grow(tree, level + 1, count), grow(tree, level + 1, count)
            rows[place] = (tree, name, int(rng.integers(COLUMNS)), float(rng.choice(_EDGES)), mode, yes, no, int(rng.integers(2)))
        return name

    for tree in range(trees):
        grow(tree, 0, [0])
    names = ("treeids", "nodeids", "featureids", "values", "modes", "truenodeids", "falsenodeids", "missing_value_tracks_true")
    found = {f"nodes_{name}": list(column) for name, column in zip(names, zip(*rows, strict=True), strict=True)}
    parts = zip(("treeids", "nodeids", "ids", "weights"), zip(*votes, strict=True), strict=True)
    return found | {f"target_{name}": list(column) for name, column in parts}


def ensemble_model(attributes, *, kind="TreeEnsembleRegressor", targets=1, opset=3):
    node = helper.make_node(kind, ["x"], ["y"], domain="ai.onnx.ml", n_targets=targets, **attributes)
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["batch", COLUMNS])
    graph = helper.make_graph([node], "g", [x], [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["batch", targets])])
    imports = [helper.make_opsetid("", 18), helper.make_opsetid("ai.onnx.ml", opset)]
    return helper.make_model(graph, opset_imports=imports, ir_version=9)


def edge_rows(seed, count=120, *, missing=True):
    rng = np.random.default_rng(seed)
    values = np.append(_EDGES, np.float32(np.nan)) if missing else _EDGES
    return rng.choice(values, (count, COLUMNS)).astype(np.float32)


def runtime(model, x):
    return onnxruntime.InferenceSession(model.SerializeToString()).run(None, {"x": x})[0]


def reference(model, x):
    with np.errstate(all="ignore"):
        return ReferenceEvaluator(model).run(None, {"x": x})[0]


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 1 << 30), st.sampled_from(["SUM", "MIN", "MAX"]), st.integers(1, 3), st.booleans())
def test_any_forest_of_any_modes_reads_as_onnx_runtime_computes_it(seed, how, targets, mixed):
    attributes = forest_attributes(seed, targets=targets, mixed=mixed, modes=tuple(np.roll(MODES[:6], seed % 6).tolist()))
    x = edge_rows(seed)
    found = evaluate(read_ensemble(attributes, "target", COLUMNS, targets, how.lower()), x)
    np.testing.assert_allclose(found, runtime(ensemble_model(attributes | {"aggregate_function": how}, targets=targets), x), atol=1e-5)


@pytest.mark.parametrize("mode", MODES[:6])
def test_every_mode_is_the_references_on_cuts_beside_them_and_on_the_edge_of_the_floats(mode):
    attributes = forest_attributes(7, modes=(mode,), depth=5)
    x = edge_rows(1, 300, missing=mode != "BRANCH_NEQ")
    found = evaluate(read_ensemble(attributes, "target", COLUMNS, 1), x)
    np.testing.assert_allclose(found, reference(ensemble_model(attributes), x), atol=1e-5)


def test_no_number_is_unequal_to_any_as_onnx_runtime_and_opset_5_say_and_the_older_reference_does_not():
    attributes = {
        "nodes_treeids": [0] * 3, "nodes_nodeids": [0, 1, 2], "nodes_featureids": [0] * 3, "nodes_values": [1.0, 0.0, 0.0],
        "nodes_modes": ["BRANCH_NEQ", "LEAF", "LEAF"], "nodes_truenodeids": [1, 0, 0], "nodes_falsenodeids": [2, 0, 0],
        "target_treeids": [0, 0], "target_nodeids": [1, 2], "target_ids": [0, 0], "target_weights": [10.0, 20.0],
    }  # fmt: skip
    x = np.full((1, COLUMNS), np.nan, np.float32)
    assert evaluate(read_ensemble(attributes, "target", COLUMNS, 1), x) == runtime(ensemble_model(attributes), x) == 10
    assert reference(ensemble_model(attributes | {"nodes_missing_value_tracks_true": [0, 0, 0]}), x) == 20


def _new(seed, modes):
    """A TreeEnsemble: two trees of three nodes."""
    rng = np.random.default_rng(seed)
    mode = rng.choice(modes, 6).astype(np.uint8)
    sets = [np.append(rng.choice(_EDGES[np.isfinite(_EDGES) & (_EDGES != 0)], 3), np.nan) for _ in range(int((mode == 6).sum()))]
    numbers = {
        "nodes_featureids": rng.integers(0, COLUMNS, 6), "nodes_truenodeids": np.array([1, 0, 2, 4, 4, 6]),
        "nodes_trueleafs": np.array([0, 1, 1, 0, 1, 1]), "nodes_falsenodeids": np.array([2, 1, 3, 5, 5, 7]),
        "nodes_falseleafs": np.array([0, 1, 1, 0, 1, 1]), "nodes_missing_value_tracks_true": rng.integers(0, 2, 6),
        "leaf_targetids": rng.integers(0, 2, 8), "tree_roots": np.array([0, 3]),
    }  # fmt: skip
    tensors = {
        "nodes_modes": mode,
        "nodes_splits": rng.choice(_EDGES, 6).astype(np.float32),
        "leaf_weights": rng.normal(size=8).astype(np.float32),
    }
    if sets:
        tensors["membership_values"] = np.concatenate(sets).astype(np.float32)
    return numbers, tensors


@pytest.mark.parametrize("how", range(4))
@pytest.mark.parametrize("seed", range(4))
def test_a_tree_ensemble_of_opset_5_reads_as_the_reference_computes_it_sets_of_values_included(seed, how):
    numbers, tensors = _new(seed, [6] if seed == 0 else range(7) if seed == 1 else range(6))
    attributes = {k: v.tolist() for k, v in numbers.items()}
    x = edge_rows(seed, 200)
    aggregate = ("sum", "sum", "min", "max")[how]
    forest = read_new_ensemble(numbers | tensors, COLUMNS, 2, aggregate)
    made = {k: helper.make_tensor(k, helper.np_dtype_to_tensor_dtype(v.dtype), v.shape, v) for k, v in tensors.items()}
    model = ensemble_model(attributes | made | {"aggregate_function": how}, kind="TreeEnsemble", targets=2, opset=5)
    wanted = reference(model, x)
    voted = np.abs(wanted) < 1e38  # for a target without a vote the reference has the largest float
    found = evaluate(forest, x) / (2 if how == 0 else 1)
    np.testing.assert_allclose(found[voted], wanted[voted], atol=1e-6)
    assert not found[~voted].any()


def test_keys_are_in_the_order_of_the_floats_and_the_one_before_is_the_next_below():
    bits = np.random.default_rng(1).integers(0, 1 << 32, 4000, dtype=np.uint32)
    x = np.concatenate([bits.view(np.float32), _EDGES])
    x = np.sort(x[~np.isnan(x) & (x != 0)])
    assert (np.diff(keys(x).astype(np.int64)) >= 0).all()
    finite = x[np.isfinite(x) & (x > np.finfo(np.float32).min)]
    np.testing.assert_array_equal(before(cut_keys(finite)), cut_keys(np.nextafter(finite, np.float32(-np.inf))))


_BROKEN = {
    "a cycle": {"nodes_truenodeids": lambda v: [0, *v[1:]]},
    "a child that is not there": {"nodes_truenodeids": lambda v: [99, *v[1:]]},
    "a negative child": {"nodes_falsenodeids": lambda v: [-1, *v[1:]]},
    "a node of two parents": {"nodes_truenodeids": lambda v: [2, *v[1:]]},
    "a column outside": {"nodes_featureids": lambda v: [COLUMNS, *v[1:]]},
    "a negative column": {"nodes_featureids": lambda v: [-1, *v[1:]]},
    "a short list": {"nodes_values": lambda v: v[1:]},
    "fewer names than nodes": {"nodes_modes": lambda v: v[1:]},
    "a mode nobody knows": {"nodes_modes": lambda v: ["BRANCH_\n;", *v[1:]]},
    "two nodes of one number": {"nodes_nodeids": lambda v: [v[1], *v[1:]]},
    "a huge number": {"nodes_nodeids": lambda v: [1 << 60, *v[1:]]},
    "a weight for no leaf": {"target_nodeids": lambda v: [0, *v[1:]]},
    "a weight for no node": {"target_nodeids": lambda v: [77, *v[1:]]},
    "a weight for no tree": {"target_treeids": lambda v: [77, *v[1:]]},
    "a target outside": {"target_ids": lambda v: [1, *v[1:]]},
    "a weight that is no number": {"target_weights": lambda v: [float("nan"), *v[1:]]},
    "more weights than leaves": {"target_weights": lambda v: [*v, 1.0]},
    "text for numbers": {"nodes_truenodeids": lambda v: ["a"] * len(v)},
    "no nodes": {name: lambda _: [] for name in ("nodes_treeids", "nodes_modes")},
}


@pytest.mark.parametrize("fault", _BROKEN)
def test_hostile_attributes_are_refused_in_words(fault):
    attributes = forest_attributes(3, trees=2, depth=3)
    for name, change in _BROKEN[fault].items():
        attributes[name] = change(attributes[name])
    with pytest.raises(TreeError) as refusal:
        read_ensemble(attributes, "target", COLUMNS, 1)
    assert "\n" not in str(refusal.value)


def test_values_of_float64_are_refused():
    attributes = forest_attributes(3)
    attributes["nodes_values_as_tensor"] = np.array(attributes.pop("nodes_values"), np.float64)
    with pytest.raises(TreeError, match="nodes_values_as_tensor is of float64"):
        read_ensemble(attributes, "target", COLUMNS, 1)


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_any_lists_of_numbers_are_read_or_refused_and_never_run_for_ever(data):
    count = data.draw(st.integers(1, 6))
    numbers = st.lists(st.integers(-1, 6), min_size=count, max_size=count)
    names = ("treeids", "nodeids", "featureids", "truenodeids", "falsenodeids", "missing_value_tracks_true")
    attributes = {f"nodes_{name}": data.draw(numbers) for name in names}
    attributes["nodes_modes"] = data.draw(st.lists(st.sampled_from(["BRANCH_LEQ", "BRANCH_EQ", "LEAF"]), min_size=count, max_size=count))
    attributes["nodes_values"] = [1.0] * count
    attributes |= {f"target_{name}": data.draw(numbers) for name in ("treeids", "nodeids", "ids")} | {"target_weights": [1.0] * count}
    try:
        forest = read_ensemble(attributes, "target", COLUMNS, 2)
    except TreeError:
        return
    tree_kernel(forest)
    assert np.isfinite(evaluate(forest, edge_rows(0, 5))).all()
