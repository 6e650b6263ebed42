"""Real processes at once, and real processes killed, on one registry."""

import signal
import sqlite3
import subprocess

import numpy as np
import pytest
from registries import PROMOTE, PROMOTING, REGISTER, REGISTERING, RETIRE, RETIRING, bundle, killed_at, start

from bartik.core.bundle import open_bundle
from bartik.registry import RunRecord, details, fetch, promote, register, retire, versions


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("BARTIK_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    return tmp_path / "home"


def test_four_processes_at_once_on_a_cold_registry(home, tmp_path):
    own = [bundle(tmp_path, gain) for gain in (1.0, 2.0, 3.0, 4.0)]
    shared = bundle(tmp_path, 9.0)
    ended = [(process, *process.communicate(timeout=240)) for process in [start(home, REGISTER, shared, path) for path in own]]
    assert [(process.returncode, err) for process, _, err in ended] == [(0, "")] * 4
    numbers = [[int(line) for line in out.split()] for _, out, _ in ended]
    assert len({first for first, _ in numbers}) == 1
    assert sorted([numbers[0][0], *(second for _, second in numbers)]) == [1, 2, 3, 4, 5]
    known = versions("toy")
    assert {v.digest for v in known} == {open_bundle(path).digest for path in [*own, shared]}
    assert [v.aliases for v in known].count(("candidate",)) == 1
    for version in known:
        assert open_bundle(fetch(version.reference)).digest == version.digest
    assert [path.name for path in home.iterdir() if path.name.startswith(".")] == []


@pytest.mark.slow
@pytest.mark.parametrize("point", REGISTERING)
def test_a_process_killed_leaves_nothing_half_registered(home, tmp_path, point):
    path = bundle(tmp_path, 1.0)
    killed_at(REGISTERING[point], home, REGISTER, path)
    for version in versions():  # whatever can be seen is whole
        assert open_bundle(fetch(version.reference)).digest == version.digest
    again = register(open_bundle(path), RunRecord())
    assert (again.number, again.aliases) == (1, ("candidate",))
    assert open_bundle(fetch("toy@candidate")).digest == again.digest
    assert len(versions("toy")) == 1
    assert unfinished(home) == 0
    assert sorted(path.name for path in home.iterdir()) == ["artifacts", "registry.db", "registry.lock"]


def test_a_process_killed_before_the_alias_is_completed_by_the_next(home, tmp_path):
    first, second = bundle(tmp_path, 1.0), bundle(tmp_path, 2.0)
    register(open_bundle(first), RunRecord())
    killed_at(REGISTERING["before the alias"], home, REGISTER, second)
    assert [v.aliases for v in versions("toy")] == [("candidate",), ()]
    assert register(open_bundle(second), RunRecord()).number == 2
    assert [v.aliases for v in versions("toy")] == [(), ("candidate",)]


@pytest.mark.slow
def test_processes_killed_at_random_never_break_the_registry(home, tmp_path):
    random = np.random.default_rng(1)
    for gain in range(1, 9):
        process = start(home, REGISTER, bundle(tmp_path, float(gain)))
        try:
            process.communicate(timeout=2.5 + 4 * random.random())
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.communicate()
    for gain in range(1, 9):
        register(open_bundle(tmp_path / f"bundle-{float(gain)}"), RunRecord())
    known = versions("toy")
    assert len(known) == 8
    assert [v.aliases for v in known if open_bundle(tmp_path / "bundle-8.0").digest == v.digest] == [("candidate",)]


@pytest.fixture
def two(home, tmp_path):
    """Version 1 is champion, version 2 is candidate."""
    register(open_bundle(bundle(tmp_path, 1.0)), RunRecord())
    promote("toy")
    register(open_bundle(bundle(tmp_path, 2.0)), RunRecord())
    return home


def champions():
    return [version.number for version in versions("toy") if "champion" in version.aliases]


@pytest.mark.slow
@pytest.mark.parametrize("point", PROMOTING)
def test_a_promotion_killed_anywhere_leaves_one_champion_and_the_next_completes_it(two, point):
    killed_at(PROMOTING[point], two, PROMOTE, "toy/2")
    assert champions() in ([1], [2])
    for event in details("toy").history:  # what is said to have happened has
        assert event.done == (event.version in (1, *champions()))
    promote("toy/2", override="again")
    assert [(version.number, version.aliases) for version in versions("toy")] == [(1, ("archived",)), (2, ("candidate", "champion"))]
    effective = [(event.version, event.former) for event in details("toy").history if event.done]
    assert effective == [(1, 0), (2, 1)]


@pytest.mark.slow
@pytest.mark.parametrize("point", RETIRING)
def test_a_retirement_killed_anywhere_is_completed_by_the_next(two, point):
    killed_at(RETIRING[point], two, RETIRE, "toy")
    assert champions() in ([1], [])
    retire("toy", "again")
    assert [(version.number, version.aliases) for version in versions("toy")] == [(1, ("archived",)), (2, ("candidate",))]
    assert [event.what for event in details("toy").history if event.done] == ["promoted", "retired"]


def test_processes_that_promote_at_once_follow_each_other(two, tmp_path):
    register(open_bundle(bundle(tmp_path, 3.0)), RunRecord())
    orders = [("toy/2", "toy/3"), ("toy/3", "toy/1"), ("toy/1", "toy/2")]
    ended = [(process, *process.communicate(timeout=240)) for process in [start(two, PROMOTE, *order) for order in orders]]
    assert [(process.returncode, err) for process, _, err in ended] == [(0, "")] * 3
    history = details("toy").history
    assert all(event.done for event in history)
    assert [event.former for event in history] == [0, *(event.version for event in history[:-1])]
    aliases = {alias: version.number for version in versions("toy") for alias in version.aliases}
    assert (aliases["champion"], aliases["archived"]) == (history[-1].version, history[-1].former)


FULL = """
import resource, sys
room = int(sys.argv.pop(1))
resource.setrlimit(resource.RLIMIT_FSIZE, (room, resource.RLIM_INFINITY))
"""


@pytest.mark.parametrize("room", [pytest.param(0, marks=pytest.mark.slow), 100, pytest.param(2000, marks=pytest.mark.slow)])
def test_a_full_disk_is_said_to_be_and_nothing_is_half_registered(two, tmp_path, room):
    path = bundle(tmp_path, 4.0)
    for code, argument in ((REGISTER, path), (PROMOTE, "toy/2")):
        process = start(two, FULL + code, str(room), argument)
        _, err = process.communicate(timeout=120)
        assert process.returncode == 1
        assert "no space left" in err.splitlines()[-2]
        assert "free some space" in err.splitlines()[-1]
        assert [(v.number, v.aliases) for v in versions("toy")] == [(1, ("champion",)), (2, ("candidate",))]
    assert register(open_bundle(path), RunRecord()).number == 3
    assert promote("toy/2", override="there is space").number == 2


def test_a_locked_database_refuses_a_promotion_and_the_next_completes(two):
    code = "import bartik.registry.database as d; d.PATIENCE = 0.1\n" + PROMOTE
    with sqlite3.connect(two / "registry.db", isolation_level=None) as other:
        other.execute("BEGIN EXCLUSIVE")
        process = start(two, code, "toy/2")
        _, err = process.communicate(timeout=120)
        other.execute("ROLLBACK")
    other.close()
    assert process.returncode == 1
    assert "is locked by another program\n  wait until it is done, then run the same command again" in err
    assert promote("toy/2", override="now").number == 2


def unfinished(home):
    with sqlite3.connect(home / "registry.db") as connection:
        return connection.execute("SELECT count(*) FROM runs WHERE status = 'RUNNING'").fetchone()[0]
