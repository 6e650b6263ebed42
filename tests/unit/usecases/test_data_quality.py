"""Contexts, the template method, histograms from outside, runs as a stream."""

from types import SimpleNamespace

import numpy as np
import pytest

from bartik.core import ConfigError, DataError, load_config
from bartik.core.plugins import load_usecase, usecase_folder
from bartik.data.tables import read_table
from bartik.simulation.runs import BINS, EDGES, generate_runs
from bartik.usecases.data_quality.columns import MEMORY
from bartik.usecases.data_quality.data import contexts, data, wrong_bins
from bartik.usecases.data_quality.histograms import checked, read_stream
from bartik.usecases.data_quality.peers import known_conditions, peers
from bartik.usecases.data_quality.score import jaccard_of_bins, judged, score
from bartik.usecases.data_quality.stream import RunWatch, write_predictions
from bartik.usecases.data_quality.template import Template, judge_stream

GOOD = np.random.default_rng(1).poisson(50, BINS)


@pytest.fixture(scope="module")
def config():
    return load_config(usecase_folder(load_usecase("data_quality")), layer="tiny")


class Recorder:
    """Answers with how many good runs there are, and keeps what it was given."""

    def run(self, inputs, out=None):
        self.inputs = inputs
        there = np.float32((inputs["age"] > 0).sum())
        zeros = np.zeros((1, BINS), np.float32)
        pull = zeros.copy()
        pull[0, 7] = -5
        return {"score": np.array([[there]]), "reference": zeros, "sigma": zeros, "pull": pull}


def test_a_context_is_the_last_good_runs_before_a_run_and_never_the_run_itself():
    counts = np.arange(20)[:, None] * np.ones(BINS)
    good = np.arange(20) % 3 != 0
    context, age = contexts(counts, good)
    assert not context[:2].any()
    for run in range(20):
        wanted = [r for r in range(run) if good[r]][-MEMORY:]
        assert context[run, :, 0][age[run] > 0].tolist() == wanted
        assert age[run][age[run] > 0].tolist() == [run - r for r in wanted]


def test_rows_do_not_depend_on_what_comes_later():
    whole, part = generate_runs(60, 5), 30
    context, age = contexts(whole.counts, ~whole.bad)
    early, ages = contexts(whole.counts[:part], ~whole.bad[:part])
    assert (context[:part] == early).all()
    assert (age[:part] == ages).all()


def test_bins_are_wrong_only_in_bad_runs_and_where_many_entries_are_missing():
    stream = generate_runs(500, 5)
    wrong = wrong_bins(stream)
    assert not wrong[~stream.bad].any()
    full = stream.dead & (stream.expected > 50)
    assert wrong[full].all()


def test_too_few_runs_to_judge_are_refused(config):
    with pytest.raises(ConfigError, match="1 streams of 100 runs"):
        data("train", config.replace({"data": {"runs": {"train": 100}}}))


def test_the_template_is_the_inverse_variance_weighted_mean_of_good_runs():
    runs = np.random.default_rng(2).poisson(100, (40, 5)).astype(float)
    template = Template(5, memory=0.5)
    for run in runs:
        template.learn(run)
    share = runs / runs.sum(axis=1, keepdims=True)
    weight = 1 / (share * (1 - share) / runs.sum(axis=1, keepdims=True) + 1e-9)
    weight *= (0.5 ** np.arange(40)[::-1])[:, None]
    assert template.reference == pytest.approx((weight * share).sum(axis=0) / weight.sum(axis=0), rel=1e-6)


def test_the_template_does_not_learn_bad_runs():
    counts = np.full((10, BINS), 50.0)
    counts[5, :50] = 200
    kept, spoilt = (judge_stream(counts, np.arange(10) != leave, 0.5).score for leave in (5, -1))
    assert kept[6] < spoilt[6]


def test_peers_have_a_score_for_each_row_and_who_knows_the_conditions_is_best(config):
    test = data("test", config)
    found = peers(test, test, config)
    assert all(values.shape == (test.rows, 1) and np.isfinite(values).all() for values in found.values())
    metrics = {name: score({"score": values}, test) for name, values in found.items()}
    assert metrics["known conditions"]["AUC"].value > metrics["template"]["AUC"].value
    assert (known_conditions(test, config) == found["known conditions"]).all()


def test_thresholds_come_from_the_first_runs_alone(config):
    test = data("test", config)
    scores = test.target[:, None].astype(float)
    for stream in judged(scores, test):
        assert stream.threshold == 0.5
        assert test.spectators["number"][stream.rows].min() == config.data.historical
    turned = np.where(test.spectators["historical"][:, None], scores, 1 - scores)
    assert score({"score": turned}, test)["balanced accuracy"].value == 0


def test_bins_are_judged_in_bad_runs_after_the_historical_ones(config):
    test = data("test", config)
    counted = (test.target > 0.5) & ~test.spectators["historical"]
    pulls = np.where(test.spectators["wrong"], -9.0, 0.0)
    assert jaccard_of_bins(pulls, test).value == 1
    assert jaccard_of_bins(np.where(counted[:, None], pulls, 9.0), test).value == 1
    assert jaccard_of_bins(np.where(pulls < 0, 0.0, 9.0), test).value == 0


