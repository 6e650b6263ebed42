"""Every use case on disk, and those of installed packages, keeps the contract."""

from bartik.core.plugins import usecase_names
from bartik.testing import UseCaseContract

for _name in usecase_names():
    globals()[f"Test_{_name}"] = type(f"Test_{_name}", (UseCaseContract,), {"usecase": _name})
