"""Wrong use of the command line: one clear message on stderr, the right exit code, nothing half-written."""

import subprocess
import sys

import pytest

from bartik.cli.main import run_command


def bartik(*arguments: str, cwd=None) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "bartik.cli.main", *arguments], capture_output=True, text=True, check=False, cwd=cwd)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["run", "ghost_probabilty"], "unknown use case 'ghost_probabilty'\n  did you mean 'ghost_probability'?"),
        (["run", "ghost_probability", "--config", "tni"], "unknown configuration 'tni'\n  did you mean 'tiny'?"),
        (["run", "ghost_probability", "--set", "train.epoch=3"], "unknown configuration key 'train.epoch'\n  did you mean 'train.epochs'?"),
        (["run", "ghost_probability", "--set", "train.epochs=many"], "train.epochs: wanted int"),
        (["run", "./nowhere"], "nowhere: no use case here"),
        (["new", "Two Words"], "'Two Words' cannot be the name of a use case"),
        (["new", "ghost_probability"], "there is a use case 'ghost_probability' already"),
    ],
)
def test_wrong_use_is_code_2_and_names_the_remedy(arguments, message, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert run_command(arguments) == 2
    assert message in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["check", "nowhere"], "nowhere: no bundle here"),
        (["compile", "nowhere", "-o", "out"], "nowhere: no bundle here"),
        (["predict", "nowhere", "a.csv", "-o", "b.csv"], "nowhere: no bundle here"),
        (["run", "ghost_probability", "--data", "nowhere.tar.xz"], "nowhere.tar.xz: no such file"),
    ],
)
def test_a_failure_is_code_1_and_names_the_file(arguments, message, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert run_command(arguments) == 1
    assert message in capsys.readouterr().err
    assert not list(tmp_path.glob("*.csv"))


def test_an_unknown_verb_is_code_2_and_offers_the_nearest(capsys):
    assert run_command(["chek"]) == 2
    assert "check" in capsys.readouterr().err


def test_help_of_every_verb_has_an_example(capsys):
    for verb in ("list", "doctor", "run", "new", "train", "score", "export", "register", "report", "check", "bench", "predict", "compile"):
        assert run_command([verb, "--help"]) == 0
        assert "Example: bartik" in " ".join(capsys.readouterr().out.split()), verb


def test_help_imports_no_framework():
    code = "import sys; from bartik.cli.main import run_command; run_command(['--help']); "
    code += "sys.exit(any(m in sys.modules for m in ('torch', 'onnx', 'onnxruntime', 'mlflow', 'matplotlib', 'sklearn')))"
    assert subprocess.run([sys.executable, "-c", code], check=False, capture_output=True).returncode == 0


def test_a_refusal_is_a_few_lines_without_a_traceback(tmp_path):
    done = bartik("check", "nowhere", cwd=tmp_path)
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) <= 3
    assert "Traceback" not in done.stderr


def test_no_password_is_repeated_on_the_terminal_or_in_a_log(tmp_path, capsys):
    assert run_command(["check", "https://me:hunter2@host/bundle"]) == 1
    from bartik.cli.common import progress_for

    progress_for(tmp_path)("train: 3 rows from https://me:hunter2@host/x.root?token=hunter2")
    assert "hunter2" not in capsys.readouterr().err + (tmp_path / "run.log").read_text()
    assert "train: 3 rows from https://***@host/x.root?token=***" in (tmp_path / "run.log").read_text()
