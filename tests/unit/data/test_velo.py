from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bartik.core import DataError
from bartik.data.velo import MODULES, VeloEvent, event_from_dict, event_to_dict, read_velo_events, write_velo_event


def fields(hits: int = 4, **changes: object) -> dict[str, object]:
    values: dict[str, object] = {axis: [1.5 * k + 6 for k in range(hits)] for axis in "xyz"}
    values["module_prefix_sum"] = [0] * 10 + [hits] * (MODULES - 9)
    values["montecarlo"] = {"description": ["p", "pid", "hits"], "particles": [[1200.5, 211, list(range(hits))], [7.25, -11, [0][:hits]]]}
    return values | changes


def put(folder: Path, number: int, values: object) -> Path:
    file = folder / f"velo_event_{number}.json"
    file.write_text(json.dumps(values))
    return file


def pack(archive: Path, mode: str, events: dict[int, object]) -> Path:
    with tarfile.open(archive, mode) as tar:
        for number, values in events.items():
            text = json.dumps(values).encode()
            member = tarfile.TarInfo(f"minibias/velo_event_{number}.json")
            member.size = len(text)
            tar.addfile(member, io.BytesIO(text))
    return archive


def same(one: VeloEvent, other: VeloEvent) -> bool:
    return event_to_dict(one) == event_to_dict(other) and one.number == other.number


@st.composite
def events(draw: st.DrawFn) -> VeloEvent:
    sizes = draw(st.lists(st.integers(0, 3), min_size=MODULES, max_size=MODULES))
    count = sum(sizes)
    x, y = (draw(st.lists(st.floats(-60, 60), min_size=count, max_size=count)) for _ in "xy")
    z = sorted(draw(st.lists(st.floats(-300, 760), min_size=count, max_size=count)))
    values: dict[str, object] = {"x": x, "y": y, "z": z, "module_prefix_sum": np.cumsum([0, *sizes]).tolist()}
    if draw(st.booleans()):
        row = st.tuples(st.floats(0, 1e6), st.integers(-(10**6), 10**6), st.lists(st.integers(0, count - 1)) if count else st.just([]))
        values["montecarlo"] = {"description": ["p", "pid", "hits"], "particles": [list(r) for r in draw(st.lists(row, max_size=4))]}
    return event_from_dict(values, draw(st.integers(0, 10**6)))


@given(event=events())
def test_an_event_written_and_read_is_the_same(event: VeloEvent, tmp_path_factory: pytest.TempPathFactory) -> None:
    file = tmp_path_factory.mktemp("events") / f"velo_event_{event.number}.json"
    write_velo_event(event, file)
    (back,) = read_velo_events(file)
    assert same(back, event)


def test_a_folder_is_read_in_the_order_of_numbers(tmp_path: Path) -> None:
    for number in (10, 9, 100):
        put(tmp_path, number, fields())
    assert [event.number for event in read_velo_events(tmp_path)] == [9, 10, 100]


@pytest.mark.parametrize(("suffix", "mode"), [("tar", "w"), ("tar.gz", "w:gz"), ("tar.xz", "w:xz")])
def test_an_archive_gives_what_the_folder_gives(tmp_path: Path, suffix: str, mode: str) -> None:
    folder = tmp_path / "events"
    folder.mkdir()
    several = {number: fields(number % 30) for number in (12, 3, 101)}
    for number, values in several.items():
        put(folder, number, values)
    archive = pack(tmp_path / f"events.{suffix}", mode, several)
    assert all(same(one, other) for one, other in zip(read_velo_events(archive), read_velo_events(folder), strict=True))


@pytest.mark.parametrize(("suffix", "mode"), [("tar", "w"), ("tar.gz", "w:gz"), ("tar.xz", "w:xz")])
@pytest.mark.parametrize("share", [0.0, 0.3, 0.6, 0.9])
def test_a_truncated_archive_is_refused(tmp_path: Path, suffix: str, mode: str, share: float) -> None:
    random = np.random.default_rng(1)
    many = {number: fields(x=random.uniform(-50, 50, 300).tolist(), y=[0.0] * 300, z=[0.0] * 300) for number in range(20)}
    whole = pack(tmp_path / f"whole.{suffix}", mode, many)
    broken = tmp_path / f"broken.{suffix}"
    broken.write_bytes(whole.read_bytes()[: int(share * whole.stat().st_size)])
    with pytest.raises(DataError, match=r"broken\.tar"):
        list(read_velo_events(broken))


def test_an_archive_cut_between_two_events_is_refused(tmp_path: Path) -> None:
    whole = pack(tmp_path / "whole.tar", "w", {number: fields() for number in range(5)})
    with tarfile.open(whole) as tar:
        cut = tar.getmembers()[3].offset
    broken = tmp_path / "broken.tar"
    broken.write_bytes(whole.read_bytes()[:cut])
    with pytest.raises(DataError, match=r"broken\.tar: truncated"):
        list(read_velo_events(broken))


