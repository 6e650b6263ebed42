"""Decays that are asked for: how they are written, what they conserve, how long they live, and that an event has them."""

import numpy as np
import pytest

from bartik.cli.main import run_command
from bartik.core import UsageError
from bartik.data.events import read_columns
from bartik.simulation.conditions import SETS
from bartik.simulation.decays import NAMED, conjugated, decay_of, decayed
from bartik.simulation.generate import Order, make_events, one_event
from bartik.simulation.particles import TABLE, values_of
from bartik.simulation.phase_space import breakup_momentum, invariant_mass
from bartik.simulation.record import EventSample, decay_vertices, is_beauty

RUN3 = SETS["run3"]


def chains(text, count=2000, seed=1):
    wanted = decay_of(text)
    momentum = np.random.default_rng(seed).normal((0, 0, 80, 0), 20, (count, 4))
    return decayed(np.random.default_rng(seed), wanted, np.zeros((count, 4)), momentum)


@pytest.mark.parametrize("name", NAMED)
def test_every_step_of_a_named_decay_conserves_energy_and_momentum(name):
    found = chains(name, 200)
    for place in range(len(found.pdg)):
        below = np.flatnonzero(found.mother == place)
        if len(below):
            energy = found.momentum[:, place, 3:]
            np.testing.assert_allclose(found.momentum[:, below].sum(axis=1), found.momentum[:, place], rtol=0, atol=1e-9 * energy.max())
            assert len(np.unique(found.origin[:, below], axis=1)[0]) == 1
    narrow = values_of(found.pdg, "width") == 0
    shell = invariant_mass(found.momentum)[:, narrow]
    np.testing.assert_allclose(shell, np.tile(values_of(found.pdg, "mass")[narrow], (200, 1)), atol=2e-4)


def test_a_muon_of_a_j_psi_has_the_momentum_of_the_formula_in_its_rest_frame():
    found = chains("Bu_JpsiK")
    place = found.pdg.tolist().index(-13)
    mother = found.momentum[:, found.mother[place]]
    energy = (mother[:, 3] * found.momentum[:, place, 3] - (mother[:, :3] * found.momentum[:, place, :3]).sum(axis=1)) / 3.0969
    muon = TABLE["mu-"].mass
    np.testing.assert_allclose(energy, np.hypot(breakup_momentum(3.0969, muon, muon), muon), rtol=1e-7)


@pytest.mark.parametrize(
    ("name", "particle"), [("Bd_DstMuNu", "B0"), ("Bd_DstMuNu", "D0"), ("Lb_LcPi", "Lambda_c+"), ("Bd_JpsiKS", "K_S0")]
)
def test_lifetimes_are_exponential(name, particle):
    found = chains(name, 20_000)
    place = int(np.flatnonzero(np.abs(found.pdg) == TABLE[particle].pdg)[0])
    first = int(np.flatnonzero(found.mother == place)[0])
    step = found.origin[:, first] - found.origin[:, place]
    proper = np.linalg.norm(step[:, :3], axis=1) * TABLE[particle].mass / np.linalg.norm(found.momentum[:, place, :3], axis=1)
    scaled = np.sort(proper / TABLE[particle].flight)
    distance = np.abs(1 - np.exp(-scaled) - (np.arange(len(scaled)) + 0.5) / len(scaled)).max()
    assert distance < 1.63 / np.sqrt(len(scaled))  # Kolmogorov and Smirnov, 1%
    np.testing.assert_allclose(step[:, 3], np.linalg.norm(step[:, :3], axis=1) / 299.792458 / beta(found.momentum[:, place]), rtol=1e-9)


def beta(momentum):
    return np.linalg.norm(momentum[:, :3], axis=1) / momentum[:, 3]


def test_a_resonance_has_its_width_and_a_narrow_particle_none():
    found = chains("Bd_KstMuMu", 20_000)
    mass = invariant_mass(found.momentum[:, found.pdg.tolist().index(313)])
    assert np.median(mass) == pytest.approx(0.8956, abs=0.002)
    half = np.abs(mass - 0.89556) < 0.0471 / 2
    assert half.mean() == pytest.approx(
        0.5 / (2 * np.arctan(10) / np.pi), abs=0.015
    )  # half of all within half a width, of those not cut off


