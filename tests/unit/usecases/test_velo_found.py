"""Tracks of raw events by the networks of a run: as a table, as a picture, with events among them that cannot be."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bartik.cli.main import run_command
from bartik.core import Config, DataError, UsageError, load_config
from bartik.core.plugins import load_usecase, parts, usecase_folder
from bartik.data.tables import read_table
from bartik.data.velo import event_from_dict, event_to_dict, read_velo_events
from bartik.simulation.velo import generate_velo_event
from bartik.testing.several import chain_of
from bartik.usecases import velo_tracking
from bartik.usecases.velo_events import SplitEvents
from bartik.workflow.predict import predict_run, run_of_models

COLUMNS = ["event", "track", "hit", "x", "y", "z"]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as a finished run leaves it."""
    folder, chain = tmp_path_factory.mktemp("runs") / "velo", chain_of("velo_tracking")
    for part in parts(chain.usecase):
        shutil.copytree(chain.bundle(part).path, folder / part / "bundle")
    return folder


def write(folder: Path, number: int, change: Callable[[dict[str, Any]], object] = dict) -> Path:
    event = event_to_dict(event_from_dict(generate_velo_event(5, number), number))
    change(event)
    folder.mkdir(exist_ok=True)
    (folder / f"velo_event_{number}.json").write_text(json.dumps(event))
    return folder


def no_hits(event: dict[str, Any]) -> None:
    event.update(x=[], y=[], z=[], module_prefix_sum=[0] * 53)
    event.pop("montecarlo")


def not_a_number(event: dict[str, Any]) -> None:
    event["x"][3] = float("nan")


def far_away(event: dict[str, Any]) -> None:
    event["y"][0] = 900.0


def backwards(event: dict[str, Any]) -> None:
    event["z"] = event["z"][::-1]


def no_truth(event: dict[str, Any]) -> None:
    event.pop("montecarlo")


@pytest.fixture
def events(tmp_path: Path) -> Path:
    """Three good events, one of them empty and without truth, and four that cannot be."""
    folder = tmp_path / "events"
    for number, change in enumerate((dict, dict, no_hits, not_a_number, far_away, backwards)):
        write(folder, number, change)
    (folder / "velo_event_6.json").write_text('{"x": [1.0')
    return folder


def test_a_run_gives_the_tracks_of_raw_events_as_a_table(run: Path, tmp_path: Path) -> None:
    source = write(write(tmp_path / "events", 0), 4, no_truth)
    assert run_command(["predict", str(run), str(source), "-o", str(tmp_path / "tracks.npz")]) == 0
    found = read_table(tmp_path / "tracks.npz", COLUMNS)
    assert set(found["event"]) == {0, 4}
    for event in read_velo_events(source):
        mine = found["event"] == event.number
        hits = found["hit"][mine].astype(int)
        assert np.allclose(np.stack([event.x, event.y, event.z])[:, hits], np.stack([found[axis][mine] for axis in "xyz"]), atol=1e-4)
        sizes = np.bincount(found["track"][mine].astype(int))
        assert sizes.min() >= 3
        steps, same = np.diff(event.modules[hits]), np.diff(found["track"][mine]) == 0
        assert (steps[same] > 0).all()


def test_bad_events_stop_it_unless_they_are_to_be_left_out_and_counted(
    run: Path, events: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "tracks.csv"
    assert run_command(["predict", str(run), str(events), "-o", str(out)]) == 1
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 2
    assert "velo_event_3.json: x of hit 3 is nan" in said[0]
    assert not out.exists()
    assert run_command(["predict", str(run), str(events), "-o", str(out), "--skip-bad"]) == 0
    assert "4 bad events left out; the first: " in capsys.readouterr().err
    assert set(read_table(out, ["event"])["event"]) == {0, 1}


def test_a_file_of_bad_events_alone_is_an_error_even_so(run: Path, tmp_path: Path) -> None:
    source = write(tmp_path / "events", 0, far_away)
    with pytest.raises(DataError, match="no event that can be read"):
        predict_run(load_usecase("velo_tracking"), run, source, tmp_path / "tracks.csv", [])


def test_an_event_without_hits_has_no_tracks(run: Path, tmp_path: Path) -> None:
    source = write(tmp_path / "events", 0, no_hits)
    assert run_command(["predict", str(run), str(source), "-o", str(tmp_path / "tracks.npz")]) == 0
    assert len(read_table(tmp_path / "tracks.npz", COLUMNS)["event"]) == 0


def test_an_unfinished_run_is_told_from_a_bundle_and_says_what_is_missing(run: Path, tmp_path: Path) -> None:
    shutil.copytree(run / "embedding", tmp_path / "run" / "embedding")
    usecase = run_of_models(tmp_path / "run")
    assert usecase is not None
    with pytest.raises(UsageError, match=r"doublets.bundle: no bundle here"):
        predict_run(usecase, tmp_path / "run", tmp_path, tmp_path / "tracks.csv")
    assert run_of_models(run / "embedding" / "bundle") is None


def test_tracks_of_a_run_are_drawn(run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    common = ["display", str(write(tmp_path / "events", 3)), "--event", "3", "-o"]
    assert run_command([*common, str(tmp_path / "networks.svg"), "--run", str(run)]) == 0
    assert run_command([*common, str(tmp_path / "search.svg")]) == 0
    assert (tmp_path / "networks.svg").read_text() != (tmp_path / "search.svg").read_text()
    assert run_command([*common, str(tmp_path / "both.svg"), "--run", str(run), "--truth"]) == 2
    assert "--truth and --run" in capsys.readouterr().err


def config(*settings: str) -> Config:
    return load_config(usecase_folder(velo_tracking), layer="tiny", settings=settings)


def test_of_a_split_bad_events_are_left_out_and_counted(events: Path) -> None:
    with pytest.raises(DataError, match="velo_event_2"):
        list(SplitEvents("train", config(f"data.path={events}")))
    train = SplitEvents("train", config(f"data.path={events}", "data.skip_bad=true"))
    assert [event.number for event in train] == [0]  # 2 has no truth, 4, 5 and 6 cannot be
    assert str(train) == "events (1 events, 4 bad ones left out)"
    test = SplitEvents("test", config(f"data.path={events}", "data.skip_bad=true"))
    with pytest.raises(DataError, match="no event in the test split") as refused:
        list(test)
    assert "1 were left out, the first: " in refused.value.hint
