"""The main job as a user runs it: real commands in a fresh folder, on generated events unless said otherwise."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from commands import bartik as call
from commands import clean_environment

import bartik
from bartik.data.tables import read_table, write_table
from bartik.data.velo import event_from_dict, write_velo_event
from bartik.simulation.velo import generate_velo_event


@pytest.fixture(scope="module")
def environment(tmp_path_factory) -> dict[str, str]:
    return clean_environment(tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="module")
def done(environment, tmp_path_factory) -> Path:
    """A finished tiny run."""
    folder = tmp_path_factory.mktemp("run")
    result = call(environment, folder, "run", "ghost_probability", "--config", "tiny", "--out", "run")
    assert result.returncode == 0, result.stderr
    assert "report.html" in result.stdout
    return folder / "run"


def test_a_run_leaves_every_file_it_promises(done):
    names = "data/train.npz data/validation.npz data/test.npz data/data.json checkpoint.pt scores.npz metrics.json bundle/model.onnx "
    names += "bundle/bundle.json check.json bench.json registered.json report.html steps/report.json configuration.json plan.json run.log"
    missing = [name for name in names.split() if not (done / name).is_file()]
    assert not missing


def test_a_bundle_says_where_it_came_from(done):
    provenance = bartik.load(done / "bundle").provenance
    assert provenance["use_case"] == "ghost_probability"
    assert provenance["data"]["train"]["rows"] > 100
    assert provenance["configuration"]["train"]["epochs"] == 3
    assert provenance["environment"]["torch"].startswith("2.")


def test_every_backend_reproduced_the_reference(done):
    parities = {parity["backend"]: parity for parity in json.loads((done / "check.json").read_text())}
    assert {name for name, parity in parities.items() if parity["ok"]} >= {"reference", "onnxruntime", "torch", "native"}


def test_the_same_command_again_keeps_every_step(environment, done):
    before = (done / "checkpoint.pt").stat().st_mtime_ns
    result = call(environment, done.parent, "run", "ghost_probability", "--config", "tiny", "--out", "run")
    assert result.returncode == 0
    assert result.stderr.count("kept") == 8
    assert (done / "checkpoint.pt").stat().st_mtime_ns == before


def test_the_same_seed_gives_the_same_onnx_digest_in_another_folder(environment, done, tmp_path):
    result = call(environment, tmp_path, "export", "ghost_probability", "--config", "tiny", "--out", "again")
    assert result.returncode == 0, result.stderr
    assert bartik.load(tmp_path / "again" / "bundle").model_digest == bartik.load(done / "bundle").model_digest


@pytest.mark.slow
def test_another_seed_gives_another_model(environment, done, tmp_path):
    result = call(environment, tmp_path, "export", "ghost_probability", "--config", "tiny", "--set", "train.seed=2", "--out", "other")
    assert result.returncode == 0, result.stderr
    assert bartik.load(tmp_path / "other" / "bundle").model_digest != bartik.load(done / "bundle").model_digest


def test_the_run_is_registered_as_candidate(environment, done, monkeypatch):
    monkeypatch.setenv("BARTIK_HOME", environment["BARTIK_HOME"])
    assert bartik.load("ghost_probability@candidate").digest == bartik.load(done / "bundle").digest


@pytest.mark.parametrize("ending", [".csv", ".parquet", ".root", ".npz"])
def test_a_table_is_scored_the_same_from_every_format(environment, done, tmp_path, ending):
    bundle = bartik.load(done / "bundle")
    inputs, outputs = bundle.reference()
    names = [column.name for column in bundle.signature.inputs[0].columns]
    write_table(tmp_path / f"in{ending}", {name: inputs["features"][:20, i] for i, name in enumerate(names)})
    result = call(environment, tmp_path, "predict", str(bundle.path), f"in{ending}", "-o", f"out{ending}")
    assert result.returncode == 0, result.stderr
    scores = read_table(tmp_path / f"out{ending}", ["row", "score"])
    np.testing.assert_allclose(scores["score"], outputs["score"][:20, 0], rtol=1e-5, atol=1e-6)


def test_raw_events_are_scored_by_the_use_case_that_reads_them(environment, done, tmp_path):
    for number in range(3):
        write_velo_event(event_from_dict(generate_velo_event(7, number), number), tmp_path / "events" / f"velo_event_{number}.json")
    result = call(environment, tmp_path, "predict", str(done / "bundle"), "events", "-o", "scores.csv")
    assert result.returncode == 0, result.stderr
    scores = read_table(tmp_path / "scores.csv", ["event", "candidate", "score"])
    assert set(scores["event"]) == {0, 1, 2}
    assert 0 <= scores["score"].min() <= scores["score"].max() <= 1


def test_an_altered_bundle_is_refused(environment, done, tmp_path):
    copy = shutil.copytree(done / "bundle", tmp_path / "bundle")
    content = bytearray((copy / "model.onnx").read_bytes())
    content[-100] ^= 1
    (copy / "model.onnx").write_bytes(bytes(content))
    result = call(environment, tmp_path, "check", "bundle")
    assert result.returncode == 1
    assert "model.onnx: was altered" in result.stderr


def test_a_compiled_header_prints_the_reference_scores(environment, done, tmp_path):
    result = call(environment, tmp_path, "compile", str(done / "bundle"), "--target", "cxx", "-o", "generated")
    assert result.returncode == 0, result.stderr
    made = subprocess.run(["make", "-C", str(tmp_path / "generated"), "run"], capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stderr
    _, outputs = bartik.load(done / "bundle").reference()
    assert f"{outputs['score'][0, 0]:.4f}"[:5] in made.stdout


@pytest.mark.slow  # that it keeps the contract is tested with all others
def test_a_new_use_case_runs_from_its_folder(environment, tmp_path):
    assert call(environment, tmp_path, "new", "two_body_decay").returncode == 0
    result = call(environment, tmp_path, "run", "./two_body_decay", "--config", "tiny")
    assert result.returncode == 0, result.stderr
    assert (tmp_path / "runs" / "two_body_decay" / "report.html").is_file()


@pytest.mark.skipif(not os.environ.get("BARTIK_DATA"), reason="needs BARTIK_DATA with 06_velo_tracking")
def test_real_events_are_found_through_bartik_data(environment, tmp_path):
    variables = environment | {"BARTIK_DATA": os.environ["BARTIK_DATA"]}
    result = call(variables, tmp_path, "export", "ghost_probability", "--config", "tiny", "--out", "run")
    assert result.returncode == 0, result.stderr
    record = json.loads((tmp_path / "run" / "data" / "data.json").read_text())
    assert "velopix_minibias" in record["test"]["source"]
    assert "bsphiphi" not in record["test"]["source"]
    assert "bsphiphi" in record["train"]["source"]
