"""Optuna's side of a campaign: where trials are kept, who chooses the next one, who stops a bad one early."""

from __future__ import annotations

import warnings
from pathlib import Path

import optuna
from filelock import FileLock
from optuna.pruners import BasePruner, HyperbandPruner, NopPruner, SuccessiveHalvingPruner
from optuna.samplers import BaseSampler, CmaEsSampler, RandomSampler, TPESampler
from optuna.storages import BaseStorage, JournalStorage, RDBStorage
from optuna.storages.journal import JournalFileBackend
from optuna.storages.journal._file import BaseJournalFileLock
from optuna.study import Study

from bartik.core import BartikError, UsageError
from bartik.core.digest import digest_values
from bartik.core.secrets import without_password
from bartik.tune.campaign import Campaign

optuna.logging.set_verbosity(optuna.logging.ERROR)
_REDUCTION = 3
_STARTUP = 10
"""Trials at random before TPE begins to learn."""


def open_study(campaign: Campaign) -> Study:
    """The campaign's study, made where there is none yet; the configuration as it is, where the space has it, is its first trial."""
    storage = _storage(campaign)
    score = "minimize" if campaign.smaller else "maximize"
    directions = [{"score": score, "time": "minimize"}[objective] for objective in campaign.plan.objectives]
    with FileLock(campaign.folder / ".study.lock"), _quiet():
        names = [known.study_name for known in storage.get_all_studies()]
        study = optuna.create_study(
            storage=storage,
            study_name=campaign.key,
            directions=directions,
            load_if_exists=True,
            sampler=RandomSampler(),
            pruner=_pruner(campaign),
        )
        first = campaign.space.names(campaign.config)
        if campaign.key not in names and first:
            study.enqueue_trial(first)
    return study


def choose_sampler(campaign: Campaign, study: Study, worker: str) -> None:
    """Give ``study`` its sampler; each worker, each time it starts, draws from a stream of its own."""
    begun = len(study.get_trials(deepcopy=False))
    seed = int(digest_values([campaign.plan.seed, worker, begun])[:8], 16)
    study.sampler = _sampler(campaign, seed)


def _sampler(campaign: Campaign, seed: int) -> BaseSampler:
    with _quiet():
        if campaign.plan.sampler == "random":
            return RandomSampler(seed=seed)
        if campaign.plan.sampler == "cmaes":
            return CmaEsSampler(seed=seed, warn_independent_sampling=False, n_startup_trials=_STARTUP)
        return TPESampler(seed=seed, n_startup_trials=_STARTUP, multivariate=True, group=True, constant_liar=True)


def _pruner(campaign: Campaign) -> BasePruner:
    """An epoch is the resource; two objectives cannot be pruned by one of them."""
    epochs = campaign.config.train.epochs
    if campaign.plan.pruner == "none" or len(campaign.plan.objectives) > 1:
        return NopPruner()
    least = max(1, epochs // _REDUCTION**2)
    if campaign.plan.pruner == "hyperband":
        return HyperbandPruner(min_resource=least, max_resource=epochs, reduction_factor=_REDUCTION)
    return SuccessiveHalvingPruner(min_resource=least, reduction_factor=_REDUCTION)


def _storage(campaign: Campaign) -> BaseStorage:
    if not campaign.plan.storage:
        campaign.folder.mkdir(parents=True, exist_ok=True)
        return JournalStorage(JournalFileBackend(str(campaign.journal), lock_obj=_Lock(campaign.journal)))
    try:
        with _quiet(), FileLock(campaign.folder / ".study.lock"):  # its tables are made once
            return RDBStorage(campaign.plan.storage)
    except ImportError as error:
        raise UsageError(f"--storage: {error}", hint="pip install 'bartik[postgresql]'") from error
    except Exception as error:
        raise BartikError(f"--storage {without_password(campaign.plan.storage)}: {str(error).partition(chr(10))[0]}") from error


class _Lock(BaseJournalFileLock):
    """The journal's writers take turns by a lock that ends with the process that holds it, however that ends."""

    def __init__(self, journal: Path) -> None:
        self._lock = FileLock(journal.with_suffix(".lock"))

    def acquire(self) -> bool:
        self._lock.acquire()
        return True

    def release(self) -> None:
        self._lock.release()


def _quiet() -> warnings.catch_warnings:
    """What Optuna calls experimental is a choice we made."""
    return warnings.catch_warnings(action="ignore", category=optuna.exceptions.ExperimentalWarning)
