"""Every format read in pieces: the same values have the same summary and digest, whatever file they are in."""

import io
import zipfile

import awkward as ak
import h5py
import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest
import uproot
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from bartik.core import DataError
from bartik.data import values
from bartik.data.summary import summarise
from bartik.data.tables import read_pieces, read_table, write_table

BINARY = (".npz", ".parquet", ".root", ".h5", ".hdf5")


def summary(path):
    return summarise(read_pieces(path))


def columns(path):
    (table,) = summary(path)
    return {column.name: column for column in table.columns}


@given(x=hnp.arrays(np.float64, st.integers(1, 20)), y=hnp.arrays(np.int32, 20))
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_same_values_have_the_same_digest_in_every_format(x, y, tmp_path):
    for ending in BINARY:
        write_table(tmp_path / f"t{ending}", {"x": x, "y": y[: len(x)]})
    found = [columns(tmp_path / f"t{ending}") for ending in BINARY]
    assert all(other == found[0] for other in found)


@pytest.mark.parametrize("ending", [*BINARY, ".csv"])
def test_pieces_of_a_few_rows_change_no_digest(tmp_path, ending, monkeypatch):
    path = tmp_path / f"t{ending}"
    write_table(path, {"x": np.linspace(0, 1, 5000), "row": np.arange(5000)})
    whole = columns(path)
    for module in (values, __import__("bartik.data.arrow").data.arrow, __import__("bartik.data.root").data.root):
        monkeypatch.setattr(module, "PIECE", 1000)
    pieces = columns(path)
    assert {name: c.digest for name, c in pieces.items()} == {name: c.digest for name, c in whole.items()}
    assert sum(1 for _ in read_pieces(path)) > 1


@pytest.mark.parametrize("ending", BINARY)
def test_an_empty_table_has_columns_and_no_rows(tmp_path, ending):
    path = tmp_path / f"t{ending}"
    write_table(path, {"x": np.zeros(0), "y": np.zeros(0)})
    (table,) = summary(path)
    assert (table.rows, [column.name for column in table.columns]) == (0, ["x", "y"])


@pytest.mark.parametrize("ending", [".root", ".parquet", ".h5", ".npz"])
def test_a_truncated_file_is_refused(tmp_path, ending):
    path = tmp_path / f"t{ending}"
    write_table(path, {"x": np.random.default_rng(1).normal(size=10_000)})
    path.write_bytes(path.read_bytes()[:30_000])
    with pytest.raises(DataError, match=f"t{ending}: not readable"):
        summary(path)


def test_hdf5_is_a_table_as_the_others_are(tmp_path):
    write_table(tmp_path / "t.h5", {"x": np.arange(3.0)})
    np.testing.assert_array_equal(read_table(tmp_path / "t.h5", ["x"])["x"], [0, 1, 2])


def test_trees_and_jagged_columns_of_a_root_file(tmp_path):
    with uproot.recreate(tmp_path / "t.root") as file:
        file["a"] = {"pt": ak.Array([[1.0, 2.0], [], [3.0]]), "box": np.ones((3, 2, 2), dtype=np.float32)}
        file["b"] = {"run": np.arange(2)}
    first, second = summary(tmp_path / "t.root")
    told = {column.name: (column.dtype, column.max) for column in first.columns}
    assert (first.name, first.rows, second.name, second.rows) == ("a", 3, "b", 2)
    assert told["pt"] == ("float64[...]", 3.0)
    assert told["box"] == ("float32[2][2]", 1.0)


def test_a_root_file_without_a_tree_has_no_table(tmp_path):
    with uproot.recreate(tmp_path / "t.root") as file:
        file["h"] = np.histogram(np.ones(3))
    assert summary(tmp_path / "t.root") == ()


def test_nulls_lists_and_words_of_parquet(tmp_path):
    held = {"x": [1, None, 3], "flag": [True, False, None], "list": [[1.0], None, [2.0, 3.0]], "word": ["a", None, "bc"]}
    table = pa.table(held | {"time": pa.array([1, 2, 3], pa.timestamp("s"))})
    pa.parquet.write_table(table, tmp_path / "t.parquet")
    found = columns(tmp_path / "t.parquet")
    assert {name: column.missing for name, column in found.items()} == {"x": 1, "flag": 1, "list": 1, "word": 1, "time": 0}
    assert {name: column.max for name, column in found.items()} == {"x": 3, "flag": 1, "list": 3.0, "word": None, "time": None}
    assert found["word"].dtype == "text"


def test_a_csv_file_whose_types_show_late(tmp_path):
    lines = ["x", *["1"] * 800_000, "2.5"]
    (tmp_path / "t.csv").write_text("\n".join(lines) + "\n")
    column = columns(tmp_path / "t.csv")["x"]
    assert (column.dtype, column.max) == ("float64", 2.5)


def test_groups_and_compounds_of_hdf5(tmp_path):
    with h5py.File(tmp_path / "t.h5", "w") as file:
        file["tracks/pt"], file["tracks/eta"], file["run"] = np.ones(3), np.zeros((3, 2)), 7
        file["hits"] = np.array([(1.0, 2)], dtype=[("x", "f4"), ("module", "i2")])
        file["names"] = np.array([b"a", b"bc"], dtype=object)
        file["nothing"] = h5py.Empty("f4")
    tables = {table.name: (table.rows, [column.name for column in table.columns]) for table in summary(tmp_path / "t.h5")}
    assert tables["tracks"] == (3, ["eta", "pt"])
    assert tables["hits"] == (1, ["x", "module"])
    assert tables["run"] == (1, ["run"])


def test_values_kept_in_another_file_are_refused(tmp_path):
    (tmp_path / "secret").write_bytes(bytes(80))
    with h5py.File(tmp_path / "t.h5", "w") as file:
        file.create_dataset("x", shape=(10,), dtype="f8", external=[(str(tmp_path / "secret"), 0, 80)])
    with pytest.raises(DataError, match="'x' keeps its values in another file"):
        summary(tmp_path / "t.h5")


def test_python_objects_are_refused_and_not_run(tmp_path):
    np.savez(tmp_path / "t.npz", x=np.array([{"a": 1}], dtype=object))
    with pytest.raises(DataError, match="'x' holds Python objects"):
        summary(tmp_path / "t.npz")


def test_arrays_of_different_length_are_tables_of_their_own(tmp_path):
    np.savez(tmp_path / "t.npz", x=np.zeros(3), y=np.asfortranarray(np.arange(8.0).reshape(4, 2)), z=np.float32(1))
    assert [(table.name, table.rows) for table in summary(tmp_path / "t.npz")] == [("x", 3), ("y", 4), ("z", 1)]


def test_an_array_that_claims_more_than_there_is_is_refused(tmp_path):
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": "<f8", "fortran_order": False, "shape": (10**15,)})
    with zipfile.ZipFile(tmp_path / "t.npz", "w") as archive:
        archive.writestr("x.npy", header.getvalue() + bytes(800))
    with pytest.raises(DataError, match=r"t\.npz: not readable as \.npz \(an array ends early\)"):
        summary(tmp_path / "t.npz")
