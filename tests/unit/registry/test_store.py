import json
import os
import sqlite3
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from bartik.core import DigestError, Interval, RegistryError, UnknownNameError, UsageError
from bartik.core.bundle import open_bundle
from bartik.registry import Gate, GateReport, RunRecord, database, fetch, register, versions

RECORD = RunRecord(
    parameters={"train.epochs": 20, "model.hidden": [25, 20], "data.path": ""},
    metrics={"AUC": Interval(0.99, 0.98, 0.995), "rejection at 99%": Interval(0.95, 0.94, 0.96), "seconds": 3.5},
    datasets={"train": {"digest": "a" * 64, "rows": 1000, "source": "toy"}, "test": {"digest": "b" * 64, "rows": 100, "source": "toy"}},
    tags={"use_case": "toy"},
)


def test_a_registered_bundle_comes_back_whole(home, make_bundle):
    bundle = make_bundle()
    version = register(bundle, RECORD)
    assert (version.name, version.number, version.digest, version.aliases) == ("toy", 1, bundle.digest, ("candidate",))
    for reference in ("toy@candidate", "toy/1", version.reference):
        assert open_bundle(fetch(reference)).digest == bundle.digest
    assert versions() == versions("toy") == [version]
    assert json.loads(json.dumps(version.to_dict()))["number"] == 1


def test_what_a_monitor_needs_comes_back_with_the_bundle(home, make_bundle):
    version = register(make_bundle(sketch={"rows": 3}), RECORD)
    assert open_bundle(fetch(version.reference)).sketch() == {"rows": 3}


def test_a_new_bundle_is_a_new_version_and_takes_the_alias(home, make_bundle):
    register(make_bundle(1.0), RECORD)
    second = register(make_bundle(2.0), RECORD)
    assert [(v.number, v.aliases) for v in versions("toy")] == [(1, ()), (2, ("candidate",))]
    assert open_bundle(fetch("toy@candidate")).digest == second.digest


def test_the_same_bundle_again_is_the_same_version_and_takes_the_alias_back(home, make_bundle):
    first = register(make_bundle(1.0), RECORD)
    register(make_bundle(2.0), RECORD)
    again = register(make_bundle(1.0), RECORD)
    assert (again.number, again.run) == (first.number, first.run)
    assert [(v.number, v.aliases) for v in versions("toy")] == [(1, ("candidate",)), (2, ())]


def test_the_run_holds_parameters_metrics_data_and_artifacts(home, make_bundle, tmp_path):
    (tmp_path / "report.html").write_text("page")
    (tmp_path / "figures").mkdir()
    (tmp_path / "figures" / "roc.svg").write_text("figure")
    record = RunRecord(RECORD.parameters, RECORD.metrics, RECORD.datasets, RECORD.tags, (tmp_path / "report.html", tmp_path / "figures"))
    version = register(make_bundle(), record)
    from bartik.registry.connection import connect

    with connect().reading() as client:
        run = client.get_run(version.run)
        files = {f.path for folder in ("", "model", "figures") for f in client.list_artifacts(version.run, folder or None)}
    assert run.info.status == "FINISHED"
    assert run.data.params == {"train.epochs": "20", "model.hidden": "[25, 20]", "data.path": ""}
    assert run.data.metrics["AUC"] == 0.99
    assert run.data.metrics["rejection at 99 percent.low"] == 0.94
    assert run.data.tags["bartik.data.train"] == "a" * 64
    assert run.data.tags["use_case"] == "toy"
    assert {(i.tags[0].value, i.dataset.digest, i.dataset.profile) for i in run.inputs.dataset_inputs} == {
        ("train", "a" * 32, '{"rows": 1000}'),
        ("test", "b" * 32, '{"rows": 100}'),
    }
    assert files >= {"report.html", "record.json", "figures/roc.svg", "model/model.onnx", "model/bundle.json", "model/MLmodel"}
    assert str(home) in version.source


