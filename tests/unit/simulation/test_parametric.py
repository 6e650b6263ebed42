"""Collisions without Pythia: the same in any batch, with decays that conserve and live as they should."""

import numpy as np
import pytest

from bartik.cli.main import run_command
from bartik.core import UsageError
from bartik.data.events import read_columns
from bartik.simulation.conditions import SETS, Conditions
from bartik.simulation.decay_table import channels
from bartik.simulation.generate import Order, make_events, one_event
from bartik.simulation.particles import values_of
from bartik.simulation.record import EventSample, decay_vertices, descends_from, is_beauty, is_charm

RUN3 = SETS["run3"]


def quiet(line):
    """Say nothing."""


@pytest.fixture(scope="module")
def minbias():
    return make_events(Order("minbias", RUN3, 3, "parametric"), 200, progress=quiet)


@pytest.fixture(scope="module")
def beauty():
    return make_events(Order("bbbar", RUN3, 3, "parametric"), 200, progress=quiet)


def test_an_event_is_the_same_however_many_are_made_at_a_time(minbias):
    assert one_event(Order("minbias", RUN3, 3, "parametric"), 77).digest == minbias.event(77).digest
    assert make_events(Order("minbias", RUN3, 3, "parametric"), 3, first=76, progress=quiet).event(1).digest == minbias.event(77).digest
    assert one_event(Order("minbias", RUN3, 4, "parametric"), 77).digest != minbias.event(77).digest


def test_decays_conserve_energy_momentum_and_charge(beauty):
    mothers, particles = beauty.mothers, beauty.particles
    decayed = np.flatnonzero(~particles["final"])
    assert set(decayed.tolist()) == set(mothers[mothers >= 0].tolist())
    for name in ("px", "py", "pz", "e", "charge"):
        sums = np.bincount(mothers[mothers >= 0], particles[name][mothers >= 0], len(mothers))
        np.testing.assert_allclose(sums[decayed], particles[name][decayed], rtol=1e-9, atol=1e-9 * particles["e"].max())


def test_lifetimes_are_exponential_with_the_mean_of_the_table(beauty):
    particles, ends = beauty.particles, decay_vertices(beauty)
    born = np.stack([particles[name] for name in "xyzt"], axis=1)
    for number in (511, 521, 421, 411, 3122):
        chosen = (np.abs(particles["pdg"]) == number) & np.isfinite(ends[:, 0])
        if number == 3122:  # of those that could not leave the detector
            chosen &= particles["e"] < 10
        flown = np.linalg.norm((ends - born)[chosen, :3], axis=1)
        proper = flown * values_of(np.array([number]), "mass") / np.linalg.norm([particles[n][chosen] for n in ("px", "py", "pz")], axis=0)
        mean = float(values_of(np.array([number]), "flight")[0])
        assert proper.mean() == pytest.approx(mean, abs=4 * mean / np.sqrt(len(proper)))
        assert (proper < mean * np.log(2)).mean() == pytest.approx(0.5, abs=2 / np.sqrt(len(proper)))


def test_every_event_of_a_sample_has_its_hadrons_and_few_charged_particles_from_each(beauty):
    hadrons = is_beauty(beauty.particles["pdg"])
    event = np.repeat(np.arange(len(beauty)), np.diff(beauty.particle_offsets))
    assert set(event[hadrons & (beauty.particles["collision"] == 0)].tolist()) == set(range(len(beauty)))
    charged = descends_from(beauty, hadrons) & beauty.particles["final"] & (beauty.particles["charge"] != 0)
    assert charged.sum() / hadrons.sum() == pytest.approx(4.97, abs=0.5)  # HFLAV
    charm = one_event(Order("ccbar", RUN3, 3, "parametric"), 0).particles
    assert (is_charm(charm["pdg"]) & (charm["collision"] == 0)).any()


def test_channels_conserve_charge_and_fit_into_their_mother():
    table = channels()
    np.testing.assert_array_equal(values_of(table.daughters, "charge").sum(axis=1), values_of(table.mother, "charge"))
    assert (values_of(table.daughters, "mass").sum(axis=1) < values_of(table.mother, "mass")).all()
    assert (np.diff(table.summed) > 0).all()


def test_pions_of_neutral_kaons_come_from_where_they_decayed_and_none_outside_of_the_detector(minbias):
    ends = decay_vertices(minbias)
    decayed = np.isfinite(ends[:, 0])
    assert (np.abs(ends[decayed, 2]) < 20_500).all()
    far = (np.abs(minbias.particles["pdg"]) == 310) & minbias.particles["final"]
    assert 0 < far.sum() < 0.05 * (minbias.particles["pdg"] == 310).sum()


def test_the_command_writes_the_sample_and_says_who_made_it(tmp_path):
    out = tmp_path / "events.h5"
    assert run_command(["generate", "--generator", "parametric", "--events", "5", "-o", str(out)]) == 0
    sample = EventSample.from_arrays(*read_columns(out))
    assert (len(sample), sample.about["generator"]) == (5, "parametric")


def test_without_pythia_both_remedies_are_named(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("importlib.util.find_spec", lambda name, *_: None if name == "pythia8mc" else object())
    assert run_command(["generate", "--events", "1", "-o", str(tmp_path / "events.h5")]) == 1
    said = capsys.readouterr().err
    assert "pip install 'bartik[simulation]'" in said
    assert "--generator parametric" in said


def test_a_generator_nobody_knows_and_an_energy_it_is_not_tuned_to_are_refused(tmp_path, capsys):
    assert run_command(["generate", "--generator", "pythai", "--events", "1", "-o", str(tmp_path / "events.h5")]) == 2
    assert "did you mean 'pythia'" in capsys.readouterr().err
    low = Conditions("low", 7000.0, 2.0, RUN3.position, RUN3.spread)
    with pytest.raises(UsageError, match="knows 13600 GeV, not 7000"):
        one_event(Order("minbias", low, 1, "parametric"), 0)
