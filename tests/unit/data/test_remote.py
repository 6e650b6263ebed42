import hashlib
import io
from types import SimpleNamespace

import pytest

from bartik.core import DataError, OutputError
from bartik.data.remote import download

fsspec = pytest.importorskip("fsspec")


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


class Broken(io.BytesIO):
    """A file whose server goes away."""

    def read(self, *_):
        raise OSError("root://me:opensesame@host//a?authz=opensesame: gone")

    def close(self):
        raise OSError("cannot be told")


def test_a_server_that_goes_away_is_told_and_not_that_it_cannot_be_let_go(tmp_path, monkeypatch):
    monkeypatch.setattr(fsspec, "open", lambda *_, **__: SimpleNamespace(open=Broken))
    with pytest.raises(DataError, match="root://host//a: cannot be read") as refused:
        download("root://me:opensesame@host//a?authz=opensesame", tmp_path / "b")
    assert "opensesame" not in str(refused.value)


def test_a_file_that_ends_early_is_not_taken_for_whole(tmp_path, monkeypatch):
    monkeypatch.setattr(fsspec, "open", lambda *_, **__: SimpleNamespace(open=lambda: Short(b"events")))
    with pytest.raises(DataError, match="it ended after 6 of 8 bytes"):
        download("root://host//a", tmp_path / "b")


class Short(io.BytesIO):
    size = 8
