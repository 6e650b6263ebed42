"""Every use case on disk, and those of installed packages, keeps the contract."""

from bartik.core.plugins import load_usecase, parts, usecase_names
from bartik.testing import SeveralModelsContract, UseCaseContract

for _name in usecase_names():
    _contract = SeveralModelsContract if parts(load_usecase(_name)) else UseCaseContract
    globals()[f"Test_{_name}"] = type(f"Test_{_name}", (_contract,), {"usecase": _name})
