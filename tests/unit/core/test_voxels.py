"""Voxels of showers: their number and order, their places, and how fine ones are merged."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bartik.core import ConfigError
from bartik.core.voxels import Binning, VoxelLayer, merged

FINE = Binning((VoxelLayer((0.0, 1.0, 2.0, 4.0), 4),) * 6)
COARSE = Binning((VoxelLayer((0.0, 2.0, 4.0), 2),) * 3)


def test_layers_without_rings_have_no_voxels() -> None:
    binning = Binning((VoxelLayer((0.0, 1.0), 2), VoxelLayer((), 1), VoxelLayer((0.0, 1.0, 3.0), 1)))
    assert binning.voxels == 4
    assert binning.filled == (0, 2)
    assert binning.layer.tolist() == [0, 0, 2, 2]


def test_rings_run_fastest_then_sectors_then_layers() -> None:
    assert FINE.radius[:4].tolist() == [0.5, 1.5, 3.0, 0.5]
    assert FINE.azimuth[[0, 3]] == pytest.approx([np.pi / 4, 3 * np.pi / 4])
    assert FINE.x[0] == pytest.approx(0.5 * np.sqrt(0.5))


def test_a_ring_that_is_one_sector_is_in_the_middle() -> None:
    assert Binning((VoxelLayer((0.0, 2.0), 1),)).x.tolist() == [0.0]


@given(st.integers(0, 2**32 - 1))
def test_merging_keeps_the_energy_of_every_layer(seed: int) -> None:
    showers = np.random.default_rng(seed).uniform(0, 5, (3, FINE.voxels))
    found = merged(showers, FINE, COARSE)
    assert found.reshape(3, 3, -1).sum(2) == pytest.approx(showers.reshape(3, 3, -1).sum(2), rel=1e-5)


def test_merging_adds_neighbours() -> None:
    showers = np.zeros((1, FINE.voxels))
    cube = showers.reshape(6, 4, 3)
    cube[3, 2, 1] = 7.0  # second ring of the third sector of the fourth layer
    assert np.argwhere(merged(showers, FINE, COARSE).reshape(3, 2, 2)).tolist() == [[1, 1, 0]]


@pytest.mark.parametrize("coarse", [Binning((VoxelLayer((0.0, 1.5, 4.0), 2),) * 3), Binning((VoxelLayer((0.0, 2.0, 4.0), 3),) * 3)])
def test_borders_that_do_not_fit_are_refused(coarse: Binning) -> None:
    with pytest.raises(ConfigError, match="do not fit"):
        merged(np.zeros((1, FINE.voxels)), FINE, coarse)


@pytest.mark.parametrize(("edges", "sectors"), [((0.0, 2.0, 2.0), 1), ((0.0, 1.0), 0), ((-1.0, 1.0), 1)])
def test_layers_that_cannot_be_are_refused(edges: tuple[float, ...], sectors: int) -> None:
    with pytest.raises(ConfigError, match="wanted"):
        VoxelLayer(edges, sectors)
