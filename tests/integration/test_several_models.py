"""A use case of three models, two of which the third needs: planned, trained side by side, continued, drawn."""

import json
import shutil
from pathlib import Path

import pytest
from commands import bartik, clean_environment, stop_at

import bartik as package
from bartik.core import BartikError
from bartik.workflow.reproduce import registered_bundles

pytestmark = pytest.mark.slow

NAME = "two_steps_of_selection"
RUN = ("run", f"./{NAME}", "--out", "run")
STEPS = ("data", "train", "score", "export", "check", "bench", "register", "report")


@pytest.fixture(scope="module")
def environment(tmp_path_factory) -> dict[str, str]:
    return clean_environment(tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="module")
def folder(environment, tmp_path_factory) -> Path:
    """A working folder with the use case and, in ``run``, a finished run of it that was once stopped."""
    folder = tmp_path_factory.mktemp("several")
    shutil.copytree(Path(__file__).parent / NAME, folder / NAME, ignore=shutil.ignore_patterns("__pycache__"))
    assert stop_at(environment, folder, "[vertex_export]", *RUN) == 130
    done = bartik(environment, folder, *RUN)
    assert done.returncode == 0, done.stderr
    return folder


def test_every_model_has_a_bundle_a_page_and_a_version(environment, folder, monkeypatch):
    monkeypatch.setenv("BARTIK_HOME", environment["BARTIK_HOME"])
    for part in ("kinematics", "vertex", "decision"):
        assert (folder / "run" / part / "report.html").is_file()
        registered = package.load(f"{NAME}.{part}@candidate")
        assert registered.digest == package.load(folder / "run" / part / "bundle").digest
    made_with = package.load(folder / "run" / "decision" / "bundle").provenance["bundles"]
    assert made_with == {part: package.load(folder / "run" / part / "bundle").digest for part in ("kinematics", "vertex")}


def test_a_model_leads_to_the_models_it_was_made_with(environment, folder, monkeypatch):
    done = bartik(environment, folder, "models", "lineage", f"{NAME}.decision@candidate", "--json")
    assert done.returncode == 0, done.stderr
    vertex = package.load(folder / "run" / "vertex" / "bundle")
    assert f"bundle vertex {vertex.digest}" in done.stdout
    monkeypatch.setenv("BARTIK_HOME", environment["BARTIK_HOME"])
    again = registered_bundles(package.load(folder / "run" / "decision" / "bundle"), NAME)
    assert package.load(again["vertex"]).digest == vertex.digest
    shutil.copytree(environment["BARTIK_HOME"], folder / "elsewhere", ignore=shutil.ignore_patterns("registry.db"))
    monkeypatch.setenv("BARTIK_HOME", str(folder / "elsewhere"))
    with pytest.raises(BartikError, match=r"two_steps_of_selection\.kinematics"):
        registered_bundles(package.load(folder / "run" / "decision" / "bundle"), NAME)


def test_the_chain_is_scored_and_is_better_than_its_parts(folder):
    models = json.loads((folder / "run" / "metrics.json").read_text())["models"]
    assert list(models) == ["chain", "kinematics", "vertex"]
    assert models["chain"]["AUC"]["value"] > max(models[part]["AUC"]["value"] for part in ("kinematics", "vertex"))
    page = (folder / "run" / "report.html").read_text()
    assert '<a href="decision/report.html">' in page
    assert "Do all backends agree?" in page
    assert "µs a candidate, batch" in page
    assert "The chain and its parts" in page


def test_the_same_command_keeps_everything(environment, folder):
    done = bartik(environment, folder, *RUN)
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("kept") == 3 * len(STEPS) + 2


def test_what_one_model_needs_decides_what_is_planned(environment, folder):
    done = bartik(environment, folder, *RUN, "--set", "vertex.train.epochs=4", "--dry-run", "--json")
    plan = {job["job"]: job for job in map(json.loads, done.stdout.splitlines())}
    assert all(plan[f"kinematics_{step}"]["done"] for step in STEPS)
    assert plan["vertex_data"]["done"]
    assert plan["vertex_train"]["why"] == "changed: configuration"
    assert plan["decision_data"]["after"] == ["kinematics_check", "vertex_check"]
    assert plan["decision_data"]["why"] == "follows vertex_check"
    assert plan["whole"]["why"]
    again = bartik(environment, folder, *RUN, "--dry-run")
    assert again.stdout.count("kept") == 3 * len(STEPS) + 2, "a dry run changes nothing"


def test_the_plan_is_drawn_and_is_snakemakes_own(environment, folder):
    for name in ("plan.svg", "plan.dot"):
        done = bartik(environment, folder, *RUN, "--dry-run", "--graph", name)
        assert done.returncode == 0, done.stderr
    assert "<svg" in (folder / "plan.svg").read_text()
    rules = (folder / "plan.dot").read_text()
    assert rules.startswith("digraph")
    assert all(f'"decision_{step}"' in rules.replace("label = ", "") for step in STEPS)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("train", f"./{NAME}"), "two_steps_of_selection: has 3 models, name one"),
        (("run", f"./{NAME}", "--set", "vertex.train.epoch=4"), "unknown configuration key 'train.epoch'"),
        (("run", f"./{NAME}", "--set", "nothing=4"), "unknown configuration key 'nothing'"),
        (("run", f"./{NAME}", "--config", "tyni"), "unknown configuration 'tyni'"),
        (("run", f"./{NAME}", "--on", "slrum"), "unknown place to run on 'slrum'"),
        (("run", f"./{NAME}/decision", "--only", "train", "--out", "alone/decision"), "step data is not done"),
        (("run", f"./{NAME}", "--only", "tarin"), "unknown step 'tarin'"),
    ],
)
def test_wrong_use_is_one_clear_message(environment, folder, words, said):
    done = bartik(environment, folder, *words)
    assert done.returncode == 2, done.stderr
    assert said in done.stderr
    assert "Traceback" not in done.stderr
