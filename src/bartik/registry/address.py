"""Where the registry is."""

from __future__ import annotations

import os

from bartik.core.places import home


def address() -> str:
    """What ``MLFLOW_TRACKING_URI`` names, else the file in Bartik's home; it may hold a password."""
    return os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{home() / 'registry.db'}"
