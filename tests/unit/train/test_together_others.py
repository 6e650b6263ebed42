"""Networks other than dense ones, trained at once as alone: bounded ones that sort pairs, and sums over the entries of events."""

from types import SimpleNamespace

import numpy as np
import torch

from bartik.core import Config, Dataset, Signature, TensorSpec
from bartik.nn.deepsets import OddDeepSets
from bartik.nn.lipschitz import LipschitzClassifier
from bartik.nn.tabular import logistic_loss
from bartik.train import fit, read_history, run_model
from bartik.train.together import fit_together, groups

OPTIONS = {"threads": 1, "epochs": 6, "patience": 6, "batch": 64, "learning_rate": 0.02, "weight_decay": 0.01, "balance": True, "start": ""}
CONFIG = Config({"model": {"hidden": [8, 4], "bound": 2.0}, "train": {"seed": 1, **OPTIONS}})


def rows(seed, count):
    random = np.random.default_rng(seed)
    target = (random.random(count) > 0.3).astype(np.float32)
    features = random.exponential(size=(count, 3)) + target[:, None]
    return Dataset({"features": features.astype(np.float32)}, target)


def assert_as_alone(usecase, train, validation, configs, folder):
    """Losses of each epoch and outputs of the best; the networks trained together."""
    together = fit_together(usecase, train, validation, configs)
    for place, (config, found) in enumerate(zip(configs, together, strict=True)):
        path = folder / f"{place}.pt"
        model = fit(usecase, train, validation, config, path, lambda _line: None)
        history = read_history(path)
        assert found.best_epoch == int(history["best"])
        np.testing.assert_allclose(np.array(found.history).T, [history["train"], history["validation"]], rtol=2e-4, atol=2e-6)
        outputs = [run_model(one, usecase.signature, validation.inputs)["score"] for one in (found.model, model)]
        np.testing.assert_allclose(*outputs, rtol=2e-3, atol=2e-4)
    return [one.model for one in together]


LIPSCHITZ = SimpleNamespace(
    model=lambda config: LipschitzClassifier([False, True, False], config.model.hidden, config.model.bound, [1, 0, -1]),
    loss=logistic_loss,
    signature=Signature(
        (TensorSpec("features", "float32", ("batch", 3)),),
        tuple(TensorSpec(name, "float32", ("batch", 1)) for name in ("score", "response")),
    ),
)


def test_lipschitz_networks_of_other_bounds_seeds_and_rates_come_out_as_if_trained_alone(tmp_path):
    configs = [
        CONFIG.replace({"train": change}) for change in ({}, {"seed": 5}, {"learning_rate": 0.1}, {"weight_decay": 0.3, "patience": 1})
    ]
    assert groups(LIPSCHITZ, configs) == [[0, 1, 2, 3]]
    for model in assert_as_alone(LIPSCHITZ, rows(1, 300), rows(2, 150), configs, tmp_path):
        assert model.response.certified() <= 2.0


class Sets(torch.nn.Module):
    """Deep sets, odd under charge conjugation, on events of tracks."""

    def __init__(self, inner, outer):
        super().__init__()
        self.sets = OddDeepSets(2, 1, inner, outer)

    def forward(self, candidates, tracks, owner):
        return torch.sigmoid(self.sets(tracks, tracks[:, :1].sign(), owner, candidates))


SETS = SimpleNamespace(
    model=lambda config: Sets(config.model.hidden, [4]),
    signature=Signature(
        (
            TensorSpec("candidates", "float32", ("candidates", 1)),
            TensorSpec("tracks", "float32", ("tracks", 2)),
            TensorSpec("owner", "int64", ("tracks",), index_of="candidates"),
        ),
        (TensorSpec("score", "float32", ("candidates", 1)),),
    ),
)


def events(seed, count):
    """Two kinds of events, whose tracks differ in their mean, with 0 to about 12 tracks."""
    random = np.random.default_rng(seed)
    tracks = random.poisson(5, count)
    target = (random.random(count) > 0.5).astype(np.float32)
    values = random.normal(size=(tracks.sum(), 2)) + 0.5 * np.repeat(2 * target - 1, tracks)[:, None]
    return Dataset(
        {
            "candidates": random.normal(size=(count, 1)).astype(np.float32),
            "tracks": values.astype(np.float32),
            "owner": np.repeat(np.arange(count), tracks).astype(np.int64),
        },
        target,
        offsets={"candidates": np.arange(count + 1), "tracks": np.concatenate([[0], np.cumsum(tracks)])},
    )


def test_deep_sets_on_events_of_any_size_come_out_as_if_trained_alone(tmp_path):
    configs = [CONFIG.replace({"train": change}) for change in ({}, {"learning_rate": 0.1}, {"weight_decay": 0.3, "patience": 2})]
    assert_as_alone(SETS, events(1, 400), events(2, 200), configs, tmp_path)


def test_networks_on_events_are_grouped_by_their_seeds():
    configs = [CONFIG.replace({"train": {"seed": seed, "learning_rate": rate}}) for seed, rate in ((1, 0.1), (2, 0.1), (1, 0.2))]
    assert groups(SETS, configs, events=True) == [[0, 2], [1]]
    assert groups(SETS, configs) == [[0, 1, 2]]
