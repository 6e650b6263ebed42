import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from bartik.core.compare import Tolerance, compare, worst

floats = hnp.arrays(np.float32, st.tuples(st.integers(0, 4), st.integers(1, 3)), elements=st.floats(width=32))


def one(wanted, found, tolerance=None):
    return compare({"x": np.asarray(wanted)}, {"x": np.asarray(found)}, tolerance)[0]


@given(floats)
def test_anything_equals_itself_nan_and_infinity_included(values):
    found = one(values, values.copy())
    assert found.ok
    assert found.max_abs == found.max_ulp == 0


@given(floats, st.floats(2**-9, 2**9, width=32), st.data())
def test_one_element_moved_is_found_at_its_place(values, step, data):
    if values.size == 0:
        return
    place = tuple(data.draw(st.integers(0, n - 1)) for n in values.shape)
    values[place] = 1.0
    moved = values.copy()
    moved[place] += np.float32(step)
    found = one(values, moved)
    assert not found.ok
    assert (found.index, found.wanted, found.found) == (place, 1.0, float(moved[place]))


@pytest.mark.parametrize("pair", [(1.0, np.nan), (np.nan, 1.0), (np.inf, -np.inf), (np.inf, 1e38), (1e38, np.inf), (np.nan, np.inf)])
def test_nan_and_infinity_equal_only_themselves(pair):
    wanted, found = (np.array([0.0, value], np.float32) for value in pair)
    assert not one(wanted, found).ok
    assert one(wanted, found).index == (1,)


def test_the_tolerance_is_absolute_plus_relative():
    tolerance = Tolerance(absolute=0.5, relative=0.125)
    assert one([8.0], [9.5], tolerance).ok
    assert not one([8.0], [9.5078125], tolerance).ok


def test_float_steps_are_counted_across_zero_and_not_next_to_it():
    low, high = np.float32(1), np.nextafter(np.float32(1), np.float32(2))
    assert one([low], [np.nextafter(high, np.float32(2))]).max_ulp == 2
    assert one(np.array([-0.0], np.float32), np.array([0.0], np.float32)).max_ulp == 0
    assert one(np.array([1e-30], np.float32), np.array([0.0], np.float32)).max_ulp == 0


def test_whole_numbers_must_be_the_same():
    assert one([100_000], [100_000]).ok
    assert not compare({"x": np.array([5])}, {"x": np.array([6])})[0].ok


@pytest.mark.parametrize(
    ("found", "words"),
    [({}, "none"), ({"x": np.zeros(3)}, "float64[3]"), ({"x": np.zeros((2, 1), np.float32)}, "float32[2, 1]")],
)
def test_another_name_dtype_or_shape_is_a_difference_and_told_as_such(found, words):
    difference = compare({"x": np.zeros(2, np.float32)}, found)[0]
    assert not difference.ok
    assert difference.max_abs == np.inf
    assert str(difference) == f"output 'x': wanted float32[2], got {words}"


def test_a_wrong_output_is_shown_before_a_right_one_with_a_larger_difference():
    wanted = {"large": np.array([1e9]), "small": np.array([0.0])}
    found = {"large": np.array([1e9 + 1]), "small": np.array([0.1])}
    assert str(worst(compare(wanted, found))) == "output 'small' row 0: wanted 0, got 0.1"
