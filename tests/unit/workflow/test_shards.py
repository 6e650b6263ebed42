import pytest
from hypothesis import given
from hypothesis import strategies as st

from bartik.core import DataError
from bartik.data.events import read_columns, write_columns
from bartik.simulation.conditions import conditions_of
from bartik.simulation.generate import Order, make_events
from bartik.simulation.record import EventSample
from bartik.workflow.shards import divided, merge, write_record

ORDER = Order("minbias", conditions_of("run3_low_pile_up"), 1, "parametric", hits=True)


@given(first=st.integers(0, 1000), events=st.integers(1, 300), shards=st.integers(1, 40))
def test_every_event_is_in_one_shard(tmp_path_factory, first, events, shards):
    found = divided(tmp_path_factory.getbasetemp(), [], first, events, shards)
    numbers = [number for shard in found for number in range(shard.first, shard.first + shard.events)]
    assert numbers == list(range(first, first + events))
    assert len({shard.asked for shard in found}) == len(found) == min(shards, events)


def made_in(folder, events, shards):
    found = divided(folder, ["--seed", "1"], 5, events, shards)
    for shard in found:
        made = make_events(ORDER, shard.events, first=shard.first, progress=lambda _line: None)
        write_columns(shard.path, made.to_arrays(), made.about)
        write_record(shard.path, shard.asked, made)
    return found


def test_events_made_in_shards_are_those_made_at_once(tmp_path):
    shards = made_in(tmp_path / "shards", 7, 3)
    assert all(shard.done for shard in shards)
    merge(shards, tmp_path / "joined.h5")
    at_once = make_events(ORDER, 7, first=5, progress=lambda _line: None)
    joined = EventSample.from_arrays(*read_columns(tmp_path / "joined.h5"))
    assert joined.digest == at_once.digest
    assert joined.about == at_once.about
    assert not (tmp_path / "shards").exists()


def test_a_shard_that_was_changed_is_named_and_made_again(tmp_path):
    shards = made_in(tmp_path / "shards", 4, 2)
    shards[0].path.write_bytes(shards[1].path.read_bytes())
    with pytest.raises(DataError, match=r"events_5_6\.h5: not the events"):
        merge(shards, tmp_path / "joined.h5")
    assert [shard.done for shard in shards] == [False, True]
    assert not (tmp_path / "joined.h5").exists()


def test_a_shard_of_another_order_is_not_taken_for_this_one(tmp_path):
    made_in(tmp_path / "shards", 4, 2)
    assert [shard.done for shard in divided(tmp_path / "shards", ["--seed", "2"], 5, 4, 2)] == [False, False]
