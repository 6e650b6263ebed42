"""The bundle of a version as a folder on this machine, verified."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import unquote, urlsplit

import mlflow.artifacts

from bartik.core import BundleError, DigestError, RegistryError
from bartik.core.bundle import MANIFEST, open_bundle
from bartik.core.files import atomic_folder, atomic_path
from bartik.core.places import cache
from bartik.registry.connection import Connection
from bartik.registry.records import Version
from bartik.registry.upload import FOLDER


def folder_of(connection: Connection, version: Version) -> Path:
    """Where the bundle is: in the registry itself where this machine sees it, else a copy in the cache."""
    local = urlsplit(version.source)
    if local.scheme in {"", "file"}:
        return _verified(_existing(Path(unquote(local.path)), version), version)
    return _verified(downloaded(connection, version), version)


def downloaded(connection: Connection, version: Version) -> Path:
    """A copy of the bundle in the cache, made again where it was altered."""
    if not re.fullmatch("[0-9a-f]{64}", version.digest):
        raise RegistryError(f"{version.reference}: has no bundle's digest", hint="it was not registered by bartik")
    target = cache() / "registry" / version.digest
    if not _is_intact(target, version.digest):
        with connection.working(), atomic_folder(target) as folder:
            mlflow.artifacts.download_artifacts(version.source, dst_path=str(folder), tracking_uri=connection.uri)
            _lift(folder)
    return target


def artifact_of(connection: Connection, version: Version, name: str) -> Path | None:
    """A file that was kept beside the bundle, on this machine; nothing where there is none of that name."""
    local = urlsplit(version.source)
    if local.scheme in {"", "file"}:
        path = Path(unquote(local.path)).parent / name
        return path if path.is_file() else None
    target = cache() / "registry" / f"{version.digest}.files" / name
    if target.is_file():
        return target
    with connection.working():
        if name not in {found.path for found in connection.client().list_artifacts(version.run)}:
            return None
        with TemporaryDirectory() as scratch:
            made = mlflow.artifacts.download_artifacts(
                run_id=version.run, artifact_path=name, dst_path=scratch, tracking_uri=connection.uri
            )
            with atomic_path(target) as temporary:
                shutil.copyfile(made, temporary)
    return target


def _existing(folder: Path, version: Version) -> Path:
    if not (folder / MANIFEST).is_file():
        raise RegistryError(
            f"{version.reference}: its files are missing at {folder}", hint="restore that folder, or register the bundle again"
        )
    return folder


def _verified(folder: Path, version: Version) -> Path:
    """The folder, if the bundle in it is the one that was registered."""
    if open_bundle(folder).digest != version.digest:
        raise DigestError(f"{folder}: is not the bundle registered as {version.reference}", hint="restore it, or register it again")
    return folder


def _is_intact(folder: Path, digest: str) -> bool:
    try:
        return open_bundle(folder).digest == digest
    except BundleError:
        return False


def _lift(folder: Path) -> None:
    """Move what was downloaded into a folder of its own up into ``folder``."""
    if not (folder / MANIFEST).exists() and (folder / FOLDER).is_dir():
        for path in (folder / FOLDER).iterdir():
            path.rename(folder / path.name)
        (folder / FOLDER).rmdir()
