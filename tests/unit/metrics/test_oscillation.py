import numpy as np
import pytest

from bartik.core import DataError
from bartik.metrics import fit_oscillation, smeared_cosine

LIFETIME, RESOLUTION = 1.5, 0.045


def decays(rows: int, frequency: float, dilution: float, seed: int = 1):
    random = np.random.default_rng(seed)
    true = random.exponential(LIFETIME, rows)
    agrees = np.where(random.random(rows) < (1 + dilution * np.cos(frequency * true)) / 2, 1, -1)
    return true + random.normal(0, RESOLUTION, rows), agrees, np.full(rows, dilution)


@pytest.mark.parametrize("frequency", [0.5, 17.8])
def test_the_smeared_cosine_is_the_mean_of_the_cosine_over_true_times(frequency):
    time, agrees, _ = decays(400_000, frequency, 1.0)
    for low, high in ((-0.05, 0.0), (0.1, 0.14), (1.0, 1.04)):
        mine = (time >= low) & (time < high)
        expected = smeared_cosine(time[mine], frequency, LIFETIME, RESOLUTION).mean()
        assert agrees[mine].mean() == pytest.approx(expected, abs=4 / np.sqrt(mine.sum()))


@pytest.mark.parametrize("frequency", [0.5065, 17.765])
def test_amplitude_and_frequency_come_back(frequency):
    found = fit_oscillation(*decays(20_000, frequency, 0.4), LIFETIME, RESOLUTION, frequency * 1.01)
    for interval, truth in ((found.amplitude, 1.0), (found.frequency, frequency)):
        assert abs(interval.value - truth) < 3 * (interval.high - interval.value)


def test_dilutions_that_claim_twice_the_truth_give_half_the_amplitude():
    time, agrees, dilution = decays(20_000, 0.5065, 0.3)
    found = fit_oscillation(time, agrees, 2 * dilution, LIFETIME, RESOLUTION, 0.5065).amplitude
    assert abs(found.value - 0.5) < 3 * (found.high - found.value)


def test_a_sample_without_tags_is_refused():
    with pytest.raises(DataError, match="no signal is tagged"):
        fit_oscillation(np.ones(3), np.ones(3), np.zeros(3), LIFETIME, RESOLUTION, 0.5)
