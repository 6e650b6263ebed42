import subprocess
import sys

import pytest

from bartik.core import UnknownNameError, UsageError
from bartik.core.plugins import backend_names, load_backend, load_usecase, usecase_names, usecase_summary


def test_our_own_are_found_by_folder():
    assert {"reference", "onnxruntime", "torch", "native"} <= set(backend_names())
    assert "ghost_probability" in usecase_names()


def test_an_unknown_backend_names_the_nearest():
    with pytest.raises(UnknownNameError, match="did you mean 'onnxruntime'"):
        load_backend("onnxruntme")


def test_an_unknown_use_case_names_the_nearest():
    with pytest.raises(UnknownNameError, match="did you mean 'ghost_probability'"):
        load_usecase("ghost_probabilty")


def test_a_folder_that_is_no_use_case_is_refused(tmp_path):
    with pytest.raises(UsageError, match="no use case here"):
        load_usecase(str(tmp_path))


def test_a_folder_cannot_take_the_name_of_an_installed_package(tmp_path):
    (tmp_path / "json").mkdir()
    (tmp_path / "json" / "__init__.py").write_text("")
    with pytest.raises(UsageError, match="cannot be the name"):
        load_usecase(str(tmp_path / "json"))


def test_a_summary_is_the_first_line_of_the_docstring():
    assert usecase_summary("ghost_probability").startswith("Ghost probability")


def test_finding_names_and_importing_bartik_loads_no_framework():
    code = "import bartik, sys; from bartik.core.plugins import usecase_names, backend_names; usecase_names(); backend_names(); "
    code += "sys.exit(any(m in sys.modules for m in ('torch', 'onnxruntime', 'mlflow', 'matplotlib', 'sklearn')))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
