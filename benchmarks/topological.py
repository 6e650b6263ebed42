"""The topological trigger of a run against its peers: efficiencies, size of the table against trees, evenness, libraries, time.

python benchmarks/topological.py runs/topological_trigger [--out docs/images]
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from bartik import plots
from bartik.backends import prepare
from bartik.core import Array, Config, Dataset
from bartik.core.bundle import open_bundle
from bartik.core.files import read_arrays
from bartik.profile.machine import machine
from bartik.usecases import topological_trigger
from bartik.usecases.topological_trigger.bonsai import Bins
from bartik.usecases.topological_trigger.columns import COLUMNS, EDGES
from bartik.usecases.topological_trigger.cuts import tightness
from bartik.usecases.topological_trigger.distilled import distilled, lookalikes
from bartik.usecases.topological_trigger.peers import train_uniform
from bartik.usecases.topological_trigger.pruned import prune, tree_values
from bartik.usecases.topological_trigger.score import RATES, by_class
from bartik.usecases.topological_trigger.trees import answers, boosted, event_weights
from bartik.usecases.topological_trigger.uniform import quantile_bins, unevenness
from bartik.usecases.trigger_events import BEAUTY, ORIGINS
from bartik.usecases.trigger_rates import cut_at, mode_of

_MANY = 600
_BATCH, _ROUNDS = 4096, 30


def main() -> None:
    """Print the tables, and draw the figures where --out names a folder."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    print(f"{datetime.now(UTC):%Y-%m-%d}, {machine().get('cpu', '')}\n")
    bundle = open_bundle(options.run / "bundle")
    data = {name: Dataset.from_arrays(read_arrays(options.run / "data" / f"{name}.npz")) for name in ("train", "validation", "test")}
    config = Config(bundle.provenance["configuration"])
    session, train = prepare(bundle, "native"), data["train"]
    trees = boosted(train.inputs["features"], train, config)
    uniform = train_uniform(train, config)
    models: dict[str, Callable[[Array], Array]] = {
        "bonsai": lambda features: session.run({"features": features})["score"][:, 0],
        "BDT": lambda features: answers(trees, features),
        "uniform": uniform.scores,
        "cuts": tightness,
    }
    models |= _published(train, config) | _pruned(data, config) | _libraries(train, config)
    scores = {name: np.asarray(model(data["test"].inputs["features"]), np.float64) for name, model in models.items()}
    _efficiencies(scores, data["test"])
    _modes(scores, data["test"])
    _evenness(scores, data["test"])
    _origins(data["test"])
    _times({name: models[name] for name in models if name != "cuts"}, data["test"].inputs["features"])
    if options.out:
        _draw({name: scores[name][:, np.newaxis] for name in ("bonsai", "BDT", "uniform", "cuts")}, data["test"], options.out)


def _published(train: Dataset, config: Config) -> dict[str, Callable[[Array], Array]]:
    """Tables with the published bins: trees trained on them, as in the paper, and trees that learn there what trees without bins answer."""
    features = train.inputs["features"]
    bins = Bins.of(EDGES, [column.name for column in COLUMNS])
    direct, forest = boosted(bins.digits(features), train, config), boosted(features, train, config)
    rows = lookalikes(features, config.table.copies, config.table.neighbours, config.train.seed)
    learnt = distilled(bins.digits(rows), forest.decision_function(rows), config)
    return {
        f"published bins ({bins.size:,}), trained on them": lambda rows: answers(direct, bins.digits(rows)),
        "published bins, learnt from the BDT": lambda rows: learnt.predict(bins.digits(rows)),
    }


def _pruned(data: dict[str, Dataset], config: Config) -> dict[str, Callable[[Array], Array]]:
    """A hundred trees chosen of many, on training and validation candidates together; and all of the many."""
    train, rows = data["train"], (data["train"], data["validation"])
    many = boosted(train.inputs["features"], train, config.replace({"trees": {"number": _MANY}}))
    values = np.concatenate([tree_values(many, part.inputs["features"]) for part in rows])
    target, weights = (np.concatenate([of(part) for part in rows]) for of in (lambda part: part.target, event_weights))
    few = prune(values, target, weights, 100)
    return {
        f"{_MANY} trees": lambda features: answers(many, features),
        f"{len(few.chosen)} of them": lambda features: few.scores(tree_values(many, features)),
    }


def _libraries(train: Dataset, config: Config) -> dict[str, Callable[[Array], Array]]:
    """The same trees by other libraries, where they are installed, with their own ways for the rest."""
    found: dict[str, Callable[[Array], Array]] = {}
    features, target, weights = train.inputs["features"], train.target, event_weights(train)
    number, rate, leaves = config.trees.number, config.trees.learning_rate, config.trees.leaves
    if find_spec("xgboost"):
        import xgboost  # noqa: PLC0415 - optional

        options: dict[str, Any] = {"n_estimators": number, "learning_rate": rate, "max_leaves": leaves, "grow_policy": "lossguide"}
        xgb = xgboost.XGBClassifier(**options, max_depth=0, tree_method="hist", n_jobs=1, random_state=1).fit(
            features, target, sample_weight=weights
        )
        found["XGBoost"] = lambda rows: xgb.predict_proba(rows)[:, 1]
    if find_spec("lightgbm"):
        import lightgbm  # noqa: PLC0415 - optional

        options = {"n_estimators": number, "num_leaves": leaves, "learning_rate": rate, "n_jobs": 1, "random_state": 1, "verbose": -1}
        light = lightgbm.LGBMClassifier(**options, min_child_samples=config.trees.samples).fit(features, target, sample_weight=weights)
        found["LightGBM"] = lambda rows: light.booster_.predict(rows, num_threads=1)
    if find_spec("catboost"):
        import catboost  # noqa: PLC0415 - optional

        cat = catboost.CatBoostClassifier(
            iterations=number, depth=4, learning_rate=rate, thread_count=1, random_seed=1, verbose=0, allow_writing_files=False
        ).fit(features, target, sample_weight=weights)
        found["CatBoost, symmetric trees"] = lambda rows: cat.predict_proba(rows)[:, 1]
    return found | _hep_ml(train, config)


