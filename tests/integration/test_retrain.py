"""A model over its life: champion, candidates that a gate refuses or lets pass, promotion, reproduction, archive."""

import json
import subprocess
import sys

import pytest
from commands import bartik, clean_environment
from registries import bundle

GHOST = ("ghost_probability", "--config", "tiny")
LOOSE = ("--set", "gates.tolerance.AUC=0.5")
LOOSE += tuple(word for wanted in (99, 95) for word in ("--set", f"gates.tolerance.ghost rejection at {wanted}% efficiency=1.0"))


@pytest.fixture(scope="module")
def environment(tmp_path_factory):
    return clean_environment(tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="module")
def folder(environment, tmp_path_factory):
    """A first model, trained and promoted."""
    folder = tmp_path_factory.mktemp("life")
    for words in (("run", *GHOST, "--out", "first"), ("models", "promote", "ghost_probability")):
        done = bartik(environment, folder, *words)
        assert done.returncode == 0, done.stderr
    return folder


def _gates(done):
    return {gate["name"]: gate for gate in json.loads(done.stdout)["gates"]}


@pytest.fixture(scope="module")
def worse(environment, folder):
    """A candidate that is deliberately bad."""
    words = ("--set", "data.seed=3", "--set", "train.epochs=1", "--set", "model.hidden=[1]", "--out", "worse", "--json")
    return bartik(environment, folder, "retrain", *GHOST, *words)


def test_a_worse_model_is_refused_and_its_gate_is_named(environment, folder, worse):
    assert worse.returncode == 1
    assert "AUC, champion's test rows" in worse.stderr
    assert not _gates(worse)["AUC, new test rows"]["passed"]
    refused = bartik(environment, folder, "models", "promote", "ghost_probability@candidate")
    assert refused.returncode == 1
    assert "FAILED AUC, champion's test rows" in refused.stderr
    assert "--override" in refused.stderr


@pytest.mark.slow
def test_a_slower_model_is_refused(environment, folder):
    words = ("--set", "data.seed=3", "--set", "model.hidden=[400, 400]", "--set", "train.epochs=2", *LOOSE, "--out", "slower", "--json")
    done = bartik(environment, folder, "retrain", *GHOST, *words)
    assert done.returncode == 1
    failed = {name for name, gate in _gates(done).items() if not gate["passed"]}
    assert failed == {"time", "size"}
    assert "us by native on one thread" in _gates(done)["time"]["found"]


def test_a_good_model_begins_with_the_champions_weights_is_promoted_and_its_lineage_says_so(environment, folder):
    done = bartik(environment, folder, "retrain", *GHOST, "--set", "data.seed=5", "--warm-start", *LOOSE, "--out", "good")
    assert done.returncode == 0, done.stderr
    assert "bartik models promote ghost_probability@" in done.stderr
    assert "against the champion" in (folder / "good" / "report.html").read_text().lower()
    promoted = bartik(environment, folder, "models", "promote", "ghost_probability", "--json")
    assert promoted.returncode == 0, promoted.stderr
    number = json.loads(promoted.stdout)["number"]
    assert set(json.loads(promoted.stdout)["aliases"]) == {"candidate", "champion"}
    lineage = bartik(environment, folder, "models", "lineage", f"ghost_probability@{number}")
    assert "parent" in lineage.stdout


def test_a_champion_is_made_again_to_the_bit(environment, folder):
    done = bartik(environment, folder, "models", "reproduce", "ghost_probability@1", "--json", "--out", "again")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["same"]
    assert found["wanted"] == found["found"]
    assert found["changed"] == {}


def test_where_something_changed_the_likely_cause_is_named(folder, worse):
    from bartik.core.bundle import open_bundle
    from bartik.core.plugins import load_usecase
    from bartik.workflow.reproduce import compared
    from bartik.workflow.run import Run

    one, other = (open_bundle(folder / name / "bundle") for name in ("first", "worse"))
    run = Run(load_usecase("ghost_probability"), None, folder / "worse", print)
    found = compared(one, "ghost_probability/1", other, run)
    assert not found.same
    assert found.weights == float("inf")
    assert json.loads((folder / "worse" / "reproduce.json").read_text())["weights"] is None
    assert 0 < found.scores <= 1
    assert found.cause.startswith("data, train: ")


