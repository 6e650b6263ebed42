"""Tracks of known species from samples of decay channels."""

import numpy as np
import pytest

from bartik.core import UsageError
from bartik.simulation.calibration_channels import CHANNELS, HARDEST, LIGHTEST, companions, supplies, true_tracks
from bartik.simulation.identification import MISSING, SPECIES, identified_tracks

TRACKS = identified_tracks(np.random.default_rng(3), 3600, range(6))


def test_species_and_channels_are_equally_many():
    cells = np.bincount(TRACKS["species"] * 6 + TRACKS["channel"], minlength=36)
    assert set(cells.tolist()) == {100}


def test_the_same_seed_gives_the_same_tracks_in_an_order_that_tells_nothing():
    again = identified_tracks(np.random.default_rng(3), 3600, range(6))
    assert all(np.array_equal(TRACKS[name], again[name]) for name in TRACKS)
    assert abs(np.corrcoef(TRACKS["species"][1:], TRACKS["species"][:-1])[0, 1]) < 4 / np.sqrt(3600)


def test_what_is_measured_is_finite_and_what_calorimeters_do_not_cover_is_missing():
    assert all(np.isfinite(values).all() for values in TRACKS.values())
    absent = TRACKS["ecal"] == MISSING
    assert 0.05 < absent.mean() < 0.5
    assert (TRACKS["ecal"][~absent] >= 0).all()


def test_detectors_tell_what_they_should():
    def median(column, name):
        mine = (TRACKS["species"] == SPECIES.index(name)) & (TRACKS[column] != MISSING)
        return np.median(TRACKS[column][mine] / (TRACKS["p"][mine] if column == "ecal" else 1))

    assert median("dll_k", "K") > 3
    assert median("dll_k", "pi") < -3
    assert median("dll_p", "p") > 3
    assert median("ecal", "e") > 0.9
    assert median("ecal", "pi") < 0.5
    assert median("track_chi2", "ghost") > 1.4
    assert median("track_chi2", "K") < 1.1
    muons = TRACKS["species"] == SPECIES.index("mu")
    assert TRACKS["is_muon"][muons].mean() > 0.85
    assert TRACKS["is_muon"][TRACKS["species"] == SPECIES.index("pi")].mean() < 0.1


def test_a_bias_moves_the_charge_of_its_channel_alone():
    biases = np.zeros(len(CHANNELS))
    plain = identified_tracks(np.random.default_rng(4), 720, range(6), biases)
    biases[2] = 2.0
    moved = identified_tracks(np.random.default_rng(4), 720, range(6), biases)
    changed = plain["velo_charge"] != moved["velo_charge"]
    assert set(moved["channel"][changed].tolist()) == {2}


@pytest.mark.parametrize("channel", range(len(CHANNELS)))
def test_daughters_are_in_the_acceptance(channel):
    for pdg in supplies(channel):
        momenta, charge = true_tracks(np.random.default_rng(1), channel, pdg, 30)
        p = np.linalg.norm(momenta, axis=1)
        assert len(p) == 30
        assert ((p > LIGHTEST) & (p < HARDEST)).all()
        assert set(np.abs(charge).tolist()) == {1}


def test_companions_are_softer_than_what_a_beauty_hadron_decays_to():
    rng = np.random.default_rng(2)
    soft, hard = (np.median(np.hypot(*found[0].T[:2])) for found in (companions(rng, 211, 400), true_tracks(rng, 6, 211, 400)))
    assert soft < 0.7 * hard


def test_a_channel_gives_only_what_it_decays_to():
    with pytest.raises(UsageError, match="has no particle 11"):
        true_tracks(np.random.default_rng(1), 0, 11, 5)
