from types import SimpleNamespace

import numpy as np
import pytest
import torch

from bartik.core import BartikError, Config, ConfigError, DataError, Dataset
from bartik.nn.tabular import Standardise, TabularClassifier, logistic_loss
from bartik.train import fit, load_trained, read_history

CONFIG = Config(
    {
        "train": {
            "seed": 1,
            "threads": 1,
            "epochs": 6,
            "patience": 6,
            "batch": 64,
            "learning_rate": 0.02,
            "weight_decay": 0.0,
            "balance": True,
        }
    }
)
USECASE = SimpleNamespace(model=lambda config: TabularClassifier([False, True], [8]), loss=logistic_loss)


def rows(seed: int, count: int = 500, background: float = 0.2) -> Dataset:
    random = np.random.default_rng(seed)
    target = (random.random(count) > background).astype(np.float32)
    features = random.normal(size=(count, 2)) + 2 * target[:, None]
    return Dataset({"features": features.astype(np.float32)}, target)


def weights(model: torch.nn.Module) -> bytes:
    return b"".join(t.numpy().tobytes() for t in model.state_dict().values())


def silent(line: str) -> None:
    pass


def test_the_same_seed_gives_the_same_weights(tmp_path):
    first = fit(USECASE, rows(1), rows(2), CONFIG, tmp_path / "a.pt", silent)
    second = fit(USECASE, rows(1), rows(2), CONFIG, tmp_path / "b.pt", silent)
    other = fit(USECASE, rows(1), rows(2), CONFIG.replace({"train": {"seed": 2}}), tmp_path / "c.pt", silent)
    assert weights(first) == weights(second) != weights(other)


@pytest.mark.parametrize("stop_after", [1, 3, 5])
def test_a_training_that_was_stopped_goes_on_to_the_same_weights(tmp_path, monkeypatch, stop_after):
    monkeypatch.setattr("bartik.train.loop._SAVE_EVERY", 0)
    whole = fit(USECASE, rows(1), rows(2), CONFIG, tmp_path / "whole.pt", silent)
    seen = []

    def stop(line: str) -> None:
        seen.append(line)
        if len(seen) > stop_after:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fit(USECASE, rows(1), rows(2), CONFIG, tmp_path / "parts.pt", stop)
    lines = []
    resumed = fit(USECASE, rows(1), rows(2), CONFIG, tmp_path / "parts.pt", lines.append)
    assert lines[0] == f"goes on after epoch {stop_after} of 6"
    assert weights(whole) == weights(resumed)
    np.testing.assert_array_equal(read_history(tmp_path / "whole.pt")["train"], read_history(tmp_path / "parts.pt")["train"])


def test_a_finished_training_is_not_repeated(tmp_path):
    fit(USECASE, rows(1), rows(2), CONFIG, tmp_path / "a.pt", silent)
    lines = []
    fit(USECASE, rows(1), rows(2), CONFIG, tmp_path / "a.pt", lines.append)
    assert lines == ["goes on after epoch 6 of 6"]


def test_other_data_start_a_training_afresh(tmp_path):
    fit(USECASE, rows(1), rows(2), CONFIG, tmp_path / "a.pt", silent)
    lines = []
    fit(USECASE, rows(3), rows(2), CONFIG, tmp_path / "a.pt", lines.append)
    assert lines[0].startswith("epoch 1/6")


def test_changed_code_starts_a_training_afresh(tmp_path):
    fit(USECASE, rows(1), rows(2), CONFIG, tmp_path / "a.pt", silent, code="before")
    lines = []
    fit(USECASE, rows(1), rows(2), CONFIG, tmp_path / "a.pt", lines.append, code="after")
    assert lines[0].startswith("epoch 1/6")


def test_a_training_that_diverges_is_one_clear_error(tmp_path):
    with pytest.raises(BartikError, match="training diverged in epoch"):
        fit(USECASE, rows(1), rows(2), CONFIG.replace({"train": {"learning_rate": 1e30}}), tmp_path / "a.pt", silent)


def test_training_stops_when_patience_ends_and_keeps_the_best_epoch(tmp_path):
    noise = Dataset(rows(1).inputs, np.random.default_rng(0).integers(0, 2, 500).astype(np.float32))
    config = CONFIG.replace({"train": {"epochs": 200, "patience": 2, "learning_rate": 0.05}})
    model = fit(USECASE, noise, rows(2), config, tmp_path / "a.pt", silent)
    history = read_history(tmp_path / "a.pt")
    assert len(history["validation"]) == history["best"] + 2 < 200
    assert history["validation"][history["best"] - 1] == history["validation"].min()
    assert weights(load_trained(USECASE, config, tmp_path / "a.pt")) == weights(model)


def test_the_network_learns_what_can_be_learnt(tmp_path):
    model = fit(USECASE, rows(1, 2000), rows(2), CONFIG, tmp_path / "a.pt", silent)
    test = rows(3, 2000)
    with torch.no_grad():
        found = model(torch.from_numpy(test.inputs["features"])).numpy()[:, 0] > 0.5
    assert (found == test.target).mean() > 0.85


def test_balanced_classes_push_the_score_of_a_rare_class_up(tmp_path):
    rare = rows(1, 2000, background=0.95)
    plain = CONFIG.replace({"train": {"balance": False}})
    scores = []
    for name, config in (("balanced", CONFIG), ("plain", plain)):
        model = fit(USECASE, rare, rare, config, tmp_path / f"{name}.pt", silent)
        with torch.no_grad():
            scores.append(model(torch.from_numpy(rare.inputs["features"])).mean().item())
    assert scores[0] > scores[1] + 0.1


@pytest.mark.parametrize("key", ["epochs", "batch", "patience", "threads", "learning_rate"])
def test_a_training_option_that_cannot_be_is_named(tmp_path, key):
    with pytest.raises(ConfigError, match=f"train.{key}: wanted a positive number, got 0"):
        fit(USECASE, rows(1), rows(2), CONFIG.replace({"train": {key: 0}}), tmp_path / "a.pt", silent)


def test_a_broken_checkpoint_is_named_and_not_trained_over(tmp_path):
    (tmp_path / "a.pt").write_bytes(b"not a checkpoint")
    with pytest.raises(DataError, match=r"a\.pt: not a checkpoint"):
        fit(USECASE, rows(1), rows(2), CONFIG, tmp_path / "a.pt", silent)


def test_a_checkpoint_with_a_pickled_object_is_refused(tmp_path):
    torch.save({"key": SimpleNamespace()}, tmp_path / "a.pt")
    with pytest.raises(DataError, match="not a checkpoint"):
        load_trained(USECASE, CONFIG, tmp_path / "a.pt")


def test_standardised_training_rows_have_mean_0_and_spread_1_and_a_constant_column_becomes_0():
    features = np.abs(np.random.default_rng(0).normal(3, 2, (1000, 3))).astype(np.float32)
    features[:, 2] = 5
    layer = Standardise([False, True, False])
    layer.adapt(features)
    out = layer(torch.from_numpy(features)).numpy()
    np.testing.assert_allclose(out.mean(0), 0, atol=1e-4)
    np.testing.assert_allclose(out.std(0), [1, 0, 1], atol=1e-2)  # the marked column comes last


def test_a_wild_value_is_clipped_to_the_widened_training_range():
    layer = Standardise([False])
    layer.adapt(np.array([[0.0], [1.0]], np.float32))
    out = layer(torch.tensor([[2.0], [1e20], [-1.0], [-1e20]])).numpy()
    assert out[0] == out[1]
    assert out[2] == out[3]
