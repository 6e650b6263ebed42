"""Trials of a campaign as child runs of one run in MLflow."""

from __future__ import annotations

from collections.abc import Sequence

from mlflow import MlflowClient
from mlflow.entities import Metric, Param, RunTag

from bartik.registry.connection import Connection, all_pages
from bartik.registry.describing import CAMPAIGN_TAG, PARENT_TAG
from bartik.registry.records import TrialRecord, metric_values, plain_name
from bartik.registry.store import experiment_of

_TRIAL_TAG = "bartik.trial"
_LONGEST = 6000  # characters of a parameter, the most MLflow takes


def record_trials(connection: Connection, name: str, campaign: str, trials: Sequence[TrialRecord]) -> str:
    """See `bartik.registry.record_trials`."""
    with connection.writing() as client:
        experiment = experiment_of(connection, client, name)
        parent = _parent(client, experiment, name, campaign)
        there = {run.data.tags.get(_TRIAL_TAG) for run in all_pages(client.search_runs, _children(parent), experiment_ids=[experiment])}
        for trial in trials:
            if str(trial.number) not in there:
                _record(client, experiment, parent, campaign, trial)
        return parent


def _parent(client: MlflowClient, experiment: str, name: str, campaign: str) -> str:
    wanted = f"tags.`{CAMPAIGN_TAG}` = '{campaign}' and tags.`bartik.kind` = 'campaign'"
    found = client.search_runs([experiment], wanted)
    if found:
        return str(found[0].info.run_id)
    tags = {CAMPAIGN_TAG: campaign, "bartik.kind": "campaign"}
    made = client.create_run(experiment, run_name=f"{name}-campaign-{campaign[:8]}", tags=tags)
    client.set_terminated(made.info.run_id, "FINISHED")
    return str(made.info.run_id)


def _children(parent: str) -> str:
    return f"tags.`{PARENT_TAG}` = '{parent}'"


def _record(client: MlflowClient, experiment: str, parent: str, campaign: str, trial: TrialRecord) -> None:
    """The tag that says it is recorded comes last, with everything else: a trial cut off before is recorded again."""
    begun, ended = int(1000 * trial.begun), int(1000 * trial.ended)
    made = client.create_run(experiment, start_time=begun, run_name=f"trial-{trial.number}").info.run_id
    parameters = [Param(plain_name(key), str(value)[:_LONGEST]) for key, value in trial.parameters.items()]
    metrics = [Metric(key, value, ended, 0) for key, value in metric_values(trial.metrics).items()]
    tags = {PARENT_TAG: parent, CAMPAIGN_TAG: campaign, "bartik.state": trial.state, _TRIAL_TAG: str(trial.number)}
    client.log_batch(made, metrics, parameters, [RunTag(key, value) for key, value in tags.items()])
    client.set_terminated(made, "FINISHED", ended)
