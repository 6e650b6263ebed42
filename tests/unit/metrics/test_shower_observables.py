"""Observables of showers, by hand."""

import numpy as np
import pytest

from bartik.core import DataError
from bartik.core.voxels import Binning, VoxelLayer
from bartik.metrics.shower_observables import GROUPS, high_level, low_level, observables, response, separation_powers

BINNING = Binning((VoxelLayer((0.0, 2.0, 4.0), 4),) * 2)


def test_observables_of_one_shower_are_those_by_hand() -> None:
    cube = np.zeros((1, 2, 4, 2))
    cube[0, 0, 0, 0], cube[0, 0, 1, 0] = 3.0, 1.0  # radius 1 mm at 45 and 135 degrees
    found = observables(cube.reshape(1, -1), np.array([8.0]), BINNING)
    root = np.sqrt(0.5)
    assert found["E_tot / E_inc"][0, 0] == 0.5
    assert found["E_layer"][0].tolist() == [4.0, 0.0]
    assert found["centre x"][0] == pytest.approx([root * 0.5, 0])
    assert found["centre y"][0] == pytest.approx([root, 0])
    assert found["width x"][0] == pytest.approx([root * np.sqrt(0.75), 0])
    assert found["width y"][0] == pytest.approx([0, 0], abs=1e-6)
    assert found["sparsity"][0].tolist() == [0.75, 1.0]


def test_features_are_finite_for_empty_showers() -> None:
    showers = np.zeros((3, BINNING.voxels))
    incident = np.full(3, 1e3)
    assert np.isfinite(high_level(observables(showers, incident, BINNING), incident)).all()
    assert np.isfinite(low_level(showers, incident, 0.01)).all()


def test_every_observable_has_a_separation_power_which_is_0_for_the_same_showers() -> None:
    rng = np.random.default_rng(0)
    showers, incident = rng.exponential(5, (500, BINNING.voxels)), np.full(500, 100.0)
    sample = showers, observables(showers, incident, BINNING)
    assert separation_powers(sample, sample) == dict.fromkeys(GROUPS, 0.0)
    more = showers * 1.3
    other = separation_powers(sample, (more, observables(more, incident, BINNING)))
    assert other["E_tot / E_inc"] > 0.1
    assert other["centre x"] == pytest.approx(0, abs=1e-12)


def test_response_and_resolution_are_those_of_the_bins() -> None:
    rng = np.random.default_rng(1)
    incident = np.repeat([10.0, 100.0], 4000)
    total = incident * (0.9 + np.repeat([0.1, 0.02], 4000) * rng.standard_normal(8000))
    mean, width, errors = response(total, incident, np.array([1.0, 50.0, 200.0, 400.0]))
    assert mean[:2] == pytest.approx([0.9, 0.9], abs=0.006)
    assert width[:2] == pytest.approx([0.1 / 0.9, 0.02 / 0.9], rel=0.05)
    assert np.isnan(mean[2])
    assert errors[0, 0] == pytest.approx(0.1 / np.sqrt(4000), rel=0.05)


def test_showers_of_another_binning_are_refused() -> None:
    with pytest.raises(DataError, match=r"wanted \[showers, 16\]"):
        observables(np.zeros((2, 15)), np.ones(2), BINNING)
