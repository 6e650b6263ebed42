"""The trained two-track selection, in its configuration for tests: what it has learnt and what is certain of it."""

import numpy as np
import pytest

from bartik.backends import prepare
from bartik.metrics import auc, threshold_at_share
from bartik.testing.usecase import trial_of
from bartik.usecases.trigger_events import BEAUTY, CROSSINGS, LEAST_TIME, MODES, ORIGINS
from bartik.usecases.trigger_rates import crossings_of, events_by_class
from bartik.usecases.two_track_trigger.certificate import certificate, scaled_inputs
from bartik.usecases.two_track_trigger.instability import certain, kept, with_wrong_errors
from bartik.usecases.two_track_trigger.score import RATES


@pytest.fixture(scope="module")
def trial():
    return trial_of("two_track_trigger")


@pytest.fixture(scope="module")
def answers(trial):
    return prepare(trial.bundle, "native").run(trial.data["test"].inputs)


def test_the_trained_weights_keep_the_bound(trial):
    assert certificate(trial.bundle).bound <= trial.config.model.bound


@pytest.mark.parametrize("factor", [0.8, 0.9, 1.1, 1.25, 1.5])
def test_wrong_errors_move_the_efficiency_by_no_more_than_the_certificate_says(trial, answers, factor):
    data = trial.data["test"]
    moved = with_wrong_errors(data.inputs["features"], factor)
    change = np.abs(scaled_inputs(trial.bundle, moved) - scaled_inputs(trial.bundle, data.inputs["features"])).sum(axis=1)
    crossings, _ = events_by_class(answers["response"], data)
    cut = threshold_at_share(crossings.score, 0.2, crossings_of(data))
    low, high = certain(answers["response"], change, data, cut, certificate(trial.bundle).bound, 1e-5)
    after = kept(prepare(trial.bundle, "native").run({"features": moved})["response"], data, cut)
    assert low <= after <= high
    assert low < high


def test_it_prefers_decays_that_fly_to_crossings_as_they_come(trial, answers):
    data, scores = trial.data["test"], answers["score"][:, 0]
    assert auc(scores[data.target > 0.5], scores[data.target < 0.5]).value > 0.88


def test_what_is_kept_does_not_fall_with_the_flight_of_any_candidate(trial):
    rows = np.repeat(trial.data["test"].inputs["features"][:200], 20, axis=0)
    rows[:, 0] = np.tile(np.geomspace(1, 1e5, 20), 200)
    found = prepare(trial.bundle, "native").run({"features": rows})["response"].reshape(200, 20)
    assert np.diff(found, axis=1).min() > -1e-5


def test_signal_rows_are_of_decays_that_fly_and_background_of_all_crossings(trial):
    data = trial.data["train"]
    true = data.target > 0.5
    assert set(data.spectators["mode"][~true].tolist()) == {-1}
    assert set(data.spectators["mode"][true].tolist()) <= set(range(len(MODES)))
    assert data.spectators["time"][true].min() > LEAST_TIME
    beauty = true & (data.spectators["mode"] < len(BEAUTY))
    assert (data.spectators["origin"][beauty] == ORIGINS.index("beauty")).all()
    found = {ORIGINS[place] for place in data.spectators["origin"][~true]}
    assert {"chance", "beauty", "charm", "ghost"} <= found  # both tracks of one strange hadron weigh less than 1 GeV
    features = data.inputs["features"]
    assert features[:, 2].max() < 20
    assert features[:, 3].min() > 4


def test_the_rate_is_of_thirty_million_crossings():
    assert CROSSINGS == 30_000
    assert max(RATES) == 660  # kHz, the target of LHCb's training of this selection (niklasnolte/HLT_2Track)
