"""DVC, by its command line: what keeps the data and carries it to remotes and back.

Each call is a list of arguments to DVC's own program, never a shell. A repository is made of the two small files that ``dvc init``
would write, with telemetry and the search for updates off, in one step, so that being killed leaves all of it or nothing.
"""

from __future__ import annotations

import importlib.util
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import yaml

from bartik.core import DataError, RegistryError, UnavailableError, UsageError
from bartik.core.addresses import is_address, without_secrets
from bartik.core.files import write_text
from bartik.core.places import cache

PATIENCE = 60.0
"""Seconds to wait for another DVC process in the same repository."""
_CONFIG = "[core]\n    analytics = false\n    check_update = false\n    no_scm = true\n"
_IGNORED = "/config.local\n/tmp\n/cache\n"
_INCOMPLETE = "cache files do not exist"
"""What DVC says, leaving with 0, where it has not got what it is to send."""
_KEYS = {"md5", "size", "hash", "path", "nfiles", "isexec"}
_AGAIN = "the same command run again completes it"
_MEANINGS = (
    (r"no space left|disk quota|file too large|disk I/O error|disk is full", "no space left", f"free some space; {_AGAIN}"),
    (r"no remote (specified|provided)|no default remote", "no remote is set", "name one: bartik data push --to FOLDER|ADDRESS"),
    (r"remote '[^']*' (doesn't exist|not found)", "no such remote", "dvc remote list shows those there are"),
    (r"is not installed|requires '?dvc|missing dependenc|supported, but requires",
     "DVC lacks this remote's protocol", "pip install 'bartik[dvc]'"),
    (r"unable to acquire lock|is busy, it is being blocked", "another DVC process is at work", _AGAIN),
    (r"\b40[13]\b|forbidden|unauthori[sz]ed|permission denied|access denied|credential",
     "the remote refused this user", "check rights and tokens"),
    (r"missing cache files|cache files do not exist|not in cache|failed to pull|checkout failed|does not exist",
     "the data is neither here nor at the remote", "push it from where it was added"),
    (r"connect|timed? ?out|resolve|unreachable|network|not a directory", "the remote cannot be reached", f"check the remote; {_AGAIN}"),
)  # fmt: skip


@dataclass(frozen=True)
class Pointer:
    """What a ``.dvc`` file says: the MD5 that DVC keeps the content by (ending in ``.dir`` for a folder) and its bytes."""

    md5: str
    size: int


def is_installed() -> bool:
    """Whether DVC can be run by this Python."""
    try:
        return importlib.util.find_spec("dvc") is not None
    except ModuleNotFoundError:
        return False


def repository(folder: Path) -> Path | None:
    """The nearest folder at or above ``folder`` that is a DVC repository."""
    return next((parent for parent in (folder, *folder.parents) if (parent / ".dvc" / "config").is_file()), None)


def ensure_repository(folder: Path, scratch: Path) -> None:
    """Make ``folder`` a DVC repository, unless it is in one; ``scratch`` is a folder on the same disk."""
    if repository(folder) is not None:
        return
    new = folder / ".dvc" if (folder / ".dvc").is_dir() else scratch / "dvc"
    new.mkdir(exist_ok=True)
    write_text(new / ".gitignore", _IGNORED)
    write_text(new / "config", _CONFIG)
    if new.parent == scratch:
        new.rename(folder / ".dvc")


def add(folder: Path, content: str) -> None:
    """Put a file or folder into DVC's cache and write its ``.dvc`` file beside it."""
    run(folder, "add", "--", content)
    read_pointer(folder / f"{content}.dvc", content)


def read_pointer(path: Path, content: str) -> Pointer:
    """Read and check a ``.dvc`` file: it describes ``content`` beside it and asks for nothing else."""
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError, yaml.YAMLError) as error:
        raise _wrong(path, "it cannot be read") from error
    outs = values.get("outs") if isinstance(values, dict) else None
    if not isinstance(outs, list) or len(outs) != 1 or not isinstance(outs[0], dict):
        raise _wrong(path, "wanted one entry in 'outs'")
    more = sorted(map(str, (set(values) - {"outs"}) | (set(outs[0]) - _KEYS)))
    if more:
        raise _wrong(path, f"it asks for more than data ({more[0]!r})")
    md5, size = outs[0].get("md5"), outs[0].get("size")
    if outs[0].get("path") != content or not isinstance(md5, str) or not re.fullmatch(r"[0-9a-f]{32}(\.dir)?", md5):
        raise _wrong(path, f"it does not describe {content!r}")
    if not isinstance(size, int) or isinstance(size, bool) or size < 0 or outs[0].get("hash", "md5") != "md5":
        raise _wrong(path, "its size or hash cannot be")
    return Pointer(md5, size)


def cached(folder: Path, pointer: Pointer) -> Path | None:
    """Where the repository's own cache keeps, or would keep, the content."""
    root = repository(folder)
    return root / ".dvc" / "cache" / "files" / "md5" / pointer.md5[:2] / pointer.md5[2:] if root is not None else None


