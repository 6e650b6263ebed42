import shutil
import sqlite3

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from bartik.core import Column, table
from bartik.core.bundle import write_bundle


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory):
    """One database with tables, to copy: making them takes seconds."""
    from bartik.registry.connection import Connection, make_tables
    from bartik.registry.database import ensure_database

    path = tmp_path_factory.mktemp("empty") / "registry.db"
    with Connection(f"sqlite:///{path}").working():
        ensure_database(path, make_tables)
    return path


@pytest.fixture
def home(tmp_path, monkeypatch, empty_database):
    """A home with an empty registry."""
    place = tmp_path / "home"
    place.mkdir()
    shutil.copy(empty_database, place / "registry.db")
    monkeypatch.setenv("BARTIK_HOME", str(place))
    monkeypatch.setenv("BARTIK_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    return place


@pytest.fixture
def locked(home):
    """Another program that writes to the database and does not end."""
    connection = sqlite3.connect(home / "registry.db", isolation_level=None)
    connection.execute("BEGIN EXCLUSIVE")
    yield home
    connection.close()


@pytest.fixture
def make_bundle(tmp_path):
    """Writes a bundle of a linear model; another ``gain`` is another model."""

    def make(gain=1.0, name="toy", **parts):
        x = helper.make_tensor_value_info("features", TensorProto.FLOAT, ["batch", 2])
        y = helper.make_tensor_value_info("score", TensorProto.FLOAT, ["batch", 1])
        weight = helper.make_tensor("w", TensorProto.FLOAT, [2, 1], [gain, -gain])
        graph = helper.make_graph([helper.make_node("MatMul", ["features", "w"], ["score"])], name, [x], [y], [weight])
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
        onnx.checker.check_model(model)
        rows = np.array([[1, 2], [3, 5]], dtype=np.float32)
        reference = ({"features": rows}, {"score": gain * (rows[:, :1] - rows[:, 1:])})
        signature = table((Column("a", "mm"), Column("b", "mm")))
        return write_bundle(tmp_path / f"{name}-{gain}", model.SerializeToString(), signature, reference, name=name, **parts)

    return make
