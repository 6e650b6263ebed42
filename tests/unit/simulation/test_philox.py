"""Philox4x32-10 against the known answers of its authors' library Random123 (tests/kat_vectors)."""

import numpy as np
import pytest

from bartik.simulation.philox import philox, uniform

ONES = 0xFFFFFFFF
KNOWN = [
    ((0, 0, 0, 0), (0, 0), (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
    ((ONES, ONES, ONES, ONES), (ONES, ONES), (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
    ((0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344), (0xA4093822, 0x299F31D0), (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1)),
]


@pytest.mark.parametrize(("counter", "key", "answer"), KNOWN)
def test_known_answers(counter, key, answer):
    assert philox(np.array([counter], np.uint32), key)[0].tolist() == list(answer)


def test_a_number_is_the_same_in_whatever_batch():
    counters = np.arange(400, dtype=np.uint32).reshape(100, 4)
    assert np.array_equal(philox(counters, (1, 2))[40:], philox(counters[40:], (1, 2)))


def test_uniform_numbers_are_even_and_never_0_or_1():
    counters = np.zeros((50_000, 4), np.uint32)
    counters[:, 1] = np.arange(50_000)
    drawn = uniform(philox(counters, (7, 0))).ravel()
    assert 0 < drawn.min() < drawn.max() < 1
    assert drawn.mean() == pytest.approx(0.5, abs=4 / np.sqrt(12 * drawn.size))
    counts = np.histogram(drawn, 50, (0, 1))[0]
    assert ((counts - drawn.size / 50) ** 2 / (drawn.size / 50)).sum() < 49 + 6 * np.sqrt(98)
