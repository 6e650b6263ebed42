"""Velo events from the columns of a record: the same as from JSON, and one clear message for what cannot be."""

import contextlib
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bartik.cli.main import run_command
from bartik.core import DataError
from bartik.data.events import FORMATS, write_columns
from bartik.data.velo import event_from_dict, event_to_dict, read_velo_events, write_velo_event
from bartik.data.velo_columns import events_of_columns
from bartik.data.velo_summary import residuals, summary
from bartik.simulation.velo_record import COLUMNS, VeloRecord, joined_records


def record(events=3, tracks=4, seed=0):
    """Straight particles, one behind the other, that cross five modules each; and one hit of none."""
    rng = np.random.default_rng(seed)
    hits, seen, link = ({name: [] for name in COLUMNS[table]} for table in ("hit", "seen", "link"))
    for _ in range(events):
        slopes = rng.uniform(0.1, 0.2, (tracks, 2))
        for module in range(20, 25):
            for slope in slopes:
                z = 25.0 * (module - 18)
                for name, value in zip(("x", "y", "z", "module"), (slope[0] * z, slope[1] * z, z, module), strict=True):
                    hits[name].append(value)
        for name, value in zip(("x", "y", "z", "module"), (9.0, 9.0, 700.0, 50), strict=True):
            hits[name].append(value)
        link["hit"] += [place * tracks + row for row in range(tracks) for place in range(5)]
        link["seen"] += [row for row in range(tracks) for _ in range(5)]
        for name in COLUMNS["seen"]:
            seen[name] += rng.integers(0, 2, tracks).tolist()
        for row, slope in enumerate(slopes, len(seen["pz"]) - tracks):
            seen["px"][row], seen["py"][row], seen["pz"][row], seen["pdg"][row] = 20 * slope[0], 20 * slope[1], 20.0, 211
    sizes = {"hit": 5 * tracks + 1, "seen": tracks, "link": 5 * tracks}
    offsets = {name: np.arange(events + 1) * size for name, size in sizes.items()}
    tables = {"hit": hits, "seen": seen, "link": link}
    return VeloRecord.typed({name: {key: np.array(values) for key, values in table.items()} for name, table in tables.items()}, offsets)


@pytest.mark.parametrize("ending", FORMATS)
def test_a_record_in_a_file_gives_numbered_events_with_truth(tmp_path, ending):
    path = tmp_path / f"events{ending}"
    write_columns(path, record().to_arrays(), {"first event": "7"})
    events = list(read_velo_events(path, require_truth=True))
    assert [event.number for event in events] == [7, 8, 9]
    assert [len(event.truth) for event in events] == [4, 4, 4]
    assert [len(event) for event in events] == [21, 21, 21]
    assert events[0].truth.particles["p"].min() > 20_000
    (only,) = read_velo_events(path, select=lambda number: number == 8)
    assert event_to_dict(only) == event_to_dict(events[1])


def test_json_keeps_what_a_record_says(tmp_path):
    event = next(events_of_columns(record().to_arrays()))
    write_velo_event(event, tmp_path / "event_0.json")
    (back,) = read_velo_events(tmp_path / "event_0.json")
    assert event_to_dict(back) == event_to_dict(event)


@settings(max_examples=25, deadline=None)
@given(sizes=st.lists(st.tuples(st.integers(1, 3), st.integers(0, 3)), min_size=1, max_size=4), cut=st.integers(0, 5))
def test_records_are_joined_and_cut_again(sizes, cut):
    parts = [record(events, tracks, seed) for seed, (events, tracks) in enumerate(sizes)]
    whole, start = joined_records(parts), 0
    for part in parts:
        one = whole.between(start, start + len(part)).to_arrays()
        assert all(np.array_equal(one[name], values) for name, values in part.to_arrays().items())
        start += len(part)
    assert len(whole) == start


def test_particles_in_fewer_than_three_modules_are_not_in_the_truth():
    whole = record(1)
    arrays = whole.to_arrays()
    kept = ~((arrays["link.seen"] == 0) & (arrays["link.hit"] >= 8))
    arrays |= {"link.hit": arrays["link.hit"][kept], "link.seen": arrays["link.seen"][kept], "link_offsets": np.array([0, kept.sum()])}
    (event,) = events_of_columns(arrays)
    assert len(event.truth) == 3
    assert event.truth.particles["key"].tolist() == [1, 2, 3]


