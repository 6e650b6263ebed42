"""Where the rows come from, how events are divided, and what is said of files that cannot be used."""

from __future__ import annotations

import json
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bartik.cli.main import run_command
from bartik.core import SPLITS, Config, ConfigError, DataError, load_config
from bartik.core.plugins import load_usecase, usecase_folder
from bartik.data.velo import event_from_dict, event_to_dict, write_velo_event
from bartik.simulation.velo import generate_velo_event
from bartik.usecases.ghost_probability.candidates import find_candidates, match
from bartik.usecases.ghost_probability.data import data, read
from bartik.usecases.velo_events import source, sources, split_of


def config(*settings: str) -> Config:
    return load_config(usecase_folder(load_usecase("ghost_probability")), layer="tiny", settings=settings)


def values(number: int) -> dict[str, Any]:
    return event_to_dict(event_from_dict(generate_velo_event(5, number), number))


def write(folder: Path, number: int, change: Callable[[dict[str, Any]], object] = dict) -> Path:
    event = values(number)
    change(event)
    folder.mkdir(exist_ok=True)
    (folder / f"velo_event_{number}.json").write_text(json.dumps(event))
    return folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """One event a split: 0 trains, 1 validates, 3 tests."""
    for number in (0, 1, 3):
        write(tmp_path / "events", number)
    return tmp_path / "events"


@given(st.integers(0, 10**7))
def test_half_of_the_events_train_an_eighth_validates_and_every_fourth_tests_wherever_one_starts(first: int) -> None:
    splits = [split_of(first + step) for step in range(8)]
    assert [splits.count(split) for split in SPLITS] == [5, 1, 2]


def test_rows_of_a_split_are_those_of_its_events_alone(folder: Path) -> None:
    for split, number in zip(SPLITS, (0, 1, 3), strict=True):
        found = data(split, config(f"data.path={folder}"))
        assert set(found.spectators["event"]) == {number}
        assert found.source == "events (1 events)"


def test_ghosts_are_those_without_a_particle_and_have_no_momentum(folder: Path) -> None:
    found = data("test", config(f"data.path={folder}"))
    event = event_from_dict(values(3), 3)
    truth = match(event, find_candidates(event, 0.1, 3))
    assert found.target.tolist() == (truth.particle < 0).tolist()
    assert 0 < found.target.mean() < 0.5
    assert np.isnan(found.spectators["p"]).tolist() == (found.target == 1).tolist()


def test_the_same_events_give_the_same_digest_from_a_folder_and_from_an_archive(folder: Path, tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "events.tar.xz", "w:xz") as archive:
        archive.add(folder, "events")
    digests = {data("train", config(f"data.path={path}")).digest for path in (folder, tmp_path / "events.tar.xz")}
    assert len(digests) == 1


def test_momentum_and_pseudorapidity_are_all_the_truth_that_is_needed(folder: Path) -> None:
    whole = data("train", config(f"data.path={folder}"))
    event = values(0)
    places = [event["montecarlo"]["description"].index(name) for name in ("eta", "hits", "p")]
    rows = [[row[k] for k in places] for row in event["montecarlo"]["particles"]]
    event["montecarlo"] = {"description": ["eta", "hits", "p"], "particles": rows}
    (folder / "velo_event_0.json").write_text(json.dumps(event))
    assert data("train", config(f"data.path={folder}")).digest == whole.digest


def test_truth_without_momentum_is_refused_by_the_name_of_the_column(folder: Path) -> None:
    write(folder, 0, lambda event: event["montecarlo"]["description"].__setitem__(2, "q"))
    with pytest.raises(DataError, match=r"velo_event_0.json: no column 'p' in montecarlo"):
        data("train", config(f"data.path={folder}"))


def test_events_without_a_number_are_scored_by_their_position_and_need_no_truth(tmp_path: Path) -> None:
    for name, number in (("b", 7), ("a", 8)):
        write_velo_event(event_from_dict(values(number) | {"montecarlo": None}, number), tmp_path / "raw" / f"{name}.json")
    inputs, names = read(tmp_path / "raw", config())
    assert sorted(set(names["event"])) == [0, 1]
    assert len(inputs["features"]) == len(names["event"]) == len(names["candidate"])
    first = find_candidates(event_from_dict(values(8), 8), 0.1, 3)
    assert names["candidate"][names["event"] == 0].tolist() == list(range(len(first)))


def test_an_event_without_hits_is_scored_as_no_rows(tmp_path: Path) -> None:
    write_velo_event(event_from_dict({"x": [], "y": [], "z": [], "module_prefix_sum": [0] * 53}, 0), tmp_path / "0.json")
    inputs, names = read(tmp_path / "0.json", config())
    assert inputs["features"].shape == (0, 17)
    assert len(names["event"]) == 0


