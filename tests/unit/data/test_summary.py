import doctest
import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from bartik.core import DataError
from bartik.data import summary
from bartik.data.summary import summarise, with_units
from bartik.data.values import Values, from_numpy, unreadable, words

DTYPES = st.sampled_from([np.float32, np.float64, np.int8, np.uint16, np.int64, np.uint64, np.bool_])
COLUMNS = DTYPES.flatmap(lambda dtype: hnp.arrays(dtype, st.integers(1, 60)))


def pieces(array, cuts):
    edges = [0, *sorted({cut % (len(array) + 1) for cut in cuts}), len(array)]
    return [("", {"x": from_numpy(array[first:last])}) for first, last in pairwise(edges)]


def only(array, cuts=()):
    (table,) = summarise(pieces(array, cuts))
    assert table.rows == len(array)
    return table.columns[0]


def test_the_examples_in_the_docstrings_are_true():
    assert doctest.testmod(summary).failed == 0


@given(array=COLUMNS)
@settings(deadline=None)
def test_a_summary_says_what_numpy_says(array):
    found = only(array)
    finite = array[np.isfinite(array)] if array.dtype.kind == "f" else array
    assert found.missing == (np.isnan(array).sum() if array.dtype.kind == "f" else 0)
    assert found.infinite == (np.isinf(array).sum() if array.dtype.kind == "f" else 0)
    if not len(finite):
        assert (found.min, found.max, found.mean, found.std) == (None, None, None, None)
        return
    assert (found.min, found.max) == (finite.min(), finite.max())
    with np.errstate(over="ignore", invalid="ignore"):
        mean, std = finite.astype(np.float64).mean(), finite.astype(np.float64).std()
    scale = float(np.abs(finite.astype(np.float64)).max())
    if math.isfinite(mean):
        assert found.mean == pytest.approx(mean, rel=1e-9, abs=1e-9 * scale)
    if math.isfinite(std):
        assert found.std == pytest.approx(std, rel=1e-6, abs=1e-7 * scale)


@given(array=COLUMNS, cuts=st.lists(st.integers(0, 100), max_size=5))
@settings(deadline=None)
def test_pieces_change_nothing_but_the_last_digits(array, cuts):
    whole, parts = only(array), only(array, cuts)
    assert (whole.digest, whole.min, whole.max, whole.missing, whole.infinite) == (
        parts.digest, parts.min, parts.max, parts.missing, parts.infinite,
    )  # fmt: skip
    scale = max(abs(whole.min or 0), abs(whole.max or 0), 1e-300)
    if whole.mean is not None and parts.mean is not None:
        assert parts.mean == pytest.approx(whole.mean, rel=1e-9, abs=1e-9 * scale)
    if whole.std is not None and parts.std is not None:
        assert parts.std == pytest.approx(whole.std, rel=1e-6, abs=1e-7 * scale)


@given(array=hnp.arrays(np.float64, st.integers(2, 20), elements=st.floats(allow_nan=False)), row=st.integers(0, 19))
def test_one_altered_value_alters_the_digest(array, row):
    other = array.copy()
    other[row % len(array)] += 1.0
    same = np.array_equal(array.view(np.uint64), other.view(np.uint64))
    assert (only(array).digest == only(other).digest) == same


def test_the_digest_tells_how_rows_are_divided():
    one = Values("float64[...]", 2, np.arange(3.0), (np.array([1, 2]),))
    other = Values("float64[...]", 2, np.arange(3.0), (np.array([2, 1]),))
    assert len({summarise([("", {"x": values})])[0].columns[0].digest for values in (one, other)}) == 2
    assert len({summarise([("", {"x": words(texts)})])[0].columns[0].digest for texts in (["ab", "c"], ["a", "bc"])}) == 2


def test_rows_without_a_value_are_counted_and_hashed():
    one, other = (Values("float64", 3, np.ones(2), (), np.array([row])) for row in (0, 1))
    (first,), (second,) = (summarise([("", {"x": values})])[0].columns for values in (one, other))
    assert (first.missing, second.missing) == (1, 1)
    assert first.digest != second.digest


def test_parts_with_other_columns_or_types_are_refused_by_name():
    first = ("", {"pt": from_numpy(np.ones(2))})
    with pytest.raises(DataError, match="column 'eta' is in one part and not in another"):
        summarise([first, ("", {"pt": from_numpy(np.ones(2)), "eta": from_numpy(np.ones(2))})])
    with pytest.raises(DataError, match="column 'pt' is float64 in one part and int64 in another"):
        summarise([first, ("", {"pt": from_numpy(np.ones(2, dtype=np.int64))})])


def test_a_column_nobody_can_read_has_rows_and_nothing_else():
    (column,) = summarise([("", {"x": unreadable(5)})])[0].columns
    assert (column.dtype, column.digest, column.min) == ("unreadable", "", None)


def test_units_are_given_by_column_or_by_table_and_column():
    tables = summarise([("a", {"pt": from_numpy(np.ones(1))}), ("b", {"pt": from_numpy(np.ones(1))})])
    given_units = with_units(tables, {"pt": "MeV", "b/pt": "GeV"})
    assert [table.columns[0].unit for table in given_units] == ["MeV", "GeV"]
