"""Events that are interpreted: tracks, vertices and decays, the pairs looked at, and truth that comes back to the last tree.

Numbers without another source are those of 400 toy events on 2026-11-28; the tolerance is that of the sample here.
"""

from __future__ import annotations

import numpy as np
import pytest

from bartik.metrics import auc
from bartik.metrics.decay_trees import PERFECT, matrix_of, outcomes, roots
from bartik.simulation.conditions import SETS
from bartik.simulation.generate import Order, make_events
from bartik.simulation.response.primary import found_vertices, tracks_of
from bartik.usecases.event_interpretation.decays import decays_of
from bartik.usecases.event_interpretation.event import generations
from bartik.usecases.event_interpretation.graph import candidate_pairs, impact
from bartik.usecases.event_interpretation.truth import events_of_sample


@pytest.fixture(scope="module")
def sample():
    return make_events(Order("bbbar", SETS["run3"], 11, "parametric"), 200, progress=lambda _: None)


@pytest.fixture(scope="module")
def events(sample):
    return list(events_of_sample(sample, 11, 0))


def test_events_are_of_the_size_of_run_3(events):
    """Published: some 150 tracks and five visible collisions (the sets of arXiv:2504.21844); the toy's are long tracks alone."""
    assert np.mean([len(event) for event in events]) == pytest.approx(107, rel=0.1)
    assert np.mean([len(event.vertices) for event in events]) == pytest.approx(5.5, rel=0.15)
    kept = [event for event in events if event.decays]
    assert len(kept) / len(events) == pytest.approx(0.35, abs=0.08)
    several = np.mean([len(roots(event.decays)) > 1 for event in kept])
    assert 0.1 < several < 0.6  # published: some 40% have more than one b decay


def test_vertices_are_as_far_from_the_collisions_as_the_detector_resolves(sample):
    """13 and 71 um with 25 tracks (arXiv:1405.7808)."""
    found, rows = found_vertices(np.random.default_rng(1), sample)
    true = np.stack([sample.collisions[axis][rows] for axis in "xyz"], axis=1)
    pull = (found - true) * np.sqrt(tracks_of(sample)[rows] / 25)[:, np.newaxis] * 1000
    np.testing.assert_allclose(pull.std(axis=0), [13, 13, 71], rtol=0.1)


def test_decays_have_a_few_tracks_in_two_generations(events):
    tops = [(event, top) for event in events for top in roots(event.decays)]
    assert np.mean([len(top) for _, top in tops]) == pytest.approx(3.9, abs=0.4)
    heights = [matrix_of([group for group in event.decays if group <= top], len(event)).max() for event, top in tops]
    assert set(heights) <= {1, 2, 3, 4}
    assert np.mean(np.array(heights) == 2) > 0.4


def test_most_pairs_of_a_decay_are_looked_at_and_most_others_are_not(events):
    looked, true, every = 0, 0, 0
    for event in events:
        pairs = candidate_pairs(event.tracks)
        looked += int((generations(event.clusters, *pairs.T) > 0).sum())
        true += int((generations(event.clusters, *np.triu_indices(len(event), 1)) > 0).sum())
        every += len(pairs)
    assert looked / true == pytest.approx(0.90, abs=0.03)
    assert every / sum(len(event) * (len(event) - 1) / 2 for event in events) < 0.2


def test_tracks_of_b_decays_are_displaced(events):
    significance = np.concatenate([impact(event.tracks)[1] for event in events])
    signal = np.concatenate([event.signal for event in events])
    assert auc(significance[signal], significance[~signal]).value == pytest.approx(0.88, abs=0.03)


def test_with_true_generations_of_all_pairs_every_decay_is_perfect(events):
    for event in events:
        pairs = np.stack(np.triu_indices(len(event), 1), axis=1)
        sure = np.eye(4)[generations(event.clusters, *pairs.T)]
        deep = {top for top in roots(event.decays) if matrix_of([one for one in event.decays if one <= top], len(event)).max() > 3}
        found = decays_of(pairs, sure, len(event), 0.5)
        for top, outcome in zip(roots(event.decays), outcomes(event.decays, found), strict=True):
            assert outcome.category == PERFECT or top in deep
