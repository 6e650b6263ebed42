"""Hits of the vertex locator: their number, places and truth, against LHCb's simulated events and first principles."""

import os
from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from bartik.data.velo import read_velo_events
from bartik.data.velo_columns import events_of_columns
from bartik.data.velo_summary import residuals, spread, summary
from bartik.simulation.conditions import SETS
from bartik.simulation.record import COLLISIONS, PARTICLES, EventSample
from bartik.simulation.velo_hits import with_hits

RUN3 = SETS["run3"]
ARCHIVE = Path(os.environ.get("BARTIK_DATA", "")) / "06_velo_tracking" / "velopix_minibias_450ev.tar.xz"
# 450 minimum-bias events of LHCb's full simulation of the Run 3 Velo (velopix samples), with this package's own definitions; tolerances
# are those of what the toy is to be: a tenth for most, more where Pythia's tune and not the detector decides
LHCB = {
    "hits an event": (2007, 0.15),
    "particles an event": (280, 0.15),
    "hits a particle": (6.39, 0.06),
    "shared hits": (0.0102, 0.25),
    "hits of no particle": (0.118, 0.12),
    "forward": (0.624, 0.04),
    "long": (0.2605, 0.12),
    "electrons": (0.132, 0.15),
    "p [GeV], 50%": (3.25, 0.2),
    "eta, 5%": (-3.95, 0.03),
    "eta, 95%": (4.88, 0.03),
    "residual above 10 GeV [um]": (15.44, 0.05),
}


def sample_of(pdg, momenta, charge, mass, vertex=(0.0, 0.0, 0.0)):
    """One event of particles from one point."""
    momenta = np.asarray(momenta, float)
    particles = {name: np.zeros(len(momenta), kind) for name, kind in PARTICLES.items()}
    particles |= {
        "pdg": np.full(len(momenta), pdg, "i4"),
        "charge": np.full(len(momenta), charge, "f4"),
        "final": np.ones(len(momenta), bool),
    }
    particles |= {name: momenta[:, axis] for axis, name in enumerate(("px", "py", "pz"))}
    particles |= {name: np.full(len(momenta), place) for name, place in zip("xyz", vertex, strict=True)}
    particles["e"] = np.sqrt((momenta**2).sum(axis=1) + mass**2)
    particles["mother"] = np.full(len(momenta), -1, "i4")
    collisions = {name: np.zeros(1, kind) for name, kind in COLLISIONS.items()}
    return EventSample(collisions, np.array([0, 1]), particles, np.array([0, len(momenta)]))


def fan(count, p, low=2.2, high=4.3, sense=1):
    """Momenta spread over azimuth and pseudorapidity."""
    rng = np.random.default_rng(1)
    eta, phi = rng.uniform(low, high, count), rng.uniform(-np.pi, np.pi, count)
    pt = p / np.cosh(eta)
    return np.stack([pt * np.cos(phi), pt * np.sin(phi), sense * pt * np.sinh(eta)], axis=1)


def only_event(sample, seed=1):
    return next(events_of_columns(with_hits(sample, RUN3, seed, [0]).to_arrays()))


@pytest.mark.parametrize("sense", [1, -1])
def test_fast_particles_leave_hits_on_a_straight_line_through_their_origin(sense):
    event = only_event(sample_of(211, fan(300, 50.0, sense=sense), 1, 0.1396, (0.3, -0.2, 40.0)))
    fast = np.flatnonzero(event.truth.particles["p"] > 40_000)
    assert len(fast) > 150
    off = []
    for row in fast:
        hits = event.truth.hits[event.truth.offsets[row] : event.truth.offsets[row + 1]]
        tx = np.cos(event.truth.particles["phi"][row]) / np.sinh(event.truth.particles["eta"][row])
        off.append(event.x[hits] - 0.3 - tx * (event.z[hits] - 40.0))
    near = np.abs(np.concatenate(off))
    assert np.median(near) < 0.03
    assert np.sign(event.truth.particles["eta"][fast]).tolist() == [sense] * len(fast)


def test_the_resolution_of_a_hit_is_that_of_lhcb():
    event = only_event(sample_of(211, fan(800, 60.0), 1, 0.1396))
    # residuals of three hits are wider than a hit by the root of 1.5; LHCb's simulated events give 15.4 um in this way, 12.6 um a hit
    assert spread(residuals(event)) / np.sqrt(1.5) == pytest.approx(12.6, abs=0.8)


def kinks_of(x, z):
    """Differences of slopes between hits of neighbouring modules, 25 mm apart."""
    near = (np.abs(np.diff(z)[1:] - 25) < 0.1) & (np.abs(np.diff(z)[:-1] - 25) < 0.1)
    return (np.diff(x)[1:] - np.diff(x)[:-1])[near] / 25


