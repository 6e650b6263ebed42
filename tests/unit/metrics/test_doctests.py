import doctest
import importlib

import pytest


@pytest.mark.parametrize("name", ["arrays", "efficiencies", "efficiency_tables", "quality", "resampling", "roc", "working_points"])
def test_the_examples_in_the_docstrings_are_true(name):
    found = doctest.testmod(importlib.import_module(f"bartik.metrics.{name}"))
    assert found.attempted > 0
    assert found.failed == 0
