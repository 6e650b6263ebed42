"""Reference numbers of data quality: the template method on the public toy, and a network of the tiny configuration beside it."""

import numpy as np
import pytest

from bartik.backends import prepare
from bartik.metrics import auc, best_threshold, judgement
from bartik.simulation.runs import generate_runs
from bartik.testing.usecase import trial_of
from bartik.usecases.data_quality.peers import peers
from bartik.usecases.data_quality.score import score
from bartik.usecases.data_quality.stream import RunWatch
from bartik.usecases.data_quality.template import judge_stream

PUBLISHED = (0.942, 0.983)  # DINAMO-S on eight sets of its own toy, measured with its code: balanced accuracy ± 0.008, AUC
HISTORICAL = 1000


@pytest.fixture(scope="module")
def trial():
    return trial_of("data_quality")


def test_the_template_method_is_as_good_as_the_published_code_on_its_toy():
    found = []
    for seed in range(4):
        stream = generate_runs(5000, seed)
        scores = judge_stream(stream.counts, ~stream.bad, 0.65).score
        cut = best_threshold(scores[:HISTORICAL], stream.bad[:HISTORICAL])
        rest, bad = scores[HISTORICAL:], stream.bad[HISTORICAL:]
        found.append((judgement(rest, bad, cut).balanced_accuracy, auc(rest[bad], rest[~bad]).value))
    assert np.mean(found, axis=0) == pytest.approx(PUBLISHED, abs=0.02)


def test_even_a_tiny_network_tells_bad_runs_from_good_ones(trial):
    test = trial.data["test"]
    found = score(prepare(trial.bundle, "native").run(test.inputs), test)
    assert found["AUC"].value > 0.8
    assert found["balanced accuracy"].value > 0.65


def test_a_tiny_network_is_no_better_than_who_knows_the_conditions(trial):
    test = trial.data["test"]
    known = score({"score": peers(test, test, trial.config)["known conditions"]}, test)
    network = score(prepare(trial.bundle, "native").run(test.inputs), test)
    assert known["AUC"].value > 0.98
    assert known["AUC"].value > network["AUC"].value - 0.005


def test_a_reference_is_a_distribution_with_an_uncertainty(trial):
    answers = prepare(trial.bundle, "native").run(trial.data["test"].inputs)
    assert answers["reference"].sum(axis=1) == pytest.approx(np.ones(len(answers["reference"])), abs=1e-4)
    assert answers["sigma"].min() > 0


def test_run_by_run_is_the_same_as_all_at_once(trial):
    test = trial.data["test"]
    stream = test.spectators["stream"] == test.spectators["stream"][0]
    counts, bad = test.inputs["run"][stream][:40], test.target[stream][:40] > 0.5
    session = prepare(trial.bundle, "native")
    wanted = session.run({name: values[stream][:40] for name, values in test.inputs.items()})["score"][:, 0]
    watch, found = RunWatch(session, threshold=0.0), []
    for run, was_bad in zip(counts, bad, strict=True):
        found.append(watch.judge(run).score)
        if not was_bad:
            watch.learn(run)
    assert found == pytest.approx(wanted.tolist(), abs=1e-4)


def test_dead_bins_pull_down(trial):
    test = trial.data["test"]
    answers = prepare(trial.bundle, "native").run(test.inputs)
    full = test.spectators["dead"] & (answers["reference"] * test.inputs["run"].sum(axis=1, keepdims=True) > 100)
    assert full.sum() > 20
    assert answers["pull"][full].max() < -1
    assert np.median(answers["pull"][full]) < -3
