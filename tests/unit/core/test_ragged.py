"""Events of different sizes behind one another: taken apart, put together, repeated."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from bartik.core import Arrays, Dataset, Signature, TensorSpec, UsageError
from bartik.core.ragged import check_indices, is_ragged, put_together, repeat_event, take_events, with_room

SIGNATURE = Signature(
    (TensorSpec("hits", "float32", ("hits", 3)), TensorSpec("edges", "int64", ("edges", 2), index_of="hits")),
    (TensorSpec("score", "float32", ("edges", 1)),),
)


@st.composite
def events(draw: st.DrawFn) -> Arrays:
    hits = draw(st.integers(0, 6))
    edges = draw(st.integers(0, 8)) if hits else 0
    return {
        "hits": draw(arrays(np.float32, (hits, 3), elements=st.floats(-100, 100, width=32))),
        "edges": draw(arrays(np.int64, (edges, 2), elements=st.integers(0, max(hits - 1, 0)))),
    }


def same(one: Arrays, other: Arrays) -> bool:
    return all(np.array_equal(one[name], other[name]) for name in one)


@given(st.lists(events(), max_size=5))
def test_each_event_comes_back_as_it_was(given_events):
    inputs, offsets = put_together(SIGNATURE, given_events)
    SIGNATURE.check_inputs(inputs)
    check_indices(SIGNATURE, inputs)
    for place, event in enumerate(given_events):
        assert same(take_events(SIGNATURE, inputs, offsets, [place]), event)


@given(st.lists(events(), min_size=1, max_size=5), st.data())
def test_some_events_in_any_order_are_those_events_put_together(given_events, data):
    inputs, offsets = put_together(SIGNATURE, given_events)
    wanted = data.draw(st.lists(st.integers(0, len(given_events) - 1), max_size=6))
    assert same(take_events(SIGNATURE, inputs, offsets, wanted), put_together(SIGNATURE, [given_events[place] for place in wanted])[0])


@given(events(), st.integers(1, 4))
def test_an_event_repeated_is_itself_behind_itself(event, times):
    assert same(repeat_event(SIGNATURE, event, times), put_together(SIGNATURE, [event] * times)[0])


@given(events(), st.integers(0, 3), st.integers(0, 3))
def test_an_event_with_room_is_itself_and_what_fills_it_is_linked_to_the_last_hit_alone(event, hits, edges):
    sizes = {"hits": len(event["hits"]) + 1 + hits, "edges": len(event["edges"]) + edges}
    found = with_room(SIGNATURE.inputs, event, sizes)
    assert {name: len(found[name]) for name in found} == sizes
    assert same({name: found[name][: len(event[name])] for name in event}, event)
    assert not found["hits"][len(event["hits"]) :].any()
    assert (found["edges"][len(event["edges"]) :] == sizes["hits"] - 1).all()


def test_where_the_room_is_too_small_what_fits_is_left_and_names_no_hit_that_is_gone():
    event = {"hits": np.ones((5, 3), np.float32), "edges": np.array([[0, 4], [1, 2], [3, 4]])}
    found = with_room(SIGNATURE.inputs, event, {"hits": 2, "edges": 2})
    check_indices(SIGNATURE, found)
    assert found["edges"].tolist() == [[0, 1], [1, 1]]


def test_a_table_is_not_ragged_and_a_graph_is():
    assert is_ragged(SIGNATURE)
    table = Signature((TensorSpec("features", "float32", ("batch", 4)),), (TensorSpec("score", "float32", ("batch", 1)),))
    assert not is_ragged(table)


@pytest.mark.parametrize("wrong", [-1, 3])
def test_a_number_of_no_hit_is_refused_by_name(wrong):
    inputs = {"hits": np.zeros((3, 3), np.float32), "edges": np.array([[0, 1], [2, wrong]])}
    with pytest.raises(UsageError, match=f"tensor 'edges': {wrong} names none of the 3 entries of axis 'hits'"):
        check_indices(SIGNATURE, inputs)


def test_what_a_tensor_numbers_is_written_with_the_signature_and_read_again():
    assert Signature.from_dict(SIGNATURE.to_dict()) == SIGNATURE
    assert "index_of" not in SIGNATURE.to_dict()["inputs"][0]


def test_a_dataset_keeps_its_offsets_in_a_file():
    inputs, offsets = put_together(SIGNATURE, [{"hits": np.ones((2, 3), np.float32), "edges": np.array([[0, 1]])}])
    data = Dataset(inputs, np.ones(1, np.float32), offsets=dict(offsets))
    again = Dataset.from_arrays(data.to_arrays())
    assert again.digest == data.digest
    assert again.offsets["edges"].tolist() == [0, 1]
