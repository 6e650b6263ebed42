import math
from types import SimpleNamespace

import numpy as np
import pytest
from optuna.trial import TrialState

from bartik.core import Config, Dataset, Interval, UnknownNameError, UsageError
from bartik.core.files import write_arrays, write_json
from bartik.nn.tabular import TabularClassifier, logistic_loss
from bartik.tune import claim as claims
from bartik.tune import worker
from bartik.tune.campaign import Campaign, Plan, join
from bartik.tune.claim import at_work, claim
from bartik.tune.cost import core_hours, estimate
from bartik.tune.results import importances, line_of, results_of
from bartik.tune.study import open_study
from bartik.tune.worker import work

CONFIG = Config(
    {
        "model": {"hidden": [8]},
        "train": {
            "seed": 1,
            "threads": 1,
            "epochs": 3,
            "patience": 3,
            "batch": 64,
            "learning_rate": 0.02,
            "weight_decay": 0.0,
            "balance": True,
        },
    }
)
SPACE = {
    "metric": "accuracy",
    "keys": {
        "model.hidden": {"length": [1, 2], "low": 4, "high": 16, "step": 4},
        "train.learning_rate": {"low": 1e-3, "high": 1e-1, "log": True},
    },
}


def accuracy(outputs, data):
    found = float(((outputs["score"][:, 0] > 0.5) == data.target).mean())
    return {"accuracy": Interval(found, found, found)}


SIGNATURE = SimpleNamespace(inputs=[SimpleNamespace(name="features")], outputs=[SimpleNamespace(name="score")])
USECASE = SimpleNamespace(
    model=lambda config: TabularClassifier([False, True], config.model.hidden), loss=logistic_loss, score=accuracy, signature=SIGNATURE
)


def rows(seed, count=300):
    random = np.random.default_rng(seed)
    target = (random.random(count) > 0.4).astype(np.float32)
    return Dataset({"features": (random.normal(size=(count, 2)) + target[:, None]).astype(np.float32)}, target)


def campaign(folder, config=CONFIG, space=SPACE, **plan):
    made = Campaign(folder, USECASE, config, space, Plan(**plan))
    datasets = {"train": rows(1), "validation": rows(2)}
    for split, data in datasets.items():
        write_arrays(made.candidate / "data" / f"{split}.npz", data.to_arrays())
    write_json(made.data_record, {split: {"digest": data.digest, "rows": data.rows, "source": ""} for split, data in datasets.items()})
    made.save()
    return made


def weights_as_time(config):
    """Microseconds, a number that grows with the network."""
    return float(sum(config.model.hidden))


def test_a_campaign_counts_as_many_trials_as_were_asked_for_and_begins_with_the_configuration_as_it_is(tmp_path):
    made = campaign(tmp_path, trials=12)
    work(made, "code", weights_as_time)
    found = results_of(made, open_study(made))
    assert len(found.done) == 12
    assert found.running == found.lost == 0
    assert found.done[0].settings == {"model.hidden": [8], "train.learning_rate": 0.02}
    assert found.best.score == max(trial.score for trial in found.complete)
    assert not list((tmp_path / "trials").glob("*"))
    assert "trial 12/12" in line_of(found, 1.0, 0)
    assert core_hours(found) == pytest.approx(sum(trial.seconds for trial in found.done) / 3600)
    assert set(importances(made, open_study(made))) <= {"model.hidden.length", "model.hidden.0", "train.learning_rate"}


def test_two_objectives_give_a_front_on_which_nobody_is_beaten(tmp_path):
    made = campaign(tmp_path, trials=12, objectives=("score", "time"))
    work(made, "code", weights_as_time)
    found = results_of(made, open_study(made))
    assert len(found.complete) == 12
    assert found.front
    for member in found.front:
        for other in found.complete:
            assert not (
                other.score >= member.score
                and other.us_per_event <= member.us_per_event
                and (other.score, other.us_per_event) != (member.score, member.us_per_event)
            )


@pytest.mark.parametrize("ways", [{"sampler": "cmaes"}, {"sampler": "random", "pruner": "none"}, {"pruner": "hyperband"}])
def test_every_sampler_and_pruner_finishes_a_campaign(tmp_path, ways):
    made = campaign(tmp_path, trials=4, **ways)
    work(made, "code", weights_as_time)
    assert len(results_of(made, open_study(made)).done) == 4


def test_trials_done_together_are_told_one_by_one(tmp_path):
    made = campaign(tmp_path, trials=12, together=5)
    work(made, "code", weights_as_time)
    found = results_of(made, open_study(made))
    assert len(found.complete) == 12
    first = found.done[0]
    alone = campaign(tmp_path / "alone", trials=1)
    work(alone, "code", weights_as_time)
    assert results_of(alone, open_study(alone)).done[0].metrics == pytest.approx(first.metrics, rel=1e-4)


