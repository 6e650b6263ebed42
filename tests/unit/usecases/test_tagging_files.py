"""Files of candidates with their tracks: what they may hold, and the decisions that come out."""

from functools import cache
from pathlib import Path

import awkward as ak
import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest
import torch
import uproot
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bartik.backends import default_backend
from bartik.core import DataError, load_config
from bartik.core.plugins import load_usecase, usecase_folder
from bartik.core.ragged import take_events
from bartik.data.tables import read_table, write_table
from bartik.exporters import export
from bartik.simulation.tagging import generate_tagging
from bartik.train import run_model
from bartik.usecases.flavour_tagging import toy
from bartik.usecases.flavour_tagging.columns import IDENTITY, TAGGERS
from bartik.usecases.flavour_tagging.tracks_file import SIGNAL, TRACK, read_candidates, write_candidates
from bartik.workflow.predict import predict_file

EVENTS = generate_tagging(80, (4, 2))
CHECKED = settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@cache
def columns():
    path = Path(__import__("tempfile").mkdtemp()) / "tracks.parquet"
    write_candidates(path, EVENTS)
    return {name: values.copy() for name, values in read_table(path, ["candidate", *SIGNAL, *TRACK]).items()}


def refused(folder, table, message, remedy=""):
    path = folder / "tracks.npz"
    np.savez(path, **table)
    with pytest.raises(DataError, match=message) as error:
        read_candidates(path)
    assert remedy in error.value.hint
    assert str(path) in error.value.message


def same(found, wanted=EVENTS):
    assert np.array_equal(found.offsets, wanted.offsets)
    assert toy.candidates(found) == pytest.approx(toy.candidates(wanted), rel=1e-5)
    assert toy.tracks(found) == pytest.approx(toy.tracks(wanted), rel=1e-5, abs=1e-5)


@pytest.mark.parametrize("ending", ["parquet", "root", "csv", "npz", "h5"])
def test_a_row_a_track_gives_the_candidates_back_whatever_the_order_of_rows(tmp_path, ending):
    path, order = tmp_path / f"tracks.{ending}", np.random.default_rng(1).permutation(len(columns()["candidate"]))
    write_table(path, {name: values[order] for name, values in columns().items()} | {"run": order})
    found, number = read_candidates(path)
    same(found)
    assert np.array_equal(number, np.arange(len(EVENTS)))


@pytest.mark.parametrize("ending", ["root", "parquet"])
def test_an_entry_a_candidate_with_lists_of_tracks_gives_the_same(tmp_path, ending):
    flat, counts = toy.tracks(EVENTS).astype(np.float64), np.diff(EVENTS.offsets)
    lists = {name: ak.unflatten(flat[:, place], counts) for place, name in enumerate(TRACK)}
    own = dict(zip(SIGNAL, (EVENTS.pt, EVENTS.eta, EVENTS.collisions), strict=True))
    path = tmp_path / f"tuple.{ending}"
    if ending == "root":
        with uproot.recreate(path) as file:
            file["DecayTree"] = own | lists
    else:
        pyarrow.parquet.write_table(pa.table(own | {name: pa.array(values.to_list()) for name, values in lists.items()}), path)
    same(read_candidates(path)[0])


def test_a_candidate_without_tracks_has_a_row_without_a_charge(tmp_path):
    path = tmp_path / "tracks.csv"
    write_table(
        path, {name: np.where(columns()["candidate"] == 3, 0, values) if name in TRACK else values for name, values in columns().items()}
    )
    found, number = read_candidates(path)
    assert np.diff(found.offsets)[3] == 0
    assert len(number) == len(EVENTS)
    again = tmp_path / "again.csv"
    write_candidates(again, found)
    same(read_candidates(again)[0], found)


@given(name=st.sampled_from([*SIGNAL, *TRACK]))
@CHECKED
def test_a_missing_column_is_named(tmp_path, name):
    table = dict(columns())
    del table[name]
    refused(tmp_path, table, f"no column '{name}'")


def test_a_table_of_decisions_is_no_table_of_tracks(tmp_path):
    refused(tmp_path, {"tag": np.ones(3), "mistag": np.full(3, 0.3)}, "no column 'signal_pt'", "a row a track")


@given(name=st.sampled_from([*SIGNAL, *TRACK]), value=st.sampled_from([np.nan, np.inf, -np.inf]))
@CHECKED
def test_a_value_that_is_none_is_refused_with_its_column(tmp_path, name, value):
    mine = columns()["candidate"] == 5
    refused(tmp_path, columns() | {name: np.where(mine, value, columns()[name])}, f"column '{name}' is (NaN|infinite)")


