"""scikit-learn's estimators and pipelines: each reproduces itself, errors of the converter are put right, the rest is refused."""

import numpy as np
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import (
    AdaBoostClassifier,
    ExtraTreesClassifier,
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import MaxAbsScaler, MinMaxScaler, QuantileTransformer, RobustScaler, StandardScaler
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from bartik.backends import prepare
from bartik.core import ExportError, Signature, TensorSpec
from bartik.exporters import export

pytest.importorskip("skl2onnx")
module = pytest.importorskip("bartik.exporters.sklearn")

RNG = np.random.default_rng(0)
SHIFT, WIDTH = np.array([0, 0, 1e4, 3]), np.array([1, 10, 1e2, 1])
UNITS = RNG.normal(size=(400, 4))
FEATURES = UNITS * WIDTH + SHIFT
GAPS = np.where(RNG.random(FEATURES.shape) < 0.15, np.nan, FEATURES)
SUM = UNITS.sum(axis=1)
TWO = (SUM > 0.3).astype(int)
THREE = TWO + (SUM > 2)
SCORE = TensorSpec("score", "float32", ("batch", 1))
LABEL = TensorSpec("label", "int64", ("batch",))


def exported(model, path, *outputs, features=FEATURES):
    signature = Signature((TensorSpec("features", "float32", ("batch", features.shape[1])),), outputs or (SCORE,))
    return export(model, signature, {"features": features[:30].astype(np.float32)}, path / "bundle")


def run(bundle, features):
    return prepare(bundle, "reference").run({"features": np.asarray(features, np.float32)})


CLASSIFIERS = {
    "mlp": lambda: make_pipeline(StandardScaler(), MLPClassifier((8,), max_iter=30, random_state=0)),
    "mlp tanh": lambda: make_pipeline(MinMaxScaler(), MLPClassifier((6, 5), activation="tanh", max_iter=30, random_state=0)),
    "tree": lambda: DecisionTreeClassifier(max_depth=5),
    "forest": lambda: RandomForestClassifier(12, max_depth=5, random_state=0),
    "extra trees": lambda: ExtraTreesClassifier(8, max_depth=5, random_state=0),
    "ada": lambda: AdaBoostClassifier(n_estimators=4),
    "boosting": lambda: GradientBoostingClassifier(n_estimators=10),
    "histogram boosting": lambda: HistGradientBoostingClassifier(max_iter=8),
    "scaled histogram boosting": lambda: make_pipeline(StandardScaler(), HistGradientBoostingClassifier(max_iter=8)),
    "scaled forest": lambda: make_pipeline(StandardScaler(), RandomForestClassifier(8, random_state=0)),
    "robust": lambda: make_pipeline(RobustScaler(), LogisticRegression()),
    "quantiles": lambda: make_pipeline(QuantileTransformer(n_quantiles=20), LogisticRegression()),
    "columns": lambda: make_pipeline(
        ColumnTransformer([("a", StandardScaler(), [0, 1, 2]), ("b", "passthrough", [3])]), LogisticRegression()
    ),
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("labels", [TWO, THREE], ids=["two", "three"])
@pytest.mark.parametrize("kind", CLASSIFIERS)
def test_a_classifier_gives_its_probabilities_and_its_label(kind, labels, tmp_path):
    model = CLASSIFIERS[kind]().fit(FEATURES, labels)
    count = labels.max() + 1
    bundle = exported(model, tmp_path, TensorSpec("score", "float32", ("batch", 1 if count == 2 else 3)), LABEL)
    rows = FEATURES.astype(np.float32)
    wanted = model.predict_proba(rows)
    found = run(bundle, rows)
    clear = np.ptp(np.sort(wanted, axis=1)[:, -2:], axis=1) > 1e-4
    assert found["score"] == pytest.approx(wanted[:, 1:] if count == 2 else wanted, abs=5e-6)
    assert np.array_equal(found["label"][clear], model.predict(rows)[clear])


REGRESSORS = {
    "mlp": lambda: make_pipeline(StandardScaler(), MLPRegressor(hidden_layer_sizes=(8,), max_iter=30, random_state=0)),
    "tree": lambda: DecisionTreeRegressor(max_depth=5),
    "forest": lambda: RandomForestRegressor(8, max_depth=5, random_state=0),
    "boosting": lambda: GradientBoostingRegressor(n_estimators=10),
    "histogram boosting": lambda: HistGradientBoostingRegressor(max_iter=8),
    "histogram boosting poisson": lambda: HistGradientBoostingRegressor(max_iter=8, loss="poisson"),
    "ridge": Ridge,
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kind", REGRESSORS)
def test_a_regressor_gives_its_prediction(kind, tmp_path):
    model = REGRESSORS[kind]().fit(FEATURES, np.abs(SUM))
    rows = FEATURES.astype(np.float32)
    assert run(exported(model, tmp_path), rows)["score"][:, 0] == pytest.approx(model.predict(rows), rel=1e-5, abs=5e-6)


def test_a_scaler_alone_is_a_model(tmp_path):
    model = StandardScaler().fit(FEATURES)
    rows = FEATURES.astype(np.float32)
    found = run(exported(model, tmp_path, TensorSpec("scaled", "float32", ("batch", 4))), rows)["scaled"]
    assert np.array_equal(found, model.transform(rows))


SCALERS = [StandardScaler(), MinMaxScaler(), MinMaxScaler((-1, 1), clip=True), RobustScaler(), MaxAbsScaler()]


@pytest.mark.parametrize("scaler", SCALERS)
def test_what_comes_out_of_a_scaler_is_equal_to_the_bit_so_that_trees_behind_it_agree(scaler, tmp_path):
    rows = FEATURES.astype(np.float32)
    scaled = TensorSpec("scaled", "float32", ("batch", 4))
    found = run(exported(scaler.fit(FEATURES), tmp_path / "scaler", scaled), rows)["scaled"]
    assert np.array_equal(found, scaler.transform(rows))
    model = make_pipeline(scaler, RandomForestClassifier(5, random_state=0)).fit(FEATURES, TWO)
    assert run(exported(model, tmp_path / "forest"), rows)["score"] == pytest.approx(model.predict_proba(rows)[:, 1:], abs=1e-6)


@pytest.mark.parametrize("model", [DecisionTreeClassifier(max_depth=5), RandomForestClassifier(6, max_depth=5, random_state=0)])
def test_missing_values_go_the_way_of_the_tree_which_the_converter_loses(model, tmp_path, monkeypatch):
    model.fit(GAPS, TWO)
    rows = GAPS.astype(np.float32)
    assert run(exported(model, tmp_path, features=GAPS), rows)["score"][:, 0] == pytest.approx(model.predict_proba(rows)[:, 1], abs=1e-6)
    monkeypatch.setattr(module, "_missing_ways", lambda *_: None)
    with pytest.raises(ExportError, match="does not reproduce"):
        exported(model, tmp_path / "other", features=GAPS)


@pytest.mark.parametrize("model", [HistGradientBoostingClassifier(max_iter=6), HistGradientBoostingRegressor(max_iter=6)])
def test_histogram_boosting_takes_missing_values(model, tmp_path):
    model.fit(GAPS, TWO)
    rows = GAPS.astype(np.float32)
    wanted = model.predict_proba(rows)[:, 1] if hasattr(model, "predict_proba") else model.predict(rows)
    assert run(exported(model, tmp_path, features=GAPS), rows)["score"][:, 0] == pytest.approx(wanted, abs=2e-6)


@pytest.mark.parametrize("model", [DecisionTreeClassifier(), HistGradientBoostingClassifier(max_iter=6)])
def test_thresholds_are_float64_and_float32_values_beside_them_go_the_same_way(model, tmp_path):
    model.fit(UNITS, TWO)
    bundle = exported(model, tmp_path, features=UNITS)
    if hasattr(model, "tree_"):
        pairs = zip(model.tree_.feature, model.tree_.threshold, strict=True)
    else:
        nodes = np.concatenate([round_[0].nodes for round_ in model._predictors])
        pairs = zip(np.where(nodes["is_leaf"], -1, nodes["feature_idx"].astype(int)), nodes["num_threshold"], strict=True)
    rows = []
    for column, cut in ((int(c), np.float32(t)) for c, t in pairs if c >= 0):
        for value in (cut, np.nextafter(cut, np.float32(-9)), np.nextafter(cut, np.float32(9))):
            block = UNITS[:8].astype(np.float32)
            block[:, column] = value
            rows.append(block)
    rows = np.concatenate(rows)
    assert run(bundle, rows)["score"][:, 0] == pytest.approx(model.predict_proba(rows)[:, 1], abs=1e-6)


def test_where_float32_is_too_coarse_the_graph_computes_in_float64(tmp_path):
    wide = RNG.normal(size=(300, 3)) + np.array([0, 1e6, 0])
    model = Ridge(alpha=1e-9).fit(wide, wide[:, 1] * 3 - wide[:, 0])
    bundle = exported(model, tmp_path, features=wide)
    rows = wide.astype(np.float32)
    assert run(bundle, rows)["score"][:, 0] == pytest.approx(model.predict(rows), rel=1e-6)


@pytest.mark.parametrize("library", ["xgboost", "lightgbm"])
def test_a_pipeline_may_end_in_a_model_of_another_library(library, tmp_path):
    package = pytest.importorskip(library)
    last = (
        package.XGBClassifier(n_estimators=6, n_jobs=1)
        if library == "xgboost"
        else package.LGBMClassifier(n_estimators=6, verbosity=-1, n_jobs=1)
    )
    model = Pipeline([("scale", StandardScaler()), ("trees", last)])
    model.fit(FEATURES, TWO)
    rows = FEATURES.astype(np.float32)
    bundle = exported(model, tmp_path, SCORE, LABEL)
    scaled = model[:-1].transform(rows)
    assert run(bundle, rows)["score"] == pytest.approx(last.predict_proba(scaled)[:, 1:], abs=2e-6)
    assert not (bundle.path / "source").exists()  # the graph does more than the booster


def test_labels_are_the_models_own_numbers(tmp_path):
    model = DecisionTreeClassifier(max_depth=3).fit(FEATURES, TWO * 211 + 13)
    rows = FEATURES.astype(np.float32)
    assert set(run(exported(model, tmp_path, LABEL), rows)["label"]) == {13, 224}


def test_the_model_is_left_as_it_is(tmp_path):
    model = RandomForestClassifier(3, max_depth=3, random_state=0).fit(GAPS, TWO)
    before = model.predict_proba(GAPS)
    exported(model, tmp_path, features=GAPS)
    assert np.array_equal(model.predict_proba(GAPS), before)


REFUSED = {
    "is no trained estimator": (DecisionTreeClassifier, SCORE),
    "labels are .*not the numbers of its classes": (lambda: DecisionTreeClassifier().fit(FEATURES, np.where(TWO, "b", "a")), LABEL),
    "has no output 'margin'": (
        lambda: DecisionTreeClassifier().fit(FEATURES, TWO),
        TensorSpec("margin", "float32", ("batch", 1)),
    ),
    "has no output score": (lambda: DecisionTreeClassifier().fit(FEATURES, THREE), SCORE),
    "takes one input float32": (lambda: DecisionTreeClassifier().fit(FEATURES[:, :3], TWO), SCORE),
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("reason", REFUSED)
def test_what_cannot_be_exported_is_refused_in_words(reason, tmp_path):
    build, output = REFUSED[reason]
    with pytest.raises(ExportError, match=reason) as error:
        exported(build(), tmp_path, output)
    assert len(str(error.value).splitlines()) <= 2
    assert not (tmp_path / "bundle").exists()
