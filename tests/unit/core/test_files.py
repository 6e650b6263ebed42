import os

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from bartik.core import DataError, OutputError
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