def test_trials_are_kept_in_a_database_as_in_the_journal(tmp_path):
    made = campaign(tmp_path, trials=3, storage=f"sqlite:///{tmp_path}/trials.db")
    study = open_study(made)
    with at_work(made) as dead:
        made.space.suggest(claim(made, study, dead)[0])
    work(made, "code", weights_as_time)
    found = results_of(made, open_study(made))
    assert (len(found.done), found.lost) == (3, 1)
    assert not made.journal.exists()


def test_a_trial_whose_worker_died_is_tried_again_with_its_values_and_counted_once(tmp_path):
    made = campaign(tmp_path, trials=3)
    study = open_study(made)
    with at_work(made) as dead:
        lost = claim(made, study, dead)[0]
        settings = made.space.suggest(lost)
    with at_work(made) as alive:
        again = claim(made, study, alive)[0]
        assert made.space.suggest(again) == settings
        assert again.user_attrs[claims.AGAIN] == lost.number
        again.set_user_attr("metrics", {"accuracy": 0.5})
        again.set_user_attr("weights", 9)
        study.tell(again, 0.5)
    work(made, "code", weights_as_time)
    found = results_of(made, study)
    assert len(found.done) == 3
    assert found.lost == 1


def test_a_trial_of_a_living_worker_is_left_to_it_and_no_more_are_begun_than_count(tmp_path):
    made = campaign(tmp_path, trials=3)
    study = open_study(made)
    with at_work(made) as one, at_work(made) as other:
        assert len(claim(made, study, one, most=2)) == 2
        assert len(claim(made, study, other, most=2)) == 1
        assert claim(made, study, other) == []
        states = [trial.state for trial in study.get_trials()]
    assert states == [TrialState.RUNNING] * 3


def test_a_worker_taken_for_dead_is_not_counted_and_goes_on(tmp_path, monkeypatch):
    made = campaign(tmp_path, trials=3)
    do_trial, seen = worker.do_trial, []

    def taken_for_dead(task, trial):
        seen.append(trial.number)
        if len(seen) == 1:
            task.study._storage.set_trial_state_values(trial._trial_id, TrialState.FAIL)
        do_trial(task, trial)

    monkeypatch.setattr(worker, "do_trial", taken_for_dead)
    work(made, "code", weights_as_time)
    found = results_of(made, open_study(made))
    assert (len(found.done), found.lost, len(seen)) == (3, 1, 4)


def test_a_training_that_diverges_is_counted_and_has_a_reason(tmp_path):
    rates = {"keys": {"train.learning_rate": {"low": 1e30, "high": 1e31}}}
    hot = campaign(tmp_path, CONFIG.replace({"train": {"learning_rate": 1e30}}), SPACE | rates, trials=1)
    work(hot, "code", weights_as_time)
    found = results_of(hot, open_study(hot))
    assert [trial.score for trial in found.done] == [None]
    assert "diverged" in found.done[0].why
    assert found.best is None


def test_a_folder_holds_one_campaign_and_who_joins_finds_it_there(tmp_path):
    made = campaign(tmp_path, trials=5, sampler="random")
    found = join(tmp_path, USECASE)
    assert (found.key, found.plan, found.config.to_dict()) == (made.key, made.plan, made.config.to_dict())
    with pytest.raises(UsageError, match="another configuration"):
        Campaign(tmp_path, USECASE, CONFIG.replace({"train": {"batch": 32}}), SPACE, Plan()).save()
    with pytest.raises(UsageError, match="no campaign here"):
        join(tmp_path / "elsewhere", USECASE)


def test_a_plan_that_cannot_be_is_refused():
    with pytest.raises(UnknownNameError, match="tpee"):
        Plan(sampler="tpee")
    with pytest.raises(UsageError, match="cmaes"):
        Plan(sampler="cmaes", objectives=("score", "time"))
    with pytest.raises(UsageError, match="objectives"):
        Plan(objectives=("time",))
    with pytest.raises(UsageError, match="password"):
        Plan(storage="postgresql+psycopg://me:secret@host/trials")


def test_the_cost_is_told_before(tmp_path):
    made = campaign(tmp_path, trials=10)
    found = estimate(made, 10, 2, weights_as_time)
    assert found.training > 0
    assert math.isclose(found.core_hours, 10 * (found.training + found.measuring) / 3600)
    assert found.seconds >= 10 * found.measuring
    assert "10 trials left" in str(found)
