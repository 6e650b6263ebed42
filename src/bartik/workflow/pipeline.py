"""The whole of a run: steps in order, those that are already done kept, stoppable at any moment."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from bartik.core import DataError
from bartik.core.digest import digest_values
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
    reads: tuple[str, ...] = ()
    rooms: tuple[str, ...] = ()
    also: Callable[[], str] = str


def run_steps(run: Run, steps: Sequence[Step]) -> None:
    """Run what is not done yet.

    A step is done when its output is there and was made by the same code, packages and configuration from the same
    earlier steps; that is what its key is a digest of. Interrupted at any point, the same call continues.
    """
    with alone(run.folder):
        record, key = _Record(run.folder / "steps.json"), ""
        for step in steps:
            key = _key(run, step, key)
            if record.done(step, key) and step.leaves(run).exists():
                run.progress(f"[{step.name}] kept")
                continue
            record.forget_from(step, steps)
            _execute(run, step)
            record.note(step, key)


def code_of(run: Run, rooms: tuple[str, ...]) -> str:
    """Digest of the use case's code, of the rooms it is made with (none named: all of them), and of packages and machine."""
    folders = [run.code, *((_PACKAGE / room for room in rooms) if rooms else [_PACKAGE])]
    return digest_values([*(code_digest(folder) for folder in folders), environment()])


def _execute(run: Run, step: Step) -> None:
    started = time.monotonic()
    run.progress(f"[{step.name}]")
    step.action(run)
    run.progress(f"[{step.name}] done in {time.monotonic() - started:.1f} s")


def _key(run: Run, step: Step, before: str) -> str:
    config = {name: run.config.to_dict().get(name) for name in step.reads}
    source = getattr(run.usecase, "source", None)
    return digest_values([before, step.name, config, source(located(run.config)) if source else "", code_of(run, step.rooms), step.also()])


class _Record:
    """Which steps of a folder are done, by key."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._keys: dict[str, str] = dict(read_json(path)) if path.exists() else {}
        except DataError:
            self._keys = {}

    def done(self, step: Step, key: str) -> bool:
        return self._keys.get(step.name) == key

    def forget_from(self, step: Step, steps: Sequence[Step]) -> None:
        """A step about to be repeated is not done, nor is any after it."""
        stale = {later.name for later in steps[list(steps).index(step) :]} & self._keys.keys()
        if stale:
            self._keys = {name: key for name, key in self._keys.items() if name not in stale}
            write_json(self._path, self._keys)

    def note(self, step: Step, key: str) -> None:
        self._keys[step.name] = key
        write_json(self._path, self._keys)
