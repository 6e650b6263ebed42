"""Use cases and backends, found by folder and entry point, by name, without importing them."""

from __future__ import annotations

import ast
import importlib
import importlib.util
import sys
from collections.abc import Mapping
from functools import cache
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
    """Import a use case by name, or by the path of its folder (anything with a separator); ``NAME.PART`` is one of its models."""
    if "/" in name or name.startswith("."):
        return cast(UseCase, _import_folder(Path(name)))
    whole, _, part = name.partition(".")
    found = cast(UseCase, _import("usecase", "usecases", whole, usecase_names()))
    return load_part(found, part) if part else found


def is_usecase(name: str) -> bool:
    """Whether a use case of this name is installed, or a use case with a model of this name."""
    whole, _, part = name.partition(".")
    return whole in usecase_names() and (not part or part in parts(load_usecase(whole)))


def find_usecase(name: str) -> UseCase:
    """A use case by name, or by folder; an installed use case goes before a folder of its name in the working folder."""
    if name not in usecase_names() and _is_folder_of_usecase(Path(name)):
        return load_usecase(name if Path(name).is_absolute() else f"./{name}")
    return load_usecase(name)


def recorded_usecase(name: str) -> UseCase | None:
    """The use case that a bundle names: an installed one, or else the folder of that name in the working folder; nothing, where neither is.

    The name is somebody else's: it is never a path.
    """
    whole, _, part = name.partition(".")
    if not whole.isidentifier() or not (whole in usecase_names() or _is_folder_of_usecase(Path(whole))):
        return None
    found = find_usecase(whole)
    return found if not part else load_part(found, part) if part in parts(found) else None


def parts(usecase: UseCase) -> Mapping[str, tuple[str, ...]]:
    """The models of a use case of several: by name, those whose bundles each needs; empty for a use case of one model."""
    found: Mapping[str, tuple[str, ...]] = getattr(usecase, "parts", {})
    return found


def load_part(usecase: UseCase, part: str) -> UseCase:
    """One model of a use case of several: a folder in its folder, itself a use case."""
    if part not in parts(usecase):
        raise UnknownNameError("model", f"{usecase_name(usecase)}.{part}", [f"{usecase_name(usecase)}.{known}" for known in parts(usecase)])
    return cast(UseCase, importlib.import_module(f"{cast(ModuleType, usecase).__name__}.{part}"))


def whole_of(usecase: UseCase) -> UseCase | None:
    """The use case that this one is a part of."""
    above = cast(ModuleType, usecase).__name__.rpartition(".")[0]
    whole = sys.modules.get(above)
    return cast(UseCase, whole) if whole is not None and usecase_folder(usecase).name in getattr(whole, "parts", {}) else None


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
    """The name of a use case: its folder's, after that of the use case it is a part of."""
    whole, own = whole_of(usecase), usecase_folder(usecase).name
    return own if whole is None else f"{usecase_name(whole)}.{own}"


def usecase_folder(usecase: UseCase) -> Path:
    """The folder of a use case, where its configuration and its README are."""
    return Path(cast(ModuleType, usecase).__path__[0])


def _is_folder_of_usecase(folder: Path) -> bool:
    return (folder / "__init__.py").is_file() and (folder / "config.toml").is_file()


@cache  # every file of every installed package is looked at
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
    around = init.parent.parent
    if _is_folder_of_usecase(around):
        return cast(ModuleType, load_part(cast(UseCase, _import_folder(around)), init.parent.name))
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
