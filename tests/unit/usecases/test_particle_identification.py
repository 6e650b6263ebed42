"""Rules for tables of tracks, weights of both signs, combined likelihoods, flatness, the sign test."""

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bartik.core import Config, ConfigError, DataError, Dataset
from bartik.simulation.identification import SPECIES, identified_tracks
from bartik.usecases.particle_identification import toy
from bartik.usecases.particle_identification.columns import MISSING, NAMES, OPTIONAL
from bartik.usecases.particle_identification.combined import CombinedDll
from bartik.usecases.particle_identification.judged import calibration
from bartik.usecases.particle_identification.network import MultiClass, OneVsRest, multi_class_loss, spread
from bartik.usecases.particle_identification.robust.model import train as train_robust
from bartik.usecases.particle_identification.robustness import sign
from bartik.usecases.particle_identification.sweights import positive_weights
from bartik.usecases.particle_identification.table import read_tracks

ROWS = 600
TRACKS = identified_tracks(np.random.default_rng(1), ROWS, range(6))
FEATURES = toy.features(TRACKS)
CHECKED = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def columns():
    return {name: TRACKS[name] for name in NAMES} | {"species": TRACKS["species"], "event": np.arange(ROWS)}


def read(folder, table, split="train"):
    path = folder / "rows.npz"
    np.savez(path, **table)
    return read_tracks(path, split)


def test_rows_are_divided_by_event_and_columns_beside_are_ignored(tmp_path):
    found = [read(tmp_path, columns() | {"run": np.arange(ROWS)}, split) for split in ("train", "validation", "test")]
    assert sum(data.rows for data in found) == ROWS
    assert all(event % 4 == 3 for event in found[2].spectators["event"])
    assert found[0].weights is None


@given(name=st.sampled_from([*NAMES, "species", "event"]))
@CHECKED
def test_a_missing_column_is_named(tmp_path, name):
    table = columns()
    del table[name]
    with pytest.raises(DataError, match=f"no column '{name}'"):
        read(tmp_path, table)


@given(name=st.sampled_from(NAMES), row=st.integers(0, ROWS - 1), value=st.sampled_from([np.nan, np.inf, -np.inf]))
@CHECKED
def test_a_value_that_is_none_is_refused_with_its_column(tmp_path, name, row, value):
    table = columns()
    table[name] = table[name].copy()
    table[name][row] = value
    with pytest.raises(DataError, match=f"column '{name}'"):
        read(tmp_path, table)


@given(name=st.sampled_from(NAMES), row=st.integers(0, ROWS - 1), value=st.sampled_from([-999.0, -1000.0, -9999.0]))
@CHECKED
def test_a_sentinel_is_taken_where_a_detector_may_be_silent_and_refused_elsewhere(tmp_path, name, row, value):
    table = columns()
    table[name] = table[name].copy()
    table[name][row] = value
    if name in OPTIONAL:
        assert read(tmp_path, table).rows == np.sum((np.arange(ROWS) % 4 != 3) & (np.arange(ROWS) % 8 != 1))
    else:
        with pytest.raises(DataError, match=f"column '{name}' is {value:g} in 1 of {ROWS} rows"):
            read(tmp_path, table)


@given(name=st.sampled_from(NAMES), value=st.floats(0.25, 4).map(np.float32))
@CHECKED
def test_a_column_that_is_always_the_same_is_refused(tmp_path, name, value):
    with pytest.raises(DataError, match=f"column '{name}' is .* in all {ROWS} rows"):
        read(tmp_path, columns() | {name: np.full(ROWS, value)})


@pytest.mark.parametrize("name", ["p", "pt"])
def test_momenta_in_mev_are_refused_with_what_to_do(tmp_path, name):
    with pytest.raises(DataError, match=rf"(?s)column '{name}'.*divide by 1000"):
        read(tmp_path, columns() | {name: 1000 * TRACKS[name]})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"is_muon": 2 * TRACKS["is_muon"]}, "column 'is_muon' has a value of 2"),
        ({"muon_stations": TRACKS["muon_stations"] - 1}, "column 'muon_stations' has a value of -1"),
        ({"track_chi2": 50 * TRACKS["track_chi2"]}, "column 'track_chi2' has a median"),
        ({"pt": TRACKS["p"] + 1}, "column 'pt' is above 'p'"),
        ({"species": TRACKS["species"] + 1}, "column 'species' is 6"),
        ({"species": np.full(ROWS, 2)}, "no track of species 'e'"),
        ({"species": np.minimum(TRACKS["species"], 4)}, "no track of species 'ghost'"),
        ({"event": np.arange(ROWS) + 0.5}, "column 'event'"),
        ({"channel": np.full(ROWS, -1)}, "column 'channel'"),
        ({"weight": np.full(ROWS, -1.0)}, "column 'weight': wanted finite numbers with a positive sum"),
        ({"weight": np.full(ROWS, np.nan)}, "column 'weight'"),
    ],
)
def test_what_cannot_be_is_refused_with_its_column(tmp_path, change, message):
    with pytest.raises(DataError, match=message):
        read(tmp_path, columns() | change)


