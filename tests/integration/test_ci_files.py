"""The files for GitLab's and GitHub's runners: valid by their schemas, and their commands run as they stand."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from commands import bartik, clean_environment

from bartik.workflow.ci_files import FILES, write_ci

SCHEMAS = {".gitlab-ci.yml": "vendor.gitlab-ci", ".github/workflows/bartik.yml": "vendor.github-workflows"}


@pytest.fixture(scope="module")
def environment(tmp_path_factory):
    """As a runner has it: our own program first, a registry of its own, the tag that is published."""
    variables = clean_environment(tmp_path_factory.mktemp("home"))
    path = f"{Path(sys.executable).parent}{os.pathsep}{variables['PATH']}"
    tag = {"CI_COMMIT_TAG": "v1.0", "GITHUB_REF_NAME": "v1.0", "BARTIK_CONFIG": "tiny"}
    return variables | tag | {"PATH": path}


@pytest.fixture(scope="module")
def repository(environment, tmp_path_factory):
    """A new use case, installed where only these tests see it."""
    folder = tmp_path_factory.mktemp("repository")
    made = bartik(environment, folder, "new", "fresh_model")
    assert made.returncode == 0, made.stderr
    site = folder / "site"
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation", "--no-index", "--target", str(site)]
    subprocess.run([*pip, str(folder / "fresh_model")], check=True, capture_output=True)
    environment["PYTHONPATH"] = os.pathsep.join(filter(None, [str(site), os.environ.get("PYTHONPATH", "")]))
    return folder / "fresh_model"


@pytest.mark.parametrize("path", FILES)
def test_the_file_is_valid_by_the_runners_own_schema(path, tmp_path):
    write_ci("fresh_model", tmp_path)
    program = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", SCHEMAS[path]]
    done = subprocess.run([*program, str(tmp_path / path)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_schema_refuses_what_is_no_such_file(tmp_path):
    (tmp_path / "ci.yml").write_text("test:\n  script: {wrong: 1}\n")
    program = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.gitlab-ci", str(tmp_path / "ci.yml")]
    assert subprocess.run(program, capture_output=True, check=False).returncode != 0


def _shell(environment, folder, text):
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", text], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{text}\n{done.stdout}\n{done.stderr}"
    return done


@pytest.mark.slow
def test_the_commands_for_gitlab_run_from_test_to_publication(environment, repository):
    jobs = yaml.safe_load((repository / ".gitlab-ci.yml").read_text())
    for job in ("test", "train-tiny", "gates", "publish"):
        for line in jobs[job]["script"]:
            _shell(environment, repository, line)
    assert (repository / "runs" / "tiny" / "report.html").is_file()
    assert (repository / "fresh_model-v1.0.tar.gz").is_file()
    assert (repository / "generated" / "fresh_model" / "selftest.cpp").is_file()
    shown = bartik(environment, repository, "models", "list", "fresh_model")
    assert "@champion" in shown.stdout


@pytest.mark.slow
def test_the_commands_for_github_run_as_well(environment, repository, tmp_path):
    other = environment | {"BARTIK_HOME": str(tmp_path / "home")}
    jobs = yaml.safe_load((repository / ".github" / "workflows" / "bartik.yml").read_text())["jobs"]
    steps = {step["name"]: step["run"] for job in ("test", "gates") for step in jobs[job]["steps"] if "run" in step}
    assert set(steps) == {"Install", "Test", "Train", "Judge", "Publish"}
    for name in ("Train", "Judge", "Publish"):
        _shell(other, repository, steps[name].replace("generated/", "generated_github/"))


def test_every_command_of_the_gpu_job_is_one_that_there_is(environment, repository):
    for line in yaml.safe_load((repository / ".gitlab-ci.yml").read_text())["check-gpu"]["script"]:
        verb = line.split()[1]
        shown = bartik(environment, repository, verb, "--help")
        assert shown.returncode == 0
        assert all(word in shown.stdout for word in line.split() if word.startswith("--"))


def test_a_file_that_is_there_is_kept_unless_one_says_force(environment, repository):
    (repository / ".gitlab-ci.yml").write_text("mine: {script: echo}\n")
    refused = bartik(environment, repository, "ci", "init", "fresh_model")
    assert refused.returncode == 1
    assert "exists already" in refused.stderr
    assert ".gitlab-ci.yml" in refused.stderr
    assert (repository / ".gitlab-ci.yml").read_text() == "mine: {script: echo}\n"
    forced = bartik(environment, repository, "ci", "init", "fresh_model", "--force")
    assert forced.returncode == 0, forced.stderr
    assert "promote fresh_model@candidate" in (repository / ".gitlab-ci.yml").read_text()


@pytest.mark.parametrize("name", ["two-body", "x; rm -rf .", "$(touch x)", "Upper", ""])
def test_a_name_that_would_be_read_by_a_shell_is_refused(name, tmp_path):
    from bartik.core import UsageError

    with pytest.raises(UsageError, match="cannot be the name of a use case"):
        write_ci(name, tmp_path)
    assert not list(tmp_path.iterdir())
