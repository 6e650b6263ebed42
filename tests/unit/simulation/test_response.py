"""The detector's responses, each by the property that defines it."""

import doctest

import numpy as np
import pytest

from bartik.simulation import decays, particles, phase_space
from bartik.simulation.conditions import SETS
from bartik.simulation.generate import Order, make_events
from bartik.simulation.record import descends_from, is_beauty
from bartik.simulation.response import calorimeter, clusters, impact, magnet, momentum, muon, rich
from bartik.simulation.response.detector import long_tracks

MASS = rich.HYPOTHESES


@pytest.mark.parametrize("module", [calorimeter, clusters, decays, impact, magnet, momentum, muon, particles, phase_space, rich])
def test_examples_in_the_documentation_hold(module):
    assert doctest.testmod(module).failed == 0


def test_there_are_examples():
    assert doctest.testmod(rich).attempted > 0


def rng(seed=1):
    return np.random.default_rng(seed)


def test_momenta_have_their_resolution_and_electrons_a_tail_to_small_ones():
    for p, wanted in ((10.0, 0.005), (100.0, 0.008), (200.0, 0.010)):
        found = momentum.measured_momentum(rng(), np.full(40_000, p), np.zeros(40_000, bool))
        assert (found / p - 1).std() == pytest.approx(wanted, rel=0.03)
        assert (1 / found).mean() == pytest.approx(1 / p, rel=1e-4)  # the curvature is measured without bias
    found = momentum.measured_momentum(rng(), np.full(40_000, 10.0), np.ones(40_000, bool))
    assert (found < 9.5).mean() == pytest.approx(momentum.RADIATING * 0.95**3, abs=0.01)  # more than 5% lost
    assert (found > 10.2).mean() < 1e-3


@pytest.mark.parametrize("pt", [0.3, 1.0, 5.0])
def test_impact_parameters_have_their_resolution_and_a_tail(pt):
    count = 60_000
    direction = np.tile([pt, 0.0, 100 * pt], (count, 1))
    found = 1000 * (impact.measured_origin(rng(), np.zeros((count, 3)), direction))
    sigma = 11 + 13 / pt
    for axis in (0, 1):
        within = np.abs(found[:, axis]) < sigma
        assert within.mean() == pytest.approx(0.95 * 0.6827 + 0.05 * 0.2611, abs=0.01)
        assert found[:, axis].std() == pytest.approx(sigma * np.sqrt(0.95 + 0.05 * 9), rel=0.03)
    assert not found[:, 2].any()


def test_an_impact_parameter_does_not_depend_on_where_along_the_track_it_is_taken():
    point, way, vertex = rng().normal(size=(3, 50, 3))
    far = point + rng(2).normal(0, 100, (50, 1)) * way
    np.testing.assert_allclose(impact.impact_parameter(point, way, vertex), impact.impact_parameter(far, way, vertex), rtol=1e-9)
    np.testing.assert_allclose(impact.impact_parameter(far, way, point), 0, atol=1e-10)


def test_the_magnet_changes_px_by_its_kick_and_no_momentum():
    px, pz, charge = np.array([1.0, 1.0, 1.0, 0.5]), np.array([10.0, 10.0, 10.0, 0.8]), np.array([1, -1, 0, 1])
    after, along = magnet.kicked(px, pz, charge)
    np.testing.assert_allclose(after - px, 1.2 * charge)
    np.testing.assert_allclose((after**2 + along**2)[:3], (px**2 + pz**2)[:3])
    assert along[3] == 0  # turned out of the detector


def test_a_track_bends_at_one_plane_and_the_other_way_with_the_other_charge_or_polarity():
    origin, way = np.zeros((2, 3)), np.tile([0.0, 0.2, 20.0], (2, 1))
    charge = np.array([1, -1])
    before, behind = (magnet.position_at(origin, way, charge, z) for z in (5000.0, 9000.0))
    assert not before[:, 0].any()
    bend = 1.2 / np.sqrt(20**2 - 1.2**2)
    np.testing.assert_allclose(behind[:, 0], bend * (9000 - magnet.PLANE) * charge)
    np.testing.assert_allclose(behind[:, 1], 90.0)
    np.testing.assert_allclose(magnet.position_at(origin, way, charge, 9000.0, -1)[:, 0], -behind[:, 0])


