"""The toy of run-by-run histograms has the parameters of the publication."""

import numpy as np
import pytest

from bartik.core import UsageError
from bartik.simulation.runs import BINS, EDGES, Conditions, generate_runs, shares


@pytest.fixture(scope="module")
def stream():
    return generate_runs(5000, seed=3)


def test_the_same_seed_gives_the_same_runs_and_another_others():
    first, again, other = (generate_runs(40, seed=seed) for seed in (1, 1, 2))
    assert all((a == b).all() for a, b in zip(first, again, strict=True))
    assert (first.counts != other.counts).any()


def test_one_run_in_ten_is_bad_and_has_one_to_nineteen_dead_bins(stream):
    assert stream.bad.sum() == 500
    dead = stream.dead.sum(axis=1)
    assert dead[~stream.bad].max() == 0
    assert (dead[stream.bad].min(), dead[stream.bad].max()) == (1, 19)
    assert not stream.counts[stream.dead].any()


def test_counts_scatter_about_what_is_expected_of_the_run(stream):
    good = ~stream.bad
    enough = stream.actual[good] > 20
    pulls = ((stream.counts - stream.actual)[good] / np.sqrt(stream.actual[good].clip(min=1)))[enough]
    assert abs(pulls.mean()) < 0.02
    upper = np.broadcast_to(np.arange(BINS) >= BINS // 2, enough.shape)[enough]
    assert pulls[~upper].var() == pytest.approx(1, abs=0.05)  # Poisson; above half of the runs have entries that count twice
    assert 1.1 < pulls[upper].var() < 1.5


def test_the_upper_half_gains_or_loses_a_share_at_random():
    calm = generate_runs(400, 1, Conditions(bad=0.0, drift=0.0, jump=0.0))
    half = BINS // 2
    ratio = calm.expected[:, half:].sum(axis=1) / calm.expected[:, :half].sum(axis=1)
    assert set(np.round(ratio, 6)) == {0.6, 1.4}
    assert 0.4 < (ratio > 1).mean() < 0.6
    found = calm.counts[:, half:].sum(axis=1) / calm.counts[:, :half].sum(axis=1)
    assert np.abs(found / ratio - 1).mean() < 0.03


def test_expected_is_one_of_the_two_states(stream):
    wanted = stream.expected / stream.expected.sum(axis=1, keepdims=True)
    assert np.abs(stream.states - wanted[:, None]).max(axis=2).min(axis=1).max() < 1e-12


def test_mean_and_width_jump_about_once_in_a_hundred_runs_and_stay(stream):
    assert 25 < stream.jumped.sum() < 80
    middle = (EDGES[1:] + EDGES[:-1]) / 2
    mean = (stream.states[:, 0] * middle).sum(axis=1)
    step = np.abs(np.diff(mean))
    assert step[~stream.jumped[1:]].max() < 0.02
    assert np.median(step[stream.jumped[1:]]) > 0.1


def test_without_anything_happening_runs_are_the_same_gaussian():
    calm = generate_runs(10, 1, Conditions(bad=0.0, drift=0.0, jump=0.0, systematic=0.0))
    assert np.abs(calm.states - calm.states[0, 0]).max() < 1e-12
    assert shares(np.zeros(1), np.ones(1)).sum() == pytest.approx(1, abs=1e-6)


def test_no_runs_are_refused():
    with pytest.raises(UsageError, match="0 runs"):
        generate_runs(0, 1)