def test_mlflows_own_page_says_where_a_version_comes_from(home, make_bundle):
    datasets = {"train": {"digest": "a" * 64, "rows": 1000, "source": "https://me:secret@host/tracks.root"}}
    gates = GateReport(make_bundle().digest, 0, (Gate("time", passed=True, wanted="<= 15", found="4"),))
    register(make_bundle(), replace(RECORD, datasets=datasets, gates=gates))
    from bartik.registry.connection import connect

    with connect().reading() as client:
        said = client.get_model_version("toy", "1").description
    assert f"**train**: 1000 rows, https://***@host/tracks.root, digest `{'a' * 12}`" in said
    assert "**AUC**: 0.99" in said
    assert "**gate** passed time: wanted <= 15, found 4" in said


def test_plain_mlflow_loads_the_model(home, make_bundle):
    pytest.importorskip("pandas")
    register(make_bundle(), RECORD)
    code = """
import json, mlflow, numpy as np
model = mlflow.pyfunc.load_model("models:/toy@candidate")
graph = mlflow.onnx.load_model("models:/toy/1")
scores = model.predict({"features": np.array([[1, 2], [3, 5]], dtype=np.float32)})
print(json.dumps([graph.graph.name, np.asarray(scores["score"]).ravel().tolist(), model.metadata.get_input_schema().to_dict()]))
"""
    environment = os.environ | {"MLFLOW_TRACKING_URI": f"sqlite:///{home / 'registry.db'}", "MLFLOW_DISABLE_TELEMETRY": "true"}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    name, scores, schema = json.loads(done.stdout.splitlines()[-1])
    assert name == "toy"
    assert schema == [{"name": "features", "type": "tensor", "tensor-spec": {"dtype": "float32", "shape": [-1, 2]}}]
    np.testing.assert_allclose(scores, [-1, -2])


def test_many_and_long_parameters_are_kept(home, make_bundle):
    parameters = {f"p{i}": i for i in range(250)} | {"long": "x" * 7000}
    version = register(make_bundle(), RunRecord(parameters=parameters))
    from bartik.registry.connection import connect

    with connect().reading() as client:
        kept = client.get_run(version.run).data.params
    record = json.loads((fetch("toy/1").parent / "record.json").read_text())
    assert len(kept) == 251
    assert len(kept["long"]) == 6000
    assert len(record["parameters"]["long"]) == 7000


def test_unknown_names_aliases_and_versions_name_the_nearest(home, make_bundle):
    register(make_bundle(), RECORD)
    with pytest.raises(UnknownNameError, match="unknown registered model 'toi'\n  did you mean 'toy'"):
        fetch("toi@candidate")
    with pytest.raises(UnknownNameError, match="unknown alias of toy 'canditate'\n  did you mean 'candidate'"):
        fetch("toy@canditate")
    with pytest.raises(UnknownNameError, match="unknown version of toy '7'\n  known: 1"):
        fetch("toy/7")
    with pytest.raises(UsageError, match="not a registered model"):
        fetch("toy")


def test_looking_into_a_registry_that_is_not_there_makes_none(tmp_path, monkeypatch):
    monkeypatch.setenv("BARTIK_HOME", str(tmp_path / "none"))
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    assert versions() == []
    with pytest.raises(UnknownNameError, match="known: none"):
        fetch("toy/1")
    assert not (tmp_path / "none").exists()


def test_a_bundle_altered_on_disk_is_not_registered(home, make_bundle):
    bundle = make_bundle()
    bundle.model_path.write_bytes(b"other")
    with pytest.raises(DigestError, match=r"model\.onnx: was altered"):
        register(bundle, RECORD)
    assert versions() == []


def test_a_bundle_altered_in_the_registry_is_refused_when_opened(home, make_bundle):
    register(make_bundle(), RECORD)
    (fetch("toy/1") / "model.onnx").write_bytes(b"other")
    with pytest.raises(DigestError, match="was altered"):
        open_bundle(fetch("toy/1"))


