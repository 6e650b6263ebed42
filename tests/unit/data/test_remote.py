import hashlib

import pytest

from bartik.core import DataError, OutputError
from bartik.data.remote import download

pytest.importorskip("fsspec")


def test_a_file_is_copied_and_hashed(tmp_path):
    (tmp_path / "a").write_bytes(b"events")
    assert download((tmp_path / "a").as_uri(), tmp_path / "b") == hashlib.sha256(b"events").hexdigest()
    assert (tmp_path / "b").read_bytes() == b"events"


def test_what_is_absent_is_named_without_secrets(tmp_path):
    with pytest.raises(DataError, match="absent: cannot be read") as refused:
        download(f"file://{tmp_path}/absent?token=opensesame", tmp_path / "b")
    assert "opensesame" not in str(refused.value)


@pytest.mark.parametrize("address", ["simplecache::https://host/a", "github://me@a/b", "memory://a", "reference://x", "zip://a"])
def test_protocols_that_do_more_than_give_bytes_are_refused(tmp_path, address):
    with pytest.raises(DataError, match="cannot read"):
        download(address, tmp_path / "b")


def test_a_place_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "a").write_bytes(b"events")
    with pytest.raises(OutputError, match="none/b: cannot be written"):
        download((tmp_path / "a").as_uri(), tmp_path / "none" / "b")