@pytest.mark.parametrize("p", [1.0, 4.0])
def test_slow_particles_scatter_as_much_as_the_material_says(p):
    event = only_event(sample_of(13, fan(600, p, 2.5, 3.0), -1, 0.1057))
    kinks = np.concatenate([kinks_of(event.x[hits], event.z[hits]) for hits in np.split(event.truth.hits, event.truth.offsets[1:-1])])
    scattering = 0.0136 / p * np.sqrt(0.01) * (1 + 0.038 * np.log(0.01))  # rad in 1% of a radiation length: Highland, PDG
    expected = np.hypot(scattering, 0.0115 * np.sqrt(6) / 25)  # and the resolution of three hits at these slopes
    assert len(kinks) > 300
    assert kinks[np.abs(kinks) < 4 * expected].std() == pytest.approx(expected, rel=0.12)


def test_photons_convert_as_often_as_the_material_says_into_pairs_that_share_hits():
    sample = with_hits(sample_of(22, fan(4000, 5.0, 3.0, 3.6), 0, 0.0), RUN3, 1, [0])
    seen, link = sample.velo.tables["seen"], sample.velo.tables["link"]
    assert set(np.abs(seen["pdg"][seen["process"] == 1]).tolist()) == {11}
    photons = len(np.unique(seen["ancestor"][seen["process"] == 1]))
    # the foil at about 1/sin(theta) = 13, no more than 8 times 0.5%, and some seven modules of 1%, of 7/9 each
    assert photons / 4000 == pytest.approx(7 / 9 * (0.04 + 0.07), rel=0.35)
    assert (np.bincount(link["hit"]) > 1).mean() > 0.05
    charges = [seen["charge"][seen["process"] == 1].sum(), (seen["process"] == 1).sum()]
    assert abs(charges[0]) < 0.1 * charges[1]


def test_neutrinos_leave_nothing_but_noise():
    event = only_event(sample_of(12, fan(500, 10.0), 0, 0.0))
    assert len(event.truth) == 0
    assert 0 < len(event) < 60


def toy(events):
    pytest.importorskip("pythia8mc", reason="pip install 'bartik[simulation]'")
    from bartik.simulation.generate import Order, make_events

    return make_events(Order("minbias", RUN3, 11, hits=True), events, progress=lambda line: None)


@pytest.mark.slow
def test_minimum_bias_is_as_lhcb_simulates_it():
    found = summary(list(events_of_columns(toy(160).to_arrays())))
    for name, (value, tolerance) in LHCB.items():
        assert found[name] == pytest.approx(value, rel=tolerance), name
    assert found["hits a particle, median"] == 5


def test_a_few_events_are_as_lhcb_simulates_them():
    found = summary(list(events_of_columns(toy(20).to_arrays())))
    for name in ("hits a particle", "hits of no particle", "electrons", "forward", "residual above 10 GeV [um]"):
        value, tolerance = LHCB[name]
        assert found[name] == pytest.approx(value, rel=2 * tolerance), name


@pytest.mark.skipif(not ARCHIVE.is_file(), reason="needs BARTIK_DATA with 06_velo_tracking")
def test_the_numbers_of_lhcb_are_those_of_its_events():
    found = summary(list(islice(read_velo_events(ARCHIVE, require_truth=True), 150)))
    for name, (value, _) in LHCB.items():
        assert found[name] == pytest.approx(value, rel=0.12 if "event" in name or "shared" in name else 0.04), name


def test_conditions_change_the_hits_as_they_say():
    muons = sample_of(13, fan(400, 20.0), -1, 0.1057)
    counts = {name: np.bincount(with_hits(muons, SETS[name], 1, [0]).velo.tables["hit"]["module"], minlength=52) for name in SETS}
    assert counts["run3_worn"].sum() < 0.99 * counts["run3"].sum()
    assert counts["run3_worn"][20] == 0 < counts["run3"][20]
    assert counts["run3_open"].sum() < 0.97 * counts["run3"].sum()
    opened = with_hits(muons, SETS["run3_open"], 1, [0]).velo.tables["hit"]
    assert opened["x"][opened["module"] % 2 == 1].min() > with_hits(muons, RUN3, 1, [0]).velo.tables["hit"]["x"].min()


def test_hits_do_not_depend_on_the_batch_and_do_on_seed_and_number():
    one, other = sample_of(211, fan(60, 8.0), 1, 0.1396), sample_of(22, fan(300, 3.0), 0, 0.0)
    from bartik.simulation.record import joined

    together = with_hits(joined([one, other]), RUN3, 7, [4, 9])
    alone = with_hits(other, RUN3, 7, [9])
    assert together.event(1).digest == alone.digest
    assert with_hits(other, RUN3, 7, [8]).digest != alone.digest
    assert with_hits(other, RUN3, 8, [9]).digest != alone.digest
