import os

import pytest

from bartik.core import UsageError
from bartik.workflow.engine import execute_rules

ray = pytest.importorskip("ray", reason="Ray is not installed: pip install 'bartik[ray]'")

from bartik.workflow import ray_tasks  # noqa: E402


def rule(name, command, *after, threads=1, **resources):
    return {"name": name, "record": name, "after": list(after), "command": command, "threads": threads, "resources": resources}


def test_what_a_job_asks_for_is_said_in_rays_words():
    asked = ray_tasks._options(rule("train", "true", threads=2, gpu="0.25", mem_mb=4000, runtime=10, fpga=1))
    assert asked == {"num_cpus": 2, "num_gpus": 0.25, "memory": 4_000_000_000, "resources": {"fpga": 1.0}}


def test_a_resource_that_is_no_number_is_refused_by_name():
    with pytest.raises(UsageError, match=r"train: Ray's resources are numbers.*a100"):
        ray_tasks._options(rule("train", "true", partition="a100"))


def test_ray_does_jobs_in_the_order_of_their_needs_retries_what_died_and_says_what_failed(tmp_path, monkeypatch):
    monkeypatch.setenv("BARTIK_SEEN", "yes")
    here = f"cd {tmp_path} && "
    rules = [
        rule("second", here + "cat first > second", "first"),
        rule("first", here + 'echo "$BARTIK_SEEN" > first'),
        rule("killed", here + "if [ -e tried ]; then touch killed; else touch tried; kill -9 $PPID; sleep 9; fi"),
        rule("flaky", here + "if [ -e flew ]; then touch flaky; else touch flew; exit 3; fi"),
        rule("failing", here + "false"),
        rule("never", here + "touch never", "failing"),
        rule("late", here + "sleep 60; touch late", runtime=0.01),
    ]
    looks = []
    code = execute_rules(
        rules, tmp_path, on="ray", late=[one["name"] for one in rules], most=2, meanwhile=lambda: looks.append(os.getpid())
    )
    assert code == 1
    assert (tmp_path / "second").read_text() == "yes\n"
    assert {name for name in ("first", "second", "killed", "flaky", "never", "late") if (tmp_path / name).exists()} == {
        *("first", "second", "killed", "flaky")
    }
    assert looks
    assert not ray.is_initialized()
