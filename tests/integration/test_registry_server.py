"""The registry behind a real MLflow tracking server: artifacts go over the network, and there is no lock."""

import urllib.request

import pytest
from mlflow_server import MISSING, mlflow_server, program
from registries import PROMOTE, PROMOTING, REGISTER, bundle, killed_at, start

from bartik.core.bundle import open_bundle
from bartik.registry import Gate, RunRecord, details, fetch, promote, record_gates, register, retire, seen_by, versions

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not program(), reason=MISSING)]


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    """A server with a database and artifacts of its own."""
    folder = tmp_path_factory.mktemp("server")
    options = ("--backend-store-uri", f"sqlite:///{folder}/mlflow.db", "--artifacts-destination", str(folder / "artifacts"))
    with mlflow_server(folder, *options) as url:
        yield url


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
