"""XGBoost models and files: each error a conversion can make in silence, by name, and what is refused."""

import dataclasses
import json

import numpy as np
import pytest

from bartik.backends import prepare
from bartik.checks import check, require
from bartik.core import ExportError, Signature, TensorSpec
from bartik.core.compare import compare, worst
from bartik.exporters import export, tree_model
from bartik.exporters.files import export_file, read_file

xgboost = pytest.importorskip("xgboost")

RNG = np.random.default_rng(0)
FEATURES = RNG.normal(size=(400, 4)).astype(np.float32)
GAPS = np.where(RNG.random(FEATURES.shape) < 0.15, np.float32(np.nan), FEATURES)
TWO = (FEATURES.sum(axis=1) > 0.8).astype(int)
THREE = TWO + (FEATURES.sum(axis=1) > 1.6)
SCORE = TensorSpec("score", "float32", ("batch", 1))


def signature(*outputs, width=4):
    return Signature((TensorSpec("features", "float32", ("batch", width)),), outputs or (SCORE,))


def booster(labels=TWO, rounds=6, features=GAPS, **parameters):
    defaults = {"objective": "binary:logistic", "max_depth": 3, "nthread": 1}
    return xgboost.train(defaults | parameters, xgboost.DMatrix(features, labels), rounds)


def exported(model, path, *outputs, features=GAPS):
    return export(model, signature(*outputs), {"features": features[:50]}, path / "bundle")


def run(bundle, features):
    return prepare(bundle, "reference").run({"features": np.asarray(features, np.float32)})


def thresholds(model):
    trees = json.loads(bytes(model.save_raw("json")))["learner"]["gradient_booster"]["model"]["trees"]
    return [
        (column, np.float32(cut))
        for tree in trees
        for column, cut, left in zip(tree["split_indices"], tree["split_conditions"], tree["left_children"], strict=True)
        if left >= 0
    ]


def stopped_early():
    model = xgboost.XGBClassifier(n_estimators=30, max_depth=3, early_stopping_rounds=4, n_jobs=1, num_parallel_tree=2, subsample=0.8)
    model.fit(FEATURES, TWO, eval_set=[(FEATURES[:100], np.r_[1 - TWO[:30], TWO[30:100]])], verbose=False)
    assert model.best_iteration + 1 < model.get_booster().num_boosted_rounds()
    return model


@pytest.mark.parametrize("score", [None, 0.03, 0.9])
@pytest.mark.parametrize("objective", ["binary:logistic", "reg:logistic", "reg:squarederror", "count:poisson", "multi:softprob"])
def test_base_score_is_in_the_sum_as_the_objective_means_it(objective, score, tmp_path):
    classes = {"num_class": 3} if objective.startswith("multi") else {}
    model = booster(THREE if classes else TWO, objective=objective, **classes, **({} if score is None else {"base_score": score}))
    bundle = exported(model, tmp_path, TensorSpec("score", "float32", ("batch", 3 if classes else 1)))
    wanted = model.inplace_predict(GAPS).reshape(len(GAPS), -1)
    assert run(bundle, GAPS)["score"] == pytest.approx(wanted, rel=1e-5, abs=1e-6)


def test_a_wrapper_is_exported_up_to_its_best_iteration(tmp_path):
    model = stopped_early()
    bundle = exported(model, tmp_path)
    assert run(bundle, FEATURES)["score"][:, 0] == pytest.approx(model.predict_proba(FEATURES)[:, 1], abs=1e-6)
    every = model.get_booster().inplace_predict(FEATURES)
    assert np.abs(every - model.predict_proba(FEATURES)[:, 1]).max() > 1e-3


def test_the_file_of_a_wrapper_keeps_its_best_iteration_and_that_of_a_booster_must_say(tmp_path):
    model = stopped_early()
    model.save_model(tmp_path / "wrapper.json")
    source = read_file(tmp_path / "wrapper.json")
    rows = {"features": FEATURES}
    assert source.run(rows)["response"][:, 0] == pytest.approx(model.predict_proba(FEATURES)[:, 1], abs=1e-6)
    model.get_booster().save_model(tmp_path / "booster.json")
    with pytest.raises(ExportError, match=r"rounds, and training that stopped early found \d+ the best: which\?\n.*booster\[:"):
        read_file(tmp_path / "booster.json")
    with pytest.raises(ExportError, match="which"):
        exported(model.get_booster(), tmp_path)