@given(seed=st.integers(0, 100), share=st.floats(0.05, 0.6))
@settings(max_examples=3, deadline=None)
def test_weights_of_both_signs_become_positive_with_the_same_sums(seed, share):
    rng = np.random.default_rng(seed)
    weights = np.where(rng.random(ROWS) < share, -0.5, 1.2)
    species = TRACKS["species"]
    found = positive_weights(FEATURES, species, weights)
    assert (found >= 0).all()
    for one in range(len(SPECIES)):
        assert found[species == one].sum() == pytest.approx(max(weights[species == one].sum(), 0), rel=1e-4, abs=1e-3)


def test_weights_without_a_negative_one_are_left_alone():
    weights = np.linspace(0, 2, ROWS)
    assert np.array_equal(positive_weights(FEATURES, TRACKS["species"], weights), weights.astype(np.float32))


def test_positive_weights_know_what_the_sweights_said_on_average():
    rng = np.random.default_rng(5)
    x = rng.random((4000, 1))
    weights = np.where(rng.random(4000) < x[:, 0], 1.4, -0.4)  # mean rises along x
    found = positive_weights(x, np.zeros(4000, int), weights)
    for low in (0.1, 0.4, 0.7):
        mine = (x[:, 0] > low) & (x[:, 0] < low + 0.2)
        assert found[mine].mean() == pytest.approx(weights[mine].mean(), abs=0.15)  # none below 0 at small x is paid for elsewhere


@pytest.mark.parametrize("make", [MultiClass, OneVsRest])
def test_what_is_not_measured_is_as_what_says_nothing(make):
    torch.manual_seed(1)
    network = make([8, 8], 0.0)
    network.adapt({"features": FEATURES})
    rows, neutral = FEATURES[:20].copy(), FEATURES[:20].copy()
    for name, value in OPTIONAL.items():
        rows[:, NAMES.index(name)], neutral[:, NAMES.index(name)] = MISSING - 99, value
    assert torch.equal(network(torch.from_numpy(rows)), network(torch.from_numpy(neutral)))


def test_probabilities_of_the_multi_class_network_sum_to_one():
    network = MultiClass([8, 8], 0.0)
    network.adapt({"features": FEATURES})
    assert torch.allclose(network(torch.from_numpy(FEATURES)).sum(1), torch.ones(ROWS), atol=1e-5)


def test_spread_is_nothing_where_answers_do_not_depend_on_momentum():
    momentum, species, ones = torch.linspace(3, 100, 500), torch.zeros(500, dtype=torch.long), torch.ones(500)
    assert spread(0.7 * ones, momentum, species, ones).item() == pytest.approx(0, abs=1e-9)
    assert spread(momentum / 100, momentum, species, ones).item() > 0.01


def test_flatness_in_the_loss_makes_answers_flatter():
    spreads = []
    for flatness in (0.0, 30.0):
        torch.manual_seed(1)
        network = MultiClass([16], flatness)
        network.adapt({"features": FEATURES})
        inputs, target, ones = {"features": torch.from_numpy(FEATURES)}, torch.from_numpy(TRACKS["species"]), torch.ones(ROWS)
        optimiser = torch.optim.Adam(network.parameters(), lr=0.02)
        for _ in range(40):
            optimiser.zero_grad()
            multi_class_loss(network, inputs, target, ones).backward()
            optimiser.step()
        own = network(inputs["features"]).gather(1, target[:, None])[:, 0]
        spreads.append(spread(own, inputs["features"][:, 0], target, ones).item())
    assert spreads[1] < 0.5 * spreads[0]


def test_a_robust_network_needs_two_channels(tmp_path):
    species = np.zeros(10)
    data = Dataset({}, species, spectators={"channel": np.zeros(10, int)})
    with pytest.raises(ConfigError, match="of one channel"):
        train_robust(None, data, data, Config({}), tmp_path / "x.pt", print)


def test_combined_likelihoods_know_species_from_all_detectors():
    scores = CombinedDll(FEATURES, TRACKS["species"]).scores(FEATURES)
    assert scores.shape == (ROWS, 6)
    for place in range(6):
        mine = TRACKS["species"] == place
        assert np.median(scores[mine, place]) > np.median(scores[~mine, place])


def test_calibration_counts_every_row_once():
    answers = np.linspace(0, 1, 101)
    points = calibration(answers, answers > 0.5)
    assert points[:, 2].sum() == 101
    assert points[0, 1] == 0
    assert points[-1, 1] == 1


def test_the_sign_test_is_that_of_fair_coins():
    better, worse = [0.98, 0.94, 0.97, 0.95], [0.98, 0.96, 0.98, 0.95]
    assert sign(np.array([better] * 4 + [worse])) == (4, pytest.approx(6 / 32))
    assert sign(np.array([[1.0, 1.0, 1.0, 1.0]])) == (0, 1.0)
