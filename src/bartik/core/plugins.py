"""Use cases and backends, found by folder and entry point, by name, without importing them."""

from __future__ import annotations

import ast
import importlib
import importlib.util
import sys
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import ModuleType
from typing import cast

from bartik.core.errors import UnknownNameError, UsageError
from bartik.core.protocols import Backend, UseCase

_PACKAGE = Path(__file__).resolve().parents[1]


def usecase_names() -> list[str]:
    """Names of all use cases, ours and those of installed packages."""
    own = [p.parent.name for p in (_PACKAGE / "usecases").glob("*/__init__.py")]
    return sorted({*own, *_entry_points("bartik.usecases")})


def backend_names() -> list[str]:
    """Names of all backends, ours and those of installed packages."""
    own = [p.stem for p in (_PACKAGE / "backends").glob("*.py") if not p.stem.startswith("_")]
    return sorted({*own, *_entry_points("bartik.backends")})


def load_usecase(name: str) -> UseCase:
    """Import a use case by name, or by the path of its folder (anything with a separator)."""
    if "/" in name or name.startswith("."):
        return cast(UseCase, _import_folder(Path(name)))
    return cast(UseCase, _import("usecase", "usecases", name, usecase_names()))


def load_backend(name: str) -> Backend:
    """Import a backend by name; `UnknownNameError` names the nearest."""
    return cast(Backend, _import("backend", "backends", name, backend_names()))


def usecase_summary(name: str) -> str:
    """First line of a use case's docstring, read without importing it."""
    point = _entry_points("bartik.usecases").get(name)
    spec = importlib.util.find_spec(point.module) if point else None
    path = Path(spec.origin) if spec and spec.origin else _PACKAGE / "usecases" / name / "__init__.py"
    return (ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or "").partition("\n")[0]


def usecase_name(usecase: UseCase) -> str:
    """The name of a use case: its folder's."""
    return usecase_folder(usecase).name


def usecase_folder(usecase: UseCase) -> Path:
    """The folder of a use case, where its configuration and its README are."""
    return Path(cast(ModuleType, usecase).__path__[0])


def _entry_points(group: str) -> dict[str, EntryPoint]:
    return {point.name: point for point in entry_points(group=group)}


def _import(kind: str, room: str, name: str, known: list[str]) -> ModuleType:
    if name not in known:
        raise UnknownNameError({"usecase": "use case"}.get(kind, kind), name, known)
    point = _entry_points(f"bartik.{room}").get(name)
    return cast(ModuleType, point.load()) if point else importlib.import_module(f"bartik.{room}.{name}")


def _import_folder(folder: Path) -> ModuleType:
    init = folder.resolve() / "__init__.py"
    if not init.is_file():
        raise UsageError(f"{folder}: no use case here (__init__.py is missing)", hint="bartik new NAME writes one that works")
    name = init.parent.name
    loaded = sys.modules.get(name)
    if loaded is not None and getattr(loaded, "__file__", None) == str(init):
        return loaded
    found = importlib.util.find_spec(name) if name.isidentifier() else None
    if not name.isidentifier() or (found is not None and found.origin != str(init)):
        raise UsageError(
            f"{folder}: {name!r} cannot be the name of a use case", hint="it must be an identifier that no installed package has"
        )
    spec = importlib.util.spec_from_file_location(name, init, submodule_search_locations=[str(init.parent)])
    assert spec is not None  # noqa: S101 - the file exists and ends in .py
    assert spec.loader is not None  # noqa: S101 - likewise
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module
