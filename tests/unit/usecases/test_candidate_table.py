"""Every way a table of candidates can be wrong is refused with one message that names the column."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bartik.core import DataError
from bartik.usecases.candidate_table import SENTINELS, read_candidates
from bartik.usecases.topological_trigger.columns import COLUMNS as TOPOLOGICAL
from bartik.usecases.two_track_trigger.columns import COLUMNS

NAMES = [column.name for column in COLUMNS]
SEVEN = [column.name for column in TOPOLOGICAL]
SPLITS = ("train", "validation", "test")


def candidates(rows=400):
    rng = np.random.default_rng(1)
    found = {"fd_chi2": np.exp(rng.normal(4, 2, rows)), "sum_pt": rng.exponential(2, rows) + 0.4}
    found |= {"vertex_chi2": rng.exponential(1, rows), "min_ip_chi2": np.exp(rng.normal(3, 1, rows)) + 4}
    return found | {"signal": rng.integers(0, 2, rows).astype(float), "event": np.arange(rows) // 3}


def read(folder, columns, split="train"):
    path = folder / "rows.npz"
    np.savez(path, **columns)
    return read_candidates(path, COLUMNS, split, 1000)


def test_rows_of_a_table_are_divided_by_event_and_columns_beside_are_ignored(tmp_path):
    columns = candidates() | {"comment": np.zeros(400), "run": np.arange(400)}
    found = [read(tmp_path, columns, split) for split in SPLITS]
    assert sum(data.rows for data in found) == 400
    events = [set(data.spectators["event"].tolist()) for data in found]
    assert not events[0] & events[1]
    assert not events[0] & events[2]
    assert all(data.inputs["features"].shape == (data.rows, 4) for data in found)
    assert all(event % 4 == 3 for event in events[2])


def test_weights_modes_and_times_are_taken_where_they_are(tmp_path):
    columns = candidates() | {"weight": np.full(400, 0.5), "mode": np.full(400, 3), "time": np.full(400, 1.5)}
    found = read(tmp_path, columns)
    assert set(found.weights.tolist()) == {0.5}
    assert set(found.spectators["mode"][found.target > 0].tolist()) == {3}
    assert set(found.spectators["mode"][found.target == 0].tolist()) == {-1}


@given(name=st.sampled_from([*NAMES, "signal", "event"]))
@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_missing_column_is_named(tmp_path, name):
    columns = candidates()
    del columns[name]
    with pytest.raises(DataError, match=f"no column '{name}'"):
        read(tmp_path, columns)


@given(name=st.sampled_from(NAMES), row=st.integers(0, 399), value=st.sampled_from([np.nan, np.inf, -np.inf, *SENTINELS, 1e39]))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_one_value_that_is_none_is_refused_with_its_column(tmp_path, name, row, value):
    columns = candidates()
    columns[name][row] = value
    with pytest.raises(DataError, match=f"column '{name}' is .* in 1 of 400 rows"):
        read(tmp_path, columns)


@given(name=st.sampled_from(NAMES), value=st.floats(0.5, 100))
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_constant_column_is_refused(tmp_path, name, value):
    with pytest.raises(DataError, match=f"column '{name}' is .* in all 400 rows"):
        read(tmp_path, candidates() | {name: np.full(400, value)})


def test_momenta_in_mev_are_recognised(tmp_path):
    columns = candidates()
    with pytest.raises(DataError, match=r"'sum_pt' has a median of .* GeV") as error:
        read(tmp_path, columns | {"sum_pt": columns["sum_pt"] * 1000})
    assert "divide by 1000" in error.value.hint


@given(name=st.sampled_from(["fd_chi2", "min_ip_chi2"]))
@settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_logarithm_in_place_of_a_chi2_is_recognised(tmp_path, name):
    columns = candidates()
    columns[name] = np.log(columns[name] / 100)
    with pytest.raises(DataError, match=f"'{name}' goes down to -") as error:
        read(tmp_path, columns)
    assert "logarithm" in error.value.hint


@pytest.mark.parametrize("value", [-1.0, np.nan])
def test_negative_and_missing_weights_are_refused(tmp_path, value):
    weight = np.ones(400)
    weight[7] = value
    with pytest.raises(DataError, match="'weight' is negative or not finite in 1 rows"):
        read(tmp_path, candidates() | {"weight": weight})


def test_weights_of_another_shape_are_refused_and_not_left_out(tmp_path):
    with pytest.raises(DataError, match="'weight'"):
        read(tmp_path, candidates() | {"weight": np.ones((400, 2))})


@pytest.mark.parametrize("label", [0, 1])
def test_one_class_only_is_refused(tmp_path, label):
    with pytest.raises(DataError, match="one class only"):
        read(tmp_path, candidates() | {"signal": np.full(400, label)})


def test_labels_and_event_numbers_that_are_none_are_refused(tmp_path):
    with pytest.raises(DataError, match="'signal' has values beside 0 and 1"):
        read(tmp_path, candidates() | {"signal": np.arange(400) % 3})
    with pytest.raises(DataError, match="'event' has values that are no whole numbers"):
        read(tmp_path, candidates() | {"event": np.arange(400) / 2})


def bodies(rows=400):
    """Candidates of the topological trigger."""
    rng = np.random.default_rng(2)
    m = rng.uniform(0.5, 6, rows)
    found = {
        "sum_pt": rng.exponential(2, rows) + 3,
        "min_pt": rng.exponential(0.5, rows) + 0.5,
        "m": m,
        "m_corrected": m + rng.random(rows),
    }
    found |= {"doca": 0.2 * rng.random(rows), "ip_chi2": rng.exponential(5, rows), "fd_chi2": 100 + rng.exponential(500, rows)}
    return found | {"signal": rng.integers(0, 2, rows).astype(float), "event": np.arange(rows) // 3}


def refused(folder, columns, message):
    np.savez(folder / "rows.npz", **columns)
    with pytest.raises(DataError, match=message) as error:
        read_candidates(folder / "rows.npz", TOPOLOGICAL, "train", 1000)
    return error.value.hint


def test_candidates_of_several_tracks_are_read_and_columns_beside_are_ignored(tmp_path):
    np.savez(tmp_path / "rows.npz", **bodies(), dira=np.ones(400))
    found = [read_candidates(tmp_path / "rows.npz", TOPOLOGICAL, split, 1000) for split in SPLITS]
    assert sum(data.rows for data in found) == 400
    assert all(data.inputs["features"].shape[1] == 7 for data in found)


@given(name=st.sampled_from(SEVEN), value=st.sampled_from([np.nan, np.inf, *SENTINELS]))
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_of_several_tracks_a_missing_a_constant_column_and_a_value_that_is_none_are_refused(tmp_path, name, value):
    columns = bodies()
    one = np.where(np.arange(400) == 7, value, columns[name])
    refused(tmp_path, columns | {name: one}, f"column '{name}' is .* in 1 of 400 rows")
    refused(tmp_path, columns | {name: np.full(400, 1.5)}, f"column '{name}' is 1.5 in all 400 rows")
    del columns[name]
    refused(tmp_path, columns, f"no column '{name}'")


@pytest.mark.parametrize(("name", "remedy"), [("sum_pt", "MeV"), ("min_pt", "MeV"), ("m", "MeV"), ("m_corrected", "MeV"), ("doca", "µm")])
def test_of_several_tracks_another_unit_is_recognised(tmp_path, name, remedy):
    columns = bodies()
    assert remedy in refused(tmp_path, columns | {name: 1000 * columns[name]}, f"'{name}' has a median of")


def test_of_several_tracks_one_class_and_negative_weights_are_refused(tmp_path):
    refused(tmp_path, bodies() | {"signal": np.ones(400)}, "one class only")
    refused(tmp_path, bodies() | {"weight": np.full(400, -1.0)}, "'weight' is negative or not finite in 400 rows")
