"""LightGBM models and files: each error a conversion can make in silence, by name, and what is refused."""

import dataclasses

import numpy as np
import pytest

from bartik.backends import prepare
from bartik.checks import check, require
from bartik.core import ExportError, Signature, TensorSpec
from bartik.core.compare import compare, worst
from bartik.exporters import export, tree_model
from bartik.exporters.files import export_file, read_file
from bartik.exporters.lightgbm_text import read_text
from bartik.exporters.trees import NEARLY_ZERO

lightgbm = pytest.importorskip("lightgbm")

RNG = np.random.default_rng(0)
FEATURES = RNG.normal(size=(500, 4)).astype(np.float32)
GAPS = np.where(RNG.random(FEATURES.shape) < 0.15, np.float32(np.nan), FEATURES)
ZEROS = np.where(RNG.random(FEATURES.shape) < 0.25, np.float32(0), FEATURES)
TWO = (FEATURES.sum(axis=1) > 0.3).astype(int)
THREE = TWO + (FEATURES.sum(axis=1) > 1)
SCORE = TensorSpec("score", "float32", ("batch", 1))
QUIET = {"verbosity": -1, "num_threads": 1, "num_leaves": 7}


def booster(labels=TWO, rounds=5, features=GAPS, data=None, **parameters):
    return lightgbm.train({**QUIET, "objective": "binary", **parameters}, lightgbm.Dataset(features, labels, **(data or {})), rounds)


def exported(model, path, *outputs, features=GAPS):
    signature = Signature((TensorSpec("features", "float32", ("batch", 4)),), outputs or (SCORE,))
    return export(model, signature, {"features": features[:50]}, path / "bundle")


def run(bundle, features):
    return prepare(bundle, "reference").run({"features": np.asarray(features, np.float32)})


CASES = {
    "binary": {},
    "binary slope": {"sigmoid": 0.5},
    "binary zeros are missing": {"zero_as_missing": True},
    "binary nothing is missing": {"use_missing": False},
    "binary forest": {"boosting": "rf", "bagging_freq": 1, "bagging_fraction": 0.6},
    "binary dart": {"boosting": "dart", "drop_rate": 0.9},
    "binary leaves": {"min_data_in_leaf": 5000},
    "regression": {},
    "regression root": {"reg_sqrt": True},
    "regression_l1": {},
    "huber": {},
    "fair": {},
    "quantile": {},
    "mape": {},
    "poisson": {},
    "gamma": {},
    "tweedie": {},
    "cross_entropy": {},
    "cross_entropy_lambda": {},
    "lambdarank": {},
}


@pytest.mark.parametrize("features", ["gaps", "zeros"])
@pytest.mark.parametrize("case", CASES)
def test_every_objective_and_boosting_reproduces_its_model(case, features, tmp_path):
    rows = {"gaps": GAPS, "zeros": ZEROS}[features]
    data = {"group": [250, 250]} if case == "lambdarank" else {}
    labels = TWO + 0.5 if case == "gamma" else THREE * 4.0 if case == "regression root" else TWO
    model = booster(labels, features=rows, data=data, objective=case.partition(" ")[0], **CASES[case])
    found = run(exported(model, tmp_path, features=rows), rows)["score"][:, 0]
    assert found == pytest.approx(model.predict(rows), rel=1e-5, abs=2e-6)


@pytest.mark.parametrize(("objective", "more"), [("multiclass", {}), ("multiclassova", {"sigmoid": 2.0})])
def test_classes_are_columns_and_the_label_is_their_number(objective, more, tmp_path):
    model = booster(THREE, objective=objective, num_class=3, **more)
    outputs = TensorSpec("classes", "float32", ("batch", 3)), TensorSpec("label", "int64", ("batch",))
    found = run(exported(model, tmp_path, *outputs), GAPS)
    assert found["classes"] == pytest.approx(model.predict(GAPS), abs=1e-6)
    assert np.array_equal(found["label"], model.predict(GAPS).argmax(axis=1))


