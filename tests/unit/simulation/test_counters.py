"""Random numbers by place: even, independent, and the same in whatever batch."""

import numpy as np
import pytest

from bartik.simulation.counters import event_keys, normal, poisson, uniform, within

KEYS = within(event_keys(1, [7])[0], np.arange(200_000))


def test_numbers_do_not_depend_on_the_batch():
    assert np.array_equal(uniform(KEYS[5:9]), uniform(KEYS)[5:9])
    assert np.array_equal(event_keys(3, [1, 2, 3])[1:], event_keys(3, [2, 3]))
    assert len(np.unique(KEYS)) == len(KEYS)


def test_numbers_are_even_between_0_and_1_and_independent():
    first, second = uniform(KEYS), uniform(KEYS, 1)
    assert 0 < first.min() < 1e-4
    assert 1 - 1e-4 < first.max() < 1
    counts = np.histogram(first, 100, (0, 1))[0]
    assert ((counts - 2000) ** 2 / 2000).sum() == pytest.approx(99, abs=60)  # chi2 of 99 degrees of freedom, width 14
    for other in (second, np.roll(first, 1), uniform(within(KEYS, np.zeros(1, int)))):
        assert abs(np.corrcoef(first, other)[0, 1]) < 0.01


def test_gaussian_and_poisson_numbers_have_the_moments_they_should():
    x, y = normal(KEYS, 2)
    assert [x.mean(), y.mean(), (x * y).mean()] == pytest.approx([0, 0, 0], abs=0.01)
    assert [x.std(), y.std(), (x**4).mean()] == pytest.approx([1, 1, 3], rel=0.03)
    for mean in (0.0, 0.3, 7.6, 120.0):
        drawn = poisson(KEYS, np.full(len(KEYS), mean))
        assert drawn.mean() == pytest.approx(mean, rel=0.01)
        assert drawn.var() == pytest.approx(mean, rel=0.02)
