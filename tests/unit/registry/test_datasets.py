"""Versions of data where DVC is not installed: everything but the remotes works."""

import tarfile

import numpy as np
import pytest

from bartik.core import DataError, DigestError, RegistryError, UnavailableError, UnknownNameError, UsageError
from bartik.data.tables import write_table
from bartik.data.velo import event_from_dict, write_velo_event
from bartik.registry import datasets, dvc
from bartik.simulation.velo import generate_velo_event


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    monkeypatch.setattr(dvc, "is_installed", lambda: False)
    monkeypatch.setenv("BARTIK_DATASETS", str(tmp_path / "datasets"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def sample(place, name="tracks.npz", seed=1, rows=50):
    write_table(place / name, {"pt": np.random.default_rng(seed).exponential(1, rows), "row": np.arange(rows)})
    return place / name


def test_a_version_is_recorded_found_verified_and_fetched(place):
    version = datasets.add(sample(place), units={"pt": "GeV"})
    assert (version.name, version.rows, [(c.name, c.unit) for c in version.columns]) == ("tracks", 50, [("pt", "GeV"), ("row", "")])
    for reference in ("tracks", version.reference, version.digest, version.digest[:8], f"tracks@{version.digest}"):
        assert datasets.find(reference) == version
    assert datasets.verify("tracks") == []
    assert datasets.fetch("tracks").read_bytes() == (place / "tracks.npz").read_bytes()


def test_the_newest_version_is_meant_by_the_name_alone(place):
    first = datasets.add(sample(place))
    second = datasets.add(sample(place, seed=2))
    assert datasets.find("tracks") == second
    assert datasets.versions() == [first, second]
    again = datasets.add(sample(place, seed=1))
    assert again.digest == first.digest
    assert datasets.find("tracks") == again
    assert len(datasets.versions("tracks")) == 2


def test_units_given_once_stay(place):
    datasets.add(sample(place), units={"pt": "MeV", "row": "1"})
    assert [column.unit for column in datasets.add(sample(place), units={"pt": "GeV"}).columns] == ["GeV", "1"]


def test_what_changed_is_named_by_file_and_column(place):
    version = datasets.add(sample(place))
    file = datasets.fetch("tracks")
    write_table(file, {"pt": np.zeros(50), "row": np.arange(50)})
    first, second = datasets.verify("tracks")
    assert first == f"{file}: changed since it was added"
    assert second.startswith("column 'pt': changed (mean ")
    with pytest.raises(DigestError, match="changed since it was added"):
        datasets.fetch("tracks")
    write_table(file, {"pt": np.zeros(40, dtype=np.float32), "new": np.zeros(40)})
    assert datasets.verify(version.reference)[1:] == [
        "table : 50 rows became 40",
        "column 'row': gone",
        "column 'new': new",
        "column 'pt': float64 became float32",
    ]
    file.write_bytes(b"broken")
    assert "its columns cannot be compared" in datasets.verify("tracks")[1]
    file.unlink()
    assert datasets.verify("tracks") == [f"{file}: missing"]


def test_another_order_of_the_same_columns_is_told_apart_from_other_values(place):
    datasets.add(sample(place))
    file = datasets.fetch("tracks")
    with np.load(file) as arrays:
        held = dict(arrays)
    np.savez_compressed(file, **held)
    assert "all columns hold the same values" in datasets.verify("tracks")[1]


def test_a_folder_is_one_version(place):
    (place / "month").mkdir()
    for k in range(3):
        sample(place, f"month/{k}.npz", seed=k)
    version = datasets.add("month")
    assert (version.rows, len(version.files), version.content) == (150, 3, "month")
    (datasets.fetch("month") / "more").write_text("x")
    assert datasets.verify("month")[0].endswith("more: was not there when it was added")


def test_files_of_other_kinds_are_kept_as_they_are(place):
    (place / "velo_events.tar.xz").write_bytes(b"events")
    version = datasets.add("velo_events.tar.xz")
    assert (version.name, version.content, version.rows, version.tables) == ("velo_events", "velo_events.tar.xz", 0, ())


@pytest.mark.parametrize("name", ["$(touch hacked).npz", "-rf.npz", "; ls &.npz", "ä ö.npz", "a'b\".npz"])
def test_odd_file_names_become_plain_ones(place, name):
    version = datasets.add(sample(place, name))
    assert datasets.fetch(version.reference).is_file()
    assert not (place / "hacked").exists()


def test_wrong_calls_are_refused_before_anything_is_written(place):
    with pytest.raises(UsageError, match="dataset name"):
        datasets.add(sample(place), name="../up")
    with pytest.raises(UnknownNameError, match="unknown column 'pT'\n  did you mean 'pt'"):
        datasets.add(sample(place), units={"pT": "GeV"})
    with pytest.raises(UsageError, match="unit of 'pt'"):
        datasets.add(sample(place), units={"pt": "G\x1b"})
    with pytest.raises(DataError, match=r"absent\.root: no such file"):
        datasets.add("absent.root")
    (place / "broken.npz").write_bytes(b"PK no")
    with pytest.raises(DataError, match=r"broken\.npz: .*not readable"):
        datasets.add("broken.npz")
    (place / "empty").mkdir()
    with pytest.raises(DataError, match="empty: holds no file"):
        datasets.add("empty")
    (place / "linked").mkdir()
    (place / "linked" / "out").symlink_to("/etc")
    with pytest.raises(DataError, match="is a link to a folder"):
        datasets.add("linked")
    assert datasets.versions() == []
    assert [path.name for path in (place / "datasets").iterdir()] == [".lock"]


def test_unknown_references_name_the_nearest(place):
    with pytest.raises(UnknownNameError, match="unknown dataset 'tracks'\n  known: none"):
        datasets.find("tracks")
    version = datasets.add(sample(place))
    with pytest.raises(UnknownNameError, match="did you mean 'tracks'"):
        datasets.find("track")
    for wrong in (version.reference[:-1], "tracks@ffffffff", "ffffffff"):
        with pytest.raises(UnknownNameError):
            datasets.find(wrong)


def test_a_manifest_in_the_wrong_folder_is_refused(place):
    version = datasets.add(sample(place))
    datasets.folder_of(version).rename(place / "datasets" / "tracks" / "00000000")
    with pytest.raises(DataError, match="not of this folder"):
        datasets.versions()


def test_remotes_need_dvc_and_say_so(place):
    datasets.add(sample(place))
    with pytest.raises(UnavailableError, match="pip install"):
        datasets.push()
    datasets.fetch("tracks").unlink()
    with pytest.raises(RegistryError, match="DVC does not know it"):
        datasets.fetch("tracks")
    assert not datasets.is_here(datasets.find("tracks"))


def test_another_content_of_the_same_short_digest_is_refused(place):
    first = datasets.add(sample(place))
    second = datasets.add(sample(place, seed=2))
    datasets.folder_of(second).rename(place / "elsewhere")
    datasets.folder_of(first).rename(datasets.folder_of(second))
    with pytest.raises(RegistryError, match="another version has the same first 8 characters"):
        datasets.add(sample(place, seed=2))


def test_velo_events_are_summed_up_as_events_hits_and_particles(place):
    for number in (4, 7):
        event = event_from_dict(generate_velo_event(1, number), number)
        write_velo_event(event, place / "events" / f"velo_event_{number}.json")
    with tarfile.open(place / "events.tar.xz", "w:xz") as archive:
        archive.add(place / "events", "events")
    folder, packed = (datasets.add(place / name, name=name.partition(".")[0] + "s") for name in ("events", "events.tar.xz"))
    assert folder.tables == packed.tables
    tables = {table.name: table for table in folder.tables}
    assert (tables["event"].rows, tables["event"].columns[0].min, tables["event"].columns[0].max) == (2, 4, 7)
    hits = {column.name: column for column in tables["hit"].columns}
    assert tables["hit"].rows == sum(len(generate_velo_event(1, number)["x"]) for number in (4, 7))
    assert (hits["z"].unit, hits["module"].unit) == ("mm", "")
    assert {"p", "pt", "hits"} <= {column.name for column in tables["particle"].columns}


def test_an_archive_of_something_else_is_kept_without_a_summary(place):
    write_table(place / "a.npz", {"x": np.arange(3)})
    with tarfile.open(place / "other.tar", "w") as archive:
        archive.add(place / "a.npz", "a.npz")
    assert datasets.add(place / "other.tar").tables == ()


def test_an_event_that_cannot_be_among_others_is_refused_by_name(place):
    event = event_from_dict(generate_velo_event(1, 1), 1)
    write_velo_event(event, place / "events" / "velo_event_1.json")
    (place / "events" / "velo_event_2.json").write_text("{")
    with pytest.raises(DataError, match=r"velo_event_2\.json"):
        datasets.add(place / "events")
