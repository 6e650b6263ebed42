"""Every backend on disk, and those of installed packages, keeps the contract."""

import pytest

from bartik.core.plugins import backend_names, load_backend
from bartik.testing import BackendContract

REFUSES: dict[str, frozenset[str]] = {}


def _contract(name: str) -> type:
    found = load_backend(name).available()
    members = {"backend": name, "refuses": REFUSES.get(name, frozenset())}
    case = type(f"Test_{name}", (BackendContract,), members)
    return pytest.mark.skipif(not found.ok, reason=f"backend {name}: {found.reason}; {found.remedy}")(case)


for _name in backend_names():
    globals()[f"Test_{_name}"] = _contract(_name)