@pytest.mark.parametrize("choice", ["best", "all"])
def test_what_the_refusal_advises_works(choice, tmp_path):
    model = stopped_early().get_booster()
    if choice == "best":
        model = model[: model.best_iteration + 1]
    else:
        model.set_attr(best_iteration=None)
    assert run(exported(model, tmp_path), FEATURES)["score"][:, 0] == pytest.approx(model.inplace_predict(FEATURES), abs=1e-6)


def test_a_value_on_a_cut_goes_right_and_one_step_below_it_left(tmp_path):
    model = booster(rounds=3)
    bundle = exported(model, tmp_path)
    rows, moved = [], 0
    for column, cut in thresholds(model):
        for value in (np.nextafter(cut, np.float32(-np.inf)), cut, np.nextafter(cut, np.float32(np.inf))):
            block = FEATURES[:20].copy()
            block[:, column] = value
            rows.append(block)
    rows = np.concatenate(rows)
    wanted = model.inplace_predict(rows)
    below, on = (wanted.reshape(-1, 3, 20)[:, k] for k in (0, 1))
    moved = (np.abs(on - below) > 1e-4).sum()
    assert moved > 5
    assert run(bundle, rows)["score"][:, 0] == pytest.approx(wanted, abs=1e-6)


def test_missing_values_go_each_nodes_own_way(tmp_path):
    model = booster()
    bundle = exported(model, tmp_path)
    rows = np.where(RNG.random((300, 4)) < 0.5, np.float32(np.nan), FEATURES[:300])
    assert run(bundle, rows)["score"][:, 0] == pytest.approx(model.inplace_predict(rows), abs=1e-6)
    tracks = next(a for node in bundle.model().graph.node for a in node.attribute if a.name == "nodes_missing_value_tracks_true")
    assert 0 < sum(tracks.ints) < len(tracks.ints)


