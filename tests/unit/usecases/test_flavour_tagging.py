from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from bartik.backends import prepare
from bartik.core import ConfigError, UsageError, load_config
from bartik.core.plugins import load_usecase, usecase_folder
from bartik.core.ragged import check_indices, take_events
from bartik.exporters import export
from bartik.train import run_model
from bartik.usecases.flavour_tagging import toy
from bartik.usecases.flavour_tagging.columns import CHOSEN, FEATURES, STEPS, TAGGERS
from bartik.usecases.flavour_tagging.taggers.choose import features
from bartik.usecases.flavour_tagging.taggers.peers import tree_taggers


def config_of(part: str, *settings_: str):
    return load_config(usecase_folder(load_usecase(f"flavour_tagging.{part}")), layer="tiny", settings=settings_)


@cache
def untrained(part: str, seed: int = 1):
    usecase, config = load_usecase(f"flavour_tagging.{part}"), config_of(part)
    torch.manual_seed(seed)
    model, rows = usecase.model(config), usecase.data("validation", config)
    model.adapt(rows.inputs)
    return usecase, model.eval(), rows


def test_splits_share_no_candidate():
    config = config_of("inclusive")
    times = [toy.events_of(split, config).time for split in ("train", "validation", "test")]
    assert sum(map(len, times)) == len(np.unique(np.concatenate(times)))


@given(st.integers(1, 4))
@settings(max_examples=4, deadline=None)
def test_turning_every_charge_turns_the_answer_of_inclusive_and_single_taggers(seed):
    usecase, model, rows = untrained("inclusive", seed)
    turned = dict(rows.inputs) | {"tracks": rows.inputs["tracks"] * np.array([-1, *[1] * 8], np.float32)}
    one, other = (run_model(model, usecase.signature, inputs)["score"] for inputs in (rows.inputs, turned))
    assert other == pytest.approx(1 - one, abs=1e-6)
    assert one.std() > 1e-4
    usecase, model, rows = untrained("taggers", seed)
    sign = np.ones(len(FEATURES), np.float32)
    sign[: CHOSEN * len(TAGGERS) : CHOSEN] = -1
    one, other = (run_model(model, usecase.signature, {"features": rows.inputs["features"] * s}) for s in (1, sign))
    for name in one:
        assert other[name] == pytest.approx(1 - one[name], abs=1e-6)


def test_the_bundle_of_the_inclusive_tagger_gives_what_the_network_does_for_any_number_of_candidates_and_tracks(tmp_path: Path):
    usecase, model, rows = untrained("inclusive")
    bundle = export(model, usecase.signature, take_events(usecase.signature, rows.inputs, rows.offsets, [0, 1]), tmp_path / "b", name="x")
    session = prepare(bundle, "onnxruntime")
    for events in ([3], [5, 2, 9], range(100)):
        inputs = take_events(usecase.signature, rows.inputs, rows.offsets, list(events))
        wanted = run_model(model, usecase.signature, inputs)["score"]
        assert session.run(inputs)["score"] == pytest.approx(wanted, abs=1e-6)
    nothing = {"candidate": rows.inputs["candidate"][:2], "tracks": np.zeros((0, 9), np.float32), "owner": np.zeros(0, np.int64)}
    assert session.run(nothing)["score"].tolist() == [[0.5], [0.5]]


def test_a_tagger_without_choice_says_nothing():
    usecase, model, rows = untrained("taggers")
    given_ = rows.inputs["features"][:10].copy()
    given_[:, :CHOSEN] = 0
    assert run_model(model, usecase.signature, {"features": given_})["taggers"][:, 0].tolist() == [0.5] * 10


def test_wild_values_give_finite_probabilities():
    for part in ("inclusive", "recurrent", "taggers"):
        usecase, model, rows = untrained(part)
        for wild in (-999.0, 1e30, -1e30):
            name = "features" if part == "taggers" else "tracks"
            inputs = dict(rows.inputs) | {name: np.where(rows.inputs[name] == 0, 0, wild).astype(np.float32)}
            inputs[name][..., 0] = rows.inputs[name][..., 0]
            found = run_model(model, usecase.signature, inputs)["score"]
            assert np.isfinite(found).all()
            assert (found >= 0).all()
            assert (found <= 1).all()