def test_thresholds_are_float64_and_float32_values_beside_them_go_the_same_way(tmp_path):
    exact = RNG.normal(size=(500, 4))
    model = booster((exact.sum(axis=1) > 0).astype(int), rounds=4, features=exact)
    bundle = exported(model, tmp_path, features=FEATURES)
    cuts = [pair for tree in read_text("m", model.model_to_string()).trees for pair in zip(tree.feature, tree.threshold, strict=True)]
    assert sum(np.float32(cut) > cut for _, cut in cuts) > 5  # to the nearest would be wrong
    rows = []
    for column, cut in cuts:
        for value in (np.float32(cut), np.nextafter(np.float32(cut), np.float32(-9)), np.nextafter(np.float32(cut), np.float32(9))):
            block = FEATURES[:10].copy()
            block[:, column] = value
            rows.append(block)
    rows = np.concatenate(rows)
    assert run(bundle, rows)["score"][:, 0] == pytest.approx(model.predict(rows), abs=1e-6)


@pytest.mark.parametrize("parameters", [{}, {"zero_as_missing": True}, {"use_missing": False}])
def test_missing_values_and_values_next_to_zero_go_lightgbms_way(parameters, tmp_path):
    model = booster(features=np.where(RNG.random(GAPS.shape) < 0.2, np.float32(0), GAPS), **parameters)
    bundle = exported(model, tmp_path)
    beyond = np.nextafter(NEARLY_ZERO, np.float32(1))
    special = np.array([np.nan, 0, -0.0, NEARLY_ZERO, -NEARLY_ZERO, beyond, -beyond, 1e-40], np.float32)
    rows = np.where(RNG.random((400, 4)) < 0.6, RNG.choice(special, (400, 4)), FEATURES[:400]).astype(np.float32)
    assert run(bundle, rows)["score"][:, 0] == pytest.approx(model.predict(rows), abs=1e-6)


def stopped_early():
    data = lightgbm.Dataset(FEATURES, TWO, free_raw_data=False)
    half = lightgbm.Dataset(FEATURES[:100], np.r_[1 - TWO[:30], TWO[30:100]], reference=data)
    late = [lightgbm.early_stopping(5, verbose=False)]
    model = lightgbm.train({**QUIET, "objective": "binary"}, data, 60, valid_sets=[half], callbacks=late, keep_training_booster=True)
    assert 0 < model.best_iteration < model.current_iteration()
    return model


def test_after_early_stopping_the_best_iteration_is_exported(tmp_path):
    model = stopped_early()
    found = run(exported(model, tmp_path, features=FEATURES), FEATURES)["score"][:, 0]
    assert found == pytest.approx(model.predict(FEATURES), abs=1e-6)
    assert np.abs(model.predict(FEATURES, num_iteration=-1) - model.predict(FEATURES)).max() > 1e-3


def test_a_wrapper_is_its_booster(tmp_path):
    model = lightgbm.LGBMClassifier(n_estimators=4, n_jobs=1, verbosity=-1).fit(GAPS, THREE)
    outputs = TensorSpec("classes", "float32", ("batch", 3)), TensorSpec("label", "int64", ("batch",))
    found = run(exported(model, tmp_path, *outputs), GAPS)
    assert found["classes"] == pytest.approx(model.booster_.predict(GAPS), abs=1e-6)
    assert np.array_equal(found["label"], model.booster_.predict(GAPS).argmax(axis=1))


