"""Collisions by Pythia: conserved momentum, lifetimes, multiplicities, and the same events in any number of processes."""

import numpy as np
import pytest

pytest.importorskip("pythia8mc", reason="pip install 'bartik[simulation]'")

from bartik.cli.main import run_command
from bartik.core import UnknownNameError
from bartik.data.events import read_columns
from bartik.simulation.conditions import SETS, conditions_of
from bartik.simulation.generate import Order, make_events, one_event
from bartik.simulation.record import EventSample, decay_vertices, descends_from, is_beauty

RUN3 = SETS["run3"]
MASS = {511: 5.2797, 521: 5.2793, 310: 0.497611}  # GeV, PDG 2024
LIFETIME = {511: 455.2, 521: 490.7, 310: 26_844}  # c tau in um, PDG 2024


def quiet(line):
    """Say nothing."""


@pytest.fixture(scope="module")
def beauty():
    return make_events(Order("bbbar", RUN3, 3), 20, progress=quiet)


def test_an_event_does_not_depend_on_what_was_made_before_it(beauty):
    assert one_event(Order("bbbar", RUN3, 3), 17).digest == beauty.event(17).digest
    assert one_event(Order("bbbar", RUN3, 4), 17).digest != beauty.event(17).digest


@pytest.mark.slow
def test_two_processes_make_the_same_events_as_one(tmp_path):
    words = ["generate", "--sample", "minbias", "--events", "45", "--seed", "5"]
    for processes in ("1", "2"):
        assert run_command([*words, "--processes", processes, "-o", str(tmp_path / f"{processes}.h5")]) == 0
    found = [EventSample.from_arrays(*read_columns(tmp_path / f"{name}.h5")) for name in ("1", "2")]
    assert found[0].digest == found[1].digest


def test_energy_and_momentum_are_those_of_the_beams(beauty):
    final = beauty.particles["final"]
    collision = beauty.particles["collision"] + np.repeat(beauty.collision_offsets[:-1], np.diff(beauty.particle_offsets))
    total = {name: np.bincount(collision[final], beauty.particles[name][final]) for name in ("px", "py", "pz", "e")}
    np.testing.assert_allclose(total["e"], RUN3.energy, rtol=1e-5)
    for name in ("px", "py", "pz"):
        np.testing.assert_allclose(total[name], 0, atol=0.5)


def test_daughters_have_the_momentum_of_their_mother(beauty):
    mothers = beauty.mothers
    decayed = np.unique(mothers[(mothers >= 0) & is_beauty(beauty.particles["pdg"])[mothers]])
    for name in ("px", "py", "pz", "e"):
        sums = np.bincount(mothers[mothers >= 0], beauty.particles[name][mothers >= 0], len(mothers))
        np.testing.assert_allclose(sums[decayed], beauty.particles[name][decayed], atol=1e-3)


def test_every_event_of_bbbar_has_beauty_in_its_first_collision_and_charged_particles_from_it(beauty):
    hadrons = is_beauty(beauty.particles["pdg"])
    event = np.repeat(np.arange(len(beauty)), np.diff(beauty.particle_offsets))
    assert set(event[hadrons & (beauty.particles["collision"] == 0)].tolist()) == set(range(len(beauty)))
    charged = beauty.particles["final"] & (beauty.particles["charge"] != 0)
    from_b = descends_from(beauty, hadrons) & charged
    assert 4 < from_b.sum() / len(beauty) < 20  # about five from each of two hadrons (HFLAV: 4.97 +- 0.07 of B0 and B+)


def test_lifetimes_are_those_of_the_particle_data_group(beauty):
    ends, particles = decay_vertices(beauty), beauty.particles
    for number, mass in MASS.items():
        chosen = (np.abs(particles["pdg"]) == number) & np.isfinite(ends[:, 0])
        flown = np.linalg.norm(ends[chosen, :3] - np.stack([particles[axis][chosen] for axis in "xyz"], axis=1), axis=1)
        momentum = np.linalg.norm(np.stack([particles[name][chosen] for name in ("px", "py", "pz")], axis=1), axis=1)
        proper = 1e3 * flown * mass / momentum  # um
        inside = ends[chosen, 2] < 20_000
        if number == 310:  # what flies out of the detector does not decay: the mean of the rest is smaller
            assert 0.3 * LIFETIME[number] < proper[inside].mean() < 1.1 * LIFETIME[number]
        else:
            assert proper.mean() == pytest.approx(LIFETIME[number], abs=4 * LIFETIME[number] / np.sqrt(chosen.sum()))


def test_minimum_bias_has_the_multiplicity_and_the_pile_up_it_should():
    sample = make_events(Order("minbias", RUN3, 6), 25, progress=quiet)
    assert np.diff(sample.collision_offsets).mean() == pytest.approx(RUN3.inelastic, abs=4 * np.sqrt(RUN3.inelastic / 25))
    charged = sample.particles["final"] & (sample.particles["charge"] != 0)
    forward = charged & (sample.eta > 2) & (sample.eta < 4.8) & (sample.pt > 0.2)
    long_lived = np.linalg.norm([sample.particles["x"], sample.particles["y"]], axis=0) < 5
    per_collision = (forward & long_lived).sum() / sample.collision_offsets[-1]
    # LHCb, EPJC 74 (2014) 2888: 11.3 at 7 TeV in events with a visible track, pT > 0.2 GeV; some 30% more at 13.6 TeV, and
    # fewer where collisions without one count as well
    assert 8 < per_collision < 18
    z = sample.collisions["z"]
    assert z.std() == pytest.approx(RUN3.spread[2], rel=0.2)


def test_conditions_move_what_they_should_and_unknown_ones_name_the_nearest():
    moved = make_events(Order("minbias", SETS["run3_moved"], 6), 8, progress=quiet)
    assert moved.collisions["x"].mean() == pytest.approx(0.35, abs=0.05)
    assert SETS["run3_moved"].digest != RUN3.digest
    with pytest.raises(UnknownNameError, match="did you mean 'run3_moved'"):
        conditions_of("run3_move")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--sample", "minbais"], "of 'minbais'"),
        (["--conditions", "run4"], "unknown set of conditions 'run4'"),
        (["-o", "events.txt"], "events.txt: cannot tell the format"),
    ],
)
def test_wrong_use_is_one_clear_message(tmp_path, monkeypatch, capsys, words, said):
    monkeypatch.chdir(tmp_path)
    assert run_command(["generate", "-o", "events.h5", "--events", "1", *words]) == 2
    assert said in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
