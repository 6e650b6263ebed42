"""Universal Binary JSON, as XGBoost writes it (UBJSON draft 12: typed arrays with a count, big-endian numbers).

XGBoost's own reader is C++ that crashes on a damaged file; this one says what is wrong with it, and makes plain values of it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, NoReturn

import numpy as np

from bartik.core import ExportError

_NUMBERS = {"i": ">i1", "U": ">u1", "I": ">i2", "l": ">i4", "L": ">i8", "d": ">f4", "D": ">f8"}
_WORDS = {"T": True, "F": False, "Z": None}
_MAX_DEPTH = 64


def parse_ubjson(path: Path, content: bytes) -> Any:
    """The values in ``content``; `ExportError` names ``path`` and the byte where it is no whole UBJSON."""
    reader = _Reader(path, content)
    values = reader.value(reader.marker(), 0)
    if reader.place != len(content):
        reader.refuse("has something behind its end")
    return values


class _Reader:
    def __init__(self, path: Path, content: bytes) -> None:
        self._path, self._content, self.place = path, content, 0

    def refuse(self, reason: str) -> NoReturn:
        raise ExportError(f"{self._path}: byte {self.place} {reason}", hint="is the file whole?")

    def marker(self) -> str:
        """The next letter that says what follows; ``N`` stands for nothing."""
        letter = "N"
        while letter == "N":
            letter = chr(self._take(1)[0])
        return letter

    def value(self, marker: str, depth: int) -> Any:
        if marker in _NUMBERS:
            return self._numbers(marker, 1)[0]
        if marker in _WORDS:
            return _WORDS[marker]
        if marker in "SH":
            return self._text()
        if marker not in "[{" or depth > _MAX_DEPTH:
            self.refuse(f"has no value: {marker!r}" if marker not in "[{" else "is nested too deeply")
        return self._array(depth + 1) if marker == "[" else self._object(depth + 1)

    def _take(self, count: int) -> bytes:
        if not 0 <= count <= len(self._content) - self.place:
            self.refuse(f"wants {count} bytes more than there are")
        self.place += count
        return self._content[self.place - count : self.place]

    def _numbers(self, marker: str, count: int) -> list[Any]:
        dtype = np.dtype(_NUMBERS[marker])
        return list(np.frombuffer(self._take(count * dtype.itemsize), dtype).tolist())

    def _length(self) -> int:
        marker = self.marker()
        if marker not in "iUIlL":
            self.refuse(f"has no length: {marker!r}")
        return int(self._numbers(marker, 1)[0])

    def _text(self) -> str:
        try:
            return self._take(self._length()).decode()
        except UnicodeDecodeError:
            self.refuse("ends a text that is no UTF-8")

    def _array(self, depth: int) -> list[Any]:
        marker = self.marker()
        if marker == "$":
            kind = self.marker()
            if kind not in _NUMBERS or self.marker() != "#":
                self.refuse(f"has an array of {kind!r}")
            return self._numbers(kind, self._length())
        if marker == "#":
            return [self.value(self.marker(), depth) for _ in range(self._bounded(self._length()))]
        found = []
        while marker != "]":
            found.append(self.value(marker, depth))
            marker = self.marker()
        return found

    def _bounded(self, count: int) -> int:
        """``count`` of values, each of which takes a byte at least."""
        if not 0 <= count <= len(self._content) - self.place:
            self.refuse(f"wants {count} values more than there are")
        return count

    def _object(self, depth: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        while self._content[self.place : self.place + 1] != b"}":
            key = self._text()
            if key in found:
                self.refuse(f"has {key!r} twice")
            found[key] = self.value(self.marker(), depth)
        self._take(1)
        return found
