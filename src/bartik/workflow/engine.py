"""Jobs done by Snakemake: here, or on a batch system that one of its profiles names; or by Ray."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TypeAlias

from filelock import FileLock, Timeout

from bartik.core import BartikError, OutputError, UnknownNameError, UsageError
from bartik.core.files import write_json
from bartik.core.plugins import is_usecase, load_usecase, usecase_folder
from bartik.workflow.jobs import Job
from bartik.workflow.lifeline import VARIABLE, killed_with_parent

_HERE = Path(__file__).resolve().parent
_SNAKEFILE, _PROFILES = _HERE / "Snakefile", _HERE / "profiles"
_PLUGINS = {"slurm": "snakemake_executor_plugin_slurm", "htcondor": "snakemake_executor_plugin_htcondor"}
_SNAKEMAKE = (sys.executable, "-m", "snakemake", "--snakefile", str(_SNAKEFILE), "--profile", "none")
RAY = "ray"
_LOOK = 1.0  # seconds between two looks at jobs under way
Rule: TypeAlias = dict[str, Any]
"""A job as the Snakefile reads it: name, record, after, command, threads, resources."""
_PATIENCE = 60.0  # seconds that jobs have to end when they are told to


def execute(jobs: Sequence[Job], folder: Path, *, on: str = "local") -> None:
    """Do the jobs that are not done, in parallel where they do not wait for each other.

    What jobs say goes to stderr, what Snakemake says to ``snakemake.log`` in ``folder``. `BartikError` names what was not done.
    """
    require_place(on)
    with only_one(folder):
        for run in {job.part: job.run for job in jobs}.values():
            write_json(_configuration(run.folder), run.config.to_dict())
        rules = _rules(jobs, cores=os.cpu_count() or 1 if on == "local" else 1)
        code = execute_rules(rules, folder, on=on, late=[job.name for job in jobs if not job.state.done])
    failed = [job.name for job in jobs if not (folder / job.record).is_file()]
    if code or failed:
        raise BartikError(
            f"{folder}: not done: {', '.join(failed) or 'see the log'}",
            hint=f"the reason is above, or in {folder / 'snakemake.log'}; the same command continues",
        )


def execute_rules(
    rules: Sequence[Rule], folder: Path, *, on: str, late: Sequence[str], most: int = 0, meanwhile: Callable[[], None] | None = None
) -> int:
    """Have Snakemake, or Ray, do the rules named in ``late``; its exit code. At most ``most`` jobs at once, 0: as the profile has it.

    ``meanwhile`` is called about once a second until it ends. Whoever calls holds `only_one`.
    """
    if on == RAY:
        return _on_ray([rule for rule in rules if rule["name"] in set(late)], most, meanwhile)
    plan = _write_plan(rules, folder)
    options = ["--workflow-profile", str(profile_folder(on)), "--nolock", "--rerun-incomplete", "--rerun-triggers", "input", "--keep-going"]
    limit = ["--cores" if on == "local" else "--jobs", str(most)] if most else []
    words = ["--configfile", str(plan), *options, *limit, "--forcerun", *late, "--", "all"]
    return _snakemake(folder, words, quiet=on == "local", meanwhile=meanwhile)


def require_place(on: str) -> None:
    """Refuse what is no place to run on, and one whose package is missing."""
    if on != RAY:
        profile_folder(on)
    elif find_spec("ray") is None:
        raise UsageError("--on ray: Ray is not installed", hint="pip install 'bartik[ray]'")


def _on_ray(rules: Sequence[Rule], most: int, meanwhile: Callable[[], None] | None) -> int:
    from bartik.workflow import ray_tasks  # noqa: PLC0415 - Ray takes seconds to import

    return ray_tasks.execute(rules, most=most, meanwhile=meanwhile)


def profile_folder(on: str) -> Path:
    """The folder of a Snakemake profile: one of ours by name, or one of the user's; `UsageError` where its plug-in is missing."""
    known = sorted(path.name for path in _PROFILES.iterdir() if path.is_dir())
    if on not in known:
        if (Path(on) / "config.yaml").is_file():
            return Path(on).resolve()
        raise UnknownNameError("place to run on", on, [*known, RAY])
    plugin = _PLUGINS.get(on)
    if plugin is not None and find_spec(plugin) is None:
        raise UsageError(f"--on {on}: Snakemake's plug-in for it is not installed", hint=f"pip install 'bartik[{on}]'")
    return _PROFILES / on