def test_events_not_selected_are_not_parsed(tmp_path: Path) -> None:
    put(tmp_path, 1, fields())
    put(tmp_path, 2, "not an event")
    assert [event.number for event in read_velo_events(tmp_path, select=lambda number: number == 1)] == [1]


@pytest.mark.parametrize("hits", [0, 1])
def test_an_event_with_hardly_a_hit_is_legal(hits: int) -> None:
    event = event_from_dict(fields(hits), 3)
    assert len(event) == len(event.modules) == hits


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"x": [1.0, float("nan"), 3.0, 4.0]}, "x of hit 1 is nan"),
        ({"y": [1.0, 2.0, 3.0, float("inf")]}, "y of hit 3 is inf"),
        ({"x": [1.0, 2.0, -61.0, 4.0]}, "hit 2 .* outside the detector"),
        ({"z": [1.0, 2.0, 3.0, 900.0]}, "hit 3 .* outside the detector"),
        ({"x": [1.0, 2.0]}, "not the same number"),
        ({"x": [[1.0], [2.0]]}, "plain list of numbers"),
        ({"x": ["a", "b", "c", "d"]}, "plain list of numbers"),
        ({"x": [[1.0], 2.0]}, "plain list of numbers"),
        ({"module_prefix_sum": [0, 4]}, "module_prefix_sum"),
        ({"module_prefix_sum": [0] * 52 + [5]}, "module_prefix_sum"),
        ({"module_prefix_sum": [0, 3, 2] + [4] * 50}, "module_prefix_sum"),
        ({"module_prefix_sum": [0.0] * 52 + [4.0]}, "whole numbers"),
        ({"montecarlo": {"description": ["p"], "particles": []}}, "montecarlo"),
        ({"montecarlo": {"description": ["p", "hits"], "particles": [[1.0]]}}, "montecarlo"),
        ({"montecarlo": {"description": ["p", "hits"], "particles": [[1.0, [4]]]}}, "hit 4 of 4"),
        ({"montecarlo": {"description": ["p", "hits"], "particles": [["fast", [1]]]}}, "column 'p'"),
    ],
)
def test_an_impossible_event_is_refused_in_one_line_that_names_it(changes: dict[str, object], words: str, tmp_path: Path) -> None:
    file = put(tmp_path, 7, fields(**changes))
    with pytest.raises(DataError, match=words) as refusal:
        list(read_velo_events(file))
    assert refusal.value.message.startswith(str(file))
    assert "\n" not in refusal.value.message


@pytest.mark.parametrize("missing", ["x", "y", "z", "module_prefix_sum"])
def test_a_missing_field_is_named(missing: str) -> None:
    values = fields()
    del values[missing]
    with pytest.raises(DataError, match=f"event 7: no '{missing}'"):
        event_from_dict(values, 7)


def test_truth_is_wanted_only_when_asked_for(tmp_path: Path) -> None:
    values = fields()
    del values["montecarlo"]
    file = put(tmp_path, 7, values)
    assert next(read_velo_events(file)).truth is None
    with pytest.raises(DataError, match="montecarlo"):
        next(read_velo_events(file, require_truth=True))


@given(cut=st.integers(0, 200))
def test_truncated_json_is_refused(cut: int, tmp_path_factory: pytest.TempPathFactory) -> None:
    file = tmp_path_factory.mktemp("cut") / "velo_event_1.json"
    file.write_text(json.dumps(fields())[:cut])
    with pytest.raises(DataError, match=r"velo_event_1\.json"):
        list(read_velo_events(file))


@pytest.mark.parametrize("name", ["absent.json", "absent.tar.xz", "absent.tar", "absent"])
def test_a_missing_file_is_named(name: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=name):
        list(read_velo_events(tmp_path / name))


def test_a_folder_or_archive_without_events_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no \.json file"):
        list(read_velo_events(tmp_path))
    with pytest.raises(DataError, match=r"no \.json file"):
        list(read_velo_events(pack(tmp_path / "empty.tar.gz", "w:gz", {})))


def test_links_in_an_archive_are_not_followed(tmp_path: Path) -> None:
    archive = tmp_path / "links.tar"
    with tarfile.open(archive, "w") as tar:
        link = tarfile.TarInfo("velo_event_1.json")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/hostname"
        tar.addfile(link)
    with pytest.raises(DataError, match=r"no \.json file"):
        list(read_velo_events(archive))


def test_hits_in_the_order_of_another_geometry_are_refused() -> None:
    values = event_to_dict(event_from_dict(fields(), 1)) | {
        "module_prefix_sum": [0] * 10 + [2] * 20 + [4] * (MODULES - 29),
        "z": [50, 51, 20, 21],
    }
    with pytest.raises(DataError, match="event 1: hits of module 29 lie before those of module 9"):
        event_from_dict(values, 1)
