"""A worker: does trials until enough are done. Any number of them, on any machine that sees the campaign's folder."""

from __future__ import annotations

from contextlib import suppress

from optuna.exceptions import UpdateFinishedTrialError

from bartik.core import Dataset, Split
from bartik.core.files import read_arrays, read_json
from bartik.tune.campaign import Campaign
from bartik.tune.claim import at_work, claim
from bartik.tune.study import choose_sampler, open_study
from bartik.tune.trial import Speed, Task, do_together, do_trial


def work(campaign: Campaign, code: str, speed: Speed) -> None:
    """Do trials until the campaign has enough; killed at any point, another worker does what this one had begun."""
    study = open_study(campaign)
    task = Task(campaign, study, split_of(campaign, "train"), split_of(campaign, "validation"), code, speed)
    with at_work(campaign) as name:
        choose_sampler(campaign, study, name)
        while taken := claim(campaign, study, name, campaign.plan.together):
            with suppress(UpdateFinishedTrialError):  # another worker took this one for dead, and does its trials
                if campaign.plan.together > 1:
                    do_together(task, taken)
                else:
                    do_trial(task, taken[0])


def split_of(campaign: Campaign, split: Split) -> Dataset:
    """Rows of one split, as all trials see them."""
    path = campaign.candidate / "data" / f"{split}.npz"
    return Dataset.from_arrays(read_arrays(path), read_json(campaign.data_record)[split]["source"])
