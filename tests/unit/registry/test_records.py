import doctest
import os
import subprocess
import sys

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from bartik.core import Interval, RegistryError, UsageError, secrets
from bartik.registry import gates, is_reference, records, refusals

names = st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9_.-]*", fullmatch=True)


@pytest.mark.parametrize("module", [records, secrets, gates])
def test_the_examples_in_the_docstrings_are_true(module):
    assert doctest.testmod(module) == doctest.TestResults(0, doctest.testmod(module).attempted)


def test_importing_the_room_imports_no_mlflow():
    code = "import sys, bartik.registry; sys.exit('mlflow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@given(names, names)
def test_name_and_alias_come_back(name, alias):
    assume(not alias.isdigit())
    assert records.parse_reference(f"{name}@{alias}") == (name, alias, 0)


@given(names, st.integers(1, 10**6))
def test_name_and_number_come_back(name, number):
    assert records.parse_reference(f"{name}/{number}") == (name, "", number)
    assert records.parse_reference(f"{name}@{number}") == (name, "", number)


@pytest.mark.parametrize("text", ["", "x", "x@", "@y", "x/0", "x/-1", "x/1/2", "../x/1", "a'b@c", "x@y\n", "runs/bundle", "/abs/3"])
def test_other_texts_are_no_references(text):
    assert not is_reference(text)
    with pytest.raises(UsageError, match="not a registered model"):
        records.parse_reference(text)


@pytest.mark.parametrize("name", ["", "a b", "a/b", "x'; drop", "-x"])
def test_names_that_cannot_be_are_refused(name):
    with pytest.raises(UsageError, match="wanted letters, digits"):
        records.check_name(name)


def test_metrics_that_would_share_a_name_are_refused():
    with pytest.raises(UsageError, match="two have the same name"):
        records.metric_values({"a+b": 1.0, "a*b": Interval(1, 1, 1)})


@pytest.mark.parametrize(
    ("raised", "meaning", "hint"),
    [
        ("(sqlite3.OperationalError) database is locked\n[SQL: ...]", "is locked by another program", "run the same command again"),
        ("attempt to write a readonly database", "cannot be written", "BARTIK_HOME"),
        ("[Errno 13] Permission denied: '/x'", "cannot be written", "BARTIK_HOME"),
        ("[Errno 28] No space left on device", "no space left", "free some space"),
        ("file is not a database", "is damaged", "restore it"),
        ("Detected out-of-date database schema (found version x)", "another MLflow version", "mlflow db upgrade"),
        ("API request to http://h failed with exception Max retries exceeded", "cannot be reached", "MLFLOW_TRACKING_URI"),
        ("something new\nwith a tail", "something new", ""),
    ],
)
def test_what_libraries_say_is_said_in_our_words(raised, meaning, hint):
    error = refusals.refusal("http://me:secret@host/x", OSError(raised))
    assert isinstance(error, RegistryError)
    assert meaning in error.message
    assert hint in error.hint
    assert "secret" not in str(error)
    assert "\n" not in error.message


def test_mlflow_reports_to_nobody():
    code = "import bartik.registry.connection; from mlflow.telemetry import utils, get_telemetry_client as client; "
    code += "raise SystemExit(not (utils.is_telemetry_disabled() and client() is None))"
    variables = {key: value for key, value in os.environ.items() if not key.startswith(("MLFLOW_", "CI", "PYTEST"))}
    assert subprocess.run([sys.executable, "-c", code], check=False, env=variables).returncode == 0
