"""Two models on the same draws."""

import numpy as np
import pytest

from bartik.core import UsageError
from bartik.metrics import auc, bootstrap, paired_bootstrap
from bartik.metrics.resampling import values_only


def _aucs(scores, target):
    def metrics(rows):
        found = []
        for score in scores:
            drawn, truth = score[rows], target[rows]
            found.append({"AUC": auc(drawn[truth == 1], drawn[truth == 0]).value})
        return tuple(found)

    return metrics


@pytest.fixture
def sample():
    rng = np.random.default_rng(0)
    target = rng.integers(0, 2, 2000)
    easy = target + rng.normal(size=2000)
    return easy, target, rng


def test_what_both_models_share_cancels_in_the_difference(sample):
    easy, target, rng = sample
    slightly_worse = easy + 0.05 * rng.normal(size=2000)
    found = paired_bootstrap(_aucs((slightly_worse, easy), target), np.arange(2000))["AUC"]
    width = found.difference.high - found.difference.low
    assert width < 0.2 * (found.old.high - found.old.low)
    assert found.difference.value == pytest.approx(found.new.value - found.old.value)


def test_the_interval_covers_the_difference_of_other_samples():
    rng = np.random.default_rng(1)

    def draw():
        target = rng.integers(0, 2, 400)
        return target, target + rng.normal(size=400), target + 1.2 * rng.normal(size=400)

    differences = [a["AUC"] - b["AUC"] for target, x, y in (draw() for _ in range(200)) for a, b in [_aucs((x, y), target)(np.arange(400))]]
    truth = float(np.mean(differences))
    covered = 0
    for _ in range(60):
        target, x, y = draw()
        found = paired_bootstrap(_aucs((x, y), target), np.arange(400), replicas=100)["AUC"].difference
        covered += found.low <= truth <= found.high
    assert 0.5 < covered / 60 < 0.85


def test_rows_of_one_event_are_drawn_together():
    seen = []
    paired_bootstrap(lambda rows: (seen.append(rows), ({"n": len(rows)}, {"n": 0.0}))[1], np.arange(2000) // 10, replicas=20)
    for rows in seen[1:]:
        events, counts = np.unique(rows // 10, return_counts=True)
        assert set(counts % 10) == {0}
        assert len(events) < 200


def test_the_same_seed_gives_the_same_intervals(sample):
    easy, target, _ = sample
    one, other = (paired_bootstrap(_aucs((easy, -easy), target), np.arange(2000), replicas=20, seed=3) for _ in range(2))
    assert one == other


def test_intervals_are_left_out_where_samples_are_drawn_already():
    with values_only():
        found = bootstrap(lambda drawn: float(drawn.sum()), np.arange(5))
    assert (found.value, found.low, found.high) == (5, 5, 5)
    again = bootstrap(lambda drawn: float(drawn @ np.arange(5)), np.arange(5))
    assert again.low < again.high


def test_a_draw_of_one_class_does_not_count_and_too_many_of_them_are_refused():
    target = np.array([0, 0, 1, 0, 0, 1, 1, 0])
    score = np.arange(8.0)
    found = paired_bootstrap(_aucs((score, -score), target), np.arange(8) // 2)
    assert found["AUC"].difference.low <= found["AUC"].difference.value

    def of_all_events(rows):
        if len(np.unique(rows)) < 8:
            raise UsageError("an event is missing")
        return {"n": 1.0}, {"n": 1.0}

    with pytest.raises(UsageError, match="draws of 8 events have rows of one class only"):
        paired_bootstrap(of_all_events, np.arange(8), replicas=40)
