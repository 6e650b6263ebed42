"""The chain of ultra-fast simulation retrained for another data-taking period by one command, and used for it."""

import pytest
from commands import bartik, clean_environment

import bartik as package
from bartik.core.plugins import load_usecase, parts
from bartik.data.events import read_columns

pytestmark = pytest.mark.slow

NAME = "ultrafast_simulation"
RUN = ("run", NAME, "--config", "tiny", "--set", "data.conditions=run3_moved", "--out", "moved")
MAKE = ("generate", "--generator", "parametric", "--events", "3", "--with", NAME, "--models", "moved", "--backend", "onnxruntime")


def test_one_setting_retrains_all_stages_for_a_period_and_events_of_another_are_named(tmp_path):
    environment = clean_environment(tmp_path / "home")
    done = bartik(environment, tmp_path, *RUN)
    assert done.returncode == 0, done.stderr
    for part in parts(load_usecase(NAME)):
        assert package.load(tmp_path / "moved" / part / "bundle").provenance["configuration"]["data"]["conditions"] == "run3_moved"
    assert (tmp_path / "moved" / "report.html").is_file()
    same = bartik(environment, tmp_path, *MAKE, "--conditions", "run3_moved", "-o", "moved.h5")
    other = bartik(environment, tmp_path, *MAKE, "-o", "usual.h5")
    assert same.returncode == other.returncode == 0, same.stderr + other.stderr
    assert "have learnt" not in same.stderr
    assert "the events are of run3, the stages have learnt run3_moved" in other.stderr
    columns, about = read_columns(tmp_path / "moved.h5")
    assert len(columns["neutral.x"]) == columns["neutral_offsets"][-1]
    assert about["model neutral"]