def test_an_archive_is_understood_verified_and_run_without_bartik(environment, folder, tmp_path):
    for name in ("one.tar.gz", "two.tar.gz"):
        done = bartik(environment, folder, "models", "archive", "ghost_probability@1", "-o", str(tmp_path / name))
        assert done.returncode == 0, done.stderr
    assert (tmp_path / "one.tar.gz").read_bytes() == (tmp_path / "two.tar.gz").read_bytes()
    subprocess.run(["tar", "xf", "one.tar.gz"], cwd=tmp_path, check=True)
    kept = tmp_path / "ghost_probability-1"
    assert subprocess.run(["sha256sum", "-c", "--quiet", "SHA256SUMS"], cwd=kept, check=False).returncode == 0
    alone = (
        "import sys; sys.modules['bartik'] = None; sys.argv = sys.argv[1:]; import runpy; runpy.run_path(sys.argv[0], run_name='__main__')"
    )
    verify = subprocess.run([sys.executable, "-c", alone, str(kept / "run.py")], capture_output=True, text=True, check=False)
    assert verify.returncode == 0, verify.stderr
    assert "as they must be" in verify.stdout
    altered = (kept / "bundle" / "reference.npz").read_bytes()
    (kept / "bundle" / "reference.npz").write_bytes(altered[: len(altered) // 2])
    assert subprocess.run(["sha256sum", "-c", "--quiet", "SHA256SUMS"], cwd=kept, capture_output=True, check=False).returncode != 0


def test_a_table_is_scored_by_the_program_in_the_archive(environment, folder, tmp_path):
    import numpy as np

    from bartik import load
    from bartik.data.tables import write_table

    archived = bartik(environment, folder, "models", "archive", "ghost_probability@1", "-o", str(tmp_path / "a.tar.gz"))
    assert archived.returncode == 0, archived.stderr
    subprocess.run(["tar", "xf", "a.tar.gz"], cwd=tmp_path, check=True)
    bundle = load(folder / "first" / "bundle")
    inputs, outputs = bundle.reference()
    names = [column.name for column in bundle.signature.inputs[0].columns]
    write_table(tmp_path / "in.csv", {name: inputs["features"][:20, k] for k, name in enumerate(names)})
    program = tmp_path / "ghost_probability-1" / "run.py"
    done = subprocess.run([sys.executable, program, "in.csv", "out.csv"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    scores = np.loadtxt(tmp_path / "out.csv", skiprows=1)
    np.testing.assert_allclose(scores, outputs["score"][:20, 0], rtol=1e-5, atol=1e-6)


def test_what_a_warm_start_began_with_is_found_in_the_registry_where_its_file_is_gone(tmp_path, monkeypatch):
    from bartik.core import RegistryError, load_config
    from bartik.core.bundle import open_bundle, write_bundle
    from bartik.core.plugins import load_usecase, usecase_folder
    from bartik.registry import RunRecord, annotate, artifact, register
    from bartik.workflow.reproduce import recorded_run

    monkeypatch.setenv("BARTIK_HOME", str(tmp_path / "home"))
    plain = open_bundle(bundle(tmp_path, 1.0, "life"))
    config = load_config(usecase_folder(load_usecase("ghost_probability")), settings=[f"train.start={tmp_path}/gone/checkpoint.pt"])
    made = {"use_case": "ghost_probability", "configuration": config.to_dict()}
    child = write_bundle(
        tmp_path / "child", plain.model_path.read_bytes(), plain.signature, plain.reference(), name="life", provenance=made
    )
    (tmp_path / "checkpoint.pt").write_bytes(b"weights")
    above = register(plain, RunRecord(artifacts=(tmp_path / "checkpoint.pt",)))
    below = register(child, RunRecord())
    with pytest.raises(RegistryError, match=r"gone/checkpoint\.pt, which is gone"):
        recorded_run(child, below.reference, tmp_path / "again", "", print)
    annotate(below.reference, {"mlflow.parentRunId": above.run})
    start = recorded_run(child, below.reference, tmp_path / "again", "", print).config.train.start
    assert start == str(artifact(above.reference, "checkpoint.pt"))


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("models", "reproduce", "ghost_probability@99"), "no such version"),
        (("models", "archive", "ghost_probability", "-o", "model.zip"), "ends in .tar.gz"),
        (("retrain", "ghost_probabilty"), "ghost_probability"),
    ],
)
def test_wrong_use_is_refused_in_words(environment, folder, words, message):
    done = bartik(environment, folder, *words)
    assert done.returncode in {1, 2}
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_a_model_without_a_champion_has_nothing_to_start_from(environment, tmp_path):
    other = environment | {"BARTIK_HOME": str(tmp_path / "home")}
    done = bartik(other, tmp_path, "retrain", *GHOST, "--warm-start")
    assert done.returncode == 2
    assert "has no champion to start from" in done.stderr
