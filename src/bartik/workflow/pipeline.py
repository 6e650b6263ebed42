"""The steps of a run: which are done, and doing one or all of them, stoppable at any moment."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bartik.core import DataError, UsageError
from bartik.core.digest import digest_bytes, digest_file, digest_values
from bartik.core.files import read_json, write_json
from bartik.core.provenance import code_digest, environment
from bartik.workflow.located import located
from bartik.workflow.run import Run, alone

Action = Callable[[Run], None]
_PACKAGE = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Step:
    """One step: what it does and leaves; the parts of the configuration, the rooms (none: all) and what else it depends on."""

    name: str
    action: Action
    leaves: Callable[[Run], Path]
    reads: tuple[str, ...] | None = ()
    """Tables of the configuration; nothing means all of it."""
    rooms: tuple[str, ...] = ()
    also: Callable[[], str] = str

    def record(self, run: Run) -> Path:
        """The file that says what the step was done from, written when it is done."""
        return run.folder / "steps" / f"{self.name}.json"


@dataclass(frozen=True)
class State:
    """A step as a folder has it: ``why`` it is to be done, empty where it is done."""

    step: Step
    why: str = ""

    @property
    def done(self) -> bool:
        """Whether it can be kept."""
        return not self.why


def job_name(part: str, step: str) -> str:
    """``train``, or ``edges_train`` where there are several models."""
    return f"{part}_{step}" if part else step


def survey(run: Run, steps: Sequence[Step]) -> Iterator[State]:
    """Every step and whether it is done.

    A step is done when its output is there and was made by the same code, packages and configuration from the same
    data and earlier steps; each has a digest, and the step's record holds them.
    """
    stale, before = "", ""
    for step in steps:
        causes = _causes(run, step, before)
        stale = f"follows {stale}" if stale else _why(run, step, causes)
        yield State(step, stale)
        stale, before = (step.name if stale else ""), digest_values(causes)


def run_steps(run: Run, steps: Sequence[Step]) -> None:
    """Do what is not done yet. Interrupted at any point, the same call continues."""
    with alone(run.folder):
        states = list(survey(run, steps))
        for state in states:
            if state.done:
                run.progress(f"[{job_name(run.part, state.step.name)}] kept")
        for state in states:
            if not state.done:
                _execute(run, state.step, steps)


def run_step(run: Run, steps: Sequence[Step], name: str) -> None:
    """Do one step whatever its state; those before it must be done."""
    place = [step.name for step in steps].index(name)
    with alone(run.folder):
        _require(run, steps[:place])
        _execute(run, steps[place], steps)


def code_of(run: Run, rooms: tuple[str, ...]) -> str:
    """Digest of the use case's code, of the rooms it is made with (none named: all of them), and of packages and machine."""
    folders = [run.code, *((_PACKAGE / room for room in rooms) if rooms else [_PACKAGE])]
    shared = [*_PACKAGE.glob("usecases/*.py"), *(run.code.parent.glob("*.py") if run.part else ())]
    return digest_values([*(code_digest(folder) for folder in folders), *map(digest_file, sorted(shared)), environment(run.code)])


def _require(run: Run, earlier: Sequence[Step]) -> None:
    for state in survey(run, earlier):
        if not state.done:
            message = f"{run.folder}: step {state.step.name} is not done ({state.why})"
            raise UsageError(message, hint=f"bartik run {run.name} --out {run.folder}")


def _execute(run: Run, step: Step, steps: Sequence[Step]) -> None:
    """Do a step; from its begin to its end neither it nor any after it counts as done."""
    for later in steps[list(steps).index(step) :]:
        later.record(run).unlink(missing_ok=True)
    started, name = time.monotonic(), job_name(run.part, step.name)
    run.progress(f"[{name}]")
    causes = _causes(run, step, _before(run, step, steps))
    step.action(run)
    write_json(step.record(run), causes)
    run.progress(f"[{name}] done in {time.monotonic() - started:.1f} s")


def _before(run: Run, step: Step, steps: Sequence[Step]) -> str:
    """Digest of the step before, as its record has it."""
    place = list(steps).index(step)
    return digest_values(_recorded(run, steps[place - 1])) if place else ""


def _causes(run: Run, step: Step, before: str) -> dict[str, str]:
    """Digests of all that decides what a step leaves, in words a reader of the plan knows."""
    config = run.config.to_dict()
    source = getattr(run.usecase, "source", None)
    return {
        "earlier steps": before,
        "configuration": digest_values(config if step.reads is None else {name: config.get(name) for name in step.reads}),
        "data": digest_values([source(located(run)) if source else "", {name: _content(path) for name, path in run.needs.items()}]),
        "code or packages": code_of(run, step.rooms),
        "registry": step.also(),
    }


def _content(bundle: Path) -> str:
    """Digest of a bundle by its manifest, which holds those of its files."""
    manifest = bundle / "bundle.json"
    return digest_bytes(manifest.read_bytes()) if manifest.is_file() else ""


def _why(run: Run, step: Step, causes: Mapping[str, str]) -> str:
    recorded = _recorded(run, step)
    if not recorded or not step.leaves(run).exists():
        return "its output is gone" if recorded else "not done yet"
    changed = [cause for cause, digest in causes.items() if recorded.get(cause) != digest]
    return f"changed: {', '.join(changed)}" if changed else ""


def _recorded(run: Run, step: Step) -> dict[str, str]:
    try:
        return dict(read_json(step.record(run))) if step.record(run).exists() else {}
    except DataError:
        return {}