def rule_graph(jobs: Sequence[Job]) -> str:
    """The rules and what they wait for, in the language of Graphviz, as Snakemake gives it."""
    with tempfile.TemporaryDirectory() as empty:
        plan = _write_plan(_rules(jobs), Path(empty))
        command = [*_SNAKEMAKE, "--directory", empty, "--configfile", str(plan), "--cores", "1", "--rulegraph", "--", "all"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own words, no shell
    if done.returncode:
        raise BartikError(f"Snakemake could not draw the graph: {done.stderr.strip()[-200:]}")
    return done.stdout[done.stdout.index("digraph") :]


def _write_plan(rules: Sequence[Rule], folder: Path) -> Path:
    write_json(folder / "plan.json", {"jobs": list(rules)})
    return (folder / "plan.json").resolve()


def _rules(jobs: Sequence[Job], cores: int = 1) -> list[Rule]:
    """``cores`` is what a measurement takes, to be alone on this machine."""
    records = {job.name: job.record for job in jobs}
    return [_rule(job, records, cores) for job in jobs]


def _rule(job: Job, records: dict[str, str], cores: int) -> Rule:
    """A job as the Snakefile reads it."""
    step, config = job.state.step.name, job.run.config.to_dict()
    resources = dict(config.get("resources", {}).get(step, {}))
    usual = {"train": config.get("train", {}).get("threads", 1), "bench": cores}
    threads = resources.pop("threads", usual.get(step, 1))
    rule = {"name": job.name, "record": job.record, "after": [records[name] for name in job.after], "command": _command(job)}
    return rule | {"threads": threads, "resources": resources}


def _command(job: Job) -> str:
    """The step as a line for a shell, every word quoted; what it says is Snakemake's output, which is the terminal."""
    installed = is_usecase(job.run.name) and usecase_folder(load_usecase(job.run.name)) == job.run.code
    usecase = job.run.name if installed else str(job.run.code)
    folder = job.run.folder.resolve()
    words = ["run", usecase, "--config", str(_configuration(folder)), "--out", str(folder), "--only", job.state.step.name]
    return as_job(words)


def as_job(words: Sequence[str], log: Path | None = None) -> str:
    """A command of ours as a line for a shell, from this folder; it ends with what started it. What it says goes on behind ``log``."""
    command = shlex.join([sys.executable, "-m", "bartik.cli.main", *words])
    to = "" if log is None else f">> {shlex.quote(str(log))} "
    return f"cd {shlex.quote(str(Path.cwd()))} && {VARIABLE}=1 exec {command} {to}2>&1"


def _configuration(folder: Path) -> Path:
    return folder / "configuration.json"


def _snakemake(folder: Path, options: Sequence[str], *, quiet: bool, meanwhile: Callable[[], None] | None) -> int:
    """Its exit code. It is in a process group of its own, which is told when the user or the end of this process stops the run."""
    with (folder / "snakemake.log").open("w", encoding="utf-8") as log:
        process = subprocess.Popen(  # noqa: S603 - our own words, no shell
            [*_SNAKEMAKE, "--directory", str(folder), *options],
            stdin=subprocess.DEVNULL,
            stdout=2,
            stderr=log if quiet else None,
            start_new_session=True,
            preexec_fn=killed_with_parent,  # noqa: PLW1509 - no thread of ours is running
        )
        try:
            while meanwhile is not None and process.poll() is None:
                meanwhile()
                time.sleep(_LOOK)
            return process.wait()
        except KeyboardInterrupt:
            _stop(process)
            raise


def _stop(process: subprocess.Popen[bytes]) -> None:
    os.killpg(process.pid, signal.SIGINT)
    try:
        process.wait(_PATIENCE)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)


@contextmanager
def only_one(folder: Path) -> Iterator[None]:
    """Hold ``folder`` for this run or campaign; its steps hold their own folders while they work."""
    lock = FileLock(folder / ".run.lock", timeout=0)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with lock:
            yield
    except Timeout as error:
        raise OutputError(f"{folder}: another run is using this folder", hint="wait for it, or choose another --out") from error
    except OSError as error:
        raise OutputError(f"{folder}: cannot be written ({error.strerror})", hint="choose another --out") from error
