"""Ctrl-C at any step, a full disk, a folder that cannot be: the same command run again continues."""

import signal
from pathlib import Path

import pytest
from commands import bartik, clean_environment, gone, stop_at

RUN = ("run", "ghost_probability", "--config", "tiny", "--out", "run")
STEPS = ("data", "train", "score", "export", "check", "bench", "register", "report")


def half_written(folder: Path) -> list[str]:
    """Temporary names: a dot, the name, a random part. Snakemake's own folder is its own."""
    known = {".lock", ".bartik", ".snakemake"}
    found = (path for path in folder.rglob(".*") if ".snakemake" not in path.relative_to(folder).parts)
    return [str(path) for path in found if path.name not in known and not path.name.endswith(".lock")]


@pytest.mark.slow
@pytest.mark.parametrize("step", STEPS)
def test_a_run_stopped_at_any_step_continues_and_leaves_nothing_half_written(tmp_path, step):
    environment = clean_environment(tmp_path / "home")
    assert stop_at(environment, tmp_path, f"[{step}]", *RUN) == 130
    assert not half_written(tmp_path / "run")
    again = bartik(environment, tmp_path, *RUN)
    assert again.returncode == 0, again.stderr
    assert again.stderr.count("kept") >= STEPS.index(step)
    assert (tmp_path / "run" / "report.html").is_file()


def test_a_run_that_is_killed_takes_its_jobs_with_it_and_continues(tmp_path):
    environment = clean_environment(tmp_path / "home")
    slow = (*RUN, "--set", "train.epochs=100000", "--set", "train.patience=100000")
    assert stop_at(environment, tmp_path, "epoch", *slow, by=signal.SIGKILL) == -signal.SIGKILL
    assert gone(str(tmp_path / "run"), within=30)
    again = bartik(environment, tmp_path, "train", *RUN[1:])
    assert again.returncode == 0, again.stderr
    assert "[data] kept" in again.stderr


def test_a_full_disk_is_one_clear_line_and_the_run_continues_when_there_is_room(tmp_path):
    environment = clean_environment(tmp_path / "home")
    full = bartik(environment, tmp_path, "data", "build", "ghost_probability", "--config", "tiny", "--out", "run", largest_file=50_000)
    assert full.returncode == 1
    assert "train.npz: cannot be written (File too large)" in full.stderr
    assert "Traceback" not in full.stderr
    assert not list((tmp_path / "run").rglob("*.npz"))
    assert not half_written(tmp_path / "run")
    again = bartik(environment, tmp_path, "data", "build", "ghost_probability", "--config", "tiny", "--out", "run")
    assert again.returncode == 0, again.stderr


def test_an_output_folder_that_cannot_be_is_one_clear_line(tmp_path):
    (tmp_path / "file").write_text("")
    done = bartik(clean_environment(tmp_path / "home"), tmp_path, *RUN[:-1], "file/run")
    assert done.returncode == 1
    assert "file/run: cannot be written (Not a directory)" in done.stderr
    assert "Traceback" not in done.stderr