def _hep_ml(train: Dataset, config: Config) -> dict[str, Callable[[Array], Array]]:
    if not find_spec("hep_ml"):
        print("hep_ml is not installed: pip install hep_ml\n")
        return {}
    import pandas as pd  # noqa: PLC0415 - optional
    from hep_ml.gradientboosting import UGradientBoostingClassifier  # noqa: PLC0415
    from hep_ml.losses import BinFlatnessLossFunction  # noqa: PLC0415

    options, names = config.uniform, [column.name for column in COLUMNS]
    loss = BinFlatnessLossFunction(["time", "m_corrected"], uniform_label=1, n_bins=options.bins, fl_coefficient=options.flatness)
    table = pd.DataFrame(train.inputs["features"], columns=names).assign(time=train.spectators["time"])
    theirs = UGradientBoostingClassifier(
        loss,
        n_estimators=options.number,
        max_depth=options.depth,
        learning_rate=options.learning_rate,
        train_features=names,
        random_state=1,
    ).fit(table, train.target, sample_weight=event_weights(train))
    return {"uniform, hep_ml": lambda rows: theirs.predict_proba(pd.DataFrame(rows, columns=names).assign(time=0.0))[:, 1]}


def _efficiencies(scores: dict[str, Array], test: Dataset) -> None:
    names = list(topological_trigger.score({"score": test.target}, test))
    print("| classifier | " + " | ".join(names) + " |\n|" + "---|" * (len(names) + 1))
    for name, values in scores.items():
        found = topological_trigger.score({"score": values}, test)
        print(f"| {name} | " + " | ".join(f"{v.value:.4f} ± {(v.high - v.low) / 2:.4f}" for v in found.values()) + " |")
    print()


def _kept(values: Array, test: Dataset) -> tuple[Array, Array]:
    """Which decays are kept at the first rate, and the row of each's best candidate."""
    crossings, decays = by_class(values, test)
    return decays.score >= cut_at(RATES[0], crossings, test), decays.row


def _modes(scores: dict[str, Array], test: Dataset) -> None:
    shown = ("bonsai", "BDT", "uniform", "cuts")
    print("| decay | events | " + " | ".join(shown) + " |\n|" + "---|" * (len(shown) + 2))
    _, decays = by_class(scores["bonsai"], test)
    mode = mode_of(test, decays)
    held = set(test.spectators["mode"][test.spectators["held_out"] > 0].tolist())
    kept = {name: _kept(scores[name], test)[0] for name in shown}
    for k, decay in enumerate(BEAUTY):
        rows = mode == k
        cells = " | ".join(f"{kept[name][rows].mean():.2f}" if rows.any() else "-" for name in shown)
        print(f"| {decay}{' (new)' if k in held else ''} | {rows.sum()} | {cells} |")
    print()


def _evenness(scores: dict[str, Array], test: Dataset) -> None:
    """Spread of the efficiency over bins with as many decays each."""
    print(f"| at {RATES[0]:.0f} kHz | kept | spread over lifetime | spread over corrected mass |\n|---|---|---|---|")
    mass = test.inputs["features"][:, [column.name for column in COLUMNS].index("m_corrected")]
    for name, values in scores.items():
        kept, rows = _kept(values, test)
        every = np.ones(len(rows), bool)
        spreads = [unevenness(kept, quantile_bins(along[rows], every, 6)) for along in (test.spectators["time"], mass)]
        print(f"| {name} | {kept.mean():.3f} | {spreads[0]:.3f} | {spreads[1]:.3f} |")
    print()


def _origins(test: Dataset) -> None:
    background = test.spectators["origin"][test.target < 0.5]
    print("candidates of crossings: " + ", ".join(f"{name} {np.mean(background == k):.1%}" for k, name in enumerate(ORIGINS)) + "\n")


def _times(models: dict[str, Callable[[Array], Array]], features: Array) -> None:
    rows = np.resize(features, (_BATCH, features.shape[1])).copy()
    taken: dict[str, list[float]] = {name: [] for name in models}
    for turn in range(_ROUNDS + 1):
        for name, model in models.items():
            start = time.perf_counter()
            model(rows)
            if turn:
                taken[name].append(time.perf_counter() - start)
    print(f"| batch {_BATCH}, one thread | ns a candidate, median | range |\n|---|---|---|")
    for name, values in taken.items():
        per = np.array(values) / _BATCH * 1e9
        print(f"| {name} | {np.median(per):.3g} | {per.min():.3g} to {per.max():.3g} |")


def _draw(scores: dict[str, Array], test: Dataset, out: Path) -> None:
    names = {
        "Efficiency against output rate": "rate",
        "Efficiency of each decay": "modes",
        "Background by source": "sources",
        "Efficiency against lifetime": "lifetime",
        "Efficiency against corrected mass": "mass",
    }
    for title, _, figure in topological_trigger.figures(scores, test):
        if title in names:
            plots.save(figure, out / f"topological_{names[title]}.png")


if __name__ == "__main__":
    main()
