from types import SimpleNamespace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from bartik.core import BartikError, Config, ConfigError, Dataset
from bartik.nn.tabular import TabularClassifier, logistic_loss
from bartik.train import fit, read_history
from bartik.train.together import fit_together, groups

CONFIG = Config(
    {
        "model": {"hidden": [8, 4]},
        "train": {
            "seed": 1,
            "threads": 1,
            "epochs": 6,
            "patience": 6,
            "batch": 64,
            "learning_rate": 0.02,
            "weight_decay": 0.01,
            "balance": True,
            "start": "",
        },
    }
)
MARKS = [False, True, False]
USECASE = SimpleNamespace(model=lambda config: TabularClassifier(MARKS, config.model.hidden), loss=logistic_loss)


def rows(seed, count=300):
    random = np.random.default_rng(seed)
    target = (random.random(count) > 0.3).astype(np.float32)
    features = random.exponential(size=(count, 3)) + target[:, None]
    return Dataset({"features": features.astype(np.float32)}, target)


TRAIN, VALIDATION = rows(1), rows(2, 150)


def alone(config, folder):
    path = folder / "alone.pt"
    path.unlink(missing_ok=True)
    model = fit(USECASE, TRAIN, VALIDATION, config, path, lambda _line: None)
    return model, read_history(path)


def assert_same(together, model, history):
    assert together.best_epoch == int(history["best"])
    np.testing.assert_allclose(np.array(together.history).T, [history["train"], history["validation"]], rtol=2e-4, atol=2e-6)
    with torch.no_grad():
        features = torch.from_numpy(VALIDATION.inputs["features"])
        np.testing.assert_allclose(together.model(features), model(features), rtol=2e-3, atol=2e-4)


def test_networks_of_other_widths_rates_decays_seeds_and_patience_come_out_as_if_trained_alone(tmp_path):
    changes = [
        {"model": {"hidden": [8, 4]}},
        {"model": {"hidden": [3, 12]}, "train": {"learning_rate": 0.05}},
        {"model": {"hidden": [16, 2]}, "train": {"weight_decay": 0.3, "seed": 7}},
        {"train": {"seed": 7, "patience": 1, "learning_rate": 0.3}},
    ]
    configs = [CONFIG.replace(change) for change in changes]
    assert groups(USECASE, configs) == [[0, 1, 2, 3]]
    for config, found in zip(configs, fit_together(USECASE, TRAIN, VALIDATION, configs), strict=True):
        assert_same(found, *alone(config, tmp_path))


@settings(max_examples=8, deadline=None)
@given(
    hidden=st.lists(st.lists(st.integers(1, 9), min_size=1, max_size=1), min_size=2, max_size=4),
    seeds=st.lists(st.integers(0, 3), min_size=4, max_size=4),
    rate=st.floats(1e-3, 3e-2),
)
def test_any_widths_and_seeds_train_as_alone(tmp_path_factory, hidden, seeds, rate):
    folder = tmp_path_factory.mktemp("alone")
    changes = [{"model": {"hidden": one}, "train": {"seed": seed, "epochs": 2}} for one, seed in zip(hidden, seeds, strict=False)]
    configs = [CONFIG.replace(change).replace({"train": {"learning_rate": rate}}) for change in changes]
    for config, found in zip(configs, fit_together(USECASE, TRAIN, VALIDATION, configs), strict=True):
        assert_same(found, *alone(config, folder))


def test_one_that_stops_early_stops_and_the_others_go_on(tmp_path):
    configs = [CONFIG.replace({"train": {"learning_rate": 3.0, "patience": 1}}), CONFIG]
    first, second = fit_together(USECASE, TRAIN, VALIDATION, configs)
    assert len(first.history) < len(second.history) == 6
    assert_same(second, *alone(CONFIG, tmp_path))


def test_one_that_diverges_is_told_and_the_others_go_on(tmp_path):
    hot = CONFIG.replace({"train": {"learning_rate": 1e30}})
    first, second = fit_together(USECASE, TRAIN, VALIDATION, [hot, CONFIG])
    assert first.diverged
    with pytest.raises(BartikError, match="diverged"):
        alone(hot, tmp_path)
    assert_same(second, *alone(CONFIG, tmp_path))


def test_networks_that_differ_in_the_shape_of_a_step_are_not_grouped():
    changes = [{}, {"train": {"batch": 32}}, {"model": {"hidden": [8]}}, {"train": {"seed": 9}}, {"train": {"epochs": 2}}]
    assert groups(USECASE, [CONFIG.replace(change) for change in changes]) == [[0, 3], [1], [2], [4]]


def test_a_module_that_says_nothing_of_growing_is_grouped_by_its_widths_and_trained_the_same(tmp_path):
    class Plain(torch.nn.Module):
        def __init__(self, width):
            super().__init__()
            self.one, self.two = torch.nn.Linear(3, width), torch.nn.Linear(width, 1)

        def forward(self, features):
            return torch.sigmoid(self.two(torch.tanh(self.one(features))))

    usecase = SimpleNamespace(model=lambda config: Plain(config.model.hidden[0]))
    configs = [CONFIG.replace({"model": {"hidden": [width]}, "train": {"seed": seed}}) for width, seed in ((4, 1), (4, 2), (5, 1))]
    assert groups(usecase, configs) == [[0, 1], [2]]
    for config, found in zip(configs[:2], fit_together(usecase, TRAIN, VALIDATION, configs[:2]), strict=True):
        path = tmp_path / f"{config.train.seed}.pt"
        model = fit(usecase, TRAIN, VALIDATION, config, path, lambda _line: None)
        assert_same(found, model, read_history(path))


def test_what_starts_from_a_checkpoint_is_refused():
    with pytest.raises(ConfigError, match="one by one"):
        fit_together(USECASE, TRAIN, VALIDATION, [CONFIG.replace({"train": {"start": "champion.pt"}})])
