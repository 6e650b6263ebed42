"""What works on this machine."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from bartik.backends import installed
from bartik.compiler.build import compiler_version, find_compiler
from bartik.core import places
from bartik.core.provenance import cpu_model


@dataclass(frozen=True)
class Finding:
    """One thing looked at; ``needed`` where the main job cannot do without."""

    what: str
    ok: bool
    found: str
    remedy: str = ""
    needed: bool = False


def examine() -> list[Finding]:
    """Look at everything the main job and its options need."""
    backends = [Finding(f"backend {name}", a.ok, a.version or a.reason, a.remedy) for name, a in installed().items()]
    return [
        _python(),
        _compiler(),
        _home(),
        _data(),
        *backends,
        *(_extra(f"tables by {p}", p, "tables") for p in ("uproot", "h5py", "pyarrow")),
        *_versions(),
    ]


def _python() -> Finding:
    return Finding("python", ok=True, found=f"{platform.python_version()} on {cpu_model()}, {os.cpu_count()} cores", needed=True)


def _compiler() -> Finding:
    found = find_compiler()
    if found is None:
        return Finding("C++ compiler", ok=False, found="not found", remedy="install g++, or name one with CXX", needed=True)
    return Finding("C++ compiler", ok=True, found=f"{found}: {compiler_version(found)}", needed=True)


def _home() -> Finding:
    home = places.home()
    parent = next(p for p in (home, *home.parents) if p.exists())
    ok = os.access(parent, os.W_OK)
    return Finding("registry", ok, str(home), "" if ok else "set BARTIK_HOME to a folder you can write to", needed=True)


def _data() -> Finding:
    samples = places.samples()
    if samples is not None:
        return Finding("samples", ok=True, found=str(samples))
    chosen = os.environ.get("BARTIK_DATA", "")
    found = f"BARTIK_DATA={chosen} is no folder" if chosen else "BARTIK_DATA is not set: events are generated"
    return Finding("samples", ok=not chosen, found=found, remedy=f"set BARTIK_DATA to a folder, not {Path(chosen).name}" if chosen else "")


def _versions() -> list[Finding]:
    """What versions of data need besides: DVC to push and pull them, clients of the servers they come from."""
    return [
        _extra("data versions by dvc", "dvc", "dvc"),
        *(
            _extra(f"data from {scheme}", package, "remote")
            for scheme, package in (("https", "aiohttp"), ("root", "xrootd"), ("s3", "s3fs"))
        ),
    ]


def _extra(what: str, package: str, extra: str) -> Finding:
    try:
        return Finding(what, ok=True, found=version(package))
    except PackageNotFoundError:
        return Finding(what, ok=False, found="not installed", remedy=f"pip install 'bartik[{extra}]'")
