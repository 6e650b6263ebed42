"""What `bartik bench` asks to be measured, prints and writes."""

import json

import pytest

from bartik.cli.main import run_command
from bartik.testing.models import dense_bundle


@pytest.fixture
def bundle(tmp_path):
    return dense_bundle(tmp_path / "bundle", (5, 4, 1))


@pytest.mark.parametrize(("option", "numbers"), [("1", []), ("2", [2]), ("5", [2, 4, 5]), ("8", [2, 4, 8])])
def test_threads_double_up_to_the_number_given(bundle, monkeypatch, capsys, option, numbers):
    from bartik.profile import bench

    seen, real = {}, bench.bench
    monkeypatch.setattr(bench, "bench", lambda *args, **options: seen.update(options) or real(*args, seconds=0.01))
    assert run_command(["bench", str(bundle.path), "--backend", "reference", "--batch", "1", "--threads", option, "--copies", "3"]) == 0
    assert seen["threads"] == numbers
    assert list(seen["copies"]) == [2, 3]


def test_it_prints_a_table_and_writes_json_and_a_figure_for_each_question(bundle, tmp_path, capsys):
    arguments = ["--backend", "onnxruntime", "--batch", "2", "--threads", "2", "--copies", "2", "--seconds", "0.01"]
    files = ["--json", str(tmp_path / "b.json"), "--plot", str(tmp_path / "b.svg")]
    assert run_command(["bench", str(bundle.path), *arguments, *files]) == 0
    assert "of 10.9 us" in capsys.readouterr().out
    values = json.loads((tmp_path / "b.json").read_text())
    assert {row["batch"] for row in values["rows"]} == {2}
    assert {(row["kind"], row["number"]) for row in values["scaling"]} == {(k, n) for k in ("threads", "copies") for n in (1, 2)}
    assert sorted(path.name for path in tmp_path.glob("*.svg")) == ["b.svg", "b_copies.svg", "b_threads.svg"]


def test_no_copies_is_wrong_use(bundle, capsys):
    assert run_command(["bench", str(bundle.path), "--copies", "0"]) == 2
