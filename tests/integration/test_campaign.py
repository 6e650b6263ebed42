"""A campaign in real processes, killed."""

import json
import os
import signal
import subprocess
import time

import pytest
from commands import BARTIK, bartik, clean_environment, gone

NAME = "ghost_probability"


def counted(folder):
    """Trials that are told, by what the journal has of them."""
    log = folder / "journal.log"
    lines = [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []
    return sum(line["op_code"] == 6 and line.get("state") in {1, 2} for line in lines)  # a state is set: complete, pruned


def begin(environment, tmp_path, *arguments):
    return subprocess.Popen([*BARTIK, *arguments], cwd=tmp_path, env=environment, stderr=subprocess.DEVNULL, start_new_session=True)


def until(condition, process, seconds=180.0):
    end = time.monotonic() + seconds
    while time.monotonic() < end and process.poll() is None and not condition():
        time.sleep(0.05)
    return condition()


@pytest.mark.slow
def test_a_campaign_killed_twice_counts_every_trial_once_and_registers_its_winner(tmp_path):
    environment, folder = clean_environment(tmp_path / "home"), tmp_path / "campaign"
    words = ("tune", NAME, "--config", "tiny", "--trials", "30", "--jobs", "2", "--out", str(folder), "--json")
    for after in (8, 16):
        process = begin(environment, tmp_path, *words)
        assert until(lambda after=after: counted(folder) >= after, process)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        assert gone(str(folder), within=20.0)
    assert counted(folder) < 30
    done = bartik(environment, tmp_path, *words)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["trials"] == counted(folder) == 30
    assert found["candidate"] == f"{NAME}/1"
    page = (folder / "report.html").read_text()
    for title in ("Score against time", "Course", "All values side by side", "Best trials"):
        assert title in page
    registry = bartik(environment, tmp_path, "models", "show", f"{NAME}@candidate", "--json")
    assert json.loads(folder.joinpath("campaign.json").read_text())["key"] in registry.stdout


@pytest.mark.slow
def test_a_killed_worker_is_replaced_by_the_others(tmp_path):
    environment, folder = clean_environment(tmp_path / "home"), tmp_path / "campaign"
    words = ("tune", NAME, "--config", "tiny", "--trials", "16", "--jobs", "2", "--out", str(folder), "--json")
    process = begin(environment, tmp_path, *words)
    assert until(lambda: counted(folder) >= 4, process)
    workers = subprocess.run(["pgrep", "-f", f"{folder}.*--join"], capture_output=True, text=True, check=True).stdout.split()
    os.kill(int(workers[-1]), signal.SIGKILL)
    assert process.wait(240) == 0
    assert counted(folder) == 16


def test_what_a_campaign_would_cost_is_told_and_nothing_is_tried(tmp_path):
    environment, folder = clean_environment(tmp_path / "home"), tmp_path / "campaign"
    done = bartik(environment, tmp_path, "tune", NAME, "--config", "tiny", "--trials", "50", "--out", str(folder), "--dry-run")
    assert done.returncode == 0, done.stderr
    assert "50 trials left" in done.stderr
    assert "core-hours" in done.stderr
    assert counted(folder) == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--sampler", "tpee"), "did you mean 'tpe'"),
        (("--resource", "mem_mb"), "wanted KEY=VALUE"),
        (("--on", "slurmm"), "did you mean 'slurm'"),
        (("--space", "nowhere.toml"), "no search space here"),
        (("--join",), "no campaign here"),
    ],
)
def test_a_wrong_call_is_refused_in_a_line(tmp_path, arguments, said):
    done = bartik(clean_environment(tmp_path / "home"), tmp_path, "tune", NAME, "--config", "tiny", *arguments)
    assert done.returncode == 2
    assert said in done.stderr
    assert len(done.stderr.splitlines()) < 12
