import doctest
import json

import numpy as np
import pytest

from bartik.cli import data_text
from bartik.cli.main import run_command
from bartik.data.tables import write_table
from bartik.registry import dvc


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    monkeypatch.setattr(dvc, "is_installed", lambda: False)
    monkeypatch.delenv("BARTIK_DATASETS", raising=False)
    monkeypatch.chdir(tmp_path)
    write_table(tmp_path / "tracks.csv", {"pt": np.array([1.5, 2.5, np.nan]), "charge": np.array([1, -1, 1])})
    return tmp_path


def test_add_list_show_and_verify(place, capsys):
    assert run_command(["data", "add", "tracks.csv", "--unit", "pt=GeV"]) == 0
    said = capsys.readouterr()
    reference = said.out.strip()
    assert "DVC is not installed: recorded" in said.err
    assert run_command(["data", "show", "tracks"]) == 0
    shown = capsys.readouterr().out
    assert "3 rows\ncolumn  unit  dtype    min  max      mean       std  missing  infinite\n" in shown
    assert "pt      GeV   float64  1.5  2.5         2       0.5        1\n" in shown
    assert run_command(["data", "list"]) == 0
    assert f"{reference}     3        2" in capsys.readouterr().out
    assert run_command(["data", "verify"]) == 0
    assert capsys.readouterr().out == f"ok  {reference}\n"
    (place / "datasets" / "tracks" / reference[-8:] / "tracks.csv").write_text("pt,charge\n1,1\n")
    assert run_command(["data", "verify"]) == 1
    assert "changed since it was added" in capsys.readouterr().out


def test_one_line_of_json_a_result(capsys):
    assert run_command(["data", "add", "tracks.csv", "--json"]) == 0
    added = json.loads(capsys.readouterr().out)
    assert run_command(["data", "list", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == added | {"here": True}
    assert run_command(["data", "verify", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"version": f"tracks@{added['digest'][:8]}", "ok": True, "findings": []}


def test_a_unit_that_is_none_is_refused(capsys):
    assert run_command(["data", "add", "tracks.csv", "--unit", "GeV"]) == 2
    assert "--unit 'GeV': wanted COLUMN=UNIT" in capsys.readouterr().err


def test_nothing_yet_says_what_to_do(capsys):
    assert run_command(["data", "list"]) == 0
    assert "next: bartik data add" in capsys.readouterr().err


def test_the_examples_in_the_docstrings_are_true():
    assert doctest.testmod(data_text).failed == 0