BREAK = {
    "no hit.x": lambda a: a.pop("hit.x"),
    "no seen.pdg": lambda a: a.pop("seen.pdg"),
    "no link_offsets": lambda a: a.pop("link_offsets"),
    "x of hit 3 is nan": lambda a: a["hit.x"].__setitem__(3, np.nan),
    "z of hit 3 is inf": lambda a: a["hit.z"].__setitem__(3, np.inf),
    r"hit 3 at .* is outside the detector": lambda a: a["hit.y"].__setitem__(3, 500.0),
    "modules of hits are not numbers that rise": lambda a: a["hit.module"].__setitem__(3, 60),
    "a link names hit 99 of 21": lambda a: a["link.hit"].__setitem__(3, 99),
    "a link names particle 44 of 4": lambda a: a["link.seen"].__setitem__(3, 44),
    "table hit does not divide": lambda a: a.update({"hit_offsets": np.array([0, 22, 21, 63])}),
    "table seen does not divide into 3 events": lambda a: a.update({"seen_offsets": np.array([0, 4, 12])}),
}


@pytest.mark.parametrize("said", BREAK)
def test_a_record_that_cannot_be_is_one_message_that_names_the_file(said):
    arrays = {name: values.copy() for name, values in record().to_arrays().items()}
    BREAK[said](arrays)
    with pytest.raises(DataError, match=f"events.h5.*: .*{said}"):
        list(events_of_columns(arrays, "events.h5"))


@settings(max_examples=60, deadline=None)
@given(
    column=st.sampled_from(["hit.x", "hit.module", "link.hit", "link.seen", "hit_offsets", "seen_offsets", "link_offsets"]),
    row=st.integers(0, 3),
    value=st.integers(-(2**15), 2**15 - 1),
)
def test_whatever_number_is_wrong_the_events_are_read_or_refused(column, row, value):
    arrays = {name: values.copy() for name, values in record().to_arrays().items()}
    arrays[column][row] = value
    events = []
    with contextlib.suppress(DataError):
        events = list(events_of_columns(arrays))
    assert all(event.truth.hits.max(initial=-1) < len(event) for event in events)


def test_bad_events_are_skipped_and_counted_when_asked(tmp_path):
    values = event_to_dict(next(events_of_columns(record().to_arrays())))
    (tmp_path / "event_1.json").write_text(json.dumps(values))
    (tmp_path / "event_2.json").write_text(json.dumps(values)[:100])
    (tmp_path / "event_3.json").write_text(json.dumps(values | {"module_prefix_sum": [0, 21]}))
    (tmp_path / "event_4.json").write_text(json.dumps(values | {"montecarlo": None}))
    (tmp_path / "event_5.json").write_text(json.dumps(values))
    skipped = []
    assert [event.number for event in read_velo_events(tmp_path, require_truth=True, skip_bad=skipped)] == [1, 5]
    assert [str(error).partition(": ")[0][-12:] for error in skipped] == ["event_2.json", "event_3.json", "event_4.json"]
    with pytest.raises(DataError, match=r"event_2\.json: truncated"):
        list(read_velo_events(tmp_path))
    with pytest.raises(DataError, match="no such file"):
        list(read_velo_events(tmp_path / "nothing.json", skip_bad=None))


def test_an_event_of_a_record_is_drawn_with_its_truth_or_refused(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_columns(tmp_path / "events.h5", record().to_arrays(), {"first event": "7"})
    for words in ([], ["--truth"]):
        assert run_command(["display", "events.h5", "--event", "8", *words, "-o", "event.svg"]) == 0
    assert run_command(["display", "events.h5", "--event", "2"]) == 1
    arrays = record().to_arrays()
    write_columns(tmp_path / "bare.h5", {name: arrays[name] for name in arrays if name.startswith("hit")}, {})
    assert run_command(["display", "bare.h5", "--event", "1", "--truth", "-o", "bare.svg"]) == 1
    assert run_command(["display", "bare.h5", "--event", "1", "-o", "bare.svg"]) == 0
    write_columns(tmp_path / "none.h5", {"particle.x": np.zeros(1), "particle_offsets": np.array([0, 1])}, {})
    assert run_command(["display", "none.h5"]) == 1
    said = capsys.readouterr().err
    assert "no event of number 2" in said
    assert "bare.h5, event 1: no truth in this event" in said
    assert "none.h5: no hit_offsets, hit.x" in said


def test_the_summary_counts_what_is_there():
    found = summary(list(events_of_columns(record(5).to_arrays())))
    assert found["hits an event"] == 21
    assert found["particles an event"] == 4
    assert found["hits a particle"] == found["hits a particle, median"] == 5
    assert found["hits of no particle"] == pytest.approx(1 / 21)
    assert found["shared hits"] == 0
    assert found["forward"] == 1
    assert found["residual above 10 GeV [um]"] == pytest.approx(0, abs=1e-6)


def test_the_summary_asks_for_truth_and_events():
    bare = event_from_dict({"x": [], "y": [], "z": [], "module_prefix_sum": [0] * 53}, 3)
    with pytest.raises(DataError, match="event 3: no truth"):
        summary([bare])
    with pytest.raises(DataError, match="no events"):
        summary([])
    assert not len(residuals(next(events_of_columns(record(1, 0).to_arrays()))))
