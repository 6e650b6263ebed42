import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier

from bartik.core import ConfigError, load_config
from bartik.core.plugins import load_usecase, usecase_folder
from bartik.metrics import auc
from bartik.usecases.topological_trigger.cuts import tightness
from bartik.usecases.topological_trigger.pruned import prune, tree_values
from bartik.usecases.topological_trigger.uniform import Growth, boost, flatness_gradient, quantile_bins, unevenness


def along_a_variable(rows=4000, seed=1):
    """Signal whose one useful feature grows with its lifetime, and background."""
    rng = np.random.default_rng(seed)
    target = (np.arange(rows) % 2).astype(np.float32)
    time = rng.exponential(1, rows)
    useful = np.where(target > 0.5, time + rng.normal(0.5, 0.5, rows), rng.normal(0, 0.7, rows))
    other = np.where(target > 0.5, rng.normal(1, 1, rows), rng.normal(0, 1, rows))
    return np.stack([useful, other], axis=1).astype(np.float32), target, time


def kept(trees, features, target, share=0.1):
    scores = trees.scores(features)
    return (scores >= np.quantile(scores[target < 0.5], 1 - share))[target > 0.5]


@pytest.fixture(scope="module")
def both():
    features, target, time = along_a_variable()
    bins = quantile_bins(time, target > 0.5, 6)
    made = [boost(features, target, np.ones(len(target)), [bins], Growth(40, 3, 0.1, weight)) for weight in (0.0, 8.0)]
    return made, along_a_variable(seed=2)


def test_with_the_flatness_the_efficiency_is_more_even_and_still_better_than_chance(both):
    (plain, even), (features, target, time) = both
    bins = quantile_bins(time, target > 0.5, 6)[target > 0.5]
    steep, flat = (unevenness(kept(trees, features, target), bins) for trees in (plain, even))
    assert flat < 0.6 * steep
    assert kept(even, features, target).mean() > 0.2


def test_scores_of_a_bin_that_lags_behind_are_pulled_up():
    bins = np.repeat([0, 1], 50)
    scores = np.concatenate([np.linspace(0, 1, 50), np.linspace(2, 3, 50)])
    found = flatness_gradient(scores, bins, np.ones(100))
    assert (found[:49] > 0).all()
    assert (found[50:99] < 0).all()


def test_bins_that_are_alike_are_left_alone():
    scores = np.repeat(np.linspace(0, 1, 50), 2)
    assert np.abs(flatness_gradient(scores, np.tile([0, 1], 50), np.ones(100))).max() < 1e-12


def test_quantile_bins_hold_as_many_each():
    values = np.random.default_rng(1).exponential(1, 600)
    assert np.bincount(quantile_bins(values, values > 0, 6)).tolist() == [100] * 6


def test_cuts_tighten_together_and_a_mass_outside_of_the_window_never_passes():
    row = np.array([[6.0, 1.0, 3.0, 5.0, 0.05, 12.5, 1600.0]])
    assert tightness(row)[0] == pytest.approx(2.0)  # sum_pt twice its cut, min_pt twice, χ² of the flight sixteen times
    outside = row.copy()
    outside[0, 3] = 8.0
    assert tightness(outside)[0] == 0


def test_modes_that_do_not_exist_cannot_be_held_out():
    usecase = load_usecase("topological_trigger")
    config = load_config(usecase_folder(usecase), layer="tiny", settings=['data.held_out=["Bd_Kpi", "Bd_Nothing"]'])
    with pytest.raises(ConfigError, match="Bd_Nothing"):
        usecase.data("train", config)


def test_a_few_trees_do_nearly_what_all_do():
    features, target, _ = along_a_variable()
    trees = HistGradientBoostingClassifier(max_iter=100, max_leaf_nodes=6, random_state=1, early_stopping=False).fit(features, target)
    values = tree_values(trees, features)
    assert np.allclose(values.sum(axis=1), trees.decision_function(features), atol=1e-6)
    few = prune(values, target, np.ones(len(target)), 10)
    assert len(few.chosen) == 10
    unseen, truth, _ = along_a_variable(seed=3)
    whole, least = trees.decision_function(unseen), few.scores(tree_values(trees, unseen))
    assert auc(least[truth > 0.5], least[truth < 0.5]).value > auc(whole[truth > 0.5], whole[truth < 0.5]).value - 0.01
