"""Images of ECAL showers: written, read, and refused where they cannot be."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bartik.core import DataError
from bartik.core.files import write_arrays
from bartik.data.ecal_images import EcalImages, read_ecal_images, write_ecal_images


def images(count: int, seed: int = 0) -> EcalImages:
    rng = np.random.default_rng(seed)
    momentum = rng.normal(0, 1e3, (count, 3)) + np.array([0, 0, 2e4])
    parts = rng.exponential(5, (count, 30, 30)), rng.normal(0, 50, (count, 2)), momentum
    return EcalImages(*(part.astype(np.float32) for part in parts), np.full(count, 11))


@given(st.integers(1, 5), st.integers(0, 99))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=15, deadline=None)
def test_images_that_are_written_are_read(tmp_path: Path, count: int, seed: int) -> None:
    made = images(count, seed)
    write_ecal_images(tmp_path / "x.npz", made)
    found = read_ecal_images(tmp_path / "x.npz")
    assert all((getattr(found, name) == getattr(made, name)).all() for name in ("energies", "point", "momentum", "pdg"))


def test_axes_of_one_and_a_third_coordinate_are_left_out(tmp_path: Path) -> None:
    made = images(2)
    point = np.concatenate([made.point, np.zeros((2, 1))], 1)
    arrays = {"EnergyDeposit": made.energies[:, None], "ParticlePoint": point, "ParticleMomentum": made.momentum}
    write_arrays(tmp_path / "x.npz", arrays)
    found = read_ecal_images(tmp_path / "x.npz")
    assert found.energies.shape == (2, 30, 30)
    assert found.point.shape == (2, 2)
    assert found.pdg.tolist() == [22, 22]


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("EnergyDeposit", np.zeros((2, 20, 30)), r"wanted \[showers, 30, 30\]"),
        ("EnergyDeposit", np.full((2, 30, 30), -1.0), "2 showers have negative energies"),
        ("EnergyDeposit", np.full((2, 30, 30), np.nan), "not all are finite"),
        ("ParticleMomentum", np.zeros((2, 3)), "a particle has none"),
        ("ParticlePoint", np.zeros((3, 2)), r"wanted \[2, 2\]"),
        ("ParticlePDG", np.array([22, 99]), "99 in 1 rows"),
    ],
)
def test_images_that_cannot_be_are_refused(tmp_path: Path, name: str, value: np.ndarray, told: str) -> None:
    made = images(2)
    arrays = {"EnergyDeposit": made.energies, "ParticlePoint": made.point, "ParticleMomentum": made.momentum, "ParticlePDG": made.pdg}
    write_arrays(tmp_path / "x.npz", arrays | {name: value})
    with pytest.raises(DataError, match=told):
        read_ecal_images(tmp_path / "x.npz")


def test_a_file_without_points_is_refused(tmp_path: Path) -> None:
    write_arrays(tmp_path / "x.npz", {"EnergyDeposit": np.zeros((1, 30, 30))})
    with pytest.raises(DataError, match="no array 'ParticlePoint'"):
        read_ecal_images(tmp_path / "x.npz")
