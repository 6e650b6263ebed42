"""CatBoost models and files: every loss and kind of tree reproduces itself, silent errors are found, the rest is refused."""

import dataclasses
import json

import numpy as np
import pytest

from bartik.backends import prepare
from bartik.checks import check, require
from bartik.core import ExportError, Signature, TensorSpec
from bartik.exporters import export, tree_model
from bartik.exporters.files import export_file, read_file

catboost = pytest.importorskip("catboost")

RNG = np.random.default_rng(0)
FEATURES = RNG.normal(size=(400, 4)).astype(np.float32)
GAPS = np.where(RNG.random(FEATURES.shape) < 0.15, np.float32(np.nan), FEATURES)
TWO = (FEATURES.sum(axis=1) > 0.3).astype(int)
THREE = TWO + (FEATURES.sum(axis=1) > 1)
SCORE = TensorSpec("score", "float32", ("batch", 1))
LABEL = TensorSpec("label", "int64", ("batch",))
CLASSIFIERS = ("Logloss", "CrossEntropy", "MultiClass", "MultiClassOneVsAll")


def trained(loss="Logloss", labels=TWO, features=GAPS, **parameters):
    kind = catboost.CatBoostClassifier if loss in CLASSIFIERS else catboost.CatBoostRegressor
    fixed = {"iterations": 6, "depth": 3, "thread_count": 1, "allow_writing_files": False, "verbose": False, "random_seed": 0}
    return kind(loss_function=loss, **fixed | parameters).fit(features, labels)


def exported(model, path, *outputs, features=GAPS):
    signature = Signature((TensorSpec("features", "float32", ("batch", features.shape[1])),), outputs or (SCORE,))
    return export(model, signature, {"features": features[:30].astype(np.float32)}, path / "bundle")


def run(bundle, features):
    return prepare(bundle, "reference").run({"features": np.asarray(features, np.float32)})


@pytest.mark.parametrize("mode", ["Min", "Max"])
@pytest.mark.parametrize("policy", ["SymmetricTree", "Depthwise", "Lossguide"])
@pytest.mark.parametrize("loss", ["Logloss", "CrossEntropy", "RMSE", "Quantile:alpha=0.7", "Poisson", "Tweedie:variance_power=1.5"])
def test_every_loss_kind_of_tree_and_nan_mode_reproduces_its_model(loss, policy, mode, tmp_path):
    model = trained(loss, grow_policy=policy, nan_mode=mode)
    wanted = model.predict_proba(GAPS)[:, 1] if loss in CLASSIFIERS else model.predict(GAPS)
    assert run(exported(model, tmp_path), GAPS)["score"][:, 0] == pytest.approx(wanted, rel=1e-5, abs=2e-6)


@pytest.mark.parametrize("policy", ["SymmetricTree", "Depthwise"])
@pytest.mark.parametrize("loss", ["MultiClass", "MultiClassOneVsAll"])
def test_classes_are_columns_and_the_label_is_their_number(loss, policy, tmp_path):
    model = trained(loss, THREE, grow_policy=policy)
    found = run(exported(model, tmp_path, TensorSpec("classes", "float32", ("batch", 3)), LABEL), GAPS)
    assert found["classes"] == pytest.approx(model.predict(GAPS, prediction_type="Probability"), abs=2e-6)
    assert np.array_equal(found["label"], np.ravel(model.predict(GAPS)))


def test_values_on_a_border_stay_and_a_step_above_go(tmp_path):
    model = trained(features=FEATURES)
    bundle = exported(model, tmp_path, features=FEATURES)
    rows = []
    for column, borders in enumerate(model.get_borders().values()):
        for cut in np.float32(borders):
            for value in (cut, np.nextafter(cut, np.float32(-9)), np.nextafter(cut, np.float32(9))):
                block = FEATURES[:3].copy()
                block[:, column] = value
                rows.append(block)
    rows = np.concatenate(rows)
    assert run(bundle, rows)["score"][:, 0] == pytest.approx(model.predict_proba(rows)[:, 1], abs=1e-6)


