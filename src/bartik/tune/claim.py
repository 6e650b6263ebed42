"""Who works on which trial, so that every trial is counted once: the next one is taken under a lock, and those of dead workers again.

A worker holds a lock on a file of its own as long as it lives; the system frees it however the worker ends. A trial that is under way
and whose worker's lock is free is lost: it ends as failed and is queued again with the same values. Failed trials are not counted.
"""

from __future__ import annotations

import os
import secrets
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout
from optuna.study import Study
from optuna.trial import FrozenTrial, Trial, TrialState

from bartik.tune.campaign import Campaign

WORKER, AGAIN, COUNTED = "worker", "again", (TrialState.COMPLETE, TrialState.PRUNED)
"""Names of what is noted with a trial: who works on it, and which one it repeats; the states that count."""


@contextmanager
def at_work(campaign: Campaign) -> Iterator[str]:
    """The name of a worker, which lives as long as the context."""
    name = f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(4)}"
    path = _life(campaign.folder, name)
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(path):
            yield name
    finally:
        path.unlink(missing_ok=True)


def claim(campaign: Campaign, study: Study, worker: str, most: int = 1) -> list[Trial]:
    """The next trials to do, at most so many; none where enough are done or under way."""
    with FileLock(campaign.folder / ".claim.lock"):
        _queue_lost(campaign, study)
        busy = study.get_trials(deepcopy=False, states=(*COUNTED, TrialState.RUNNING))
        taken = []
        for _ in range(min(most, campaign.plan.trials - len(busy))):
            taken.append(study.ask())
            taken[-1].set_user_attr(WORKER, worker)
        return taken


def _queue_lost(campaign: Campaign, study: Study) -> None:
    """Whoever calls holds the lock: a trial under way without a worker's name is one whose worker died in `claim`."""
    for trial in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
        if not _lives(campaign.folder, trial.user_attrs.get(WORKER, "")):
            study._storage.set_trial_state_values(trial._trial_id, TrialState.FAIL)  # noqa: SLF001 - as optuna's own fail_stale_trials does
    every = study.get_trials(deepcopy=False)
    repeated = {trial.user_attrs.get(AGAIN) for trial in every}
    for trial in every:
        if trial.state == TrialState.FAIL and trial.number not in repeated and _asked(trial):
            study.enqueue_trial(_asked(trial), user_attrs={AGAIN: trial.number})


def _asked(trial: FrozenTrial) -> dict[str, object]:
    """The values it was to try: those it had been given, or those it was queued with."""
    return dict(trial.params) or dict(trial.system_attrs.get("fixed_params", {}))


def _lives(folder: Path, worker: str) -> bool:
    path = _life(folder, worker)
    if not worker or not path.exists():
        return False
    try:
        with FileLock(path, timeout=0):
            return False
    except Timeout:
        return True


def _life(folder: Path, worker: str) -> Path:
    return folder / "workers" / f"{worker}.lock"
