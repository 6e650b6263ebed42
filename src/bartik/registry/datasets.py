"""Versions of data: add, find, verify, fetch, push and pull them.

``datasets/NAME/DIGEST8/`` holds one version: the data, its ``.dvc`` file, and ``manifest.json`` with schema, units, summary, digest
and source. The data itself is not for version control, the two small files are. A version is made in a folder of its own that is
renamed when it is whole, and never altered after that: whoever is killed half-way leaves nothing that can be seen.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from bartik.core import DataError, DigestError, RegistryError, UnknownNameError, UsageError
from bartik.core.addresses import is_address
from bartik.core.digest import digest_file
from bartik.core.files import remove, take_place, write_text
from bartik.core.places import datasets
from bartik.data.summary import with_units
from bartik.registry import collect, dvc
from bartik.registry.changes import changed_columns
from bartik.registry.data_versions import altered, find, folder_of, is_here, refuse_altered, versions
from bartik.registry.database import alone
from bartik.registry.manifest import MANIFEST, SHORT, DataVersion, check_dataset_name, content_digest, read_manifest, write_manifest

__all__ = ["DataVersion", "add", "fetch", "find", "folder_of", "is_here", "pull", "push", "verify", "versions"]

REMOTE = "bartik"
"""Name of the remote that `push` sets."""


def add(source: Path | str, name: str = "", units: Mapping[str, str] | None = None) -> DataVersion:
    """Record a file, a folder or what an address holds as a version of the dataset ``name``, by default named after the file.

    ``units`` are by column, or by ``table/column``. Data that already is a version keeps what is known of it and becomes the newest.
    Without DVC the version is recorded and can be verified, and adding it again with DVC completes it.
    """
    source = str(source)
    name = name or collect.default_name(source)
    check_dataset_name(name)
    root, told = datasets(), collect.shown(source)
    with collect.scratch(root) as scratch:
        folder = _new_folder(scratch)
        content, files = collect.bring(source, folder, name)
        tables = collect.describe(folder, files, told)
        version = DataVersion(name, content_digest(content, files), told, _now(), content, files, tables)
        _check_units(version, units or {})
        return _enter(root, folder, replace(version, tables=with_units(tables, dict(units or {}))))


def verify(reference: str) -> list[str]:
    """What of a version is not as it was added, one line each, by file and by column; nothing where all is."""
    version = find(reference)
    folder = folder_of(version)
    findings, differ = altered(version)
    pointer = folder / f"{version.content}.dvc"
    if pointer.exists():
        try:
            if dvc.read_pointer(pointer, version.content).size != version.size:
                findings.append(f"{pointer}: describes other data than the manifest")
        except DataError as error:
            findings.append(error.message)
    if differ:
        findings += changed_columns(version, folder)
    return findings


def fetch(reference: str) -> Path:
    """The data of a version on this machine, its digest verified; what is not here is taken from DVC's cache or remote.

    `DigestError` where it is here but altered; `RegistryError` where it cannot be had.
    """
    version = find(reference)
    findings, differ = altered(version)
    if differ:
        refuse_altered(version)
    if findings:
        _restore(version, "")
    return folder_of(version) / version.content


def push(references: Sequence[str] = (), to: str = "") -> list[DataVersion]:
    """Send versions (all, where none is named) to DVC's remote; ``to`` is a remote's name, or a folder or address to set as the default."""
    chosen = _chosen(references)
    if not chosen:
        return []
    for version in chosen:
        if not _is_kept(version):
            _complete(version)
    with _remote(datasets(), to) as remote:
        for version in chosen:
            dvc.run(folder_of(version), "push", *remote, "--", f"{version.content}.dvc")
    return chosen


def pull(references: Sequence[str] = (), source: str = "", *, force: bool = False) -> list[DataVersion]:
    """Bring the data of versions (all, where none is named) here from DVC's cache or remote, and verify it.

    Data that was altered here is refused, or replaced with ``force``.
    """
    chosen = _chosen(references)
    for version in chosen:
        findings, differ = altered(version)
        if differ and not force:
            refuse_altered(version)
        if findings:
            _restore(version, source)
    return chosen


def _restore(version: DataVersion, source: str) -> None:
    """From the cache, or where that lacks it or holds something else, from the remote."""
    folder, pointer = folder_of(version), _pointer(version)
    if _checked_out(version, pointer, check=False):
        return
    _forget_damaged(version, pointer)
    with _remote(datasets(), source) as remote:
        dvc.run(folder, "fetch", *remote, "--", f"{version.content}.dvc")
    if not _checked_out(version, pointer, check=True):
        findings = altered(version)[0]
        _forget_damaged(version, pointer)
        raise DigestError(
            f"{version.reference}: what the remote holds is not what was added ({findings[0]})", hint="push it from where it was added"
        )


def _checked_out(version: DataVersion, pointer: dvc.Pointer, *, check: bool) -> bool:
    """Let DVC put its content here, and say whether it is what was added."""
    dvc.check_listing(folder_of(version), pointer, {file.path.removeprefix(f"{version.content}/") for file in version.files})
    dvc.run(folder_of(version), "checkout", "--force", "--", f"{version.content}.dvc", check=check)
    return not altered(version)[0]


def _forget_damaged(version: DataVersion, pointer: dvc.Pointer) -> None:
    """Remove what is not as it was added, here and in the cache: DVC believes what it knows of a file's time, and would keep it."""
    if altered(version)[1]:
        remove(folder_of(version) / version.content)
    kept = dvc.cached(folder_of(version), pointer)
    if kept is not None and kept.is_file() and len(version.files) == 1 and digest_file(kept) != version.files[0].digest:
        kept.unlink()


