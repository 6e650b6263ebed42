"""Every backend on disk, and those of installed packages, keeps the contract."""

import pytest

from bartik.backends import availability
from bartik.core.plugins import backend_names
from bartik.testing import BackendContract

REFUSES: dict[str, frozenset[str]] = {}
OWN_MODELS = frozenset({"lightgbm", "xgboost"})
"""Backends that run nothing but their library's own models: tests/unit/backends/test_boosters.py."""


def _contract(name: str) -> type:
    found = availability(name)
    members = {"backend": name, "refuses": REFUSES.get(name, frozenset())}
    case = type(f"Test_{name}", (BackendContract,), members)
    return pytest.mark.skipif(not found.ok, reason=f"backend {name}: {found.reason}; {found.remedy}")(case)


for _name in sorted({*backend_names()} - OWN_MODELS):
    globals()[f"Test_{_name}"] = _contract(_name)
