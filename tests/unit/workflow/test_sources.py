"""Which files the record of a model names as its code."""

import shutil
from pathlib import Path

import pytest

from bartik.core.plugins import load_usecase
from bartik.workflow.sources import source_digest, source_files

CHAIN = Path(__file__).parents[2] / "integration" / "two_steps_of_selection"


@pytest.fixture
def chain(tmp_path):
    return Path(shutil.copytree(CHAIN, tmp_path / "sources_of_a_chain", ignore=shutil.ignore_patterns("__pycache__")))


def test_a_model_of_several_has_the_files_around_it_and_not_those_of_its_neighbours(chain):
    for path in chain.rglob("*.py"):
        path.write_text(path.read_text().replace("two_steps_of_selection", "sources_of_a_chain"))
    vertex = load_usecase(f"{chain}/vertex")
    names = set(source_files(vertex))
    assert {f"sources_of_a_chain/{name}" for name in ("rows.py", "model.py", "vertex/__init__.py", "vertex/config.toml")} <= names
    assert not any("kinematics" in name for name in names)
    before = source_digest(vertex)
    (chain / "kinematics" / "more.py").write_text("")
    (chain / "README.md").write_text("text")
    assert source_digest(vertex) == before
    (chain / "rows.py").write_text((chain / "rows.py").read_text() + "\n")
    assert source_digest(vertex) != before


def test_what_our_use_cases_share_is_named_too():
    assert "velo_events.py" in source_files(load_usecase("ghost_probability"))