def test_a_watch_keeps_the_last_good_runs_and_how_long_ago_they_were():
    session = Recorder()
    watch = RunWatch(session, threshold=2)
    assert not watch.judge(GOOD).flagged
    watch.learn(GOOD)
    watch.judge(GOOD + 1)  # nobody says it was good
    verdict = watch.judge(GOOD + 2)
    assert session.inputs["age"][0].tolist() == [0] * (MEMORY - 1) + [2]
    assert (session.inputs["context"][0, -1] == GOOD).all()
    assert verdict.bins.tolist() == [7]
    for _ in range(2 * MEMORY):
        watch.learn(GOOD)
        watch.judge(GOOD)
    assert watch.judge(GOOD).score == MEMORY


def test_a_watch_gives_the_rows_that_the_network_was_trained_on():
    stream, session = generate_runs(40, 2), Recorder()
    context, age = contexts(stream.counts.astype(np.float32), ~stream.bad)
    watch = RunWatch(session, threshold=99)
    for run, counts in enumerate(stream.counts):
        watch.judge(counts)
        assert (session.inputs["context"][0] == context[run]).all()
        assert (session.inputs["age"][0] == age[run]).all()
        if not stream.bad[run]:
            watch.learn(counts)


@pytest.mark.parametrize(
    ("counts", "message"),
    [
        (np.zeros(BINS), "no entries"),
        (np.full(BINS, 7), "every bin has 7 entries"),
        (np.where(np.arange(BINS) == 3, np.nan, 5.0), "1 of 100 bins are no number"),
        (np.where(np.arange(BINS) == 3, np.inf, 5.0), "1 of 100 bins are no number"),
        (np.where(np.arange(BINS) == 3, -2, 5), "bin 3 has -2 entries"),
        (np.ones(50), r"histogram of shape \(50,\)"),
        (GOOD / GOOD.sum(), "the bins sum to 1"),
        (np.array(["a"] * BINS), "wanted numbers of entries"),
    ],
)
def test_what_is_no_histogram_is_refused_with_the_name_of_the_run(counts, message):
    with pytest.raises(DataError, match=f"run 0: {message}"):
        RunWatch(Recorder(), 0.0).judge(counts)


@pytest.mark.parametrize(
    ("edges", "message"),
    [(EDGES[:-1], "100 edges for 100 bins"), (EDGES**3, "bins of different widths"), (EDGES[::-1], "bins of different widths")],
)
def test_another_binning_is_refused(edges, message):
    with pytest.raises(DataError, match=message):
        checked(GOOD, "run 0", edges)
    assert (checked(GOOD, "run 0", 3 * EDGES + 1) == GOOD).all()


def test_a_refused_run_counts_as_none():
    watch = RunWatch(Recorder(), 0.0)
    with pytest.raises(DataError):
        watch.judge(np.zeros(BINS))
    watch.judge(GOOD)
    assert watch.number == 0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"counts": None}, "no array 'counts'"),
        ({"edges": None}, "no array 'edges'"),
        ({"good": None}, "no array 'good'"),
        ({"counts": GOOD}, "counts of shape"),
        ({"good": np.full(4, 2)}, "good must be 1 or 0"),
        ({"good": np.ones(3)}, "good must be 1 or 0"),
        ({"counts": np.stack([GOOD, GOOD, -GOOD, GOOD])}, "run 2: bin 0 has"),
    ],
)
def test_a_file_that_cannot_be_is_refused(tmp_path, change, message):
    arrays = {"counts": np.stack([GOOD] * 4), "edges": EDGES, "good": np.ones(4)} | change
    np.savez(tmp_path / "runs.npz", **{name: values for name, values in arrays.items() if values is not None})
    with pytest.raises(DataError, match=message):
        read_stream(tmp_path / "runs.npz")


def test_own_runs_are_split_in_time_and_begin_with_those_before(tmp_path, config):
    stream = generate_runs(1000, 4)
    path = tmp_path / "runs.npz"
    np.savez(path, counts=stream.counts, edges=EDGES, good=~stream.bad)
    mine = config.replace({"data": {"path": str(path), "historical": 50}})
    parts = [data(split, mine) for split in ("train", "validation", "test")]
    assert [part.rows for part in parts] == [500, 200, 300]
    assert np.concatenate([part.spectators["number"] for part in parts]).tolist() == list(range(1000))
    assert (parts[1].inputs["age"][0] > 0).all()
    with pytest.raises(DataError, match="200 of its 1000 runs for validation"):
        data("validation", mine.replace({"data": {"historical": 400}}))


@pytest.mark.parametrize("labelled", [True, False])
def test_a_file_is_judged_run_by_run(tmp_path, labelled):
    np.savez(tmp_path / "runs.npz", counts=np.stack([GOOD] * 6), edges=EDGES, **({"good": np.ones(6)} if labelled else {}))
    bundle = SimpleNamespace(working_points={"flagged": 3.0})
    assert write_predictions(bundle, Recorder(), tmp_path / "runs.npz", tmp_path / "out.csv") == 6
    found = read_table(tmp_path / "out.csv", ["run", "score", "flagged", "wrong_bins"])
    learnt = [0, 1, 2, 3, 4, 5] if labelled else [0, 1, 2, 3, 3, 3]  # without labels a flagged run is not learnt
    assert found["score"].tolist() == learnt
    assert found["flagged"].tolist() == [int(value >= 3) for value in learnt]
    assert set(found["wrong_bins"].tolist()) == {1}
