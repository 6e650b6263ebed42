from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest
from filelock import FileLock

from bartik.core import Config, OutputError, UsageError
from bartik.workflow.pipeline import Step, run_step, run_steps, survey
from bartik.workflow.run import Run


@pytest.fixture
def run(tmp_path: Path) -> Run:
    code = tmp_path / "toy"
    code.mkdir()
    (code / "data.py").write_text("x = 1\n")
    usecase = ModuleType("toy")
    usecase.__path__ = [str(code)]
    return Run(usecase, Config({"a": {"x": 1}, "b": {"x": 1}}), tmp_path / "run", lambda line: None)


def steps(done: list[str], fail: str = "") -> list[Step]:
    def act(name):
        def action(run: Run) -> None:
            if name == fail:
                raise KeyboardInterrupt
            done.append(name)
            (run.folder / name).write_text(name)

        return action

    return [Step(name, act(name), lambda run, name=name: run.folder / name, reads=(name,)) for name in ("a", "b", "c")]


def test_a_second_run_keeps_every_step(run):
    done = []
    run_steps(run, steps(done))
    run_steps(run, steps(done))
    assert done == ["a", "b", "c"]


def test_a_changed_configuration_repeats_its_step_and_all_after_it(run):
    done = []
    run_steps(run, steps(done))
    changed = Run(run.usecase, run.config.replace({"b": {"x": 2}}), run.folder, run.progress)
    run_steps(changed, steps(done))
    assert done == ["a", "b", "c", "b", "c"]


def test_changed_code_repeats_every_step(run):
    done = []
    run_steps(run, steps(done))
    (run.code / "data.py").write_text("x = 2\n")
    run_steps(run, steps(done))
    assert done == ["a", "b", "c"] * 2


def test_changed_data_repeat_every_step(run):
    done = []
    run_steps(run, steps(done))
    run.usecase.source = lambda config: "other files"
    run_steps(run, steps(done))
    assert done == ["a", "b", "c"] * 2


def test_an_output_that_was_removed_is_made_again_and_what_came_from_it(run):
    done = []
    run_steps(run, steps(done))
    (run.folder / "b").unlink()
    run_steps(run, steps(done))
    assert done == ["a", "b", "c", "b", "c"]


def test_a_step_cut_off_under_another_configuration_is_not_taken_for_done_under_the_first(run):
    done = []
    run_steps(run, steps(done))
    changed = Run(run.usecase, run.config.replace({"b": {"x": 2}}), run.folder, run.progress)
    with pytest.raises(KeyboardInterrupt):
        run_steps(changed, steps(done, fail="b"))
    run_steps(run, steps(done))
    assert done == ["a", "b", "c", "b", "c"]


def test_what_a_step_also_depends_on_repeats_it(run):
    done = []
    first = steps(done)
    run_steps(run, first)
    run_steps(run, [*first[:2], replace(first[2], also=lambda: "another registry")])
    assert done == ["a", "b", "c", "c"]


def test_an_interrupted_run_continues_where_it_was(run):
    done = []
    with pytest.raises(KeyboardInterrupt):
        run_steps(run, steps(done, fail="b"))
    run_steps(run, steps(done))
    assert done == ["a", "b", "c"]


def test_a_broken_record_costs_time_and_nothing_else(run):
    done = []
    run_steps(run, steps(done))
    (run.folder / "steps" / "a.json").write_text("{half")
    run_steps(run, steps(done))
    assert done == ["a", "b", "c"] * 2


def test_two_runs_in_one_folder_are_refused(run):
    run.folder.mkdir()
    with FileLock(run.folder / ".lock"), pytest.raises(OutputError, match="another run is using this folder"):
        run_steps(run, steps([]))


def test_a_folder_that_cannot_be_made_is_named(run):
    run.folder.write_text("a file")
    with pytest.raises(OutputError, match="cannot be written"):
        run_steps(run, steps([]))


def test_one_step_alone_needs_those_before_it(run):
    done = []
    with pytest.raises(UsageError, match="step a is not done \\(not done yet\\)"):
        run_step(run, steps(done), "b")
    for name in ("a", "b", "b"):
        run_step(run, steps(done), name)
    assert done == ["a", "b", "b"]


def test_a_step_says_why_it_is_to_be_done(run):
    run_steps(run, steps([]))
    (run.folder / "a").unlink()
    assert [state.why for state in survey(run, steps([]))] == ["its output is gone", "follows a", "follows b"]
    run_steps(run, steps([]))
    changed = replace(run, config=run.config.replace({"b": {"x": 2}}))
    assert [state.why for state in survey(changed, steps([]))] == ["", "changed: configuration", "follows b"]
    (run.code / "data.py").write_text("x = 2\n")
    assert next(survey(run, steps([]))).why == "changed: code or packages"