FAULTS = {
    "base_score": lambda e: dataclasses.replace(e, base=e.base + 0.01),
    "early stopping": lambda e: dataclasses.replace(e, trees=e.trees[:-1]),
    "< for <=": lambda e: dataclasses.replace(e, or_equal=True),
    "a step of a threshold": lambda e: dataclasses.replace(
        e, trees=tuple(dataclasses.replace(t, threshold=np.nextafter(t.threshold, np.float32(9))) for t in e.trees)
    ),
    "missing": lambda e: dataclasses.replace(
        e, trees=tuple(dataclasses.replace(t, missing_left=np.ones_like(t.missing_left)) for t in e.trees)
    ),
    "one leaf": lambda e: dataclasses.replace(e, trees=(dataclasses.replace(e.trees[0], value=e.trees[0].value * 1.5), *e.trees[1:])),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_the_comparison_finds_each_silent_error(fault, tmp_path, monkeypatch):
    write = tree_model.tree_sums
    monkeypatch.setattr(tree_model, "tree_sums", lambda graph, features, ensemble: write(graph, features, FAULTS[fault](ensemble)))
    with pytest.raises(ExportError, match="does not reproduce its source: output 'score' row"):
        exported(booster(), tmp_path, features=FEATURES)


OBJECTIVES = {
    "reg:squaredlogerror": {},
    "reg:absoluteerror": {},
    "reg:pseudohubererror": {},
    "reg:gamma": {},
    "reg:tweedie": {},
    "survival:cox": {},
    "binary:logitraw": {},
    "binary:hinge": {},
    "rank:pairwise": {},
    "rank:ndcg": {},
    "binary:logistic dart": {"booster": "dart", "rate_drop": 0.9},
    "binary:logistic forest": {"num_parallel_tree": 3, "subsample": 0.5},
    "binary:logistic leaves": {"min_child_weight": 1e9},
}


@pytest.mark.parametrize("case", OBJECTIVES)
def test_every_objective_and_booster_reproduces_its_model(case, tmp_path):
    data = xgboost.DMatrix(GAPS, TWO + (0.5 if case in ("reg:gamma", "reg:tweedie", "survival:cox") else 0))
    if case.startswith("rank"):
        data.set_group([len(GAPS)])
    model = xgboost.train({"objective": case.partition(" ")[0], "max_depth": 3, "nthread": 1} | OBJECTIVES[case], data, 5)
    found = run(exported(model, tmp_path), GAPS)["score"][:, 0]
    assert found == pytest.approx(model.inplace_predict(GAPS), rel=1e-5, abs=2e-6)


def test_several_quantiles_are_several_columns(tmp_path):
    model = booster(objective="reg:quantileerror", quantile_alpha=[0.2, 0.7])
    found = run(exported(model, tmp_path, TensorSpec("quantiles", "float32", ("batch", 2))), GAPS)["quantiles"]
    assert found == pytest.approx(model.inplace_predict(GAPS), rel=1e-5, abs=1e-6)


def test_each_output_gets_what_it_asks_for(tmp_path):
    model = xgboost.XGBClassifier(n_estimators=5, max_depth=2, n_jobs=1).fit(GAPS, TWO)
    outputs = [
        TensorSpec("score", "float32", ("batch",)),
        TensorSpec("both", "float32", ("batch", 2)),
        TensorSpec("label", "int64", ("batch",)),
        TensorSpec("margin", "float32", ("batch", 1)),
    ]
    found = run(exported(model, tmp_path, *outputs), GAPS)
    assert found["score"] == pytest.approx(model.predict_proba(GAPS)[:, 1], abs=1e-6)
    assert found["both"] == pytest.approx(model.predict_proba(GAPS), abs=1e-6)
    assert np.array_equal(found["label"], model.predict(GAPS))
    assert found["margin"][:, 0] == pytest.approx(model.predict(GAPS, output_margin=True), abs=1e-5)


def test_softmax_gives_all_classes_and_the_label(tmp_path):
    model = booster(THREE, objective="multi:softmax", num_class=3)
    outputs = TensorSpec("classes", "float32", ("batch", 3)), TensorSpec("label", "int64", ("batch", 1))
    found = run(exported(model, tmp_path, *outputs), GAPS)
    assert found["classes"].sum(axis=1) == pytest.approx(np.ones(len(GAPS)), abs=1e-5)
    assert np.array_equal(found["label"][:, 0], model.inplace_predict(GAPS).astype(int))
    assert model.inplace_predict(GAPS).ndim == 1  # the model itself is left as it was


@pytest.mark.parametrize("ending", ["json", "ubj"])
def test_a_file_becomes_a_bundle_with_its_names_and_the_model_itself(ending, tmp_path):
    model = xgboost.train(
        {"objective": "binary:logistic", "max_depth": 3}, xgboost.DMatrix(GAPS, TWO, feature_names=["pt", "eta", "a b", "f9"]), 4
    )
    model.save_model(tmp_path / f"model.{ending}")
    file = (tmp_path / f"model.{ending}").rename(tmp_path / "file")
    bundle = export_file(file, tmp_path / "bundle")
    assert [column.name for column in bundle.signature.inputs[0].columns] == ["pt", "eta", "a b", "f9"]
    require(check(bundle, ("reference", "onnxruntime", "xgboost")), needed=("reference", "onnxruntime", "xgboost"))
    assert np.isnan(bundle.reference()[0]["features"]).any()
    assert bundle.provenance["file"]["objective"] == "binary:logistic"
    assert json.loads(bundle.source("xgboost.json").read_bytes())["learner"]["feature_names"] == ["pt", "eta", "a b", "f9"]


def test_the_same_file_gives_the_same_bundle(tmp_path):
    booster().save_model(tmp_path / "model.json")
    assert len({export_file(tmp_path / "model.json", tmp_path / name).digest for name in "ab"}) == 1


def test_the_model_is_left_as_it_is(tmp_path):
    model = booster()
    before = model.save_config(), bytes(model.save_raw("json"))
    exported(model, tmp_path)
    assert (model.save_config(), bytes(model.save_raw("json"))) == before


REFUSED = {
    "booster gblinear": lambda: booster(booster="gblinear", features=FEATURES),
    "no output score": lambda: booster(THREE, objective="multi:softprob", num_class=3),
    "takes 0.0 for a missing value": lambda: xgboost.XGBClassifier(n_estimators=2, missing=0.0).fit(FEATURES, TWO),
    "is not trained": xgboost.XGBClassifier,
    "no exporter for xgboost.core.DMatrix": lambda: xgboost.DMatrix(FEATURES),
    "takes one input float32": lambda: booster(features=FEATURES[:, :3]),
    "splits on categories": lambda: xgboost.train(
        {"objective": "binary:logistic", "max_cat_to_onehot": 1},
        xgboost.DMatrix(np.abs(FEATURES).round(), TWO, feature_types=["c"] * 4, enable_categorical=True),
        2,
    ),
    "leaves of several values": lambda: booster(
        np.stack([TWO, THREE], axis=1), objective="reg:squarederror", multi_strategy="multi_output_tree", tree_method="hist"
    ),
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("reason", REFUSED)
def test_what_no_graph_can_say_is_refused_by_name(reason, tmp_path):
    with pytest.raises(ExportError, match=reason) as error:
        exported(REFUSED[reason](), tmp_path, features=FEATURES)
    assert len(str(error.value).splitlines()) <= 2
    assert not (tmp_path / "bundle").exists()


def test_an_objective_of_ones_own_is_refused_with_what_to_do(tmp_path):
    model = booster()
    values = json.loads(bytes(model.save_raw("json")))
    values["learner"]["objective"]["name"] = "my:own"
    (tmp_path / "model.json").write_text(json.dumps(values))
    with pytest.raises(ExportError, match=r"objective my:own is not supported\n.*set_param"):
        read_file(tmp_path / "model.json")


def _set(values, path, new):
    *way, last = path
    for key in way:
        values = values[key]
    values[last] = new


TREE = ("learner", "gradient_booster", "model", "trees", 0)
DAMAGE = {
    "a child beyond the end": ((*TREE, "left_children", 0), 10_000),
    "a negative child": ((*TREE, "left_children", 0), -7),
    "a circle": ((*TREE, "left_children", 1), 0),
    "a column that is not there": ((*TREE, "split_indices", 0), 4),
    "a short list": ((*TREE, "default_left"), [0]),
    "a parent beyond the end": ((*TREE, "parents", 1), 10_000),
    "a leaf of no number": ((*TREE, "split_conditions"), ["x"]),
    "a group that is not there": (("learner", "gradient_booster", "model", "tree_info", 0), 3),
    "rounds of other trees": (("learner", "gradient_booster", "model", "iteration_indptr", 1), 900),
    "no trees": (("learner", "gradient_booster"), {}),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_file_is_refused_before_xgboost_sees_it(damage, tmp_path, monkeypatch):
    values = json.loads(bytes(booster().save_raw("json")))
    _set(values, *DAMAGE[damage])
    (tmp_path / "model.json").write_text(json.dumps(values))
    monkeypatch.setattr(xgboost.Booster, "load_model", lambda *_: pytest.fail("XGBoost was asked"))
    with pytest.raises(ExportError, match=r"model\.json: "):
        read_file(tmp_path / "model.json")


@pytest.mark.parametrize(("head", "age"), [(b"", "old"), (b"binf", "oldest")])
def test_the_old_binary_formats_are_known_and_refused_with_what_to_do(head, age, tmp_path):
    name = b"binary:logistic"
    (tmp_path / "old.xgb").write_bytes(head + bytes(4) + bytes([66]) + bytes(131) + len(name).to_bytes(8, "little") + name + bytes(500))
    with pytest.raises(ExportError, match=rf"XGBoost's {age} binary format cannot be exported\n.*save_model\('model.json'\)"):
        read_file(tmp_path / "old.xgb")


def test_without_xgboost_the_extra_is_named(tmp_path, monkeypatch):
    booster().save_model(tmp_path / "model.json")
    monkeypatch.delitem(__import__("sys").modules, "bartik.exporters.xgboost")
    monkeypatch.setitem(__import__("sys").modules, "xgboost", None)
    with pytest.raises(ExportError, match=r"exporter xgboost needs xgboost\n.*pip install 'bartik\[xgboost\]'"):
        read_file(tmp_path / "model.json")


def test_the_source_and_the_graph_are_the_same_model(tmp_path):
    model = stopped_early()
    bundle = exported(model, tmp_path)
    rows = {"features": FEATURES}
    assert worst(compare(prepare(bundle, "xgboost").run(rows), prepare(bundle, "reference").run(rows))).ok