FAULTS = {
    "the sum": lambda e: dataclasses.replace(e, base=e.base + 0.01),
    "early stopping": lambda e: dataclasses.replace(e, trees=e.trees[:-1]),
    "<= for <": lambda e: dataclasses.replace(e, or_equal=False),
    "a step of a threshold": lambda e: dataclasses.replace(
        e, trees=tuple(dataclasses.replace(t, threshold=np.nextafter(t.threshold, np.float32(9))) for t in e.trees)
    ),
    "missing": lambda e: dataclasses.replace(e, trees=tuple(dataclasses.replace(t, missing_left=~t.missing_left) for t in e.trees)),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_the_comparison_finds_each_silent_error(fault, tmp_path, monkeypatch):
    write = tree_model.tree_sums
    monkeypatch.setattr(tree_model, "tree_sums", lambda graph, features, ensemble: write(graph, features, FAULTS[fault](ensemble)))
    with pytest.raises(ExportError, match="does not reproduce its source: output 'score' row"):
        exported(booster(), tmp_path, features=FEATURES)


def test_a_file_becomes_a_bundle_with_its_names_and_the_model_itself(tmp_path):
    model = booster(data={"feature_name": ["pt", "eta", "phi", "m"]})
    model.save_model(tmp_path / "model.txt")
    file = (tmp_path / "model.txt").rename(tmp_path / "file")
    bundle = export_file(file, tmp_path / "bundle")
    assert [column.name for column in bundle.signature.inputs[0].columns] == ["pt", "eta", "phi", "m"]
    require(check(bundle, ("reference", "onnxruntime", "lightgbm")), needed=("reference", "onnxruntime", "lightgbm"))
    assert bundle.provenance["file"]["objective"] == "binary sigmoid:1"
    kept = lightgbm.Booster(model_file=bundle.source("lightgbm.txt"))
    assert np.array_equal(kept.predict(GAPS), model.predict(GAPS))


def test_the_source_and_the_graph_are_the_same_model(tmp_path):
    bundle = exported(stopped_early(), tmp_path)
    rows = {"features": FEATURES}
    assert worst(compare(prepare(bundle, "lightgbm").run(rows), prepare(bundle, "reference").run(rows))).ok


def test_the_same_file_gives_the_same_bundle(tmp_path):
    booster().save_model(tmp_path / "model.txt")
    assert len({export_file(tmp_path / "model.txt", tmp_path / name).digest for name in "ab"}) == 1


REFUSED = {
    "linear leaves": lambda: booster(objective="regression", linear_tree=True),
    "splits on categories": lambda: booster(features=np.abs(FEATURES).round(), data={"categorical_feature": [0, 1]}),
    "is not trained": lightgbm.LGBMClassifier,
    "no exporter for lightgbm.basic.Dataset": lambda: lightgbm.Dataset(FEATURES),
    "no output score": lambda: booster(THREE, objective="multiclass", num_class=3),
    "takes one input float32": lambda: booster(features=GAPS[:, :3]),
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("reason", REFUSED)
def test_what_no_graph_can_say_is_refused_by_name(reason, tmp_path):
    with pytest.raises(ExportError, match=reason) as error:
        exported(REFUSED[reason](), tmp_path, features=FEATURES)
    assert len(str(error.value).splitlines()) <= 2


def test_labels_that_are_no_numbers_of_classes_are_refused(tmp_path):
    model = lightgbm.LGBMClassifier(n_estimators=2, verbosity=-1, n_jobs=1).fit(FEATURES, TWO + 5)
    with pytest.raises(ExportError, match=r"labels are .*not the numbers"):
        exported(model, tmp_path, TensorSpec("label", "int64", ("batch",)))


DAMAGE = {
    "cut short": lambda text: text[: len(text) // 3],
    "a child beyond the end": lambda text: text.replace("left_child=", "left_child=900 ", 1),
    "a circle": lambda text: text.replace("right_child=", "right_child=0 ", 1).replace("num_leaves=7", "num_leaves=8", 1),
    "a short list": lambda text: text.replace("threshold=", "threshold=\nrest=", 1),
    "no number": lambda text: text.replace("leaf_value=", "leaf_value=x", 1),
    "a tree is missing": lambda text: text.replace("Tree=1\n", "Tree=2\n", 1),
    "an unknown objective": lambda text: text.replace("objective=binary sigmoid:1", "objective=mine", 1),
    "a wrong count": lambda text: text.replace("max_feature_idx=3", "max_feature_idx=900000", 1),
    "other classes": lambda text: text.replace("num_class=1", "num_class=7", 1),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_file_is_refused_before_lightgbm_sees_it(damage, tmp_path, monkeypatch):
    text = booster().model_to_string()
    assert DAMAGE[damage](text) != text
    (tmp_path / "model.txt").write_text(DAMAGE[damage](text))
    monkeypatch.setattr(lightgbm, "Booster", lambda **_: pytest.fail("LightGBM was asked"))
    with pytest.raises(ExportError, match=r"model\.txt: "):
        read_file(tmp_path / "model.txt")
