"""The file of an exporter, imported when it is needed: it wraps a framework that may not be installed."""

from __future__ import annotations

import importlib
from types import ModuleType

from bartik.core import ExportError

_EXTRAS = {"xgboost": "xgboost", "lightgbm": "lightgbm", "catboost": "catboost", "sklearn": "sklearn", "keras": "keras"}
"""By exporter: the extra that installs what it needs."""


def load_exporter(name: str) -> ModuleType:
    """Module ``name`` of this package; `ExportError` names what is not installed and how to get it."""
    try:
        return importlib.import_module(f"bartik.exporters.{name}")
    except ImportError as error:
        if name not in _EXTRAS or str(error.name).startswith("bartik"):
            raise
        raise ExportError(f"exporter {name} needs {error.name}", hint=f"pip install 'bartik[{_EXTRAS[name]}]'") from error
