"""Content digests: SHA-256 of files, values and arrays, the same on every machine."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from bartik.core.spec import Array


def digest_bytes(content: bytes) -> str:
    """SHA-256 of ``content`` in hex."""
    return hashlib.sha256(content).hexdigest()


def digest_file(path: Path) -> str:
    """SHA-256 of a file, read in pieces."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def digest_values(values: Any) -> str:
    """SHA-256 of plain values (what JSON can hold), independent of the order of keys."""
    return digest_bytes(canonical_json(values).encode())


def digest_arrays(arrays: Mapping[str, Array]) -> str:
    """SHA-256 over names, dtypes, shapes and little-endian bytes of ``arrays``, in order of name."""
    state = hashlib.sha256()
    for name in sorted(arrays):
        array = np.ascontiguousarray(arrays[name])
        array = array.astype(array.dtype.newbyteorder("<"), copy=False)
        state.update(f"{name}|{array.dtype.str}|{array.shape}|".encode())
        state.update(array.tobytes())
    return state.hexdigest()


def canonical_json(values: Any) -> str:
    """JSON with sorted keys and no spaces: the text that digests are taken of."""
    return json.dumps(values, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
