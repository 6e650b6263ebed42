"""Which files say how a use case makes its data, its model and its score."""

from __future__ import annotations

from pathlib import Path

from bartik.core import UseCase
from bartik.core.digest import digest_file, digest_values
from bartik.core.plugins import usecase_folder, whole_of

_OURS = Path(__file__).resolve().parents[1] / "usecases"


def source_files(usecase: UseCase) -> dict[str, Path]:
    """Code, configurations and texts by name: of its folder, for a model of several those around it, and what our use cases share."""
    folder, whole = usecase_folder(usecase), whole_of(usecase)
    top = folder if whole is None else usecase_folder(whole)
    found = [*folder.rglob("*"), *(top.glob("*") if whole is not None else ()), *(_OURS.glob("*.py") if top.parent == _OURS else ())]
    kept = {path for path in found if path.suffix in {".py", ".toml", ".md"} and "__pycache__" not in path.parts}
    return {path.relative_to(top.parent).as_posix(): path for path in sorted(kept)}


def source_digest(usecase: UseCase) -> str:
    """SHA-256 over the names and contents of its Python files."""
    return digest_values({name: digest_file(path) for name, path in source_files(usecase).items() if path.suffix == ".py"})
