"""The same run on a real batch system."""

import json

import pytest
from commands import bartik, clean_environment
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
