"""Every kind of remote that DVC knows, with a real server of it: pushed, lost, pulled, and gone."""

from __future__ import annotations

import importlib.util
import os
import shutil
from pathlib import Path

import pytest
from place import Place, sample
from servers import s3, ssh, webdav

PASSWORD = "opensesame"


def needs(**packages: str) -> pytest.MarkDecorator:
    missing = [name for name in packages if importlib.util.find_spec(name) is None]
    reason = f"{missing[0]} is not installed: pip install {packages[missing[0]]}" if missing else ""
    return pytest.mark.skipif(bool(missing), reason=reason)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    place = Place(tmp_path)
    place("add", str(sample(tmp_path)))
    return place


def check_remote(place: Place, *remote: str) -> None:
    """Push, lose everything here, pull."""
    place("push", *(["--to", *remote] if remote else []))
    for path in place.datasets.glob("*/*/tracks.csv"):
        path.unlink()
    shutil.rmtree(place.datasets / ".dvc" / "cache")
    place("pull", *(["--from", *remote] if remote else []))
    assert place("verify").startswith("ok")


def check_gone(place: Place, *remote: str) -> None:
    """One message, and not the password."""
    place("add", str(sample(place.folder, seed=2)))
    said = place("push", *(["--to", *remote] if remote else []), code=1)
    assert "cannot be reached" in said
    assert PASSWORD not in said


def check_no_secret(place: Place) -> None:
    """The password is where DVC keeps it for this user alone, and nowhere else."""
    held = [path for path in place.datasets.rglob("*") if path.is_file() and PASSWORD.encode() in path.read_bytes()]
    assert [path.name for path in held] == ["config.local"]


@needs(dvc_ssh="'bartik[dvc]'", asyncssh="'bartik[dvc]'")
def test_ssh(place, tmp_path):
    (tmp_path / "store").mkdir()
    with ssh(PASSWORD) as port:
        place.dvc("remote", "add", "--local", "far", f"ssh://me@127.0.0.1:{port}{tmp_path}/store")
        place.dvc("remote", "modify", "--local", "far", "password", PASSWORD)
        check_remote(place, "far")
    check_gone(place, "far")
    check_no_secret(place)


@needs(dvc_webdav="'bartik[dvc]'", wsgidav="wsgidav cheroot")
def test_webdav(place, tmp_path):
    (tmp_path / "store").mkdir()
    with webdav(tmp_path / "store", PASSWORD) as port:
        address = f"webdav://127.0.0.1:{port}/"
        assert "refused this user" in place("push", "--to", address, code=1)
        place.dvc("remote", "add", "--local", "far", address)
        place.dvc("remote", "modify", "--local", "far", "user", "me")
        place.dvc("remote", "modify", "--local", "far", "password", PASSWORD)
        check_remote(place, "far")
    check_gone(place, "far")
    check_no_secret(place)


@needs(dvc_s3="'bartik[dvc]'", s3fs="'bartik[remote]'")
@pytest.mark.skipif(shutil.which("moto_server") is None, reason="no moto_server program: pipx install 'moto[server]'")
def test_s3_as_a_remote_and_as_a_source(place, tmp_path, monkeypatch):
    import s3fs

    with s3() as port:
        place.environment |= {
            "AWS_ACCESS_KEY_ID": "me", "AWS_SECRET_ACCESS_KEY": PASSWORD, "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
        }  # fmt: skip
        for name in [name for name in place.environment if name.startswith("AWS_")]:
            monkeypatch.setitem(os.environ, name, place.environment[name])
        files = s3fs.S3FileSystem()
        files.mkdir("bucket")
        files.put(str(sample(tmp_path, "far.parquet")), "bucket/far.parquet")
        assert place("add", "s3://bucket/far.parquet").startswith("far@")
        assert "cannot be read" in place("add", "s3://bucket/absent.parquet", code=1)
        place("push", "--to", "s3://bucket/store")
        check_remote(place)
    check_gone(place)
