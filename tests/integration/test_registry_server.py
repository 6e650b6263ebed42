"""The registry behind a real MLflow tracking server: artifacts go over the network, and there is no lock."""

import os
import socket
import subprocess
import sys
import time
import urllib.request

import pytest
from registries import PROMOTE, PROMOTING, REGISTER, bundle, killed_at, start

from bartik.core.bundle import open_bundle
from bartik.registry import Gate, RunRecord, details, fetch, promote, record_gates, register, retire, seen_by, versions

pytest.importorskip("flask", reason="needs the whole of mlflow for its server: pip install mlflow")
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    """A server with a database and artifacts of its own."""
    folder = tmp_path_factory.mktemp("server")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = ["--backend-store-uri", f"sqlite:///{folder}/mlflow.db", "--artifacts-destination", str(folder / "artifacts")]
    command = [sys.executable, "-m", "mlflow", "server", *options, "--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    variables = {key: value for key, value in os.environ.items() if not key.startswith("MLFLOW_")} | {"MLFLOW_DISABLE_TELEMETRY": "true"}
    with (folder / "log").open("wb") as log, subprocess.Popen(command, cwd=folder, env=variables, stdout=log, stderr=log) as process:
        until = time.monotonic() + 120
        while not answers(f"http://127.0.0.1:{port}/health"):
            assert process.poll() is None, (folder / "log").read_text()
            assert time.monotonic() < until, (folder / "log").read_text()
            time.sleep(0.3)
        yield f"http://127.0.0.1:{port}"
        process.terminate()


def answers(url):
    try:
        with urllib.request.urlopen(url, timeout=2) as response:
            return response.status == 200
    except OSError:
        return False


@pytest.fixture
def here(address, tmp_path, monkeypatch):
    """This machine's home and cache, empty."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", address)
    monkeypatch.setenv("BARTIK_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("BARTIK_CACHE", str(tmp_path / "cache"))
    return tmp_path


def test_a_life_behind_a_server(here):
    digest = "ab" * 32
    for gain in (1.0, 2.0):
        register(open_bundle(bundle(here, gain, "life")), RunRecord({"gain": gain}, {}, {"train": {"digest": digest, "rows": 2}}))
    promote("life/1")
    record_gates("life", [Gate("time", passed=True)])
    promote("life")
    assert [version.aliases for version in versions("life")] == [("archived",), ("candidate", "champion")]
    assert fetch("life@champion").is_relative_to(here / "cache")
    assert details("life").parameters == {"gain": "2.0"}
    assert [seen.version.number for seen in seen_by(digest[:8])] == [1, 2]
    assert retire("life", "over").aliases == ("archived", "candidate")
    assert [event.what for event in details("life").history] == ["promoted", "promoted", "retired"]


def test_processes_of_several_homes_at_once_lose_nothing(address, here):
    shared = bundle(here, 9.0, "many")
    own = [bundle(here, gain, "many") for gain in (1.0, 2.0, 3.0)]
    started = [start(here / f"home{number}", REGISTER, shared, path, uri=address) for number, path in enumerate(own)]
    ended = [(process, *process.communicate(timeout=240)) for process in started]
    assert [(process.returncode, err) for process, _, err in ended] == [(0, "")] * 3
    assert all(out.replace("\n", "").isdigit() for _, out, _ in ended)  # and nothing of MLflow's
    known = versions("many")
    assert sorted(version.digest for version in known) == sorted(open_bundle(path).digest for path in [shared, *own])
    for version in known:
        assert open_bundle(fetch(version.reference)).digest == version.digest
    assert [version.aliases for version in known].count(("candidate",)) == 1


@pytest.mark.parametrize("point", PROMOTING)
def test_a_promotion_killed_anywhere_is_completed_by_the_next(address, here, point):
    name = f"killed{list(PROMOTING).index(point)}"
    register(open_bundle(bundle(here, 1.0, name)), RunRecord())
    promote(name)
    register(open_bundle(bundle(here, 2.0, name)), RunRecord())
    killed_at(PROMOTING[point], here / "home", PROMOTE, f"{name}/2", uri=address)
    promote(f"{name}/2", override="again")
    assert [version.aliases for version in versions(name)] == [("archived",), ("candidate", "champion")]
    assert [event.version for event in details(name).history if event.done] == [1, 2]


def test_mlflows_own_page_is_served(address, here):
    with urllib.request.urlopen(address, timeout=10) as page:
        assert b"MLflow" in page.read()
