"""Real processes at once, and real processes killed, on one registry."""

import os
import signal
import sqlite3
import subprocess
import sys

import numpy as np
import pytest
from onnx import TensorProto, helper

from bartik.core import Column, table
from bartik.core.bundle import open_bundle, write_bundle
from bartik.registry import RunRecord, fetch, register, versions

REGISTER = """
import sys
from pathlib import Path
from bartik.core.bundle import open_bundle
from bartik.registry import RunRecord, register
for path in sys.argv[1:]:
    print(register(open_bundle(Path(path)), RunRecord(parameters={"path": path}, metrics={"AUC": 0.9})).number)
"""

KILL = """
import os, signal
import bartik.registry.connection as connection
from mlflow import MlflowClient

def dies(*arguments, **keywords):
    if AFTER:
        original(*arguments, **keywords)
    os.kill(os.getpid(), signal.SIGKILL)

original = getattr(OWNER, NAME)
setattr(OWNER, NAME, dies)
"""


def bundle(folder, gain):
    x = helper.make_tensor_value_info("features", TensorProto.FLOAT, ["batch", 1])
    y = helper.make_tensor_value_info("score", TensorProto.FLOAT, ["batch", 1])
    weight = helper.make_tensor("w", TensorProto.FLOAT, [1, 1], [gain])
    graph = helper.make_graph([helper.make_node("MatMul", ["features", "w"], ["score"])], "toy", [x], [y], [weight])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9).SerializeToString()
    rows = np.ones((2, 1), dtype=np.float32)
    reference = ({"features": rows}, {"score": np.float32(gain) * rows})
    return write_bundle(folder / f"bundle-{gain}", model, table((Column("a"),)), reference, name="toy").path


def environment(home):
    return os.environ | {"BARTIK_HOME": str(home), "OMP_NUM_THREADS": "1"}


def start(home, code, *paths):
    command = [sys.executable, "-c", code, *map(str, paths)]
    return subprocess.Popen(command, env=environment(home), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


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


POINTS = {
    "while the tables are made": ("connection", "_initialize_tables", False),
    "when the tables are made and not yet in place": ("connection", "_initialize_tables", True),
    "before the run": ("MlflowClient", "create_run", False),
    "in the middle of the artifacts": ("MlflowClient", "log_artifact", True),
    "before the version": ("MlflowClient", "create_model_version", False),
    "before the alias": ("MlflowClient", "create_model_version", True),
    "after the alias": ("MlflowClient", "set_registered_model_alias", True),
}


def killed_at(home, path, point):
    owner, name, after = POINTS[point]
    code = KILL.replace("OWNER", owner).replace("NAME", repr(name)).replace("AFTER", str(after)) + REGISTER
    process = start(home, code, path)
    process.communicate(timeout=120)
    assert process.returncode == -signal.SIGKILL


@pytest.mark.slow
@pytest.mark.parametrize("point", POINTS)
def test_a_process_killed_leaves_nothing_half_registered(home, tmp_path, point):
    path = bundle(tmp_path, 1.0)
    killed_at(home, path, point)
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
    killed_at(home, second, "before the alias")
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


def unfinished(home):
    with sqlite3.connect(home / "registry.db") as connection:
        return connection.execute("SELECT count(*) FROM runs WHERE status = 'RUNNING'").fetchone()[0]