def _enter(root: Path, folder: Path, version: DataVersion) -> DataVersion:
    """Let DVC keep the content, and put the whole folder in its place."""
    target = root / version.name / version.digest[:SHORT]
    with alone(collect.lock(root)):
        version = _with_known(target, version)
        write_text(folder / ".gitignore", f"/{version.content}\n")
        write_manifest(folder, version)
        if not (root / ".gitignore").exists():
            write_text(root / ".gitignore", ".lock\n.adding-*.lock\n")
        dvc.ensure_repository(root, folder.parent)
        if dvc.is_installed():
            dvc.add(folder, version.content)
        target.parent.mkdir(exist_ok=True)
        take_place(folder, target)
    return version


def _with_known(target: Path, version: DataVersion) -> DataVersion:
    """Units that were given before are kept; another content of the same short digest is refused."""
    if not (target / MANIFEST).exists():
        return version
    known = read_manifest(target)
    if known.digest != version.digest:
        raise RegistryError(f"{version.reference}: another version has the same first {SHORT} characters", hint="add it under another name")
    old = {f"{table.name}/{column.name}": column.unit for table in known.tables for column in table.columns}
    new = {f"{table.name}/{column.name}": column.unit for table in version.tables for column in table.columns if column.unit}
    return replace(version, tables=with_units(version.tables, old | new))


def _complete(version: DataVersion) -> None:
    """Give DVC a version that it lost, or that was added where it was not installed."""
    dvc.run(datasets(), "version")
    refuse_altered(version)
    with collect.scratch(datasets()) as scratch:
        folder = _new_folder(scratch)
        collect.bring(str(folder_of(version) / version.content), folder, version.name)
        _enter(datasets(), folder, version)


def _new_folder(scratch: Path) -> Path:
    folder = scratch / "version"
    folder.mkdir()
    return folder


def _chosen(references: Sequence[str]) -> list[DataVersion]:
    return [find(reference) for reference in references] if references else versions()


def _pointer(version: DataVersion) -> dvc.Pointer:
    path = folder_of(version) / f"{version.content}.dvc"
    if not path.exists():
        raise RegistryError(f"{version.reference}: DVC does not know it", hint="add it again where DVC is installed")
    return dvc.read_pointer(path, version.content)


def _is_kept(version: DataVersion) -> bool:
    """Whether DVC has the content in its cache."""
    path = folder_of(version) / f"{version.content}.dvc"
    kept = dvc.cached(path.parent, dvc.read_pointer(path, version.content)) if path.exists() else None
    return kept is not None and kept.exists()


@contextmanager
def _remote(root: Path, wanted: str) -> Iterator[list[str]]:
    """Arguments that name the remote; an address becomes the default one, and ceases to be if DVC then fails with it."""
    known = dvc.remotes(root)
    if not wanted or wanted in known:
        _check_folder(known.get(wanted, ""))
        yield ["--remote", wanted] if wanted else []
    elif is_address(wanted) or "/" in wanted or Path(wanted).is_dir():
        address = dvc.remote_address(wanted)
        _check_folder(address)
        with dvc.new_remote(root, REMOTE, address):
            yield ["--remote", REMOTE]
    else:
        raise UnknownNameError("remote", wanted, [name for name in known if name])


def _check_folder(address: str) -> None:
    """A remote that is a folder must be there, for DVC would make another at the same path."""
    if address and not is_address(address) and Path(address).is_absolute() and not Path(address).is_dir():
        raise RegistryError(f"remote {address}: no such folder", hint="is it mounted? make it if it is new; the same command completes it")


def _check_units(version: DataVersion, units: Mapping[str, str]) -> None:
    names = {column.name for column in version.columns} | {f"{t.name}/{c.name}" for t in version.tables for c in t.columns if t.name}
    for column, unit in units.items():
        if column not in names:
            raise UnknownNameError("column", column, names)
        if not unit.isprintable() or len(unit) > 40:
            raise UsageError(f"unit of {column!r}: {unit!r} cannot be", hint="wanted the like of GeV, mm or ps")


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="microseconds")
