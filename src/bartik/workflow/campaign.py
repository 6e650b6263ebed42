"""A campaign from data to page: workers as ordinary jobs of Snakemake, here or on a batch system, then the winner's own run."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from optuna.study import Study

from bartik.core import BartikError, Progress
from bartik.core.files import read_json, remove, write_text
from bartik.core.plugins import usecase_name
from bartik.registry import TrialRecord, annotate, record_trials
from bartik.report import write_report
from bartik.tune.campaign import Campaign
from bartik.tune.cost import core_hours, joules
from bartik.tune.results import Done, Results, line_of, results_of
from bartik.tune.space import nested
from bartik.tune.study import open_study
from bartik.tune.worker import work
from bartik.workflow.campaign_page import page_of
from bartik.workflow.campaign_speed import NetworkSpeed
from bartik.workflow.engine import Rule, as_job, execute_rules, only_one
from bartik.workflow.flat import flat
from bartik.workflow.pipeline import code_of, run_steps
from bartik.workflow.plan import STEPS
from bartik.workflow.run import Run

_SAY_EVERY, _RECORD_EVERY = 5.0, 60.0
"""Seconds between two lines of progress, and between two visits to the registry."""


@dataclass(frozen=True)
class Where:
    """Where workers run: ``on`` a place that `bartik run` knows, so many ``jobs`` at most, each with ``resources``."""

    on: str
    jobs: int
    resources: Mapping[str, Any]


def drive(campaign: Campaign, where: Where, usecase: str, progress: Progress) -> Results:
    """Have workers do all trials; interrupted at any point, the same call goes on. `BartikError` where workers end without a result."""
    study = open_study(campaign)
    follow = _Follow(campaign, lambda: results_of(campaign, study), progress)
    with only_one(campaign.folder):
        while len((before := follow.look()).done) < campaign.plan.trials:
            rules = [_rule(campaign, where, usecase, number) for number in range(_workers(campaign, where, len(before.done)))]
            for rule in rules:
                remove(campaign.folder / rule["record"])
            names = [rule["name"] for rule in rules]
            execute_rules(rules, campaign.folder, on=where.on, late=names, most=where.jobs, meanwhile=follow)
            if len(follow.look().done) == len(before.done):
                raise BartikError(
                    f"{campaign.folder}: no trial was finished", hint=f"what the workers said is in {campaign.folder / 'logs'}"
                )
        follow.record()
    return follow.look()


def take_part(campaign: Campaign, run: Run, record: str = "") -> None:
    """Be one of the workers."""
    work(campaign, code_of(run, ("nn", "train")), NetworkSpeed(campaign))
    if record:
        write_text(campaign.folder / record, "done\n")


def finish(results: Results, study: Study, run: Run, cost: str) -> dict[str, Any]:
    """Take the winner through the ordinary pipeline and write the campaign's page; its version in the registry as plain values."""
    campaign, best = results.campaign, results.best
    if best is None:
        raise BartikError(f"{campaign.folder}: every trial was stopped early or diverged", hint="--pruner none, or another --space")
    winner = replace(run, config=run.config.replace(nested(best.settings)))
    run_steps(winner, STEPS)
    version: dict[str, Any] = read_json(winner.registered)
    parent = record_trials(usecase_name(campaign.usecase), campaign.key, [])
    annotate(f"{version['name']}/{version['number']}", {"mlflow.parentRunId": parent, "bartik.campaign": campaign.key})
    write_report(page_of(results, study, winner, cost), campaign.report)
    return version


def _workers(campaign: Campaign, where: Where, done: int) -> int:
    left = campaign.plan.trials - done
    return max(1, min(where.jobs, -(-left // campaign.plan.together)))


def _rule(campaign: Campaign, where: Where, usecase: str, number: int) -> Rule:
    record, log = f"workers/{number}.done", campaign.folder.resolve() / "logs" / f"worker_{number}.log"
    words = ["tune", usecase, "--out", str(campaign.folder.resolve()), "--join", "--record", record]
    log.parent.mkdir(exist_ok=True)
    resources = dict(where.resources)
    threads = resources.pop("threads", campaign.config.train.threads)
    command = as_job(words, log)
    return {"name": f"worker_{number}", "record": record, "after": [], "command": command, "threads": threads, "resources": resources}


class _Follow:
    """Looks at the trials while others do them: a line of progress now and then, and what is finished into the registry."""

    def __init__(self, campaign: Campaign, look: Callable[[], Results], progress: Progress) -> None:
        self.campaign, self.look, self.progress = campaign, look, progress
        self.started, self.before = time.monotonic(), len(look().done)
        self.said = self.recorded = time.monotonic()
        self.counted = -1

    def __call__(self) -> None:
        now = time.monotonic()
        if now - self.said > _SAY_EVERY:
            self.said = now
            self.progress(line_of(self.look(), now - self.started, self.before))
        if now - self.recorded > _RECORD_EVERY:
            self.record()
            self.recorded = time.monotonic()

    def record(self) -> None:
        """Finished trials become child runs in the registry."""
        results = self.look()
        if len(results.done) != self.counted:
            record_trials(usecase_name(self.campaign.usecase), self.campaign.key, [_recorded(trial) for trial in results.done])
            self.counted = len(results.done)


def _recorded(trial: Done) -> TrialRecord:
    metrics: dict[str, float] = {**trial.metrics, "seconds": trial.seconds}
    if trial.us_per_event is not None:
        metrics["us per event"] = trial.us_per_event
    return TrialRecord(trial.number, flat(trial.settings), metrics, trial.why or "finished", trial.begun, trial.ended)


def spent(results: Results, used_before: float | None) -> str:
    """Core-hours, and the energy of this machine where it tells."""
    now = joules()
    energy = f", {(now - used_before) / 3.6e6:.3g} kWh" if now is not None and used_before is not None and now >= used_before else ""
    return f"{core_hours(results):.2g} core-hours of training{energy}"
