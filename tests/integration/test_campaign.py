"""A campaign in real processes, killed."""

import json
import os
import signal
import subprocess
import time

import pytest
from commands import BARTIK, bartik, clean_environment, gone
from htcondor_pool import AS_USER, htcondor_pool, why_no_htcondor
from ray_cluster import kill_a_node, ray_cluster, why_no_ray
from slurm import slurm, why_no_slurm
from test_batch_systems import CONDOR, PROFILE

NAME = "ghost_probability"


def counted(folder):
    """Trials that are told, by what the journal has of them."""
    log = folder / "journal.log"
    lines = [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []
    return sum(line["op_code"] == 6 and line.get("state") in {1, 2} for line in lines)  # a state is set: complete, pruned


def begin(environment, tmp_path, *arguments, prefix=()):
    with (tmp_path / "said.log").open("a") as said:
        return subprocess.Popen([*prefix, *BARTIK, *arguments], cwd=tmp_path, env=environment, stderr=said, start_new_session=True)


def kill_a_worker(folder):
    workers = subprocess.run(["pgrep", "-f", f"bartik.cli.main tune.*{folder}.*--join"], capture_output=True, text=True, check=True)
    os.kill(int(workers.stdout.split()[-1]), signal.SIGKILL)


def finished_with_a_worker_killed(environment, tmp_path, profile, prefix=()):
    """A campaign on a batch system, of which one worker is killed; what it did."""
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "config.yaml").write_text(profile)
    folder = tmp_path / "campaign"
    words = ("tune", NAME, "--config", "tiny", "--trials", "24", "--on", "site", "--jobs", "2", "--out", str(folder), "--json")
    process = begin(environment, tmp_path, *words, prefix=prefix)
    assert until(lambda: counted(folder) >= 5, process, 300), (tmp_path / "said.log").read_text()
    kill_a_worker(folder)
    assert process.wait(400) == 0, (tmp_path / "said.log").read_text()
    assert counted(folder) == 24
    assert (folder / "report.html").is_file()
    return folder


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
    kill_a_worker(folder)
    assert process.wait(240) == 0
    assert counted(folder) == 16


@pytest.mark.slow
@pytest.mark.skipif(bool(why_no_slurm()), reason=why_no_slurm())
def test_a_campaign_on_slurm_finishes_with_a_worker_killed(tmp_path, tmp_path_factory):
    base = tmp_path_factory.mktemp("slurm")
    with slurm(base) as variables:
        finished_with_a_worker_killed(clean_environment(tmp_path / "home") | variables, tmp_path, PROFILE)
    assert (base / "controller.log").read_text().count("_slurm_rpc_submit_batch_job") >= 2


@pytest.mark.slow
@pytest.mark.skipif(bool(why_no_htcondor()), reason=why_no_htcondor())
def test_a_campaign_on_htcondor_finishes_with_a_worker_killed(tmp_path, tmp_path_factory):
    base = tmp_path_factory.mktemp("condor")
    with htcondor_pool(base) as variables:
        environment = clean_environment(tmp_path / "home") | variables | {"HOME": str(tmp_path)}
        finished_with_a_worker_killed(environment, tmp_path, CONDOR, AS_USER)
    assert (base / "spool" / "history").read_text().count("JobStatus = ") >= 2


@pytest.mark.slow
@pytest.mark.skipif(bool(why_no_ray()), reason=why_no_ray())
def test_a_campaign_on_ray_finishes_with_a_worker_and_then_a_node_killed(tmp_path):
    folder = tmp_path / "campaign"
    words = ("tune", NAME, "--config", "tiny", "--trials", "24", "--on", "ray", "--jobs", "2", "--out", str(folder), "--json")
    with ray_cluster(tmp_path) as variables:
        process = begin(clean_environment(tmp_path / "home") | variables, tmp_path, *words)
        assert until(lambda: counted(folder) >= 4, process, 300), (tmp_path / "said.log").read_text()
        kill_a_worker(folder)
        assert until(lambda: counted(folder) >= 10, process, 300), (tmp_path / "said.log").read_text()
        kill_a_node()
        assert process.wait(400) == 0, (tmp_path / "said.log").read_text()
    assert counted(folder) == 24
    assert (folder / "report.html").is_file()


@pytest.mark.slow
def test_what_a_campaign_would_cost_is_told_and_nothing_is_tried(tmp_path):
    environment, folder = clean_environment(tmp_path / "home"), tmp_path / "campaign"
    done = bartik(environment, tmp_path, "tune", NAME, "--config", "tiny", "--trials", "50", "--out", str(folder), "--dry-run")
    assert done.returncode == 0, done.stderr
    assert "50 trials left" in done.stderr
    assert "core-hours" in done.stderr
    assert counted(folder) == 0
