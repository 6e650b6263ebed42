"""Dictionaries of arrays in pickled files: read, and nothing in them run."""

from __future__ import annotations

import contextlib
import io
import os
import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays_of

from bartik.core import DataError
from bartik.data.npy_dict import read_npy_dict

NUMBERS = arrays_of.arrays(
    st.sampled_from(["f4", "f8", ">f4", "i8", "i4", "u1", "?"]), arrays_of.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=5)
)


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(st.text(max_size=5), NUMBERS | st.integers(-5, 5) | st.lists(st.integers(0, 9)) | st.text(max_size=5), max_size=4))
def test_what_numpy_saved_is_what_is_read(tmp_path_factory, values):
    path = tmp_path_factory.mktemp("npy") / "input_0.npy"
    np.save(path, values, allow_pickle=True)
    found = read_npy_dict(path)
    assert found.keys() == values.keys()
    for name, value in values.items():
        np.testing.assert_array_equal(found[name], value)


@pytest.mark.parametrize("protocol", range(2, 5))
def test_files_of_older_numpy_and_python_are_read(tmp_path, protocol):
    values = {"nodes": np.asfortranarray(np.arange(6.0).reshape(2, 3)), "globals": np.float32(5), "edges": np.zeros((0, 4))}
    content = pickle.dumps(np.array(values, dtype=object), protocol)
    written(tmp_path / "a.npy", content.replace(b"cnumpy._core.", b"cnumpy.core.") if protocol < 4 else content)
    found = read_npy_dict(tmp_path / "a.npy")
    np.testing.assert_array_equal(found["nodes"], values["nodes"])
    assert found["globals"] == 5
    assert found["edges"].shape == (0, 4)


def written(path, content):
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": "|O", "fortran_order": False, "shape": ()})
    path.write_bytes(header.getvalue() + content)


class Runs:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


@pytest.mark.parametrize("protocol", range(2, 6))
def test_a_file_that_asks_for_something_to_be_run_is_refused_before_it_is(tmp_path, protocol):
    wanted = tmp_path / "made"
    written(tmp_path / "bad.npy", pickle.dumps(np.array({"nodes": Runs(wanted)}, dtype=object), protocol))
    with pytest.raises(DataError, match=r"bad.npy: asks for posix.mkdir, which is not read from files"):
        read_npy_dict(tmp_path / "bad.npy")
    assert not wanted.exists()


@pytest.mark.parametrize("content", [b"cbuiltins\neval\n(S'1'\ntR.", b"cnumpy\nload\n(S'x'\ntR.", b"cnumpy.ctypeslib\nload_library\n."])
def test_other_names_of_python_and_numpy_are_refused(tmp_path, content):
    written(tmp_path / "bad.npy", content)
    with pytest.raises(DataError, match="which is not read from files"):
        read_npy_dict(tmp_path / "bad.npy")


def test_an_array_with_fewer_bytes_than_its_shape_says_is_refused(tmp_path):
    honest = pickle.dumps(np.array({"nodes": np.zeros(1000)}, dtype=object), 2)
    assert honest.count(b"M\xe8\x03") == 1
    written(tmp_path / "bad.npy", honest.replace(b"M\xe8\x03", b"M\xff\xff"))
    with pytest.raises(DataError, match=r"an array of shape \(65535,\) with 8000 bytes"):
        read_npy_dict(tmp_path / "bad.npy")


def test_a_file_that_asks_for_a_billion_places_is_refused(tmp_path):
    written(tmp_path / "bad.npy", b"Nr\xff\xff\xff\x7f.")
    with pytest.raises(DataError, match="asks for 2147483647 places"):
        read_npy_dict(tmp_path / "bad.npy")


def test_what_is_no_dictionary_is_refused(tmp_path):
    np.save(tmp_path / "table.npy", np.zeros((3, 4)))
    np.save(tmp_path / "list.npy", np.array([{"a": 1}, {"b": 2}], dtype=object), allow_pickle=True)
    np.save(tmp_path / "other.npy", {1: 2}, allow_pickle=True)
    (tmp_path / "text.npy").write_text("nodes")
    for name in ("table", "list", "other", "text"):
        with pytest.raises(DataError, match=f"{name}.npy"):
            read_npy_dict(tmp_path / f"{name}.npy")
    with pytest.raises(DataError, match="no such file"):
        read_npy_dict(tmp_path / "none.npy")


@settings(max_examples=80, deadline=None)
@given(st.integers(0, 10_000), st.integers(0, 255))
def test_a_damaged_file_is_refused_or_read(tmp_path_factory, place, byte):
    path = tmp_path_factory.mktemp("npy") / "input_0.npy"
    np.save(path, {"nodes": np.ones((4, 3)), "senders": np.arange(5)}, allow_pickle=True)
    content = bytearray(path.read_bytes())
    content[place % len(content)] = byte
    path.write_bytes(bytes(content))
    with contextlib.suppress(DataError):  # and by nothing else
        assert isinstance(read_npy_dict(path), dict)