def test_sequences_hold_the_tracks_of_largest_momentum_last():
    events = toy.events_of("validation", config_of("recurrent"))
    padded, flat = toy.sequences(events), toy.tracks(events)
    for place in (0, 7, int(np.argmax(np.diff(events.offsets)))):
        mine = flat[events.offsets[place] : events.offsets[place + 1]][:STEPS]
        assert (padded[place][STEPS - len(mine) :] == mine[::-1]).all()
        assert not padded[place][: STEPS - len(mine)].any()


def test_charges_by_origin_count_the_tracks():
    events = toy.events_of("validation", config_of("inclusive"))
    counts = toy.charges_by_origin(events)
    assert counts.sum() == (events.origin >= 0).sum()
    half = counts.shape[1] // 2
    assert counts[:, :half].sum() == ((events.origin >= 0) & (events.charge > 0)).sum()


def test_a_chosen_track_is_one_of_the_candidate_and_passes_the_cuts():
    events = toy.events_of("validation", config_of("taggers"))
    rows, tracks = features(events), toy.tracks(events)
    muon = rows[:, :CHOSEN]
    said = np.flatnonzero(muon[:, 0])
    assert 0.02 < len(said) / len(rows) < 0.3
    for place in said[:20]:
        mine = tracks[events.offsets[place] : events.offsets[place + 1]]
        assert (mine == muon[place, :-1]).all(1).any()
    assert (muon[said, 4] > 3).all()


def test_no_candidates_are_refused():
    with pytest.raises(ConfigError, match=r"data\.candidates"):
        toy.events_of("train", config_of("inclusive", "data.candidates=0"))


@pytest.mark.parametrize("part", ["inclusive", "recurrent"])
def test_a_nan_spoils_the_answer_of_its_candidate_alone(part):
    usecase, model, rows = untrained(part)
    wanted = run_model(model, usecase.signature, rows.inputs)["score"]
    tracks = rows.inputs["tracks"].copy()
    tracks[(5, -1) if part == "recurrent" else rows.offsets["tracks"][5]][..., 2] = np.nan
    found = run_model(model, usecase.signature, dict(rows.inputs) | {"tracks": tracks})["score"]
    assert np.isnan(found[5]).all()
    others = np.arange(len(found)) != 5
    assert (found[others] == wanted[others]).all()


@given(st.integers(1, 8), st.sampled_from([0.0, 1.0, -999.0]))
@settings(max_examples=8, deadline=None)
def test_a_column_that_is_constant_in_training_is_taken_and_says_nothing(column, value):
    usecase, rows = load_usecase("flavour_tagging.inclusive"), untrained("inclusive")[2]
    model = usecase.model(config_of("inclusive"))
    tracks = rows.inputs["tracks"].copy()
    tracks[:, column] = value
    model.adapt(dict(rows.inputs) | {"tracks": tracks})
    one = run_model(model.eval(), usecase.signature, dict(rows.inputs) | {"tracks": tracks})["score"]
    other = run_model(model, usecase.signature, rows.inputs)["score"]
    assert np.isfinite(one).all()
    assert other == pytest.approx(one, abs=1e-6)


def test_candidates_of_one_flavour_only_leave_the_trees_silent_or_sure_but_never_broken():
    rows = untrained("taggers")[2]
    single = tree_taggers(rows.inputs["features"], np.ones(rows.rows), rows.inputs["features"], config_of("taggers"))
    assert np.isfinite(single).all()
    assert (single >= 0).all()
    assert (single <= 1).all()


def test_a_missing_an_extra_and_a_misshapen_input_are_refused_by_name():
    signature, rows = untrained("inclusive")[0].signature, untrained("inclusive")[2]
    few = {name: array for name, array in rows.inputs.items() if name != "owner"}
    for inputs, message in (
        (few, "inputs candidate, tracks, owner wanted, got candidate, tracks"),
        (dict(rows.inputs) | {"more": rows.target}, "got candidate, more, owner, tracks"),
        (dict(rows.inputs) | {"tracks": rows.inputs["tracks"][:, :8]}, r"tensor 'tracks': wanted float32\[tracks, 9\]"),
    ):
        with pytest.raises(UsageError, match=message):
            signature.check_inputs(inputs)


def test_an_owner_that_is_no_candidate_is_refused():
    signature, rows = untrained("inclusive")[0].signature, untrained("inclusive")[2]
    owner = rows.inputs["owner"].copy()
    owner[3] = rows.rows
    with pytest.raises(UsageError, match="names none of the"):
        check_indices(signature, dict(rows.inputs) | {"owner": owner})
