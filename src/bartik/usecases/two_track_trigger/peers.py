"""What the network is compared with: the same network without bounds, boosted trees, and cuts."""

from __future__ import annotations

import tempfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np

from bartik.core import Array, Config, Dataset, UseCase, table
from bartik.usecases.two_track_trigger.columns import COLUMNS, LOGARITHMIC

_PLAIN = table(COLUMNS)
_HELD_OUT = 8
"""Every so many-th training event validates the unconstrained network."""


def peers(train: Dataset, test: Dataset, config: Config) -> dict[str, Array]:
    """Scores [rows, 1] of each peer on the test rows."""
    features = test.inputs["features"]
    network, trees = unconstrained(train, config), train_trees(train, config)
    return {"unconstrained": network_scores(network, features), "BDT": tree_scores(trees, features), "cut on flight": _flight(features)}


def unconstrained(train: Dataset, config: Config) -> Any:
    """A network of the same layers with ReLU and no bound, trained as long."""
    from bartik.nn.tabular import TabularClassifier, logistic_loss
    from bartik.train import fit

    usecase = SimpleNamespace(signature=_PLAIN, model=lambda _: TabularClassifier(LOGARITHMIC, config.model.hidden), loss=logistic_loss)
    options = config.replace({"train": {"learning_rate": config.peers.network_learning_rate}})
    held = train.spectators["event"] % _HELD_OUT == 0
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "unconstrained.pt"
        return fit(cast(UseCase, usecase), _rows(train, ~held), _rows(train, held), options, path, lambda _: None)


def network_scores(network: Any, features: Array) -> Array:
    """Scores [rows, 1] of the unconstrained network."""
    from bartik.train import run_model

    return run_model(network, _PLAIN, {"features": features})["score"]


def train_trees(train: Dataset, config: Config) -> Any:
    """Histogram gradient boosting (Ke et al., NeurIPS 2017), as implemented in scikit-learn."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    trees = HistGradientBoostingClassifier(
        max_iter=config.peers.trees,
        max_leaf_nodes=config.peers.leaves,
        learning_rate=config.peers.learning_rate,
        early_stopping=False,
        class_weight="balanced",
        random_state=config.train.seed,
    )
    return trees.fit(train.inputs["features"], train.target)


def tree_scores(trees: Any, features: Array) -> Array:
    """Scores [rows, 1] of boosted trees."""
    return np.asarray(trees.predict_proba(features)[:, 1:], dtype=np.float32)


def _flight(features: Array) -> Array:
    """χ² of the flight [rows, 1]: the one variable that a selection would cut on first."""
    return features[:, [column.name for column in COLUMNS].index("fd_chi2"), np.newaxis]


def _rows(data: Dataset, kept: Array) -> Dataset:
    return Dataset({"features": data.inputs["features"][kept]}, data.target[kept])
