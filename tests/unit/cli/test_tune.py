"""Wrong calls of ``bartik tune``."""

import pytest

from bartik.cli.main import run_command


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--sampler", "tpee"), "did you mean 'tpe'"),
        (("--objectives", "time"), "wanted score, or score,time"),
        (("--sampler", "cmaes", "--objectives", "score,time"), "one number good, not two"),
        (("--resource", "mem_mb"), "wanted KEY=VALUE"),
        (("--on", "slurmm"), "did you mean 'slurm'"),
        (("--space", "nowhere.toml"), "no search space here"),
        (("--set", "train.epoch=3"), "did you mean 'train.epochs'"),
        (("--join",), "no campaign here"),
    ],
)
def test_a_wrong_call_is_refused_before_anything_is_made(arguments, message, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert run_command(["tune", "ghost_probability", "--config", "tiny", *arguments]) == 2
    assert message in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_what_no_use_case_declares_cannot_be_searched(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "space.toml").write_text('[keys."data.seed"]\nlow = 1\nhigh = 9\n')
    assert run_command(["tune", "ghost_probability", "--space", "space.toml"]) == 2
    assert "space.toml: data.seed: cannot be searched" in capsys.readouterr().err