def test_types_of_tracks():
    particles = [  # origin, momentum, charge, type
        ((0, 0, 0), (1.0, 0.5, 20.0), 1, magnet.LONG),
        ((0, 0, 0), (1.0, 0.5, 20.0), 0, magnet.NONE),
        ((0, 0, 0), (0.2, 0.1, 1.5), 1, magnet.UPSTREAM),  # bent out of the detector
        ((0, 0, 0), (1.0, 0.5, -20.0), 1, magnet.VELO),  # backward
        ((0, 0, 0), (1.0, 0.0, 2.5), 1, magnet.VELO),  # at a large angle
        ((30.0, 0, 1200.0), (0.6, 0.1, 12.0), 1, magnet.DOWNSTREAM),  # from a K_S0 behind the vertex locator
        ((300.0, 0, 3000.0), (0.6, 0.1, 12.0), 1, magnet.T_TRACK),
        ((0, 0, 0), (0.001, 0.0, 20.0), 1, magnet.T_TRACK),  # along the beam, and bent into the acceptance
        ((0, 0, 0), (0.0, 0.001, 2000.0), 1, magnet.NONE),
    ]
    origin, way, charge, wanted = (np.array(column, float) for column in zip(*particles, strict=True))
    assert magnet.track_type(origin, way, charge).tolist() == wanted.tolist()


def test_the_efficiency_rises_with_the_momentum_to_its_plateau():
    found = magnet.reconstruction_efficiency(np.array([0.5, 1.5, 3.0, 10.0, 100.0]))
    assert found[:2].tolist() == [0, 0]
    assert (np.diff(found[1:]) > 0).all()
    assert found[-1] == pytest.approx(0.96, abs=1e-6)


@pytest.mark.parametrize(("radiator", "pion", "kaon", "proton"), [(rich.C4F10, 2.6, 9.3, 17.7), (rich.CF4, 4.4, 15.6, 29.7)])
def test_light_begins_at_the_threshold_and_saturates(radiator, pion, kaon, proton):
    for name, wanted in (("pi", pion), ("K", kaon), ("p", proton)):
        edge = float(rich.threshold(MASS[name], radiator))
        assert edge == pytest.approx(wanted, abs=0.06)
        angles = rich.cherenkov_angle(np.array([0.999 * edge, 1.001 * edge, 1e5]), MASS[name], radiator)
        assert angles[0] == 0 < angles[1]
        assert angles[2] == pytest.approx(np.arccos(1 / (1 + radiator.refractivity)), rel=1e-4)
    assert rich.expected_photons(np.array([1e5]), MASS["pi"], radiator)[0] == pytest.approx(radiator.photons, rel=1e-4)


def separation(p, tracks, names=("K", "pi"), count=6000):
    """Shares of kaons and of pions with DLLK > 0."""
    one = np.ones(count)
    found = [rich.dll(rng(3), p * one, MASS[name] * one, 0.06 * one, tracks * one)["DLLK"] for name in names]
    return [float((values > 0).mean()) for values in found]


def test_kaons_are_told_from_pions_as_in_data():
    """About 95% of kaons, and 5 to 10% of pions, on average from 3 to 100 GeV (arXiv:1211.6759)."""
    p = rng().uniform(3, 100, 8000)
    one = np.ones(len(p))
    kaons, pions = (rich.dll(rng(2), p, MASS[name] * one, 0.06 * one, 150 * one)["DLLK"] > 0 for name in ("K", "pi"))
    assert kaons.mean() == pytest.approx(0.95, abs=0.03)
    assert 0.04 < pions.mean() < 0.10


def test_particles_are_told_apart_less_well_at_high_momenta_and_in_busy_events():
    fast, slow, busy = separation(90.0, 150.0), separation(30.0, 150.0), separation(60.0, 600.0)
    assert fast[0] < slow[0]
    assert fast[1] > slow[1]
    quiet = separation(60.0, 50.0)
    assert busy[0] < quiet[0]
    assert busy[1] > quiet[1]


