"""Files of the CaloChallenge: what is written is read, and what cannot be is refused with one clear message."""

from pathlib import Path

import h5py
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from bartik.core import DataError
from bartik.core.places import samples
from bartik.core.voxels import Binning, VoxelLayer
from bartik.data.calochallenge import read_binning, read_showers, read_showers_in_pieces, warn_outside, write_binning, write_showers

BINNING = Binning((VoxelLayer((0.0, 1.0, 2.5), 3), VoxelLayer((), 1), VoxelLayer((0.0, 2.0), 1)))
FOLDER = samples() / "09_calorimeter" if samples() else None
same_folder = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25, deadline=None)
layers = st.builds(
    VoxelLayer,
    st.lists(st.floats(0.125, 1e3, width=32), max_size=6, unique=True).map(
        lambda edges: (0.0, *sorted(round(edge, 4) for edge in edges)) if edges else ()
    ),
    st.integers(1, 50),
)


@given(
    arrays.arrays(np.float32, st.tuples(st.integers(1, 9), st.just(BINNING.voxels)), elements=st.floats(0, 1e6, width=32)),
    st.integers(0, 99),
)
@same_folder
def test_showers_that_are_written_are_read(tmp_path: Path, showers: np.ndarray, seed: int) -> None:
    incident = np.random.default_rng(seed).uniform(1e3, 1e6, len(showers)).astype(np.float32)
    showers[:, 0] += 1  # none is empty
    write_showers(tmp_path / "x.h5", incident, showers)
    found = read_showers(tmp_path / "x.h5", BINNING)
    assert (found.showers == showers).all()
    assert (found.incident == incident).all()
    pieces = list(read_showers_in_pieces(tmp_path / "x.h5", BINNING, rows=4))
    assert (np.concatenate([piece.showers for piece in pieces]) == showers).all()


@given(st.lists(layers, min_size=1, max_size=5))
@same_folder
def test_a_binning_that_is_written_is_read(tmp_path: Path, made: list[VoxelLayer]) -> None:
    write_binning(tmp_path / "b.xml", Binning(tuple(made)), "electron", 11)
    assert read_binning(tmp_path / "b.xml", "electron") == Binning(tuple(made))


def test_the_file_has_the_layout_of_the_challenge(tmp_path: Path) -> None:
    write_showers(tmp_path / "x.h5", [1000.0, 2000.0], np.ones((2, BINNING.voxels)))
    with h5py.File(tmp_path / "x.h5") as file:
        assert file["incident_energies"].shape == (2, 1)
        assert file["showers"].shape == (2, BINNING.voxels)
        assert file["showers"].compression == "gzip"


@pytest.mark.skipif(FOLDER is None or not (FOLDER / "binning_dataset_2.xml").is_file(), reason="needs BARTIK_DATA with 09_calorimeter")
@pytest.mark.parametrize(
    ("name", "voxels", "layers"),  # arXiv:2410.21611, table 1
    [("1_photons", 368, (0, 1, 2, 3, 12)), ("1_pions", 533, (0, 1, 2, 3, 12, 13, 14)), ("2", 6480, range(45)), ("3", 40500, range(45))],
)
def test_binnings_of_the_challenge_have_their_voxels(name: str, voxels: int, layers: tuple[int, ...]) -> None:
    assert FOLDER is not None
    found = read_binning(FOLDER / f"binning_dataset_{name}.xml")
    assert found.voxels == voxels
    assert found.filled == tuple(layers)


def refusal(path: Path, incident: object, showers: object) -> str:
    with h5py.File(path, "w") as file:
        file["incident_energies"], file["showers"] = np.asarray(incident, np.float32), np.asarray(showers, np.float32)
    with pytest.raises(DataError) as error:
        read_showers(path, BINNING)
    return str(error.value)


def test_a_file_of_another_set_is_refused_by_name(tmp_path: Path) -> None:
    told = refusal(tmp_path / "x.h5", np.ones((2, 1)), np.ones((2, 368)))
    assert "has 368 voxels a shower (that is set 1, photons), the binning 7" in told
    assert "give the binning file of this set" in told


def test_negative_energies_are_refused(tmp_path: Path) -> None:
    showers = np.ones((4, BINNING.voxels))
    showers[2, 3] = -0.5
    assert "showers: 1 showers have negative energies (down to -0.5 MeV)" in refusal(tmp_path / "x.h5", np.ones((4, 1)), showers)


def test_showers_without_energy_are_refused_if_they_are_many(tmp_path: Path) -> None:
    showers = np.ones((300, BINNING.voxels))
    showers[:3] = 0
    write_showers(tmp_path / "few.h5", np.ones(300), showers)
    assert len(read_showers(tmp_path / "few.h5", BINNING)) == 300
    showers[:4] = 0
    assert "4 of 300 showers have no energy at all" in refusal(tmp_path / "x.h5", np.ones((300, 1)), showers)


@pytest.mark.parametrize(("incident", "told"), [(np.nan, "NaN or infinite"), (0.0, "not positive"), (-5.0, "the first is -5 MeV")])
def test_incident_energies_that_cannot_be_are_refused(tmp_path: Path, incident: float, told: str) -> None:
    assert told in refusal(tmp_path / "x.h5", [[1e3], [incident]], np.ones((2, BINNING.voxels)))


def test_a_file_without_the_datasets_is_refused(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file["energies"] = np.ones(3)
    with pytest.raises(DataError, match="no dataset 'incident_energies'"):
        read_showers(tmp_path / "x.h5", BINNING)
    (tmp_path / "y.h5").write_bytes(b"no HDF5")
    with pytest.raises(DataError, match="not readable as HDF5"):
        read_showers(tmp_path / "y.h5", BINNING)


def test_energies_outside_of_the_trained_range_are_kept_with_a_warning(tmp_path: Path) -> None:
    write_showers(tmp_path / "x.h5", [500.0, 1000.0, 2000.0, 9000.0], np.ones((4, BINNING.voxels)))
    with pytest.warns(UserWarning, match=r"2 of 4 incident energies are outside of the trained range, 1000 to 5000 MeV"):
        assert len(read_showers(tmp_path / "x.h5", BINNING, trained=(1000.0, 5000.0))) == 4
    assert warn_outside("model", [1000.0, 5000.0], 1000.0, 5000.0) == 0


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('<!DOCTYPE a [<!ENTITY b "c">]><Bins/>', "document type declaration is refused"),
        ("<Bins>", "not well-formed XML"),
        ("<Bins/>", "wanted one <Bin> of one particle, found 0"),
        ('<Bins><Bin name="x"><Layer id="1" r_edges="0,1" n_bin_alpha="1"/></Bin></Bins>', "id 0, 1, 2"),
        ('<Bins><Bin name="x"><Layer id="0" r_edges="0,2,1" n_bin_alpha="1"/></Bin></Bins>', "r_edges do not rise"),
        ('<Bins><Bin name="x"><Layer id="0" r_edges="0,a" n_bin_alpha="1"/></Bin></Bins>', "are no numbers"),
        ('<Bins><Bin name="x"><Layer id="0" r_edges="0,1" n_bin_alpha="0"/></Bin></Bins>', "wanted 1 or more, got 0"),
    ],
)
def test_binning_files_that_are_none_are_refused(tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "b.xml").write_text(text)
    with pytest.raises(DataError, match=told):
        read_binning(tmp_path / "b.xml")