def test_samples_are_found_under_bartik_data_and_the_signal_sample_only_trains(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BARTIK_DATA", str(tmp_path))
    assert str(sources(config())) == "the parametric Velo generator"
    (tmp_path / "06_velo_tracking").mkdir()
    for name in ("velopix_minibias_4ev.tar", "velopix_bsphiphi_2ev.tar"):
        with tarfile.open(tmp_path / "06_velo_tracking" / name, "w") as archive:
            for number in (1, 3) if "bs" in name else (0, 1, 3):
                write(tmp_path / "all", number)
                archive.add(tmp_path / "all" / f"velo_event_{number}.json", f"{name}/velo_event_{number}.json")
    for settings in ((), (f"data.path={tmp_path}",), (f"data.path={tmp_path / '06_velo_tracking'}",)):
        assert [path.name for path in sources(config(*settings)).extra] == ["velopix_bsphiphi_2ev.tar"]
    train, test = (data(split, config()) for split in ("train", "test"))
    assert set(train.spectators["event"]) == {0, 1_000_001, 1_000_003}
    assert set(test.spectators["event"]) == {3}
    assert "bsphiphi" not in test.source


def test_a_number_names_one_event_where_there_are_several_files_of_a_kind(tmp_path: Path) -> None:
    for name in ("velopix_minibias_a.tar", "velopix_minibias_b.tar", "velopix_bsphiphi_a.tar", "velopix_bsphiphi_b.tar"):
        with tarfile.open(tmp_path / name, "w") as archive:
            for number in (0, 1, 3):
                write(tmp_path / "all", number)
                archive.add(tmp_path / "all" / f"velo_event_{number}.json", f"{name}/velo_event_{number}.json")
    found = {split: set(data(split, config(f"data.path={tmp_path}")).spectators["event"].tolist()) for split in ("train", "test")}
    extra = {1_000_000, 1_000_001, 1_000_003}
    assert found["train"] == {0, 10_000_000, *extra, *(number + 10_000_000 for number in extra)}
    assert found["test"] == {3, 10_000_003}


def test_the_source_changes_with_the_files(folder: Path) -> None:
    before = source(config(f"data.path={folder}"))
    write(folder, 8)
    assert source(config(f"data.path={folder}")) != before


def test_a_negative_number_of_events_is_refused(folder: Path) -> None:
    with pytest.raises(ConfigError, match=r"data\.events: wanted 0"):
        data("train", config(f"data.path={folder}", "data.events=-1"))


def _missing(_: Path, tmp_path: Path) -> Path:
    return tmp_path / "nowhere.tar.xz"


def _truncated(folder: Path, tmp_path: Path) -> Path:
    target = tmp_path / "events.tar.xz"
    with tarfile.open(target, "w:xz") as archive:
        archive.add(folder, "events")
    target.write_bytes(target.read_bytes()[:-2000])
    return target


def _without_truth(folder: Path, _: Path) -> Path:
    return write(folder, 0, lambda event: event.pop("montecarlo"))


def _one_hit_each(folder: Path, _: Path) -> Path:
    for number in (0, 1, 3):
        hit = {"x": [10.0], "y": [1.0], "z": [0.0], "module_prefix_sum": [0] * 23 + [1] * 30}
        write(
            folder,
            number,
            lambda event, hit=hit: event.update(hit, montecarlo={"description": ["p", "eta", "hits"], "particles": [[1.0, 2.0, [0]]]}),
        )
    return folder


def _broken_json(folder: Path, _: Path) -> Path:
    (folder / "velo_event_0.json").write_text('{"x": [1.0, 2')
    return folder


def _table(_: Path, tmp_path: Path) -> Path:
    (tmp_path / "tracks.txt").write_text("no events")
    return tmp_path / "tracks.txt"


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (_missing, "nowhere.tar.xz: no such file or folder"),
        (_truncated, "events.tar.xz: truncated or not an archive"),
        (_without_truth, "velo_event_0.json: no 'montecarlo' in this event"),
        (_one_hit_each, "events: no track candidates in the train split"),
        (_broken_json, "velo_event_0.json: truncated or not JSON"),
        (_table, "tracks.txt: neither Velo events nor a folder of them"),
    ],
)
def test_bad_input_is_one_clear_line_and_leaves_nothing_behind(
    make: Callable[[Path, Path], Path],
    message: str,
    folder: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path, out = make(folder, tmp_path), tmp_path / "out"
    assert run_command(["data", "build", "ghost_probability", "--config", "tiny", "--data", str(path), "--out", str(out)]) == 1
    refusal = [line for line in capsys.readouterr().err.splitlines() if line.startswith("bartik: ")]
    assert len(refusal) == 1
    assert message in refusal[0]
    assert {file.name for file in out.rglob("*") if file.is_file()} <= {".lock", "run.log"}


def test_a_right_command_after_a_wrong_one_goes_through(folder: Path, tmp_path: Path) -> None:
    command = ["data", "build", "ghost_probability", "--config", "tiny", "--out", str(tmp_path / "out"), "--data"]
    assert run_command([*command, str(tmp_path / "nowhere")]) == 1
    assert run_command([*command, str(folder)]) == 0
    record = json.loads((tmp_path / "out" / "data" / "data.json").read_text())
    assert [record[split]["rows"] > 0 for split in SPLITS] == [True] * 3
