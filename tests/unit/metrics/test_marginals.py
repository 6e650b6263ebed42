import numpy as np
import pytest
from scipy.stats import ks_2samp

from bartik.metrics import cut_in_bins, ks_distance, ks_floor


def test_the_distance_is_that_of_scipy():
    rng = np.random.default_rng(1)
    one, other = rng.normal(size=700), rng.normal(0.1, 1.1, 900)
    assert ks_distance(one, other).value == pytest.approx(ks_2samp(one, other).statistic, abs=1e-12)


def test_the_floor_is_the_mean_of_equal_samples():
    rng = np.random.default_rng(2)
    found = [ks_distance(rng.random(400), rng.random(600)) for _ in range(300)]
    assert np.mean([one.value for one in found]) == pytest.approx(ks_floor(400, 600), rel=0.06)
    assert np.std([one.value for one in found]) == pytest.approx(found[0].high - found[0].value, rel=0.15)


def test_cuts_are_compared_bin_by_bin_where_there_is_enough():
    values = np.repeat([0.5, 1.5, 2.5], [400, 400, 10])
    passes = [np.arange(810) % 2 == 0, np.arange(810) % 4 == 0]
    found = cut_in_bins(passes, [values, values], np.arange(4.0))
    assert found.first[:2].tolist() == [0.5, 0.5]
    assert found.second[:2].tolist() == [0.25, 0.25]
    assert np.isnan(found.first[2])
    assert found.largest.value == 0.25
    assert found.largest.low < 0.25 < found.largest.high
