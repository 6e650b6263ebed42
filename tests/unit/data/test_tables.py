from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from bartik.core import DataError, UsageError
from bartik.data.tables import read_optional, read_table, stack, write_table

ENDINGS = (".npz", ".csv", ".parquet", ".root")
numbers = hnp.arrays(np.float64, st.integers(1, 20), elements=st.floats(-1e6, 1e6))


@pytest.mark.parametrize("ending", ENDINGS)
@given(x=numbers)
@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_columns_survive_the_round_trip(ending, x, tmp_path: Path):
    path = tmp_path / f"t{ending}"
    write_table(path, {"x": x, "row": np.arange(len(x))})
    back = read_table(path, ["row", "x"])
    np.testing.assert_array_equal(back["row"], np.arange(len(x)))
    np.testing.assert_allclose(back["x"], x, rtol=1e-12)


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_missing_column_is_named_with_the_nearest(tmp_path, ending):
    path = tmp_path / f"t{ending}"
    write_table(path, {"momentum": np.ones(3)})
    with pytest.raises(DataError, match=r"no column 'momentun'\n  did you mean 'momentum'"):
        read_table(path, ["momentun"])


@pytest.mark.parametrize("ending", ENDINGS)
def test_optional_columns_are_those_that_are_there(tmp_path, ending):
    path = tmp_path / f"t{ending}"
    write_table(path, {"momentum": np.ones(3), "weight": np.full(3, 2.0)})
    found = read_optional(path, ["weight", "channel"])
    assert list(found) == ["weight"]
    np.testing.assert_array_equal(found["weight"], np.full(3, 2.0))
    assert read_optional(path, ["channel"]) == {}


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_missing_file_is_named(tmp_path, ending):
    with pytest.raises(DataError, match="no such file"):
        read_table(tmp_path / f"none{ending}", ["x"])


@pytest.mark.parametrize("ending", [".npz", ".parquet", ".root"])
def test_a_truncated_file_is_named(tmp_path, ending):
    path = tmp_path / f"t{ending}"
    write_table(path, {"x": np.arange(10_000.0)})
    path.write_bytes(path.read_bytes()[:3000])
    with pytest.raises(DataError, match=f"t{ending}: not readable"):
        read_table(path, ["x"])


def test_an_unknown_ending_is_refused(tmp_path):
    with pytest.raises(UsageError, match=r"use one of \.root"):
        read_table(tmp_path / "t.xls", ["x"])


def test_words_where_numbers_should_be_are_refused(tmp_path):
    (tmp_path / "t.csv").write_text("x\nhello\n")
    with pytest.raises(DataError, match="column 'x' is not one number a row"):
        read_table(tmp_path / "t.csv", ["x"])


def test_a_missing_value_is_refused_with_its_column_and_count(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("x,y\n1,2\n3,\n")
    arrays = read_table(path, ["x", "y"])
    with pytest.raises(DataError, match="column 'y' is NaN in 1 of 2 rows"):
        stack(path, arrays, ["x", "y"])


@pytest.mark.parametrize("value", [np.inf, -np.inf, 1e39])
def test_a_value_beyond_float32_is_refused_with_its_column_and_count(tmp_path, value):
    with pytest.raises(DataError, match=r"column 'x' is infinite or beyond float32 in 1 of 2 rows"):
        stack(tmp_path / "a.npz", {"x": np.array([0.0, value])}, ["x"])


def test_columns_of_different_length_are_refused(tmp_path):
    np.savez(tmp_path / "a.npz", x=np.zeros(3), y=np.zeros(4))
    with pytest.raises(DataError, match=r"'x' has 3, 'y' has 4 rows"):
        read_table(tmp_path / "a.npz", ["x", "y"])
