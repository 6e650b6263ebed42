"""Distances between samples: numbers by hand, floors, and that they see what differs."""

import numpy as np
import pytest

from bartik.core import DataError
from bartik.metrics import fpd, frechet_distance, kpd, neighbourhoods, separation_power, two_sample_auc

RNG = np.random.default_rng(3)
ONE, OTHER = RNG.normal(size=(2, 3000, 4))
JETNET = {"fpd": 0.002216781939894502, "kpd": 6.41634006299796e-05}


def test_separation_power_is_0_for_the_same_and_1_for_nothing_in_common() -> None:
    edges = np.linspace(0, 4, 5)
    assert separation_power(np.array([0.5, 1.5]), np.array([0.5, 1.5, 0.5, 1.5]), edges) == 0
    assert separation_power(np.array([0.5, 1.5]), np.array([2.5, 3.5]), edges) == 1
    with pytest.raises(DataError, match="nothing in these bins"):
        separation_power(np.array([9.0]), np.array([0.5]), edges)


def test_frechet_distance_of_shifted_and_stretched_gaussians_is_known() -> None:
    # means differ by 1 in one feature, spreads are 1 and 2 in each of two: 1 + 2 (1 - 2)²; Dowson and Landau (1982)
    exact = np.array([[1, 1], [1, -1], [-1, 1], [-1, -1.0]]) * np.sqrt(3) / 2  # sample covariance 1
    assert frechet_distance(exact, 2 * exact + [1, 0]) == pytest.approx(3.0, abs=1e-6)


def test_distances_are_near_0_for_one_population_and_far_for_two() -> None:
    assert fpd(ONE, OTHER, batches=3).value < 3e-3
    assert abs(kpd(ONE, OTHER, batches=4, size=1500).value) < 1e-3
    assert fpd(ONE, OTHER + 1, batches=3).value > 0.1
    assert kpd(ONE, OTHER + 1, batches=4, size=1500).value > 0.01


def test_distances_are_the_numbers_of_jetnet() -> None:
    # jetnet 0.2.5: fpd(ONE, 1.1 * OTHER, min_samples=1000, max_samples=3000, num_batches=5) and kpd(..., num_batches=4, batch_size=1500)
    found = fpd(ONE, 1.1 * OTHER, least=1000, most=3000, batches=5)
    assert found.value == pytest.approx(JETNET["fpd"], rel=1e-6)
    assert kpd(ONE, 1.1 * OTHER, batches=4, size=1500).value == pytest.approx(JETNET["kpd"], rel=1e-6)


def test_neighbourhoods_of_one_population_overlap_and_of_two_do_not() -> None:
    found = neighbourhoods(ONE, OTHER, rows=1000)
    assert found["precision"] > 0.9
    assert found["recall"] > 0.9
    assert found["density"] == pytest.approx(1, abs=0.1)
    assert found["coverage"] > 0.95
    apart = neighbourhoods(ONE, OTHER + 20, rows=500)
    assert all(value == 0 for value in apart.values())


def test_too_narrow_a_sample_is_precise_but_covers_little() -> None:
    found = neighbourhoods(ONE, 0.2 * OTHER, rows=1000)
    assert found["precision"] > 0.95
    assert found["recall"] < 0.3


@pytest.mark.parametrize("kind", ["network", "trees"])
def test_a_classifier_finds_what_differs_and_nothing_where_nothing_does(kind: str) -> None:
    none = two_sample_auc(ONE, OTHER, kind, hidden=(16,), epochs=8)
    assert none.value == pytest.approx(0.5, abs=0.06)
    found = two_sample_auc(ONE, OTHER + np.array([1, 0, 0, 0]), kind, hidden=(16,), epochs=8)
    assert found.value == pytest.approx(0.76, abs=0.04)  # of two Gaussians one spread apart: the normal integral at 1/sqrt(2)


def test_features_of_different_width_are_refused() -> None:
    with pytest.raises(DataError, match="features"):
        fpd(ONE, OTHER[:, :2])
    with pytest.raises(DataError, match="20 rows"):
        two_sample_auc(ONE[:5], OTHER)
