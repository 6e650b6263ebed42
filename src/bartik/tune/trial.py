"""One trial: train with the values it was given, judge on the validation split, tell."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import optuna
from optuna.study import Study
from optuna.trial import Trial, TrialState

from bartik.core import BartikError, Config, Dataset, Model
from bartik.train import fit, read_history, run_model
from bartik.train.together import Trained, fit_together, groups
from bartik.tune.campaign import LOSS, Campaign
from bartik.tune.space import Settings, nested

Speed = Callable[[Config], float]
"""Microseconds that an event takes with the network of a configuration."""


@dataclass(frozen=True)
class Task:
    """What every trial of a worker shares: the campaign, its data in memory, a digest of the code that trains, how speed is measured."""

    campaign: Campaign
    study: Study
    train: Dataset
    validation: Dataset
    code: str
    speed: Speed


def do_trial(task: Task, trial: Trial) -> None:
    """From values to a number, or to nothing where the training was stopped early or diverged."""
    started = time.monotonic()
    settings = task.campaign.space.suggest(trial)
    trial.set_user_attr("settings", settings)
    checkpoint = task.campaign.checkpoint(settings)
    try:
        model = fit(
            task.campaign.usecase,
            task.train,
            task.validation,
            config_of(task, settings),
            checkpoint,
            lambda _line: None,
            code=task.code,
            watch=lambda epoch, loss: _watch(task, trial, epoch, loss),
        )
    except optuna.TrialPruned:
        _prune(task, trial, "stopped early", time.monotonic() - started)
    except BartikError as error:
        _prune(task, trial, error.message, time.monotonic() - started)
    else:
        tell(task, trial, settings, model, float(read_history(checkpoint)["validation"].min()), time.monotonic() - started)
    checkpoint.unlink(missing_ok=True)


def do_together(task: Task, trials: Sequence[Trial]) -> None:
    """The same for many at once, as far as their networks can be trained as one; none is stopped but by its own patience."""
    settings = [task.campaign.space.suggest(trial) for trial in trials]
    for trial, values in zip(trials, settings, strict=True):
        trial.set_user_attr("settings", values)
    configs = [config_of(task, values) for values in settings]
    trained: dict[int, Trained] = {}
    seconds: dict[int, float] = {}
    for group in groups(task.campaign.usecase, configs, events=bool(task.train.offsets)):
        started = time.monotonic()
        trained |= zip(
            group, fit_together(task.campaign.usecase, task.train, task.validation, [configs[place] for place in group]), strict=True
        )
        seconds |= dict.fromkeys(group, (time.monotonic() - started) / len(group))
    for place in sorted(trained, key=lambda place: trained[place].best_loss):  # the best first: more of the others need not be timed
        if trained[place].diverged:
            _prune(task, trials[place], "training diverged: the loss is not finite", seconds[place])
        else:
            tell(task, trials[place], settings[place], trained[place].model, trained[place].best_loss, seconds[place])


def config_of(task: Task, settings: Settings) -> Config:
    """The campaign's configuration with the values of a trial."""
    return task.campaign.config.replace(nested(settings))


def tell(task: Task, trial: Trial, settings: Settings, model: Model, loss: float, seconds: float) -> None:
    """Judge a trained model and count its trial; ``seconds`` are those of its training."""
    metrics = judge(task, model) | {LOSS: loss}
    if task.campaign.metric not in metrics:
        raise BartikError(f"metric {task.campaign.metric!r}: the score has none of that name", hint=f"--metric: {', '.join(metrics)}")
    value = metrics[task.campaign.metric]
    weights = sum(parameter.numel() for parameter in model.parameters())
    timed = "time" in task.campaign.plan.objectives or not _beaten(task, weights, value)
    cost = task.speed(config_of(task, settings)) if timed else None
    for name, found in (("metrics", metrics), ("weights", weights), ("us_per_event", cost), ("seconds", seconds)):
        trial.set_user_attr(name, found)
    values: dict[str, Any] = {"score": value, "time": cost}
    task.study.tell(trial, [values[objective] for objective in task.campaign.plan.objectives], skip_if_finished=True)


def _beaten(task: Task, weights: int, value: float) -> bool:
    """Whether a network of as few weights already has a better score: then this one is not on the front, and is not timed."""
    sign = -1 if task.campaign.smaller else 1
    others = task.study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    rivals = (other.user_attrs for other in others)
    return any(found["weights"] <= weights and sign * found["metrics"][task.campaign.metric] > sign * value for found in rivals)


def judge(task: Task, model: Model) -> dict[str, float]:
    """Metrics on the validation split; the test split is not looked at before there is a winner."""
    usecase = task.campaign.usecase
    found = usecase.score(run_model(model, usecase.signature, task.validation.inputs), task.validation)
    return {name: interval.value for name, interval in found.items()}


def _watch(task: Task, trial: Trial, epoch: int, loss: float) -> None:
    """Tell the pruner how the training goes, in the sense in which the score is good."""
    if len(task.campaign.plan.objectives) > 1 or epoch >= task.campaign.config.train.epochs:
        return
    trial.report(loss if task.campaign.smaller else -loss, epoch)
    if trial.should_prune():
        raise optuna.TrialPruned


def _prune(task: Task, trial: Trial, why: str, seconds: float) -> None:
    attributes: dict[str, Any] = {"why": why, "seconds": seconds}
    for name, found in attributes.items():
        trial.set_user_attr(name, found)
    task.study.tell(trial, state=TrialState.PRUNED, skip_if_finished=True)