def test_the_best_iteration_is_what_catboost_keeps_and_is_exported(tmp_path):
    model = catboost.CatBoostClassifier(iterations=60, depth=3, thread_count=1, allow_writing_files=False, verbose=False)
    model.fit(FEATURES, TWO, eval_set=(FEATURES[:100], np.r_[1 - TWO[:30], TWO[30:100]]), early_stopping_rounds=5)
    assert model.tree_count_ == model.best_iteration_ + 1 < 60
    found = run(exported(model, tmp_path, features=FEATURES), FEATURES)["score"][:, 0]
    assert found == pytest.approx(model.predict_proba(FEATURES)[:, 1], abs=1e-6)


FAULTS = {
    "the bias": lambda e: dataclasses.replace(e, base=e.base + 0.01),
    "a tree": lambda e: dataclasses.replace(e, trees=e.trees[:-1]),
    "<= for <": lambda e: dataclasses.replace(e, or_equal=False),
    "missing": lambda e: dataclasses.replace(e, trees=tuple(dataclasses.replace(t, missing_left=~t.missing_left) for t in e.trees)),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_the_comparison_finds_each_silent_error(fault, tmp_path, monkeypatch):
    write = tree_model.tree_sums
    monkeypatch.setattr(tree_model, "tree_sums", lambda graph, features, ensemble: write(graph, features, FAULTS[fault](ensemble)))
    with pytest.raises(ExportError, match="does not reproduce its source: output 'score' row"):
        exported(trained(), tmp_path, features=FEATURES)


@pytest.mark.parametrize("form", ["json", "cbm"])
def test_a_file_becomes_a_bundle_whatever_its_name(form, tmp_path):
    model = trained()
    model.save_model(str(tmp_path / "file"), format=form)
    bundle = export_file(tmp_path / "file", tmp_path / "bundle")
    require(check(bundle, ("reference", "onnxruntime")), needed=("reference", "onnxruntime"))
    rows, outputs = bundle.reference()
    assert outputs["response"][:, 0] == pytest.approx(model.predict_proba(rows["features"])[:, 1], abs=1e-6)
    assert np.isnan(rows["features"]).any()


def test_the_same_file_gives_the_same_bundle(tmp_path):
    trained().save_model(str(tmp_path / "model.json"), format="json")
    assert len({export_file(tmp_path / "model.json", tmp_path / name).digest for name in "ab"}) == 1


REFUSED = {
    "has categorical features": lambda: trained(features=np.abs(FEATURES).round().astype(int).astype(object), cat_features=[0]),
    "is not trained": catboost.CatBoostClassifier,
    "no exporter for catboost.core.Pool": lambda: catboost.Pool(FEATURES),
    "no output score": lambda: trained("MultiClass", THREE),
    "takes one input float32": lambda: trained(features=FEATURES[:, :3]),
    "loss Cox is not supported": lambda: trained("Cox", TWO + 1.0),
}


@pytest.mark.parametrize("reason", REFUSED)
def test_what_no_graph_can_say_is_refused_by_name(reason, tmp_path):
    with pytest.raises(ExportError, match=reason) as error:
        exported(REFUSED[reason](), tmp_path, features=FEATURES)
    assert len(str(error.value).splitlines()) <= 2


def test_labels_that_are_no_numbers_of_classes_are_refused(tmp_path):
    with pytest.raises(ExportError, match="labels are .*not the numbers"):  # noqa: RUF043 - a pattern
        exported(trained(labels=np.where(TWO, "b", "a")), tmp_path, LABEL)


DAMAGE = {
    "no trees": lambda v: v.pop("oblivious_trees"),
    "a leaf too few": lambda v: v["oblivious_trees"][1]["leaf_values"].pop(),
    "an unknown column": lambda v: v["oblivious_trees"][0]["splits"][0].update(float_feature_index=99),
    "another split": lambda v: v["oblivious_trees"][0]["splits"][0].update(split_type="OneHotFeature"),
    "no number": lambda v: v["oblivious_trees"][0]["leaf_values"].__setitem__(0, "x"),
    "an unknown loss": lambda v: v["model_info"].update(params={"loss_function": {"type": "Mine"}}),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_file_is_refused_before_catboost_sees_it(damage, tmp_path, monkeypatch):
    file = tmp_path / "model.json"
    trained().save_model(str(file), format="json")
    values = json.loads(file.read_bytes())
    DAMAGE[damage](values)
    file.write_text(json.dumps(values))
    monkeypatch.setattr(catboost.CatBoost, "load_model", lambda *_, **__: pytest.fail("CatBoost was asked"))
    with pytest.raises(ExportError, match=r"model\.json: "):
        read_file(file)
