"""Where state lives: ``BARTIK_HOME`` (registry), the user's cache (what can be rebuilt), ``BARTIK_DATA`` (samples) and others."""

from __future__ import annotations

import os
from pathlib import Path


def home() -> Path:
    """Registry database and artifacts: ``BARTIK_HOME``, else ``.bartik`` in the working folder."""
    return Path(os.environ.get("BARTIK_HOME") or ".bartik").resolve()


def cache() -> Path:
    """What can be rebuilt: ``BARTIK_CACHE``, else ``bartik`` in the user's cache folder."""
    chosen = os.environ.get("BARTIK_CACHE")
    base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(chosen).resolve() if chosen else Path(base).expanduser() / "bartik"


def samples() -> Path | None:
    """Folder of real samples that ``BARTIK_DATA`` names, or nothing where it is unset or absent."""
    chosen = os.environ.get("BARTIK_DATA")
    path = Path(chosen) if chosen else None
    return path if path is not None and path.is_dir() else None


def datasets() -> Path:
    """Versions of data, to be kept under version control: ``BARTIK_DATASETS``, else ``datasets`` in the working folder."""
    return Path(os.environ.get("BARTIK_DATASETS") or "datasets").resolve()
