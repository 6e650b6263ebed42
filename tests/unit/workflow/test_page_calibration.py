"""When a page shows whether a score means what it says."""

import re
from types import SimpleNamespace

import numpy as np
import pytest

from bartik.core import Dataset
from bartik.core.files import write_arrays
from bartik.workflow import page_calibration

RNG = np.random.default_rng(1)
SCORE = RNG.random((2000, 1)).astype(np.float32)
TARGET = (RNG.random(2000) < SCORE[:, 0]).astype(np.float32)


def drawn(folder, score, target, weights=None):
    write_arrays(folder / "scores.npz", {"trees": score, "peer": score})
    test = Dataset({}, target, weights)
    return list(page_calibration.figures(SimpleNamespace(split=lambda _: test, scores=folder / "scores.npz")))


def test_a_probability_of_two_classes_is_shown_in_bins(tmp_path):
    (figure,) = drawn(tmp_path, SCORE, TARGET)
    assert figure.title == "Calibration"
    assert re.search("<svg", figure.svg)
    points = page_calibration._points(SCORE[:, 0], TARGET)
    assert sum(rows for _, _, rows in points) == 2000
    assert all(abs(mean - share) < 5 * np.sqrt(0.25 / rows) for mean, share, rows in points)
    assert page_calibration._points(np.array([0.0, 1.0]), np.array([0.0, 1.0])) == [(0.0, 0.0, 1), (1.0, 1.0, 1)]


@pytest.mark.parametrize(
    ("score", "target", "weights"),
    [
        (4 * SCORE, TARGET, None),
        (SCORE, 3 * TARGET, None),
        (SCORE, TARGET, np.ones(2000)),
        (np.hstack([SCORE, SCORE]), TARGET, None),
        (SCORE[:100], TARGET, None),
    ],
)
def test_what_is_no_probability_of_a_row_is_not_shown(tmp_path, score, target, weights):
    assert drawn(tmp_path, score, target, weights) == []
