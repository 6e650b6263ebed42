"""UBJSON: what XGBoost writes is read as its JSON says it, and what is damaged is refused with the byte."""

import json
import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bartik.core import ExportError
from bartik.exporters.ubjson import parse_ubjson

HERE = Path("model.ubj")
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=20,
)


def length(count):
    return b"L" + struct.pack(">q", count)


def written(value):
    match value:
        case None | bool():
            return {None: b"Z", True: b"T", False: b"F"}[value]
        case int():
            return length(value)
        case float():
            return b"D" + struct.pack(">d", value)
        case str():
            return b"S" + length(len(value.encode())) + value.encode()
        case list():
            return b"[#" + length(len(value)) + b"".join(map(written, value))
    return b"{" + b"".join(length(len(key.encode())) + key.encode() + written(item) for key, item in value.items()) + b"}"


@given(VALUES)
def test_what_is_written_is_read(value):
    assert parse_ubjson(HERE, written(value)) == value


@pytest.mark.parametrize(
    ("content", "value"),
    [
        (b"[$l#L" + struct.pack(">q2i", 2, -1, 7), [-1, 7]),
        (b"[$U#U\x02\x00\xff", [0, 255]),
        (b"[i\x01NTd\x3f\x80\x00\x00]", [1, True, 1.0]),
    ],
)
def test_typed_and_open_arrays(content, value):
    assert parse_ubjson(HERE, content) == value


@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused(content):
    try:
        parse_ubjson(HERE, content)
    except ExportError as error:
        assert error.message.startswith("model.ubj: byte ")  # noqa: PT017 - either is right


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "wants 1 bytes more"),
        (b"Tx", "behind its end"),
        (b"[$d#L" + struct.pack(">q", 2**60), "bytes more than there are"),
        (b"[$d#L" + struct.pack(">q", -1), "bytes more than there are"),
        (b"[#L" + struct.pack(">q", 2**60), "values more than there are"),
        (b"[" * 1000, "nested too deeply"),
        (b"{" + (length(1) + b"aT") * 2 + b"}", "'a' twice"),
        (b"Si\x02\xff\xff", "no UTF-8"),
        (b"[$S#U\x01", "an array of 'S'"),
        (b"ST", "has no length"),
        (b"?", "has no value"),
    ],
)
def test_what_is_damaged_is_refused_with_the_byte(content, message):
    with pytest.raises(ExportError, match=message):
        parse_ubjson(HERE, content)


def test_xgboosts_two_forms_are_the_same_model():
    xgboost = pytest.importorskip("xgboost")
    model = xgboost.train({"max_depth": 2}, xgboost.DMatrix([[0.0], [1.0], [2.0]], [0, 1, 0]), 2)
    text, binary = xgboost.Booster(), parse_ubjson(HERE, bytes(model.save_raw("ubj")))
    text.load_model(bytearray(json.dumps(binary).encode()))
    assert bytes(text.save_raw("json")) == bytes(model.save_raw("json"))