@given(name=st.sampled_from([*SIGNAL, *TRACK]), value=st.sampled_from([-999.0, -1000.0, -9999.0]))
@CHECKED
def test_a_sentinel_is_no_likelihood_and_refused_elsewhere(tmp_path, name, value):
    table = columns() | {name: np.where(columns()["candidate"] == 5, value, columns()[name])}
    if name in IDENTITY:
        np.savez(tmp_path / "tracks.npz", **table)
        found = read_candidates(tmp_path / "tracks.npz")[0]
        rows = slice(found.offsets[5], found.offsets[6])
        assert (found.tracks["identity"][rows, IDENTITY.index(name)] == 0).all()
    else:
        refused(tmp_path, table, f"column '{name}' is {value:g} in")


@pytest.mark.parametrize(
    ("name", "factor", "remedy"),
    [
        ("pt", 1000, "divide by 1000"),
        ("signal_pt", 1000, "divide by 1000"),
        ("dphi", 57.3, "degrees"),
        ("charge", 3, "in units of the proton"),
    ],
)
def test_wrong_units_are_refused_with_what_to_do(tmp_path, name, factor, remedy):
    refused(tmp_path, columns() | {name: columns()[name] * factor}, f"column '{name}' has a", remedy)


def test_columns_of_a_candidate_are_one_value(tmp_path):
    table = columns() | {"signal_eta": columns()["signal_eta"] + np.arange(len(columns()["candidate"])) * 1e-4}
    refused(tmp_path, table, "column 'signal_eta' differs between rows of one candidate", "one value")


@given(name=st.sampled_from([*TRACK[1:], *SIGNAL]))
@CHECKED
def test_a_column_that_is_always_the_same_is_taken(tmp_path, name):
    np.savez(tmp_path / "tracks.npz", **(columns() | {name: np.full(len(columns()["candidate"]), 1.0)}))
    assert len(read_candidates(tmp_path / "tracks.npz")[0]) == len(EVENTS)


def untrained(part):
    usecase = load_usecase(f"flavour_tagging.{part}")
    config = load_config(usecase_folder(usecase), layer="tiny")
    torch.manual_seed(1)
    model, inputs = usecase.model(config), usecase.inputs_of(EVENTS)
    model.adapt(inputs)
    return usecase, config, model.eval(), inputs


class Network:
    """Runs a network as a session runs a bundle."""

    def __init__(self, usecase, model):
        self.run = lambda inputs: run_model(model, usecase.signature, inputs)


@pytest.mark.parametrize("part", ["inclusive", "recurrent", "taggers"])
def test_every_candidate_gets_a_decision_and_a_mistag(tmp_path, part):
    usecase, _, model, inputs = untrained(part)
    write_candidates(tmp_path / "tracks.root", EVENTS)
    assert usecase.write_predictions(None, Network(usecase, model), tmp_path / "tracks.root", tmp_path / "tags.csv") == len(EVENTS)
    wanted = run_model(model, usecase.signature, inputs)["score"][:, 0]
    found = read_table(tmp_path / "tags.csv", ["candidate", "probability", "tag", "mistag"])
    assert found["probability"] == pytest.approx(wanted, abs=1e-5)
    assert np.array_equal(found["tag"], np.sign(found["probability"] - 0.5))
    assert found["mistag"] == pytest.approx(np.minimum(wanted, 1 - wanted), abs=1e-5)
    if part == "taggers":
        single = read_table(tmp_path / "tags.csv", [f"{tagger.replace(' ', '_')}_tag" for tagger in TAGGERS])
        assert 0.01 < np.mean(single["OS_muon_tag"] != 0) < 0.4


@pytest.mark.slow
def test_a_bundle_scores_a_file_of_tracks(tmp_path):
    usecase, config, model, inputs = untrained("inclusive")
    offsets = {"candidates": np.arange(len(EVENTS) + 1), "tracks": EVENTS.offsets}
    reference = take_events(usecase.signature, inputs, offsets, [0])
    about = {"use_case": "flavour_tagging.inclusive", "configuration": config.to_dict()}
    bundle = export(model, usecase.signature, reference, tmp_path / "b", name="inclusive", provenance=about)
    assert default_backend(bundle) == "onnxruntime"
    write_candidates(tmp_path / "tracks.root", EVENTS)
    assert predict_file(bundle, tmp_path / "tracks.root", tmp_path / "tags.csv", default_backend(bundle)) == len(EVENTS)
    wanted = run_model(model, usecase.signature, inputs)["score"][:, 0]
    assert read_table(tmp_path / "tags.csv", ["probability"])["probability"] == pytest.approx(wanted, abs=1e-5)
