"""Decays over phase space: what is conserved, what is flat, and that masses of steps are as the formula says."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bartik.core import DataError
from bartik.simulation.phase_space import breakup_momentum, decay, invariant_mass

B0, D, KAON, PION = 5.27972, 1.86484, 0.493677, 0.13957039


def at_rest(mass, count):
    return np.tile([0.0, 0.0, 0.0, mass], (count, 1)), np.full(count, mass)


def decayed(seed, mass, masses, count):
    return decay(np.random.default_rng(seed), *at_rest(mass, count), np.tile(masses, (count, 1)))


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 2**31),
    masses=st.lists(st.sampled_from([0.0, 0.000511, PION, KAON, 0.938, D]), min_size=2, max_size=5),
    spare=st.floats(0.01, 5),
    momentum=st.tuples(*[st.floats(-2000, 2000)] * 3),
)
def test_energy_and_momentum_are_conserved_and_daughters_have_their_mass(seed, masses, spare, momentum):
    mass = sum(masses) + spare
    mother = np.tile([*momentum, np.sqrt(np.sum(np.square(momentum)) + mass**2)], (20, 1))
    found = decay(np.random.default_rng(seed), mother, np.full(20, mass), np.tile(masses, (20, 1)))
    np.testing.assert_allclose(found.sum(axis=1), mother, rtol=1e-9, atol=1e-9 * mother[0, 3])
    shell = found[..., 3] ** 2 - (found[..., :3] ** 2).sum(axis=-1)
    assert (np.abs(shell - np.square(masses)) < 1e-9 * np.maximum(found[..., 3] ** 2, 1)).all()


def test_two_bodies_have_the_momentum_that_the_formula_gives_in_all_directions():
    found = decayed(1, B0, [KAON, PION], 20_000)
    momentum = np.linalg.norm(found[:, 0, :3], axis=1)
    np.testing.assert_allclose(momentum, breakup_momentum(B0, KAON, PION), rtol=1e-12)
    assert float(breakup_momentum(B0, KAON, PION)) == pytest.approx(2.615, abs=0.001)  # PDG: 2615 MeV
    cosine = found[:, 0, 2] / momentum
    assert np.histogram(cosine, 10, (-1, 1))[0] == pytest.approx(2000, abs=5 * np.sqrt(2000))


def test_three_bodies_fill_the_dalitz_plot_evenly():
    """Where both squared masses are drawn evenly and kept if they can be, the plane is filled as decays fill it."""
    found = decayed(2, D, [KAON, PION, PION], 200_000)
    first, second = (invariant_mass(found[:, one] + found[:, other]) ** 2 for one, other in ((0, 1), (1, 2)))
    edges = np.linspace(0.4, 3.0, 14), np.linspace(0.08, 1.9, 14)
    counts = np.histogram2d(first, second, edges)[0]
    wanted = _share_inside(*edges)
    inner = wanted == 1
    assert inner.sum() > 20
    mean = counts[inner].mean()
    chi2 = ((counts[inner] - mean) ** 2 / mean).sum() / (inner.sum() - 1)
    assert 0.5 < chi2 < 1.7
    assert not counts[wanted == 0].any()


def _share_inside(first, second, points=12):
    """Share of each cell in which a D0 -> K- pi+ pi0-like decay can be (PDG, kinematics, 49.22)."""
    inside = [np.linspace(low, high, points) for low, high in itertools.pairwise(first)]
    along = [np.linspace(low, high, points) for low, high in itertools.pairwise(second)]
    return np.array([[_possible(*np.meshgrid(one, other)).mean() for other in along] for one in inside])


def _possible(first, second):
    mass = np.sqrt(first)
    energy2, energy3 = (first - KAON**2 + PION**2) / (2 * mass), (D**2 - first - PION**2) / (2 * mass)
    known = (mass > KAON + PION) & (mass < D - PION)
    p2, p3 = (np.sqrt(np.maximum(energy**2 - PION**2, 0)) for energy in (energy2, energy3))
    low, high = (energy2 + energy3) ** 2 - (p2 + p3) ** 2, (energy2 + energy3) ** 2 - (p2 - p3) ** 2
    return known & (second > low) & (second < high)


def test_massless_bodies_share_the_energy_as_the_integral_says():
    """Squared masses of pairs add to that of all, and the share x of one of four in the energy is distributed as 6 x (1 - x)."""
    for bodies in (3, 4, 5):
        found = decayed(bodies, 3.0, [0.0] * bodies, 20_000)
        assert (invariant_mass(found[:, 0] + found[:, 1]) ** 2).mean() == pytest.approx(18 / (bodies * (bodies - 1)), rel=0.03)
    energy = 2 * decayed(4, 3.0, [0.0] * 4, 40_000)[:, 1, 3] / 3.0
    assert (energy**2).mean() == pytest.approx(3 / 10, rel=0.02)


@pytest.mark.parametrize(("mass", "masses"), [(1.0, [0.6, 0.6]), (1.0, [1.0]), (np.nan, [0.1, 0.1])])
def test_what_cannot_decay_is_refused(mass, masses):
    with pytest.raises(DataError, match="no decay to"):
        decayed(1, mass, masses, 3)
