import json
import subprocess
import sys

import pytest

from bartik.core import DataError, RegistryError, UnavailableError, UsageError
from bartik.registry import dvc

GOOD = {"md5": "a" * 32, "size": 3, "hash": "md5", "path": "t.csv"}


def pointer(tmp_path, values):
    path = tmp_path / "t.csv.dvc"
    path.write_text(values if isinstance(values, str) else json.dumps(values))  # JSON is YAML
    return dvc.read_pointer(path, "t.csv")


def test_an_ordinary_pointer_is_read(tmp_path):
    assert pointer(tmp_path, {"outs": [GOOD]}) == dvc.Pointer("a" * 32, 3)


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"outs": [GOOD | {"path": "../t.csv"}]}, "does not describe 't.csv'"),
        ({"outs": [GOOD | {"path": "/etc/passwd"}]}, "does not describe"),
        ({"outs": [GOOD], "cmd": "rm -rf /"}, "asks for more than data ('cmd')"),
        ({"outs": [GOOD], "wdir": "/"}, "asks for more than data ('wdir')"),
        ({"outs": [GOOD], "deps": [{"path": "x", "repo": {"url": "https://evil"}}]}, "asks for more than data ('deps')"),
        ({"outs": [GOOD | {"remote": "other"}]}, "asks for more than data ('remote')"),
        ({"outs": [GOOD, GOOD]}, "wanted one entry"),
        ({"outs": "t.csv"}, "wanted one entry"),
        ({"outs": [GOOD | {"md5": "../../x"}]}, "does not describe"),
        ({"outs": [GOOD | {"size": -1}]}, "size or hash"),
        ("", "wanted one entry"),
        ("outs: [", "cannot be read"),
        ("!!python/object/apply:os.system ['touch here']", "cannot be read"),
        ("[" * 5000, "cannot be read"),
    ],
)
def test_a_pointer_that_asks_for_anything_else_is_refused(tmp_path, values, told):
    with pytest.raises(DataError) as refused:
        pointer(tmp_path, values)
    assert told in str(refused.value)


def test_a_listing_of_files_that_leave_the_folder_is_refused(tmp_path):
    (tmp_path / "scratch").mkdir()
    dvc.ensure_repository(tmp_path, tmp_path / "scratch")
    folder = dvc.Pointer("b" * 32 + ".dir", 1)
    listing = dvc.cached(tmp_path, folder)
    listing.parent.mkdir(parents=True)
    listing.write_text(json.dumps([{"md5": "c" * 32, "relpath": "../../../x"}]))
    with pytest.raises(DataError, match=r"lists '\.\./\.\./\.\./x'"):
        dvc.check_listing(tmp_path, folder, {"a"})
    listing.write_text(json.dumps([{"md5": "c" * 32, "relpath": "a"}]))
    dvc.check_listing(tmp_path, folder, {"a"})


def test_a_repository_is_made_once_and_tells_nobody(tmp_path):
    (tmp_path / "scratch").mkdir()
    dvc.ensure_repository(tmp_path, tmp_path / "scratch")
    (tmp_path / ".dvc" / "config").write_text("[core]\n    analytics = true\n")
    dvc.ensure_repository(tmp_path, tmp_path / "scratch")
    assert (tmp_path / ".dvc" / "config").read_text() == "[core]\n    analytics = true\n"
    (tmp_path / ".dvc" / "config").unlink()
    dvc.ensure_repository(tmp_path, tmp_path / "scratch")
    assert "analytics = false" in (tmp_path / ".dvc" / "config").read_text()


def test_a_remote_takes_the_place_of_the_one_before_and_nothing_else_changes(tmp_path):
    (tmp_path / ".dvc").mkdir()
    config = tmp_path / ".dvc" / "config"
    config.write_text("[core]\n    remote = mine\n    autostage = true\n['remote \"mine\"']\n    url = /a\n[cache]\n    type = copy\n")
    with dvc.new_remote(tmp_path, "bartik", "/b"):
        pass
    with dvc.new_remote(tmp_path, "bartik", "/c"):
        pass
    assert config.read_text() == (
        "[core]\n    remote = bartik\n    autostage = true\n['remote \"mine\"']\n    url = /a\n[cache]\n    type = copy\n"
        "['remote \"bartik\"']\n    url = /c\n"
    )
    with pytest.raises(RuntimeError), dvc.new_remote(tmp_path, "bartik", "/d"):
        raise RuntimeError
    assert "url = /c" in config.read_text()


@pytest.mark.parametrize("address", ["https://me:pw@host/x", "s3://bucket/x?token=a", "https://host/x\n[core]", "ssh://me:pw@host/x"])
def test_a_remote_with_a_secret_is_not_written_down(address):
    with pytest.raises(UsageError, match="shared file") as refused:
        dvc.remote_address(address)
    assert "pw" not in str(refused.value)


def test_a_folder_is_a_remote_by_its_whole_path(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert dvc.remote_address("store") == str(tmp_path / "store")
    assert dvc.remote_address("ssh://me@host/x") == "ssh://me@host/x"


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("ERROR: failed to push - [Errno 28] No space left on device", "no space left"),
        ("ERROR: config file error: no remote specified in /x.", "no remote is set"),
        ("ERROR: unexpected error - Connect call failed ('https://me:pw@host:1/x?token=pw')", "cannot be reached"),
        ("ERROR: unexpected error - Forbidden: An error occurred (403)", "refused this user"),
        ("ERROR: something nobody expected", "something nobody expected"),
        ("", "without a word"),
    ],
)
def test_what_dvc_says_is_told_in_one_line_with_a_remedy(tmp_path, monkeypatch, said, told):
    monkeypatch.setattr(dvc, "is_installed", lambda: True)
    monkeypatch.setattr(subprocess, "run", lambda *a, **k: subprocess.CompletedProcess(a, 1, "", said))
    with pytest.raises(RegistryError) as refused:
        dvc.run(tmp_path, "push")
    assert told in refused.value.message
    assert refused.value.hint
    assert "pw" not in str(refused.value)


def test_dvc_is_called_without_a_shell_and_without_the_folders_own_modules(tmp_path, monkeypatch):
    seen = {}

    def run(arguments, **keywords):
        seen.update(keywords, arguments=arguments)
        return subprocess.CompletedProcess(arguments, 0, "done", "")

    monkeypatch.setattr(dvc, "is_installed", lambda: True)
    monkeypatch.setattr(subprocess, "run", run)
    assert dvc.run(tmp_path, "add", "--", "$(touch here); x") == "done"
    assert seen["arguments"] == [sys.executable, "-P", "-m", "dvc", "add", "--", "$(touch here); x"]
    assert not seen.get("shell")
    assert seen["env"]["DVC_NO_ANALYTICS"] == "true"


def test_another_process_is_waited_for(tmp_path, monkeypatch):
    answers = [(255, "ERROR: Unable to acquire lock."), (0, "")]
    monkeypatch.setattr(dvc, "is_installed", lambda: True)
    monkeypatch.setattr(subprocess, "run", lambda a, **k: subprocess.CompletedProcess(a, answers[0][0], "", answers.pop(0)[1]))
    dvc.run(tmp_path, "push")
    assert not answers


def test_without_dvc_the_remedy_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(dvc, "is_installed", lambda: False)
    with pytest.raises(UnavailableError, match=r"pip install 'bartik\[dvc\]'"):
        dvc.run(tmp_path, "push")