def test_files_missing_from_the_registry_are_named(home, make_bundle):
    register(make_bundle(), RECORD)
    (fetch("toy/1") / "bundle.json").unlink()
    with pytest.raises(RegistryError, match="toy/1: its files are missing at"):
        fetch("toy/1")


def test_a_failure_half_way_leaves_no_version_and_the_next_call_completes(home, make_bundle, tmp_path):
    with pytest.raises(RegistryError):
        register(make_bundle(), RunRecord(artifacts=(tmp_path / "missing.html",)))
    assert versions() == []
    assert register(make_bundle(), RECORD).aliases == ("candidate",)


def test_a_locked_database_is_said_to_be(locked, make_bundle, monkeypatch):
    monkeypatch.setattr(database, "PATIENCE", 0.05)
    with pytest.raises(RegistryError, match="is locked by another program"):
        register(make_bundle(), RECORD)


def test_a_busy_registry_is_said_to_be(home, make_bundle, monkeypatch):
    monkeypatch.setattr(database, "QUEUE", 0.05)
    holder = "import sys, filelock; lock = filelock.FileLock(sys.argv[1]); lock.acquire(); print('held', flush=True); sys.stdin.read()"
    command = [sys.executable, "-c", holder, str(home / "registry.lock")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout.readline() == "held\n"
        with pytest.raises(RegistryError, match="other processes kept it busy"):
            register(make_bundle(), RECORD)
        other.stdin.close()


def test_a_home_that_cannot_be_written_is_said_to_be(tmp_path, make_bundle, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("BARTIK_HOME", str(tmp_path / "file" / "home"))
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    with pytest.raises(RegistryError, match="cannot be written\n  set BARTIK_HOME"):
        register(make_bundle(), RECORD)


def test_a_file_that_is_no_database_is_said_to_be(home, make_bundle):
    (home / "registry.db").write_text("hello, this is not a database at all" * 50)
    with pytest.raises(RegistryError, match="is damaged or not an MLflow database"):
        register(make_bundle(), RECORD)


def test_a_database_of_another_mlflow_is_said_to_be(home, make_bundle):
    with sqlite3.connect(home / "registry.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '451aebb31d03'")
    with pytest.raises(RegistryError, match="has another MLflow version's tables\n  upgrade it with"):
        register(make_bundle(), RECORD)


def test_a_server_that_does_not_answer_is_said_to_be(home, make_bundle, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://me:secret@127.0.0.1:9")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    with pytest.raises(RegistryError, match=r"registry http://\*\*\*@127\.0\.0\.1:9: cannot be reached\n  check MLFLOW_TRACKING_URI"):
        register(make_bundle(), RECORD)


def test_the_address_mlflow_users_set_is_used(home, make_bundle, monkeypatch, tmp_path, empty_database):
    (tmp_path / "shared").mkdir()
    (tmp_path / "shared" / "mlflow.db").write_bytes(empty_database.read_bytes())
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path / 'shared' / 'mlflow.db'}")
    assert str(tmp_path / "shared" / "artifacts") in register(make_bundle(), RECORD).source
    monkeypatch.delenv("MLFLOW_TRACKING_URI")
    assert versions() == []


def test_nothing_is_written_into_the_working_folder(home, make_bundle, monkeypatch, tmp_path):
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    register(make_bundle(), RECORD)
    assert list((tmp_path / "work").iterdir()) == []


def test_a_bundle_kept_elsewhere_is_downloaded_once_and_again_when_it_was_altered(home, make_bundle, tmp_path):
    from bartik.registry.connection import connect
    from bartik.registry.fetching import downloaded

    version = register(make_bundle(), RECORD)
    folder = downloaded(connect(), version)
    assert folder.is_relative_to(tmp_path / "cache")
    assert open_bundle(folder).digest == version.digest
    written = (folder / "model.onnx").stat().st_mtime_ns
    assert downloaded(connect(), version) == folder
    assert (folder / "model.onnx").stat().st_mtime_ns == written
    (folder / "model.onnx").write_bytes(b"other")
    assert open_bundle(downloaded(connect(), version)).digest == version.digest
