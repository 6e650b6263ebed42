"""Versions of data with the real DVC, real servers, and real processes that are killed."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from place import Place, sample
from servers import https, why_no_xrootd, xrootd

from bartik.core.places import samples
from bartik.data.tables import write_table

needs_dvc = pytest.mark.skipif(importlib.util.find_spec("dvc") is None, reason="DVC is not installed: pip install 'bartik[dvc]'")
needs_aiohttp = pytest.mark.skipif(importlib.util.find_spec("aiohttp") is None, reason="no aiohttp: pip install 'bartik[remote]'")
needs_data = pytest.mark.skipif(samples() is None, reason="BARTIK_DATA is not set")


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def check_whole(place: Place) -> None:
    """Whatever can be seen is whole."""
    for manifest in place.datasets.glob("[!.]*/*/manifest.json"):
        version = json.loads(manifest.read_text())
        assert (manifest.parent / version["content"]).exists()
        assert (manifest.parent / f"{version['content']}.dvc").read_text().startswith("outs:")
    assert all(line.startswith("ok") for line in place("verify").splitlines())


def left_over(place: Place) -> list[str]:
    return sorted(path.name for path in place.datasets.glob(".*") if path.name not in {".dvc", ".gitignore", ".lock"})


@needs_dvc
def test_a_version_is_an_ordinary_dvc_file_and_survives_the_loss_of_everything_but_the_remote(place, tmp_path):
    reference = place("add", str(sample(tmp_path)), "--unit", "pt=MeV").strip()
    (tmp_path / "remote").mkdir()
    assert place("push", "--to", "remote").strip() == reference
    assert place.dvc("status").strip() == "Data and pipelines are up to date."
    assert place.dvc("config", "core.analytics").strip() == "False" or "false"
    clone = Place(tmp_path / "clone")
    files = shutil.ignore_patterns("cache", "tmp", "*.csv", ".lock")
    shutil.copytree(place.datasets, clone.datasets, ignore=files)
    assert "tracks.csv: missing" in clone("verify", code=1)
    content = clone.version(reference) / "tracks.csv"
    assert clone("pull").strip() == str(content)
    assert content.read_bytes() == (tmp_path / "tracks.csv").read_bytes()
    assert clone("verify").split() == ["ok", reference]
    content.unlink()
    clone.dvc("checkout")
    assert content.is_file()


@needs_dvc
def test_a_folder_is_one_version_with_its_tables_chained(place, tmp_path):
    (tmp_path / "month" / "day").mkdir(parents=True)
    sample(tmp_path / "month", "a.parquet", seed=1)
    sample(tmp_path / "month" / "day", "b.parquet", seed=2)
    reference = place("add", "month").strip()
    assert json.loads(place("show", "month", "--json"))["rows"] == 200
    (tmp_path / "remote").mkdir()
    place("push", "--to", "remote")
    shutil.rmtree(place.datasets / ".dvc" / "cache")
    shutil.rmtree(place.version(reference) / "month")
    place("pull", "month")
    assert place("verify").split() == ["ok", reference]
    sample(place.version(reference) / "month" / "day", "b.parquet", seed=3)
    said = place("verify", code=1)
    assert "b.parquet: changed" in said
    assert "column 'pt': changed (mean" in said
    assert "column 'row'" not in said
    assert "changed since it was added" in place("pull", code=1)
    place("pull", "--force")
    assert place("verify").split() == ["ok", reference]


@needs_dvc
def test_a_damaged_cache_is_not_trusted(place, tmp_path):
    reference = place("add", str(sample(tmp_path))).strip()
    (tmp_path / "remote").mkdir()
    place("push", "--to", "remote")
    (place.version(reference) / "tracks.csv").unlink()
    (kept,) = [path for path in (place.datasets / ".dvc" / "cache").rglob("*") if path.is_file()]
    kept.chmod(0o644)
    kept.write_text("pt,row\n1,1\n")
    place("pull")
    assert place("verify").split() == ["ok", reference]


@needs_dvc
def test_a_damaged_remote_is_refused(place, tmp_path):
    reference = place("add", str(sample(tmp_path))).strip()
    (tmp_path / "remote").mkdir()
    place("push", "--to", "remote")
    (place.version(reference) / "tracks.csv").unlink()
    shutil.rmtree(place.datasets / ".dvc" / "cache")
    (kept,) = [path for path in (tmp_path / "remote").rglob("*") if path.is_file()]
    kept.chmod(0o644)
    kept.write_text("pt,row\n1,1\n")
    place("pull", code=1)
    assert not (place.version(reference) / "tracks.csv").exists() or "-- " in place("verify", code=1)


@needs_dvc
def test_a_remote_that_vanishes_is_one_message_and_the_same_command_completes(place, tmp_path):
    reference = place("add", str(sample(tmp_path))).strip()
    (tmp_path / "remote").mkdir()
    place("push", "--to", "remote")
    place("add", str(sample(tmp_path, seed=2)))
    (tmp_path / "remote").rename(tmp_path / "away")
    assert "remote: no such folder\n  is it mounted?" in place("push", code=1)
    assert not (tmp_path / "remote").exists()
    shutil.rmtree(place.datasets / ".dvc" / "cache")
    (place.version(reference) / "tracks.csv").unlink()
    assert "no such folder" in place("pull", code=1)
    (tmp_path / "away").rename(tmp_path / "remote")
    place("pull", reference)
    assert len(place("push").split()) == 2
    assert len([path for path in (tmp_path / "remote").rglob("*") if path.is_file()]) == 2


@needs_dvc
def test_a_wrong_remote_is_not_kept_as_the_default(place, tmp_path):
    place("add", str(sample(tmp_path)))
    (tmp_path / "remote").mkdir()
    place("push", "--to", "remote")
    config = (place.datasets / ".dvc" / "config").read_text()
    place("push", "--to", "webdavs://localhost:1/x", code=1)
    assert (place.datasets / ".dvc" / "config").read_text() == config
    said = place("push", "--to", "https://me:opensesame@localhost:1/x", code=2)
    assert "do not belong in a shared file" in said
    assert "opensesame" not in said


@needs_dvc
def test_a_full_disk_is_one_message_and_the_same_command_completes(place, tmp_path):
    file = sample(tmp_path, "tracks.csv", rows=20_000)
    assert "cannot be written (File too large)" in place("add", str(file), code=1, largest_file=100_000)
    assert not list(place.datasets.glob("[!.]*"))
    assert left_over(place) == []
    place("add", str(file))
    check_whole(place)


@needs_dvc
def test_four_processes_at_once(place, tmp_path):
    files = [sample(tmp_path, f"part{k}.csv", seed=k) for k in range(2)]
    running = [place.start("add", str(file), "--name", "tracks") for file in [*files, *files]]
    ended = [(process, *process.communicate(timeout=300)) for process in running]
    assert [(process.returncode, err) for process, _, err in ended if process.returncode] == []
    assert len(place("list").splitlines()) == 3
    check_whole(place)
    assert left_over(place) == []


@needs_dvc
def test_one_adds_while_another_pushes(place, tmp_path):
    place("add", str(sample(tmp_path)))
    (tmp_path / "remote").mkdir()
    running = [place.start("push", "--to", "remote"), place.start("add", str(sample(tmp_path, seed=2)))]
    for process in running:
        _, said = process.communicate(timeout=300)
        assert process.returncode == 0, said
    check_whole(place)


def kill_after(process: subprocess.Popen[str], seconds: float, *, group: bool) -> None:
    """Kill -9: the process alone, or with those it started."""
    try:
        process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        if group:
            os.killpg(process.pid, signal.SIGKILL)
        process.kill()
        process.communicate()


@needs_dvc
@pytest.mark.slow
@pytest.mark.parametrize("group", [True, False])
def test_processes_killed_at_random_leave_nothing_half_written(place, tmp_path, group):
    random = np.random.default_rng(int(group))
    place("add", str(sample(tmp_path, "first.csv")))
    for k in range(12):
        kill_after(place.start("add", str(sample(tmp_path, rows=20_000, seed=k % 4))), 0.4 + 1.6 * random.random(), group=group)
        check_whole(place)
    for k in range(4):
        place("add", str(sample(tmp_path, rows=20_000, seed=k)))
    assert len(place("list", "tracks").splitlines()) == 5
    check_whole(place)
    assert left_over(place) == []


POINTS = {
    "while the data is copied": ("bartik.registry.collect", "copy", True),
    "before DVC has it": ("bartik.registry.dvc", "add", False),
    "when DVC has it": ("bartik.registry.dvc", "add", True),
    "before it is in its place": ("bartik.registry.datasets", "take_place", False),
    "when it is in its place": ("bartik.registry.datasets", "take_place", True),
}
KILL = """
import importlib, os, signal, sys
owner = importlib.import_module({owner!r})
original = getattr(owner, {name!r})
def dies(*arguments, **keywords):
    if {after}:
        original(*arguments, **keywords)
    os.kill(os.getpid(), signal.SIGKILL)
