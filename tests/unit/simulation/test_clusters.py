"""Clusters of photons in the toy's electromagnetic calorimeter."""

from itertools import pairwise

import numpy as np
import pytest

from bartik.simulation.response.calorimeter import ecal_resolution
from bartik.simulation.response.clusters import HOLE, ZONES, at_face, clusters, leaves_energy, transverse, zone_of


def drawn(count: int, energy: float, distance: float = 0.0, other: float = 0.0) -> tuple[np.ndarray, ...]:
    """Photons anywhere in cells of the inner zone, one an event, or two at this distance."""
    rng = np.random.default_rng(3)
    x, y, angle = rng.uniform(500, 700, count), rng.uniform(-200, 200, count), rng.uniform(-np.pi, np.pi, count)
    if not other:
        return x, y, np.full(count, energy), np.arange(count)
    both = [np.concatenate([v, v + distance * f(angle)]) for v, f in ((x, np.cos), (y, np.sin))]
    return *both, np.repeat([energy, other], count), np.tile(np.arange(count), 2)


def test_the_zones_have_the_cells_of_lhcbs_calorimeter():
    # JINST 3 (2008) S08005, section 6.2: 1536 inner, 1792 middle and 2688 outer channels
    cells = [round(4 * zone.width * zone.height / zone.cell**2) for zone in ZONES]
    holes = [
        round(4 * HOLE[0] * HOLE[1] / ZONES[0].cell ** 2),
        *(round(4 * z.width * z.height / n.cell**2) for z, n in pairwise(ZONES)),
    ]
    assert [every - hole for every, hole in zip(cells, holes, strict=True)] == [1536, 1792, 2688]


@pytest.mark.parametrize("energy", [8.0, 20.0, 80.0])
def test_a_photon_alone_makes_one_cluster_of_its_energy_with_the_published_resolution(energy):
    x, y, energies, event = drawn(3000, energy)
    found = clusters(np.random.default_rng(1), x, y, energies, event)
    assert np.array_equal(found.photon, np.arange(3000))
    assert not found.merged.any()
    assert found.energy.mean() == pytest.approx(energy, rel=0.005)
    assert found.energy.std() / energy == pytest.approx(float(ecal_resolution(energy)), rel=0.06)
    assert np.std(found.x - x) < 2.0  # mm, in cells of 40
    assert abs(np.mean(found.x - x)) < 0.1


def test_photons_merge_where_they_are_nearer_than_a_cell_and_not_where_they_are_two_cells_apart():
    near = clusters(np.random.default_rng(2), *drawn(500, 10.0, 30.0, 6.0))
    far = clusters(np.random.default_rng(2), *drawn(500, 10.0, 110.0, 6.0))
    assert len(near.photon) == pytest.approx(500, abs=5)
    assert near.merged.mean() > 0.99
    assert near.energy.mean() == pytest.approx(16.0, rel=0.02)
    assert set(near.photon.tolist()) <= set(range(500))  # the harder of the two leads
    assert len(far.photon) > 950
    assert far.merged.mean() < 0.02


def test_energy_of_cells_that_two_showers_share_is_counted_once():
    found = clusters(np.random.default_rng(2), *drawn(1000, 10.0, 70.0, 10.0))
    assert 18_000 < found.energy.sum() < 20_200  # some is outside of the 3 x 3 cells of a merged one


def test_what_misses_the_calorimeter_or_is_too_soft_leaves_nothing():
    origin = np.zeros((5, 3))
    momentum = np.array([[0.0, 0, 50], [1, 0, 20], [1, 0, -20], [30, 0, 30], [0.05, 0, 1]])
    place = at_face(origin, momentum)
    with np.errstate(invalid="ignore"):
        assert leaves_energy(*place.T, np.linalg.norm(momentum, axis=1)).tolist() == [False, True, False, False, False]
    assert place[1].tolist() == pytest.approx([624.5, 0.0])
    assert np.isnan(place[2]).all()
    assert zone_of(np.array([np.nan]), np.array([0.0])).tolist() == [-1]
    assert transverse(np.array([20.0]), *place[1:2].T) == pytest.approx([0.99875], abs=1e-4)


def test_no_photons_make_no_clusters_and_soft_ones_none_either():
    nothing = clusters(np.random.default_rng(1), *np.zeros((3, 0)), np.zeros(0, int))
    assert len(nothing.photon) == 0
    soft = clusters(np.random.default_rng(1), np.full(50, 600.0), np.zeros(50), np.full(50, 2.5), np.arange(50))
    assert len(soft.photon) < 5  # a transverse energy of 0.12 GeV
