from pathlib import Path

import numpy as np
import pytest

from bartik.core import DataError
from bartik.data.acts_tracks import read_acts_event
from bartik.data.ellipsoids import ellipsoids
from bartik.data.pvfinder import read_pvfinder_hdf5, read_toy

h5py = pytest.importorskip("h5py")
uproot = pytest.importorskip("uproot")


def hdf5(path: Path, **changed: object) -> Path:
    """Two events, of two tracks and of none, with round ellipsoids of 0.5 mm; a name given as None is left out."""
    half = {f"{axis}_{along}": [0.5 * (axis[-1] == "s" and along == "x")] * 2 for axis in ("major_axis",) for along in "xyz"}
    half |= {f"minor_axis{k}_{along}": [0.5 * (along == "yz"[k - 1])] * 2 for k in (1, 2) for along in "xyz"}
    content = half | {"poca_z": [1.0, 2.0], "poca_x": [0.1, 0.2], "poca_y": [0.0, 0.0]} | {"pv_loc": [1.5], "pv_ntracks": [7.0]}
    content = {name: values for name, values in (content | changed).items() if values is not None}
    with h5py.File(path, "w") as file:
        for name, values in content.items():
            file[f"{name}/content"] = np.array(values, np.float32)
            file[f"{name}/counts"] = np.array([len(values), 0])
        file["pv"] = np.zeros((2, 4000), np.float32)
    return path


def test_half_axes_of_a_file_become_the_surface_of_the_ellipsoid(tmp_path):
    full, empty = read_pvfinder_hdf5(hdf5(tmp_path / "events.h5"))
    assert full.tracks[:, :3].tolist() == [[1.0, pytest.approx(0.1), 0.0], [2.0, pytest.approx(0.2), 0.0]]
    assert np.allclose(full.tracks[:, 3:6], 4)
    assert np.allclose(full.tracks[:, 6:], 0)
    assert (full.z.tolist(), full.count.tolist()) == ([1.5], [7])
    assert full.extra["histogram"].shape == (4000,)
    assert len(empty) == 0


@pytest.mark.parametrize(
    ("changed", "message"), [({"poca_x": None}, "no ragged array 'poca_x'"), ({"pv_ntracks": [3.0, 4.0]}, "positions of vertices")]
)
def test_a_file_without_an_array_or_with_arrays_that_do_not_fit_is_refused(tmp_path, changed, message):
    with pytest.raises(DataError, match=message):
        list(read_pvfinder_hdf5(hdf5(tmp_path / "events.h5", **changed)))


def test_counts_beyond_the_content_are_refused(tmp_path):
    path = hdf5(tmp_path / "events.h5")
    with h5py.File(path, "a") as file:
        file["poca_z/counts"][...] = [5, 0]
    with pytest.raises(DataError, match="'poca_z' counts more values than it has"):
        list(read_pvfinder_hdf5(path))


def test_lines_through_the_hits_of_a_toy_event_are_its_tracks(tmp_path):
    way, start = np.array([0.1, 0.02, 1.0]), np.array([0.01, -0.02, 30.0])
    hits = start + np.array([60.0, 85.0, 110.0, 135.0])[:, np.newaxis] * way
    owner = np.array([3.0, 3.0, 3.0, 3.0, 4.0])
    columns = {f"hit_{axis}": [[*hits[:, place], 1.0]] for place, axis in enumerate("xyz")} | {"hit_prt": [owner.tolist()]}
    with uproot.recreate(tmp_path / "pv.root") as file:
        file["data"] = {name: np.array(values) for name, values in columns.items()}
    with uproot.recreate(tmp_path / "kde.root") as file:
        file["kernel"] = {"zdata": np.zeros((1, 4000), np.float32), "pv_loc": np.array([[30.0]]), "pv_ntrks": np.array([[9.0]])}
    (event,) = read_toy(tmp_path / "pv.root", tmp_path / "kde.root")
    wanted = ellipsoids(start[np.newaxis], (way / np.linalg.norm(way))[np.newaxis], np.array([0.04]), np.zeros(2))
    assert np.allclose(event.tracks, wanted, rtol=1e-3, atol=1e-3)
    with pytest.raises(DataError, match="no tree 'data'"):
        read_toy(tmp_path / "kde.root", tmp_path / "kde.root")
    with pytest.raises(DataError, match="no such file"):
        read_toy(tmp_path / "other.root", tmp_path / "kde.root")


def test_a_table_without_a_column_is_refused_by_its_name(tmp_path):
    for name, text in (("tracks", "d0,z0,phi,theta,covD0D0\n"), ("beamspot", "posX,posY\n0,0\n"), ("vertices_AMVF", "posZ,nTracks\n1,2\n")):
        (tmp_path / f"e_{name}.csv").write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match="no column covZ0Z0"):
        read_acts_event(tmp_path, "e_")
    (tmp_path / "e_tracks.csv").write_text("d0,z0,phi,theta,covD0D0,covZ0Z0\n1,2,3,x,5,6\n", encoding="utf-8")
    with pytest.raises(DataError, match="damaged"):
        read_acts_event(tmp_path, "e_")