def test_the_right_hypothesis_is_the_likeliest_on_average():
    one = np.ones(3000)
    for column, mass in enumerate(MASS.values()):
        found = rich.log_likelihoods(rng(4), 20.0 * one, mass * one, 0.06 * one, 150 * one).mean(axis=0)
        assert found[column] >= found.max() - 0.2  # electrons, muons and pions of 20 GeV are all but the same


def test_what_is_outside_of_both_radiators_is_not_told_apart():
    one = np.ones(10)
    assert not rich.log_likelihoods(rng(), 20 * one, MASS["K"] * one, 0.4 * one, 150 * one).any()


def test_photons_and_electrons_have_the_resolution_of_the_calorimeter():
    for energy in (1.0, 25.0, 100.0):
        first, second = calorimeter.deposits(rng(), np.full(40_000, 22), np.full(40_000, energy))
        assert first.mean() == pytest.approx(energy, rel=0.005)
        assert first.std() / energy == pytest.approx(np.hypot(0.1 / np.sqrt(energy), 0.01), rel=0.03)
        assert not second.any()


def test_hadrons_share_their_energy_between_the_calorimeters():
    first, second = calorimeter.deposits(rng(), np.full(60_000, 211), np.full(60_000, 50.0))
    late = np.exp(-1.1)
    assert (first < 2.0).mean() == pytest.approx(late, abs=0.05)  # a minimum of ionisation
    calm = first < 1.0
    assert second[calm].mean() == pytest.approx(50, rel=0.05)
    assert second[calm].std() / 50 == pytest.approx(calorimeter.hcal_resolution(np.array(50.0)), rel=0.1)
    assert (first + second).mean() == pytest.approx(50, rel=0.02)


def test_energy_over_momentum_tells_electrons_and_muons_only_ionise():
    count, p = 20_000, np.full(20_000, 20.0)
    found = {name: calorimeter.energy_over_momentum(calorimeter.deposits(rng(), np.full(count, pdg), p)[0], p) for name, pdg in
             (("e", 11), ("pi", 211), ("mu", -13))}  # fmt: skip
    assert (np.abs(found["e"] - 1) < 0.1).mean() > 0.99
    assert (found["pi"] > 0.9).mean() < 0.05
    assert np.median(found["mu"]) < 0.03
    assert calorimeter.deposits(rng(), np.array([14]), np.array([50.0])) == (0.0, 0.0)


@pytest.mark.parametrize(
    ("p", "hits", "wanted"),
    [
        (2.9, (1, 1, 1, 1), False), (4, (1, 1, 0, 0), True), (4, (1, 0, 1, 1), False), (8, (1, 1, 0, 0), False),
        (8, (1, 1, 1, 0), True), (8, (1, 1, 0, 1), True), (20, (1, 1, 1, 0), False), (20, (1, 1, 1, 1), True),
    ],
)  # fmt: skip
def test_is_muon_is_the_rule_of_the_paper(p, hits, wanted):
    assert muon.is_muon(np.array([p]), np.array([hits], bool)).tolist() == [wanted]


def test_decays_in_flight_are_exponential():
    """cτ is 7.8 m of a pion and 3.7 m of a kaon, 64% of whose decays have a muon."""
    found = muon.decays_in_flight(np.array([10.0, 10.0, 10.0, 1e4]), np.array([211, -321, 2212, 211]))
    wanted = [1 - np.exp(-12 * 0.13957 / 10 / 7.8045), 0.6356 * (1 - np.exp(-12 * 0.493677 / 10 / 3.71125)), 0, 2.15e-5]
    np.testing.assert_allclose(found, wanted, rtol=2e-3)


def test_muons_are_found_and_hadrons_rarely_taken_for_them():
    count = 40_000

    def share(pdg, p, tracks=150.0):
        one = np.ones(count)
        return muon.is_muon(p * one, muon.station_hits(rng(pdg), np.full(count, pdg), p * one, tracks * one)).mean()

    assert share(13, 20.0) == pytest.approx(0.99**4, abs=0.01)
    assert 0.003 < share(211, 15.0) < 0.02  # arXiv:1306.0249: about 1%
    assert share(2212, 15.0) < share(211, 15.0) < share(321, 15.0)
    assert share(2212, 4.0, 600.0) > share(2212, 4.0, 50.0)
    assert share(11, 20.0, 0.0) == 0


