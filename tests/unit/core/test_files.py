import os
import subprocess
import sys
import threading

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from bartik.core import DataError, OutputError, files
from bartik.core.digest import digest_arrays, digest_values
from bartik.core.files import atomic_folder, atomic_path, read_arrays, write_arrays, write_text


def test_an_error_while_writing_leaves_the_old_file_and_nothing_else(tmp_path):
    target = tmp_path / "a.txt"
    write_text(target, "old")

    def interrupted():
        with atomic_path(target) as temporary:
            temporary.write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert target.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["a.txt"]


def test_an_error_while_writing_a_folder_leaves_nothing(tmp_path):
    def interrupted():
        with atomic_folder(tmp_path / "f") as temporary:
            (temporary / "x").write_text("half")
            raise ValueError("half")

    with pytest.raises(ValueError, match="half"):
        interrupted()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")  # noqa: PTH110
def test_a_full_disk_is_one_clear_error(tmp_path):
    def fill() -> None:
        with atomic_path(tmp_path / "b.txt"), open("/dev/full", "w") as full:  # noqa: PTH123
            full.write("x" * 100_000)

    with pytest.raises(OutputError, match=r"b\.txt: cannot be written \(No space left"):
        fill()
    assert list(tmp_path.iterdir()) == []


def test_a_file_in_the_place_of_a_folder_is_one_clear_error(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot be written"):
        write_text(tmp_path / "file" / "a.txt", "x")


def test_a_truncated_archive_is_named(tmp_path):
    write_arrays(tmp_path / "a.npz", {"x": np.arange(1000)})
    content = (tmp_path / "a.npz").read_bytes()
    (tmp_path / "a.npz").write_bytes(content[: len(content) // 2])
    with pytest.raises(DataError, match=r"a\.npz: not readable"):
        read_arrays(tmp_path / "a.npz")


def test_an_archive_with_a_pickle_inside_is_refused(tmp_path):
    np.savez(tmp_path / "a.npz", x=np.array([object()]))
    with pytest.raises(DataError, match="not readable"):
        read_arrays(tmp_path / "a.npz")


@given(hnp.arrays(np.float32, hnp.array_shapes(max_dims=2, max_side=4)))
def test_a_digest_sees_every_value_and_the_shape(array):
    digest = digest_arrays({"x": array})
    assert digest == digest_arrays({"x": np.asfortranarray(array)})
    changed = array.copy()
    changed.view(np.uint32).reshape(-1)[0] ^= 1
    assert digest != digest_arrays({"x": changed})
    assert digest != digest_arrays({"x": array[np.newaxis]})
    assert digest != digest_arrays({"y": array})


@given(st.dictionaries(st.text(), st.integers(), min_size=2))
def test_the_digest_of_values_does_not_depend_on_their_order(values):
    assert digest_values(values) == digest_values(dict(reversed(values.items())))


def _replace_folder(target, content):
    with atomic_folder(target) as temporary:
        write_text(temporary / "a.txt", content)


def test_a_folder_is_there_at_every_moment_while_it_is_replaced(tmp_path):
    target = tmp_path / "bundle"
    _replace_folder(target, "0")
    done, missing = threading.Event(), []

    def watch():
        while not done.is_set():
            if not target.exists():
                missing.append("gone")

    watcher = threading.Thread(target=watch)
    watcher.start()
    for turn in range(100):
        _replace_folder(target, str(turn))
    done.set()
    watcher.join()
    assert missing == []
    assert [path.name for path in tmp_path.iterdir()] == ["bundle"]


def test_a_folder_is_replaced_by_renames_where_the_system_cannot_exchange(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "_exchange", lambda one, other: False)
    _replace_folder(tmp_path / "bundle", "old")
    _replace_folder(tmp_path / "bundle", "new")
    assert (tmp_path / "bundle" / "a.txt").read_text() == "new"
    assert [path.name for path in tmp_path.iterdir()] == ["bundle"]


@pytest.mark.parametrize("last", ["aside", "in place"])
def test_a_replacement_killed_between_its_two_renames_is_mended_by_the_next(tmp_path, last):
    target = tmp_path / "bundle"
    _replace_folder(target, "old")
    kill = f"""
import os
from pathlib import Path
from bartik.core import files
files._exchange = lambda one, other: False
real = Path.rename
def rename(self, to):
    if Path(to).name != "bundle":
        return real(self, to)
    if {last == "in place"}:
        real(self, to)
    os._exit(9)
Path.rename = rename
with files.atomic_folder(Path({str(target)!r})) as folder:
    (folder / "a.txt").write_text("new")
"""
    assert subprocess.run([sys.executable, "-c", kill], check=False).returncode == 9
    assert target.exists() == (last == "in place")
    files.recover(target)
    assert (target / "a.txt").read_text() == ("old" if last == "aside" else "new")
    assert not list(tmp_path.glob("*.old"))
    _replace_folder(target, "newer")
    assert (target / "a.txt").read_text() == "newer"


def test_a_link_in_the_place_of_a_folder_is_replaced_and_what_it_points_to_stays(tmp_path):
    _replace_folder(tmp_path / "kept", "kept")
    (tmp_path / "bundle").symlink_to(tmp_path / "kept")
    _replace_folder(tmp_path / "bundle", "new")
    assert not (tmp_path / "bundle").is_symlink()
    assert (tmp_path / "kept" / "a.txt").read_text() == "kept"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bundle", "kept"]


def test_an_error_about_another_file_keeps_its_own_name(tmp_path):
    with pytest.raises(FileNotFoundError, match="elsewhere"), atomic_path(tmp_path / "a.txt"):
        (tmp_path / "other" / "elsewhere").read_text()
    assert list(tmp_path.iterdir()) == []


def test_files_and_folders_get_the_rights_the_user_asked_for(tmp_path):
    before = os.umask(0o027)
    try:
        write_text(tmp_path / "a.txt", "x")
        _replace_folder(tmp_path / "b", "x")
    finally:
        os.umask(before)
    assert [oct((tmp_path / name).stat().st_mode & 0o777) for name in ("a.txt", "b")] == ["0o640", "0o750"]