setattr(owner, {name!r}, dies)
from bartik.registry import datasets
datasets.add(sys.argv[1])
"""


@needs_dvc
@pytest.mark.parametrize("point", POINTS)
def test_a_process_killed_at_any_point_is_completed_by_the_same_command(place, tmp_path, point):
    owner, name, after = POINTS[point]
    code = KILL.format(owner=owner, name=name, after=after)
    file = str(sample(tmp_path))
    done = subprocess.run([sys.executable, "-c", code, file], cwd=tmp_path, env=place.environment, check=False)
    assert done.returncode == -signal.SIGKILL
    check_whole(place)
    place("add", file)
    check_whole(place)
    assert len(place("list").splitlines()) == 2
    assert left_over(place) == []


@needs_dvc
def test_a_list_of_locks_that_was_cut_off_is_mended(place, tmp_path):
    place("add", str(sample(tmp_path)))
    (place.datasets / ".dvc" / "tmp" / "rwlock").write_text('{"wri')
    place("add", str(sample(tmp_path, seed=2)))
    check_whole(place)


@needs_aiohttp
def test_https_with_a_token_that_is_never_seen_again(place, tmp_path):
    served = tmp_path / "served"
    served.mkdir()
    sample(served, "tracks.parquet")
    sample(served, "cut.parquet")
    with https(served, tmp_path / "certificate.pem") as address:
        place.environment["SSL_CERT_FILE"] = str(tmp_path / "certificate.pem")
        reference = place("add", f"{address}/tracks.parquet?token=opensesame").strip()
        said = place("add", f"{address}/tracks.parquet?token=othersecret", code=1)
        assert "tracks.parquet: cannot be read" in said
        assert "othersecret" not in said
        said = place("add", f"{address}/cut.parquet?token=opensesame", code=1)
        assert "cut.parquet: cannot be read" in said
        assert "opensesame" not in said
    manifest = (place.version(reference) / "manifest.json").read_text()
    assert json.loads(manifest)["source"] == f"{address}/tracks.parquet"
    assert json.loads(manifest)["rows"] == 100
    for path in [path for path in place.datasets.rglob("*") if path.is_file()]:
        assert b"opensesame" not in path.read_bytes()
    assert "cannot be read" in place("add", f"{address}/tracks.parquet", code=1)


def test_a_file_from_an_xrootd_server(place, tmp_path):
    if why_no_xrootd():
        pytest.skip(why_no_xrootd())
    file = sample(tmp_path, "tracks.root", rows=5000)
    with xrootd(file) as address:
        reference = place("add", f"{address}/tracks.root?authz=opensesame", "--unit", "pt=MeV").strip()
        said = place("add", f"{address}/absent.root?authz=opensesame", code=1)
        assert "absent.root: cannot be read" in said
        assert "opensesame" not in said
    shown = json.loads(place("show", reference, "--json"))
    assert shown["source"] == f"{address}/tracks.root"
    assert (shown["rows"], [column["name"] for column in shown["tables"][0]["columns"]]) == (5000, ["pt", "row"])
    assert (place.version(reference) / "tracks.root").read_bytes() == file.read_bytes()


@needs_data
def test_real_candidates_of_a_thousand_columns(place):
    file = samples() / "01_pid" / "Collision12-ANNPID.root"
    place("add", str(file), "--name", "candidates")
    shown = json.loads(place("show", "candidates", "--json"))
    assert (shown["rows"], len(shown["tables"][0]["columns"])) == (1178, 1080)
    assert place("verify").startswith("ok")


@needs_data
def test_real_velo_events_have_a_summary(place):
    file = samples() / "06_velo_tracking" / "velopix_upgrade_80ev.tar.xz"
    place("add", str(file), "--name", "velo")
    assert "event: 80 rows" in place("show", "velo")
    assert place("verify").startswith("ok")


def test_the_summary_of_a_large_table_is_made_in_little_memory(place, tmp_path):
    rows = 8_000_000
    write_table(tmp_path / "large.npz", {name: np.zeros(rows) for name in "abcd"})
    code = "import sys; from pathlib import Path; from bartik.data.summary import summarise; from bartik.data.tables import read_pieces\n"
    code += "rows = summarise(read_pieces(Path(sys.argv[1])))[0].rows\n"
    code += "print(rows, next(line.split()[1] for line in open('/proc/self/status') if line.startswith('VmHWM')))"
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path / "large.npz")], capture_output=True, text=True, check=True)
    found, kib = map(int, done.stdout.split())
    assert found == rows
    assert kib < 250_000