def test_a_decay_and_its_conjugate():
    wanted = decay_of("B0 -> (D*- -> (anti-D0 -> K+ pi-) pi-) mu+ nu_mu")
    assert wanted == decay_of("Bd_DstMuNu")
    assert [node.pdg for node in conjugated(wanted).nodes()] == [-511, 413, 421, -321, 211, 211, 13, -14]
    assert [node.pdg for node in conjugated(decay_of("Bs_PhiPhi")).nodes()][:2] == [-531, 333]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Bd_KPi", "unknown decay 'Bd_KPi'"),
        ("B0 -> K+", "B0 cannot decay to this"),
        ("B0 ->", "no particle, arrow and products"),
        ("B0 -> K+ pi+", "another charge"),
        ("pi0 -> K+ K-", "pi0 cannot decay to this"),
        ("B0 -> K+ pi", "unknown particle 'pi'"),
        ("B0 -> K+ pi- )", r"cannot read '\)'"),
        ("B0 -> (D- -> K+ pi- pi- pi+", "parenthesis is not closed"),
        ("B0 -> (D-) pi+", "no particle, arrow and products"),
    ],
)
def test_what_is_no_decay_is_refused_in_one_line(text, said):
    with pytest.raises(UsageError, match=said):
        decay_of(text)


@pytest.mark.parametrize(("sample", "decay"), [("bbbar", "Bs_PhiPhi"), ("bbbar", "Bd_DstMuNu"), ("bbbar", "Lb_LcPi"), ("ccbar", "D0_Kpi")])
def test_every_event_has_the_decay_once_in_its_first_collision(sample, decay):
    made = make_events(Order(sample, RUN3, 2, "parametric", decay), 25, progress=lambda _: None)
    particles, mothers, wanted = made.particles, made.mothers, decay_of(decay)
    event = np.repeat(np.arange(25), np.diff(made.particle_offsets))
    heads = np.array([row for row in np.flatnonzero(np.abs(particles["pdg"]) == abs(wanted.pdg)) if is_it(made, row, wanted, mothers)])
    assert (np.bincount(event[heads], minlength=25) >= 1).all()
    assert (particles["collision"][heads] == 0).any()
    ends = decay_vertices(made)
    assert np.isfinite(ends[heads]).all()
    decays = np.flatnonzero(~particles["final"])
    for name in ("px", "py", "pz", "e", "charge"):
        sums = np.bincount(mothers[mothers >= 0], particles[name][mothers >= 0], len(mothers))
        np.testing.assert_allclose(sums[decays], particles[name][decays], atol=1e-9 * particles["e"].max())
    assert set(decays.tolist()) == set(mothers[mothers >= 0].tolist())


def is_it(sample, row, wanted, mothers):
    """Whether the particle in this row decays as wanted or as the conjugate."""
    below = np.flatnonzero(mothers == row)
    for one in (wanted, conjugated(wanted)):
        if sample.particles["pdg"][row] == one.pdg and sorted(sample.particles["pdg"][below]) == sorted(d.pdg for d in one.daughters):
            return all(any(is_it(sample, b, d, mothers) for b in below) for d in one.daughters if d.daughters)
    return False


def test_the_quark_of_the_hadron_in_the_place_of_which_it_decays_is_kept():
    order = Order("bbbar", RUN3, 2, "parametric")
    for number in range(8):
        plain, forced = one_event(order, number), one_event(Order("bbbar", RUN3, 2, "parametric", "Bd_Kpi"), number)
        signs = [quark(each.particles["pdg"][is_beauty(each.particles["pdg"])]) for each in (plain, forced)]
        assert sorted(signs[0]) == sorted(signs[1])
        before, after = (each.particles["pz"][is_beauty(each.particles["pdg"])].sum() for each in (plain, forced))
        assert after == pytest.approx(before, rel=1e-12)


def quark(pdg):
    return [int(np.sign(n)) * (1 if abs(n) > 1000 else -1) for n in pdg]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--sample", "minbias", "--decay", "Bd_Kpi"], "--sample bbbar for beauty, ccbar for charm"),
        (["--sample", "bbbar", "--decay", "D0_Kpi"], "--sample bbbar for beauty, ccbar for charm"),
        (["--sample", "bbbar", "--decay", "nothing"], "known: Bd_Kpi"),
    ],
)
def test_wrong_use_is_one_clear_message(tmp_path, capsys, words, said):
    out = tmp_path / "events.h5"
    assert run_command(["generate", "--generator", "parametric", "--events", "1", "-o", str(out), *words]) == 2
    assert said in capsys.readouterr().err
    assert not out.exists()


def test_the_command_takes_a_decay_and_keeps_it_in_the_record(tmp_path):
    out = tmp_path / "events.h5"
    words = ["generate", "--generator", "parametric", "--sample", "bbbar", "--decay", "B0 -> K+ pi-", "--events", "2", "-o", str(out)]
    assert run_command(words) == 0
    assert EventSample.from_arrays(*read_columns(out)).about["decay"] == "B0 -> K+ pi-"