def check_listing(folder: Path, pointer: Pointer, allowed: set[str]) -> None:
    """Raise `DataError` where the list of a folder's files, which came from the remote, names others than ``allowed``."""
    listing = cached(folder, pointer)
    if not pointer.md5.endswith(".dir") or listing is None or not listing.is_file():
        return
    try:
        found = {str(entry["relpath"]) for entry in json.loads(listing.read_bytes())}
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise _wrong(listing, "it cannot be read") from error
    if not found <= allowed:
        raise _wrong(listing, f"it lists {min(found - allowed)!r}, which the manifest does not")


def remotes(folder: Path) -> dict[str, str]:
    """Address of each remote by name, with the default one also under the empty name."""
    told = dict(line.partition("=")[::2] for line in run(folder, "config", "--list").splitlines())
    found = {key.removeprefix("remote.").removesuffix(".url"): url for key, url in told.items() if re.fullmatch(r"remote\..+\.url", key)}
    default = told.get("core.remote", "")
    return found | ({"": found[default]} if default in found else {})


@contextmanager
def new_remote(folder: Path, name: str, address: str) -> Iterator[None]:
    """Write a remote as the default one into the repository's configuration; taken back where what is done with it fails."""
    path = (repository(folder) or folder) / ".dvc" / "config"
    before = path.read_text(encoding="utf-8")
    section, core = f"['remote \"{name}\"']", f"[core]\n    remote = {name}\n"
    text = re.sub(rf"^{re.escape(section)}\n(?:(?!\[).*\n)*", "", before, flags=re.MULTILINE)
    text = re.sub(r"^[ \t]+remote *=.*\n", "", text, flags=re.MULTILINE)
    text = text.replace("[core]\n", core, 1) if "[core]\n" in text else core + text
    write_text(path, f"{text.rstrip()}\n{section}\n    url = {address}\n")
    try:
        yield
    except BaseException:
        write_text(path, before)
        raise


def run(folder: Path, *arguments: str, check: bool = True) -> str:
    """Run ``dvc`` in ``folder`` and give what it prints; `RegistryError` says in one line why it refused."""
    if not is_installed():
        raise UnavailableError("DVC is not installed", hint=f"pip install 'bartik[dvc]'; {_AGAIN}")
    end = time.monotonic() + PATIENCE
    while True:
        done = subprocess.run(  # noqa: S603 - DVC's own program, arguments as a list
            [sys.executable, "-P", "-m", "dvc", *arguments],
            cwd=folder, env=_environment(), stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, errors="replace",
        )  # fmt: skip
        if not check or (done.returncode == 0 and _INCOMPLETE not in done.stdout + done.stderr):
            return done.stdout
        if not _can_repeat(folder, done.stderr, end):
            raise _refusal(arguments, done.stderr)


def _can_repeat(folder: Path, said: str, end: float) -> bool:
    """Whether the next try may succeed: another process lets go, or a list of locks that a killed process left broken is removed."""
    root = repository(folder)
    if root is not None and re.search(r"RWLock-file .*(corrupted|format error)", said):
        (root / ".dvc" / "tmp" / "rwlock").unlink(missing_ok=True)
        return time.monotonic() < end
    if re.search(_MEANINGS[4][0], said, re.IGNORECASE) and time.monotonic() < end:
        time.sleep(0.5)
        return True
    return False


def _refusal(arguments: Sequence[str], said: str) -> RegistryError:
    errors = [line.removeprefix("ERROR: ") for line in said.splitlines() if line.startswith("ERROR: ")]
    for pattern, meaning, hint in _MEANINGS:
        if re.search(pattern, " ".join(errors) or said, re.IGNORECASE):
            reason = without_secrets(errors[0].removeprefix("unexpected error - ")) if errors else ""
            reason = "" if reason.endswith((":", "with")) else reason  # goes on in the next line
            return RegistryError(f"dvc {arguments[0]}: {meaning}" + (f" ({reason})" if reason else ""), hint=hint)
    told = [line for line in said.splitlines() if line.strip()]
    reason = without_secrets((errors or told[-1:] or ["it failed without a word"])[0])
    return RegistryError(f"dvc {arguments[0]}: {reason}", hint=_AGAIN)


def _environment() -> Mapping[str, str]:
    return {"DVC_SITE_CACHE_DIR": str(cache() / "dvc")} | os.environ | {"DVC_NO_ANALYTICS": "true", "NO_COLOR": "1"}


def _wrong(path: Path, what: str) -> DataError:
    return DataError(f"{path}: {what}", hint="restore it from version control, or add the data again")


def remote_address(text: str) -> str:
    """A remote as the repository's shared configuration may hold it; a folder by its whole path."""
    if not is_address(text):
        return str(Path(text).expanduser().resolve())
    parts = urlsplit(text)
    if parts.password or parts.query or parts.fragment or re.search(r"\s", text):
        raise UsageError(
            f"remote {without_secrets(text)}: passwords and tokens do not belong in a shared file",
            hint="leave them out of the address, and set them with `dvc remote modify --local`",
        )
    return text
