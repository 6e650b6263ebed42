"""A use case that trains boosted trees in its own way, from data to a model made again."""

import json
import shutil
from pathlib import Path

import pytest
from commands import bartik, clean_environment

from bartik.core import UsageError, load_config
from bartik.core.bundle import open_bundle
from bartik.core.plugins import load_usecase, usecase_folder
from bartik.testing import UseCaseContract

NAME = "trees_of_its_own"
FOLDER = Path(__file__).parent / NAME
TINY = ("--config", "tiny")

pytest.importorskip("xgboost", reason="XGBoost is not installed: pip install 'bartik[xgboost]'")


class TestContract(UseCaseContract):
    usecase = str(FOLDER)


@pytest.fixture
def usecase():
    return load_usecase(str(FOLDER))


@pytest.fixture
def rows(usecase):
    config = load_config(usecase_folder(usecase), layer="tiny")
    return config, (usecase.data("train", config), usecase.data("validation", config))


def test_a_training_finds_what_it_left_itself_and_nothing_of_another(usecase, rows, tmp_path):
    from bartik.train import load_model, train_model

    config, data = rows
    seen = []

    class Watched:
        signature = usecase.signature

        @staticmethod
        def train(_, *arguments):
            seen.append(arguments[3].exists())
            return usecase.train(usecase, *arguments)

    for changed in (config, config, config.replace({"train": {"seed": 2}})):
        train_model(Watched, *data, changed, tmp_path / "checkpoint.pt", lambda _: None)
    assert seen == [False, True, False]
    assert load_model(usecase, config, tmp_path / "checkpoint.pt").num_boosted_rounds() == 10


def test_a_training_that_leaves_no_file_is_refused(rows, tmp_path):
    from bartik.train import train_model

    class Forgetful:
        @staticmethod
        def train(*_):
            return None

    config, data = rows
    with pytest.raises(UsageError, match="left nothing here"):
        train_model(Forgetful, *data, config, tmp_path / "checkpoint.pt", lambda _: None)


@pytest.fixture(scope="module")
def environment(tmp_path_factory):
    return clean_environment(tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="module")
def folder(environment, tmp_path_factory):
    """A working folder with the use case, and its first model, promoted."""
    folder = tmp_path_factory.mktemp("own")
    shutil.copytree(FOLDER, folder / NAME, ignore=shutil.ignore_patterns("__pycache__"))
    for words in (("run", f"./{NAME}", *TINY, "--out", "first"), ("models", "promote", NAME)):
        done = bartik(environment, folder, *words)
        assert done.returncode == 0, done.stderr
    return folder


@pytest.mark.slow
def test_the_bundle_holds_the_trees_and_what_trained_them(folder):
    bundle = open_bundle(folder / "first" / "bundle")
    assert bundle.source("xgboost.json") is not None
    assert any(name.startswith("xgboost") for name in bundle.provenance["environment"])
    metrics = json.loads((folder / "first" / "metrics.json").read_text())
    assert list(metrics["models"]) == ["trees"]
    assert metrics["models"]["trees"]["AUC"]["value"] > 0.85
    assert bundle.metrics() == metrics["models"]["trees"]
    page = (folder / "first" / "report.html").read_text()
    assert "Boosting" in page
    assert f"Where {NAME}/1 comes from" in page


@pytest.mark.slow
def test_a_stopped_run_goes_on_and_a_changed_option_trains_again(environment, folder):
    kept = bartik(environment, folder, "run", f"./{NAME}", *TINY, "--out", "first", "--dry-run", "--json")
    assert all(json.loads(line)["done"] for line in kept.stdout.splitlines())
    words = ("run", f"./{NAME}", *TINY, "--out", "first", "--set", "train.depth=2", "--dry-run")
    assert "[train] to do: changed: configuration" in bartik(environment, folder, *words).stdout


@pytest.mark.slow
def test_it_is_retrained_on_top_of_the_champions_trees_and_made_again_to_the_bit(environment, folder):
    words = ("retrain", f"./{NAME}", *TINY, "--warm-start", "--set", "data.seed=2", "--set", "gates.tolerance.AUC=0.2", "--out", "second")
    done = bartik(environment, folder, *words)
    assert done.returncode == 0, done.stderr
    trees = json.loads((folder / "second" / "checkpoint.pt").read_text())["learner"]["gradient_booster"]["model"]["trees"]
    assert len(trees) == 20, "ten of the champion, ten of its own"
    for version in ("1", "2"):
        again = bartik(environment, folder, "models", "reproduce", f"{NAME}@{version}", "--json", "--out", f"again{version}")
        assert again.returncode == 0, again.stderr
        assert json.loads(again.stdout)["same"]
