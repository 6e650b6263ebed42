"""The counter-based generator Philox4x32-10: J. K. Salmon et al., Parallel random numbers: as easy as 1, 2, 3, SC'11.

Random numbers are a function of a counter (four words of 32 bits) and a key (two): no state, no order, the same in Python and in C++, on
any number of threads. doi:10.1145/2063384.2063405; known answers are those of the authors' library Random123.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Words = npt.NDArray[np.uint32]
ROUNDS = 10
_FIRST, _SECOND = np.uint64(0xD2511F53), np.uint64(0xCD9E8D57)
_WEYL = (0x9E3779B9, 0xBB67AE85)
_HALF, _LOW = np.uint64(32), np.uint64(0xFFFFFFFF)


def philox(counters: Words, key: tuple[int, int]) -> Words:
    """Four words of 32 random bits [rows, 4] for each counter [rows, 4] under a ``key`` of two words.

    >>> philox(np.zeros((1, 4), np.uint32), (0, 0)).tolist() == [[0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8]]
    True
    """
    a, b, c, d = (column.astype(np.uint64) for column in np.asarray(counters, np.uint32).T)
    for turn in range(ROUNDS):
        one, two = (np.uint64((key[k] + turn * _WEYL[k]) & 0xFFFFFFFF) for k in (0, 1))
        first, second = _FIRST * a, _SECOND * c
        a, b, c, d = (second >> _HALF) ^ b ^ one, second & _LOW, (first >> _HALF) ^ d ^ two, first & _LOW
    return np.stack([a, b, c, d], axis=1).astype(np.uint32)


def uniform(words: Words) -> npt.NDArray[np.float32]:
    """Numbers in (0, 1), neither 0 nor 1, from the upper 23 bits of each word: exact in float32.

    >>> uniform(np.array([0, 2**32 - 1], np.uint32)).tolist() == [2.0**-24, 1 - 2.0**-24]
    True
    """
    return ((np.asarray(words) >> np.uint32(9)).astype(np.float32) + np.float32(0.5)) * np.float32(2.0**-23)
