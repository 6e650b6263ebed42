"""A folder that lasts as long as the process."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from pathlib import Path


def scratch_folder() -> Path:
    """A new empty folder, removed when Python ends."""
    folder = Path(tempfile.mkdtemp(prefix="bartik-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder
