"""The plan of a use case of several models: what waits for what, whose settings are whose, and what no plan can be made of."""

import sys
from pathlib import Path

import pytest

from bartik.cli.configured import configure_models
from bartik.core import Config, UnknownNameError, UsageError
from bartik.core.plugins import load_part, load_usecase, parts, usecase_name, whole_of
from bartik.workflow.engine import profile_folder, rule_graph
from bartik.workflow.jobs import jobs, runs_of_models
from bartik.workflow.run import Run

FOLDER = Path(__file__).parents[2] / "integration" / "two_steps_of_selection"


@pytest.fixture
def usecase():
    yield load_usecase(str(FOLDER))
    for name in [name for name in sys.modules if name.partition(".")[0] == FOLDER.name]:
        del sys.modules[name]


@pytest.fixture
def planned(usecase, tmp_path):
    own, models = configure_models(usecase, "", ["vertex.train.epochs=3"], None)
    run = Run(usecase, own, tmp_path / "run", lambda line: None)
    return {job.name: job for job in jobs(run, runs_of_models(run, models))}


def test_a_model_waits_for_those_it_needs_and_the_whole_for_all(planned):
    assert planned["kinematics_data"].after == planned["vertex_data"].after == ()
    assert planned["vertex_train"].after == ("vertex_data",)
    assert planned["decision_data"].after == ("kinematics_check", "vertex_check")
    assert planned["whole"].after == ("kinematics_register", "vertex_register", "decision_register")
    assert list(planned).index("decision_data") > list(planned).index("vertex_check")
    assert str(planned["kinematics_data"]) == "[kinematics_data] to do: not done yet"
    assert str(planned["decision_train"]) == "[decision_train] to do: follows data"


def test_a_part_knows_its_name_its_whole_and_the_bundles_it_needs(usecase, planned):
    part = load_part(usecase, "decision")
    assert usecase_name(part) == "two_steps_of_selection.decision"
    assert whole_of(part) is usecase
    assert whole_of(usecase) is None
    run = planned["decision_train"].run
    assert run.needs == {name: run.folder.parent / name / "bundle" for name in ("kinematics", "vertex")}
    assert load_usecase(str(FOLDER / "decision")) is part
    with pytest.raises(UnknownNameError, match=r"two_steps_of_selection\.vertx"):
        load_part(usecase, "vertx")


def test_settings_are_for_the_model_they_name_or_for_all_that_have_them(usecase):
    own, models = configure_models(usecase, "tiny", ["vertex.train.epochs=3", "train.batch=64", "data.seed=9"], None)
    assert {part: config.train.epochs for part, config in models.items()} == {"kinematics": 20, "vertex": 3, "decision": 20}
    assert {config.train.batch for config in models.values()} == {64}
    assert {config.data.seed for config in (own, *models.values())} == {9}
    assert own.data.rows == 400
    with pytest.raises(UnknownNameError, match=r"train\.epoch"):
        configure_models(usecase, "", ["vertex.train.epoch=3"], None)


def test_snakemake_draws_the_same_plan(planned):
    drawn = rule_graph(list(planned.values()))
    assert drawn.startswith("digraph")
    assert all(f'label = "{name}"' in drawn for name in planned)


@pytest.mark.parametrize(
    ("needs", "said"),
    [
        ({"kinematics": ("vertex",), "vertex": ("kinematics",)}, "parts need each other"),
        ({"kinematics": ("momentum",)}, "parts need momentum, which are not among them"),
    ],
)
def test_needs_that_cannot_be_met_are_refused(usecase, monkeypatch, tmp_path, needs, said):
    monkeypatch.setattr(usecase, "parts", needs)
    run = Run(usecase, Config({}), tmp_path, lambda line: None)
    with pytest.raises(UsageError, match=said):
        jobs(run, runs_of_models(run, dict.fromkeys(parts(usecase), Config({}))))


def test_a_place_to_run_on_is_one_of_ours_or_a_folder(tmp_path):
    assert (profile_folder("local") / "config.yaml").is_file()
    (tmp_path / "config.yaml").write_text("cores: 1\n")
    assert profile_folder(str(tmp_path)) == tmp_path.resolve()
    with pytest.raises(UnknownNameError, match="did you mean 'slurm'"):
        profile_folder("slrum")
