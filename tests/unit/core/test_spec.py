import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bartik.core import Column, Signature, TensorSpec, UsageError, table

SPEC = TensorSpec("features", "float32", ("batch", 3))


def test_a_free_axis_takes_any_length():
    for rows in (0, 1, 7):
        SPEC.check(np.zeros((rows, 3), np.float32))


@pytest.mark.parametrize("array", [np.zeros((2, 4), np.float32), np.zeros(3, np.float32), np.zeros((2, 3))])
def test_another_shape_or_dtype_is_refused_with_both_named(array):
    with pytest.raises(UsageError, match=r"tensor 'features': wanted float32\[batch, 3\], got float"):
        SPEC.check(array)


def test_columns_must_fit_the_last_axis():
    with pytest.raises(UsageError, match="2 columns do not fit"):
        TensorSpec("features", "float32", ("batch", 3), (Column("a"), Column("b")))


def test_an_unknown_dtype_is_refused():
    with pytest.raises(UsageError, match="unknown dtype 'float31'"):
        TensorSpec("features", "float31", ("batch",))


def test_inputs_must_have_the_names_of_the_signature():
    signature = table((Column("x", "mm"),))
    with pytest.raises(UsageError, match="inputs features wanted, got feature"):
        signature.check_inputs({"feature": np.zeros((1, 1), np.float32)})


names = st.text(min_size=1, max_size=8)
columns = st.lists(st.builds(Column, names, names, names), max_size=4).map(tuple)


@given(columns, st.sampled_from(["float32", "int64"]))
def test_a_signature_survives_the_round_trip_through_plain_values(columns, dtype):
    spec = TensorSpec("x", dtype, ("batch", len(columns)), columns)
    signature = Signature((spec,), (spec,))
    assert Signature.from_dict(signature.to_dict()) == signature
