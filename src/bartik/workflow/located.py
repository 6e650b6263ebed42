"""Where the data of a configuration are on this machine: a path as it is, a version of data by its digest."""

from __future__ import annotations

import functools
import re

from bartik.core import Config
from bartik.registry import datasets

_VERSION = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*@[0-9a-f]{8,64}")


def located(config: Config) -> Config:
    """``config`` with ``data.path`` on this machine, where it names a version (``tracks@3fa9c1d2``): verified, or taken from DVC."""
    path = config.to_dict().get("data", {}).get("path", "")
    return config.replace({"data": {"path": _fetched(path)}}) if isinstance(path, str) and _VERSION.fullmatch(path) else config


@functools.lru_cache(maxsize=64)
def _fetched(reference: str) -> str:
    """Once a process: all data are hashed."""
    return str(datasets.fetch(reference))
