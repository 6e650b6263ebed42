"""The picture of an event: from the generator, from a file, and what cannot be drawn."""

import numpy as np
import pytest

from bartik.cli.main import run_command
from bartik.data.velo import event_from_dict, write_velo_event
from bartik.plots import Drawn, velo_event
from bartik.simulation.velo import generate_velo_event


def test_a_generated_event_is_drawn_the_same_every_time(tmp_path, capsys):
    for name in ("first.svg", "second.svg"):
        assert run_command(["display", "--event", "3", "-o", str(tmp_path / name)]) == 0
    assert (tmp_path / "first.svg").read_text() == (tmp_path / "second.svg").read_text()
    assert "first.svg" in capsys.readouterr().out
    assert run_command(["display", "--event", "4", "-o", str(tmp_path / "third.svg")]) == 0
    assert (tmp_path / "third.svg").read_text() != (tmp_path / "first.svg").read_text()


def test_an_event_without_truth_is_drawn_from_its_file(tmp_path):
    values = {key: value for key, value in generate_velo_event(1, 5).items() if key != "montecarlo"}
    write_velo_event(event_from_dict(values, 5), tmp_path / "velo_event_5.json")
    assert run_command(["display", str(tmp_path / "velo_event_5.json"), "-o", str(tmp_path / "event.png")]) == 0
    assert (tmp_path / "event.png").read_bytes().startswith(b"\x89PNG")
    assert run_command(["display", str(tmp_path), "--event", "5", "-o", str(tmp_path / "again.png")]) == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("nowhere.json",), "nowhere.json: no such file"),
        (("torn.json",), "torn.json: truncated or not JSON"),
        ((".", "--event", "77"), "no event of number 77"),
        (("-o", "event.gif"), "event.gif: cannot draw into .gif"),
    ],
)
def test_what_cannot_be_drawn_is_one_clear_message(tmp_path, monkeypatch, capsys, words, said):
    (tmp_path / "torn.json").write_text('{"x": [1.0')
    monkeypatch.chdir(tmp_path)
    assert run_command(["display", *words]) != 0
    assert said in capsys.readouterr().err
    assert not list(tmp_path.glob("*.png"))


def test_an_empty_event_is_an_empty_detector():
    figure = velo_event(Drawn(np.zeros((0, 3)), np.zeros(0, bool), {"found": [], "ghost": []}, np.zeros((1, 4, 3)), np.ones((2, 3))))
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert labels == ["hit of no track", "track (0)", "ghost (0)", "collision"]
