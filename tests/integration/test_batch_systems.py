"""The same run on a real batch system."""

import json

import pytest
from commands import bartik, clean_environment
from htcondor_pool import AS_USER, htcondor_pool, why_no_htcondor
from slurm import slurm, why_no_slurm

RUN = ("run", "ghost_probability", "--config", "tiny", "--out", "run")


PROFILE = """
executor: slurm
jobs: 4
slurm-status-command: squeue  # this Slurm keeps no accounts
slurm-init-seconds-before-status-checks: 1
seconds-between-status-checks: 1
default-resources:
  mem_mb: 1000
  runtime: 10
"""
CONDOR = """
executor: htcondor
jobs: 4
seconds-between-status-checks: 2
latency-wait: 5
shared-fs-usage: [persistence, input-output, software-deployment, sources, source-cache, storage-local-copies]
default-resources:
  mem_mb: 1000
  runtime: 10
  disk_mb: 10
  getenv: True
"""


@pytest.mark.slow
@pytest.mark.skipif(bool(why_no_slurm()), reason=why_no_slurm())
def test_every_step_is_a_job_of_slurm(tmp_path, tmp_path_factory):
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "config.yaml").write_text(PROFILE)
    base = tmp_path_factory.mktemp("slurm")
    with slurm(base) as variables:
        environment = clean_environment(tmp_path / "home") | variables
        done = bartik(environment, tmp_path, *RUN, "--on", "site")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "run" / "report.html").is_file()
    jobs = {job["name"] for job in json.loads((tmp_path / "run" / "plan.json").read_text())["jobs"]}
    assert (base / "controller.log").read_text().count("_slurm_rpc_submit_batch_job") == len(jobs) == 8


@pytest.mark.slow
@pytest.mark.skipif(bool(why_no_htcondor()), reason=why_no_htcondor())
def test_every_step_is_a_job_of_htcondor(tmp_path, tmp_path_factory):
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "config.yaml").write_text(CONDOR)
    base = tmp_path_factory.mktemp("condor")
    with htcondor_pool(base) as variables:
        environment = clean_environment(tmp_path / "home") | variables | {"HOME": str(tmp_path)}
        done = bartik(environment, tmp_path, *RUN, "--on", "site", prefix=AS_USER)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "run" / "report.html").is_file()
    assert (base / "spool" / "history").read_text().count("JobStatus = 4") == 8
