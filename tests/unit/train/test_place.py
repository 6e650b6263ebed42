from types import SimpleNamespace

import numpy as np
import pytest
import torch

from bartik.core import Config, ConfigError, Dataset
from bartik.nn.tabular import TabularClassifier, logistic_loss
from bartik.train import fit, read_history
from bartik.train.place import Place

OPTIONS = {"seed": 1, "threads": 1, "epochs": 8, "patience": 8, "batch": 64, "learning_rate": 0.02, "weight_decay": 0.01, "balance": True}
SEEN = []


def loss(network, inputs, target, weights):
    SEEN.append(network.logits(inputs["features"]).dtype)
    return logistic_loss(network, inputs, target, weights)


USECASE = SimpleNamespace(model=lambda config: TabularClassifier([False, True], [8]), loss=loss)


def rows(seed, count):
    random = np.random.default_rng(seed)
    target = (random.random(count) > 0.3).astype(np.float32)
    return Dataset({"features": (random.exponential(size=(count, 2)) + target[:, None]).astype(np.float32)}, target)


def trained(path, **options):
    SEEN.clear()
    model = fit(USECASE, rows(1, 600), rows(2, 200), Config({"train": OPTIONS | options}), path, lambda _line: None)
    return model, read_history(path)["validation"].min()


def test_products_in_bfloat16_reach_the_same_loss_and_leave_weights_in_float32(tmp_path):
    _, wanted = trained(tmp_path / "whole.pt")
    assert set(SEEN) == {torch.float32}
    model, found = trained(tmp_path / "low.pt", precision="bfloat16")
    assert set(SEEN) == {torch.bfloat16}
    assert abs(found - wanted) < 0.02
    assert {value.dtype for value in model.parameters()} == {torch.float32}


def test_pieces_of_a_batch_are_summed_in_low_precision_as_well(tmp_path):
    _, wanted = trained(tmp_path / "whole.pt", precision="bfloat16")
    _, found = trained(tmp_path / "pieces.pt", precision="bfloat16", accumulate=3)
    assert abs(found - wanted) < 0.01


@pytest.mark.parametrize(
    ("options", "words"), [({"device": "abacus"}, "device: 'abacus'"), ({"precision": "float8"}, "precision: 'float8'")]
)
def test_a_place_that_is_none_is_refused(options, words):
    with pytest.raises(ConfigError, match=words):
        Place(Config(options))


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_a_gpu_that_is_not_there_is_refused_with_a_remedy():
    with pytest.raises(ConfigError, match="no GPU here"):
        Place(Config({"device": "cuda"}))


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")
def test_a_training_on_a_gpu_reaches_the_same_loss_and_its_model_is_on_the_cpu(tmp_path):
    _, wanted = trained(tmp_path / "cpu.pt")
    model, found = trained(tmp_path / "gpu.pt", device="cuda")
    assert abs(found - wanted) < 0.01
    assert {value.device.type for value in model.parameters()} == {"cpu"}
