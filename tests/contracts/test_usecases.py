"""Every use case on disk, and those of installed packages, keeps the contract."""

import pytest

from bartik.core.plugins import load_usecase, parts, usecase_names
from bartik.testing import SeveralModelsContract, UseCaseContract

LONG = {
    "calorimeter_showers", "charm_fit", "event_interpretation", "flavour_tagging", "particle_identification", "ultrafast_simulation",
    "velo_tracking", "vertex_finding",
}  # fmt: skip
"""A minute or two each, to train, export and compile three to nine models: with the slow tests. Their other tests train as well."""

for _name in usecase_names():
    _contract = SeveralModelsContract if parts(load_usecase(_name)) else UseCaseContract
    _made = type(f"Test_{_name}", (_contract,), {"usecase": _name})
    globals()[f"Test_{_name}"] = pytest.mark.slow(_made) if _name in LONG else _made
