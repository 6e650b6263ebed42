"""The registry in a real PostgreSQL: at once from several homes, killed, refused, gone."""

import os
import subprocess
import sys

import postgresql
import pytest
from registries import PROMOTE, PROMOTING, REGISTER, REGISTERING, bundle, killed_at, start

from bartik.core import RegistryError, UnknownNameError
from bartik.core.bundle import open_bundle
from bartik.registry import RunRecord, database, details, fetch, promote, register, versions

pytest.importorskip("psycopg", reason="needs psycopg: pip install 'bartik[postgresql]'")
pytestmark = [pytest.mark.slow, pytest.mark.skipif(bool(postgresql.missing()), reason=postgresql.missing())]


@pytest.fixture(scope="module")
def server():
    with postgresql.running() as running:
        yield running


@pytest.fixture
def empty(server, tmp_path, monkeypatch):
    """Address of an empty database, and a home for artifacts."""
    name = f"r{abs(hash(tmp_path)):x}"
    server.execute(f"CREATE DATABASE {name}")
    monkeypatch.setenv("BARTIK_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("BARTIK_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("MLFLOW_TRACKING_URI", server.uri(name))
    return server.uri(name)


@pytest.fixture
def two(empty, tmp_path):
    """Version 1 is champion, version 2 is candidate."""
    register(open_bundle(bundle(tmp_path, 1.0)), RunRecord())
    promote("toy")
    register(open_bundle(bundle(tmp_path, 2.0)), RunRecord())
    return empty


def aliases():
    return {alias: version.number for version in versions("toy") for alias in version.aliases}


def test_a_life_in_postgresql(two, tmp_path):
    assert aliases() == {"champion": 1, "candidate": 2}
    promote("toy", override="a test")
    assert aliases() == {"archived": 1, "champion": 2, "candidate": 2}
    assert open_bundle(fetch("toy@champion")).digest == versions("toy")[1].digest
    assert [event.version for event in details("toy").history] == [1, 2]
    assert not list((tmp_path / "home").glob("registry.*"))


def test_looking_makes_no_tables(empty, server):
    assert versions() == []
    with pytest.raises(UnknownNameError, match="unknown registered model 'toy'"):
        fetch("toy@champion")
    count = server.execute("SELECT count(*) FROM information_schema.tables WHERE table_schema = 'public'", empty.rpartition("/")[2])
    assert count == [(0,)]


def test_plain_mlflow_loads_the_model(two):
    pytest.importorskip("pandas")
    code = "import mlflow, sys; print(mlflow.onnx.load_model('models:/toy@champion').graph.name)"
    variables = os.environ | {"MLFLOW_TRACKING_URI": two, "MLFLOW_DISABLE_TELEMETRY": "true"}
    done = subprocess.run([sys.executable, "-c", code], env=variables, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["toy"]


def test_processes_of_several_homes_at_once_on_an_empty_database(empty, tmp_path):
    shared = bundle(tmp_path, 9.0)
    own = [bundle(tmp_path, gain) for gain in (1.0, 2.0, 3.0)]
    started = [start(tmp_path / f"home{number}", REGISTER, shared, path, uri=empty) for number, path in enumerate(own)]
    ended = [(process, *process.communicate(timeout=240)) for process in started]
    assert [(process.returncode, err) for process, _, err in ended] == [(0, "")] * 3
    numbers = [[int(line) for line in out.split()] for _, out, _ in ended]
    assert len({first for first, _ in numbers}) == 1
    assert sorted([numbers[0][0], *(second for _, second in numbers)]) == [1, 2, 3, 4]
    for version in versions("toy"):
        assert open_bundle(fetch(version.reference)).digest == version.digest


def test_processes_of_several_homes_that_promote_at_once_follow_each_other(two, tmp_path):
    orders = [("toy/2", "toy/1"), ("toy/1", "toy/2"), ("toy/2", "toy/1")]
    started = [start(tmp_path / f"home{number}", PROMOTE, *order, uri=two) for number, order in enumerate(orders)]
    ended = [(process, *process.communicate(timeout=240)) for process in started]
    assert [(process.returncode, err) for process, _, err in ended] == [(0, "")] * 3
    history = details("toy").history
    assert all(event.done for event in history)
    assert [event.former for event in history] == [0, *(event.version for event in history[:-1])]
    assert (aliases()["champion"], aliases().get("archived", 0)) == (history[-1].version, history[-1].former)


@pytest.mark.parametrize("point", REGISTERING)
def test_a_process_killed_leaves_nothing_half_registered(empty, tmp_path, point):
    path = bundle(tmp_path, 1.0)
    owner, name, *rest = REGISTERING[point]
    if owner == "connection":  # PostgreSQL's tables are made where MLflow opens it
        owner, name = "__import__('mlflow.store.db.utils').store.db.utils", "_upgrade_db"
    killed_at((owner, name, *rest), tmp_path / "home", REGISTER, path, uri=empty)
    for version in versions():  # whatever can be seen is whole
        assert open_bundle(fetch(version.reference)).digest == version.digest
    again = register(open_bundle(path), RunRecord())
    assert (again.number, again.aliases) == (1, ("candidate",))
    assert len(versions("toy")) == 1


@pytest.mark.parametrize("point", PROMOTING)
def test_a_promotion_killed_anywhere_is_completed_by_the_next(two, tmp_path, point):
    killed_at(PROMOTING[point], tmp_path / "home", PROMOTE, "toy/2", uri=two)
    assert aliases()["champion"] in (1, 2)
    promote("toy/2", override="again")
    assert aliases() == {"archived": 1, "champion": 2, "candidate": 2}
    assert [(event.version, event.former) for event in details("toy").history if event.done] == [(1, 0), (2, 1)]


def test_a_busy_registry_is_said_to_be_and_its_password_is_not(two, monkeypatch):
    import psycopg

    monkeypatch.setattr(database, "QUEUE", 0.2)
    with psycopg.connect(two.replace("+psycopg", "")) as other:
        other.execute("SELECT pg_advisory_lock(%s)", [0x62617274696B])
        with pytest.raises(RegistryError, match="other processes kept it busy") as refused:
            promote("toy", override="now")
    assert postgresql.PASSWORD not in str(refused.value)
    assert aliases() == {"champion": 1, "candidate": 2}
    assert promote("toy", override="now").number == 2


def test_a_wrong_password_and_a_database_that_is_not_there_are_said_to_be(server, tmp_path, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", server.uri("postgres", "wrong-" + postgresql.PASSWORD))
    with pytest.raises(RegistryError, match=r"postgresql\+psycopg://\*\*\*@127\.0\.0\.1:\d+/postgres: refused this user\n") as refused:
        versions()
    assert postgresql.PASSWORD not in str(refused.value)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", server.uri("nowhere"))
    with pytest.raises(RegistryError, match="nowhere: is not there\n  make it with `createdb`"):
        register(open_bundle(bundle(tmp_path, 1.0)), RunRecord())


def test_a_server_that_went_away_is_said_to_have(tmp_path, monkeypatch):
    with postgresql.running() as short:
        uri = short.uri("postgres")
        monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
        monkeypatch.setenv("BARTIK_HOME", str(tmp_path / "home"))
        register(open_bundle(bundle(tmp_path, 1.0)), RunRecord())
    with pytest.raises(RegistryError, match="cannot be reached\n  check MLFLOW_TRACKING_URI"):
        promote("toy")


def test_the_password_is_nowhere_in_what_is_kept(two, server, tmp_path):
    promote("toy", override=f"see {two}")
    name = two.rpartition("/")[2]
    tables = server.execute("SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'", name)
    assert len(tables) > 10
    for (table,) in tables:
        assert postgresql.PASSWORD not in str(server.execute(f'SELECT * FROM "{table}"', name)), table
    kept = [path for path in (tmp_path / "home").rglob("*") if path.is_file() and postgresql.PASSWORD.encode() in path.read_bytes()]
    assert kept == []
