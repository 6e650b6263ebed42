import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from bartik.core import DataError
from bartik.exporters.edge_cases import LARGE, edge_rows


def test_rows_are_zeros_ends_turns_far_and_large():
    rows = edge_rows(np.array([[0, 1], [10, -1]], np.float32))
    np.testing.assert_array_equal(
        rows,
        np.array(
            [[0, 0], [0, -1], [10, 1], [10, -1], [0, 1], [-100, -21], [110, 21], [LARGE, LARGE], [-LARGE, -LARGE]],
            np.float32,
        ),
    )


@given(
    hnp.arrays(
        np.float32, st.tuples(st.integers(1, 5), st.integers(1, 4)), elements=st.floats(width=32, allow_nan=False, allow_infinity=False)
    )
)
def test_rows_are_always_finite_and_of_the_dtype_of_the_features(features):
    rows = edge_rows(features)
    assert rows.dtype == np.float32
    assert rows.shape == (9, features.shape[1])
    assert np.isfinite(rows).all()
    assert (rows.min(axis=0) <= features.min(axis=0)).all()
    assert (rows.max(axis=0) >= features.max(axis=0)).all()


def test_the_square_of_the_largest_is_finite():
    assert np.isfinite(np.float32(LARGE) ** 2 * np.float32(300))


@pytest.mark.parametrize(
    ("features", "words"),
    [
        (np.array([[1, 2], [3, np.nan]], np.float32), "column 1 of features holds values that are not finite"),
        (np.array([[np.inf, 2]], np.float32), "column 0"),
        (np.zeros((0, 3), np.float32), r"wanted features \[rows, columns\], got \[0, 3\]"),
        (np.zeros(3, np.float32), r"got \[3\]"),
    ],
)
def test_features_without_edges_are_refused(features, words):
    with pytest.raises(DataError, match=words):
        edge_rows(features)
