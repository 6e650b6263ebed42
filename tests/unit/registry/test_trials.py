import pytest
from mlflow import MlflowClient

from bartik.registry import TrialRecord, record_trials
from bartik.registry.connection import connect


def trial(number, score=0.9):
    return TrialRecord(number, {"model.hidden": [5, 5]}, {"AUC at 99%": score}, "finished", 1000.0 + number, 1002.0 + number)


def test_every_trial_is_a_child_run_once_however_often_it_is_recorded(home):
    parent = record_trials("alpha", "abc", [trial(0), trial(1)])
    assert record_trials("alpha", "abc", [trial(0), trial(1), trial(2, 0.95)]) == parent
    assert record_trials("alpha", "def", []) != parent
    client = connect().client()
    experiment = client.get_experiment_by_name("alpha").experiment_id
    runs = client.search_runs([experiment], f"tags.`mlflow.parentRunId` = '{parent}'")
    found = {run.data.tags["bartik.trial"]: run for run in runs}
    assert sorted(found) == ["0", "1", "2"]
    assert found["2"].data.metrics == {"AUC at 99 percent": 0.95}
    assert found["2"].data.params == {"model.hidden": "[5, 5]"}
    assert (found["2"].info.start_time, found["2"].info.end_time) == (1_002_000, 1_004_000)
    assert {run.info.status for run in runs} == {"FINISHED"}


def test_a_trial_cut_off_while_it_was_recorded_is_recorded_again(home, monkeypatch):

    parent = record_trials("alpha", "abc", [])

    def cut_off(*arguments, **words):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(MlflowClient, "log_batch", cut_off)
        with pytest.raises(KeyboardInterrupt):
            record_trials("alpha", "abc", [trial(0)])
    record_trials("alpha", "abc", [trial(0)])
    client = connect().client()
    experiment = client.get_experiment_by_name("alpha").experiment_id
    assert len(client.search_runs([experiment], f"tags.`mlflow.parentRunId` = '{parent}'")) == 1