def test_the_same_random_numbers_give_the_same_response():
    pdg, p = np.array([11, 13, 211, 321, 2212] * 20), np.linspace(2, 100, 100)
    for respond in (
        lambda r: momentum.measured_momentum(r, p, pdg == 11),
        lambda r: rich.dll(r, p, np.full(100, 0.14), np.full(100, 0.1), np.full(100, 90.0))["DLLK"],
        lambda r: np.stack(calorimeter.deposits(r, pdg, p)),
        lambda r: muon.station_hits(r, pdg, p, np.full(100, 90.0)),
    ):
        np.testing.assert_array_equal(respond(rng(7)), respond(rng(7)))
        assert (respond(rng(7)) != respond(rng(8))).any()


@pytest.fixture(scope="module")
def tracks():
    sample = make_events(Order("bbbar", SETS["run3"], 1, "parametric", "Bd_Kpi"), 150, progress=lambda _: None)
    return sample, long_tracks(rng(), sample)


def test_long_tracks_of_a_sample_are_those_of_its_particles_as_measured(tracks):
    sample, found = tracks
    true = np.sqrt(sum(sample.particles[name][found["particle"]] ** 2 for name in ("px", "py", "pz")))
    measured = np.sqrt(sum(found[name] ** 2 for name in ("px", "py", "pz")))
    hadrons = np.abs(sample.particles["pdg"][found["particle"]]) > 100
    assert 0.0045 < (measured / true - 1)[hadrons].std() < 0.007
    per_event = np.bincount(found["event"], minlength=len(sample))
    assert 75 < per_event.mean() < 200  # some 150 in simulated Run 3 events with beauty (arXiv:2304.08610)
    assert (sample.eta[found["particle"]] > 1.5).mean() > 0.995


def test_tracks_from_beauty_miss_their_collision_and_others_do_not(tracks):
    sample, found = tracks
    hadrons = is_beauty(sample.particles["pdg"])
    from_b = descends_from(sample, hadrons)[found["particle"]]
    prompt = sample.particles["mother"][found["particle"]] == -1
    assert np.median(found["ip"][from_b]) > 3 * np.median(found["ip"][prompt])
    assert np.median(found["ip"][prompt]) < 0.08


def test_a_b0_to_k_pi_is_a_peak_at_its_mass(tracks):
    sample, found = tracks
    mothers, place = sample.mothers, {int(row): k for k, row in enumerate(found["particle"])}
    pdg = np.abs(sample.particles["pdg"])
    masses = []
    for head in np.flatnonzero(pdg == 511):
        pair = np.flatnonzero(mothers == head)
        if sorted(pdg[pair]) == [211, 321] and all(int(row) in place for row in pair):
            masses.append(mass_of(found, [place[int(row)] for row in pair], [MASS["pi" if pdg[row] == 211 else "K"] for row in pair]))
    assert len(masses) > 12
    assert np.median(masses) == pytest.approx(5.2797, abs=0.02)
    assert np.std(masses) < 0.06  # LHCb: some 22 MeV


def mass_of(found, rows, masses):
    momenta = np.stack([found[name][rows] for name in ("px", "py", "pz")], axis=1)
    energy = np.sqrt((momenta**2).sum(axis=1) + np.square(masses)).sum()
    return float(np.sqrt(energy**2 - (momenta.sum(axis=0) ** 2).sum()))


def test_identity_tells_the_species_of_a_sample(tracks):
    sample, found = tracks
    pdg = np.abs(sample.particles["pdg"][found["particle"]])
    p = np.sqrt(sum(found[name] ** 2 for name in ("px", "py", "pz")))
    theta = np.arccos(found["pz"] / p)
    kaons, pions, fast = pdg == 321, pdg == 211, (p > 5) & (p < 100) & (theta > 0.025) & (theta < 0.3)
    assert (found["DLLK"][kaons & fast] > 0).mean() > 0.9
    assert (found["DLLK"][pions & fast] > 0).mean() < 0.1
    assert found["is_muon"][(pdg == 13) & fast].mean() > 0.85
    assert found["is_muon"][pions & fast].mean() < 0.05
    electrons = (pdg == 11) & fast
    assert np.median((found["ecal"] / p)[electrons]) == pytest.approx(1, abs=0.1)
