import subprocess
import sys

import numpy as np
import pytest

from bartik.core import OutputError, UsageError, load_config
from bartik.core.plugins import load_usecase
from bartik.data.tables import write_table
from bartik.workflow.scaffold import write_usecase


@pytest.mark.slow
def test_a_new_use_case_keeps_the_contract_it_comes_with(tmp_path):
    write_usecase("fresh_one", tmp_path)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:anyio", "--rootdir", str(tmp_path), "fresh_one"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    assert "passed" in done.stdout


def test_a_new_use_case_installs_and_is_then_in_the_list(tmp_path):
    write_usecase("fresh_two", tmp_path)
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation", "--no-index", "--target"]
    subprocess.run([*pip, str(tmp_path / "site"), str(tmp_path / "fresh_two")], check=True, capture_output=True)
    code = f"import sys; sys.path.insert(0, {str(tmp_path / 'site')!r}); from bartik.core.plugins import usecase_names, usecase_summary; "
    code += "print('fresh_two' in usecase_names(), usecase_summary('fresh_two'))"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path).stdout
    assert shown.startswith("True fresh two: one line")


def test_a_new_use_case_reads_the_users_own_table_and_never_splits_an_event(tmp_path):
    write_usecase("fresh_three", tmp_path)
    random = np.random.default_rng(0)
    columns = {name: random.random(400) for name in ("pt", "doca", "ip_chi2", "flight")}
    write_table(tmp_path / "mine.parquet", columns | {"target": random.integers(0, 2, 400), "event": np.repeat(np.arange(100), 4)})
    usecase = load_usecase(str(tmp_path / "fresh_three"))
    config = load_config(tmp_path / "fresh_three", settings=[f"data.path={tmp_path / 'mine.parquet'}"])
    splits = [usecase.data(split, config) for split in ("train", "validation", "test")]
    assert sum(data.rows for data in splits) == 400
    events = [set(data.spectators["event"].tolist()) for data in splits]
    assert sum(map(len, events)) == 100


@pytest.mark.parametrize("name", ["Two", "two words", "2", "class", "../up", "a/b", ""])
def test_a_name_that_cannot_be_is_refused_and_nothing_written(tmp_path, name):
    with pytest.raises(UsageError, match="cannot be the name"):
        write_usecase(name, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_what_is_there_is_never_overwritten(tmp_path):
    (tmp_path / "mine").mkdir()
    with pytest.raises(OutputError, match="exists already"):
        write_usecase("mine", tmp_path)
