"""Finding the versions of data there are, and whether their files are as they were added."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path

from bartik.core import DataError, DigestError, UnknownNameError, UsageError
from bartik.core.digest import digest_file
from bartik.core.places import datasets
from bartik.registry.manifest import MANIFEST, SHORT, DataFile, DataVersion, read_manifest


def versions(name: str | None = None) -> list[DataVersion]:
    """All versions of one dataset or of all, by name, oldest first; an unknown name names the nearest."""
    names = _names()
    if name is not None and name not in names:
        raise UnknownNameError("dataset", name, names)
    wanted = names if name is None else [name]
    found = [_read(path.parent) for known in wanted for path in (datasets() / known).glob(f"*/{MANIFEST}")]
    return sorted(found, key=lambda version: (version.name, datetime.fromisoformat(version.added), version.digest))


def find(reference: str) -> DataVersion:
    """The version that ``NAME`` (the newest), ``NAME@DIGEST`` or ``DIGEST`` means; the first 8 characters of a digest will do."""
    name, _, digest = reference.partition("@")
    if not digest and name not in _names() and re.fullmatch(f"[0-9a-f]{{{SHORT},64}}", name):
        name, digest = "", name
    known = versions(name or None)
    found = [version for version in known if version.digest.startswith(digest)] if not digest or len(digest) >= SHORT else []
    if not found:
        raise UnknownNameError("data version", reference, [version.reference for version in known])
    if digest and len({version.digest for version in found}) > 1:
        raise UsageError(f"{reference}: means several versions", hint="give more of the digest")
    return found[-1]


def folder_of(version: DataVersion) -> Path:
    """Where a version's data, ``.dvc`` file and manifest are."""
    return datasets() / version.name / version.digest[:SHORT]


def is_here(version: DataVersion) -> bool:
    """Whether files of the right size are there, which says nothing about what is in them."""
    paths = [(folder_of(version) / file.path, file.size) for file in version.files]
    return all(path.is_file() and path.stat().st_size == size for path, size in paths)


def altered(version: DataVersion) -> tuple[list[str], bool]:
    """What is missing or different among the files, and whether any is different."""
    folder, missing, different = folder_of(version), [], []
    for file in version.files:
        path = folder / file.path
        if not path.is_file():
            missing.append(f"{path}: missing")
        elif _differs(path, file):
            different.append(f"{path}: changed since it was added")
    content = folder / version.content
    known = {file.path for file in version.files}
    more = [path for path in content.rglob("*") if path.is_file() and path.relative_to(folder).as_posix() not in known]
    different += [f"{path}: was not there when it was added" for path in sorted(more) if content.is_dir()]
    return missing + different, bool(different)


def _differs(path: Path, file: DataFile) -> bool:
    return path.stat().st_size != file.size or digest_file(path) != file.digest


def refuse_altered(version: DataVersion) -> None:
    """Raise `DigestError` unless all files are as they were added."""
    findings, differ = altered(version)
    if findings:
        force = " --force" if differ else ""
        more = "; bartik data add records it as a new version" if differ else ""
        raise DigestError(findings[0], hint=f"bartik data pull {version.reference}{force} restores it{more}")


def _read(folder: Path) -> DataVersion:
    version = read_manifest(folder)
    if (version.name, version.digest[:SHORT]) != (folder.parent.name, folder.name):
        raise DataError(f"{folder / MANIFEST}: is of {version.reference}, not of this folder", hint="restore it from version control")
    return version


def _names() -> list[str]:
    return sorted({path.parent.parent.name for path in datasets().glob(f"[!.]*/*/{MANIFEST}")})
