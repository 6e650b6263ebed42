"""The topological trigger in its configuration for tests: its candidates, and what the table has learnt."""

import numpy as np
import pytest

from bartik.backends import prepare
from bartik.metrics import auc
from bartik.testing.usecase import trial_of
from bartik.usecases.topological_trigger.columns import COLUMNS
from bartik.usecases.topological_trigger.cuts import tightness
from bartik.usecases.topological_trigger.score import background_rows
from bartik.usecases.trigger_events import BEAUTY, ORIGINS

NAMES = [column.name for column in COLUMNS]


@pytest.fixture(scope="module")
def trial():
    return trial_of("topological_trigger")


def columns(trial, rows):
    return dict(zip(NAMES, trial.data["test"].inputs["features"][rows].T, strict=True))


def test_decays_that_are_held_out_only_test(trial):
    held = {BEAUTY.index(mode) for mode in trial.config.data.held_out}
    for split in ("train", "validation"):
        assert not held & set(trial.data[split].spectators["mode"].tolist())
    test = trial.data["test"].spectators
    assert held & set(test["mode"].tolist())
    assert set(np.unique(test["mode"][test["held_out"] > 0]).tolist()) <= held


def test_the_background_of_a_training_is_from_no_beauty_hadron(trial):
    for split in ("train", "validation"):
        data = trial.data[split]
        assert ORIGINS.index("beauty") not in data.spectators["origin"][data.target < 0.5]


def test_candidates_have_two_to_four_tracks_and_passed_the_selection_before(trial):
    data = trial.data["test"]
    assert set(data.spectators["bodies"].tolist()) == {2, 3, 4}
    found = columns(trial, np.ones(data.rows, bool))
    assert found["m"].max() < 7
    assert found["doca"].max() < 0.2
    assert found["fd_chi2"].min() > 100
    assert (found["sum_pt"] > np.where(data.spectators["bodies"] == 2, 3.0, 4.0)).all()
    assert (found["m_corrected"] >= found["m"] - 1e-4).all()
    assert (found["min_pt"] * data.spectators["bodies"] <= found["sum_pt"] + 1e-3).all()


def test_every_candidate_says_what_it_is_from_and_lies_inside_of_the_material(trial):
    data = trial.data["test"]
    assert data.spectators["across"].max() < trial.config.data.veto
    origins = data.spectators["origin"]
    assert (origins[data.target > 0.5] == ORIGINS.index("beauty")).mean() > 0.99
    found = {ORIGINS[place] for place in origins[data.target < 0.5]}
    assert {"chance", "beauty", "charm", "ghost"} <= found


def test_the_corrected_mass_of_beauty_lies_at_that_of_a_beauty_hadron(trial):
    signal = columns(trial, trial.data["test"].target > 0.5)["m_corrected"]
    assert 3.5 < np.median(signal) < 6.0
    background = columns(trial, background_rows(trial.data["test"]))["m_corrected"]
    assert np.median(background) > np.median(signal)


def test_the_table_is_better_than_cuts_and_finds_decays_it_has_not_seen(trial):
    data = trial.data["test"]
    scores, cuts = prepare(trial.bundle, "native").run(data.inputs)["score"][:, 0], tightness(data.inputs["features"])
    decays, held, background = data.target > 0.5, data.spectators["held_out"] > 0, background_rows(data)
    assert auc(scores[held], scores[background]).value > 0.8
    assert auc(scores[decays], scores[background]).value > auc(cuts[decays], cuts[background]).value + 0.05
