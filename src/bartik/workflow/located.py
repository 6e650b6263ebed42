"""Where what a run reads is on this machine: a path as it is, a version of data by its digest, the bundles of other models."""

from __future__ import annotations

import functools
import re

from bartik.core import Config
from bartik.registry import datasets
from bartik.workflow.run import Run

_VERSION = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*@[0-9a-f]{8,64}")


def located(run: Run) -> Config:
    """The run's configuration with places on this machine.

    ``data.path`` where it names a version (``tracks@3fa9c1d2``): verified, or taken from DVC. ``bundles``, where it needs any.
    """
    config, path = run.config, run.config.to_dict().get("data", {}).get("path", "")
    if isinstance(path, str) and _VERSION.fullmatch(path):
        config = config.replace({"data": {"path": _fetched(path)}})
    bundles = {name: str(path) for name, path in run.needs.items()} if run.part else {}
    return config.replace({"bundles": bundles}) if bundles else config


@functools.lru_cache(maxsize=64)
def _fetched(reference: str) -> str:
    """Once a process: all data are hashed."""
    return str(datasets.fetch(reference))
