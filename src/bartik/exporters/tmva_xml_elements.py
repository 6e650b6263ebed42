"""Reading values out of the elements of a TMVA weight file; each refusal names the file and the element."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn
from xml.etree.ElementTree import Element

import numpy as np

from bartik.core import Array, ExportError


@dataclass(frozen=True)
class Elements:
    """Access to the elements of one file."""

    path: Path

    def refuse(self, what: str, hint: str = "") -> NoReturn:
        """`ExportError` that names the file."""
        raise ExportError(f"{self.path}: {what}", hint=hint)

    def child(self, parent: Element, tag: str) -> Element:
        """The one child ``tag``."""
        found = parent.find(tag)
        if found is None:
            self.refuse(f"<{parent.tag}> has no <{tag}>", "is the file whole?")
        return found

    def children(self, parent: Element, tag: str) -> list[Element]:
        """All children, which must be ``tag``."""
        stranger = next((child.tag for child in parent if child.tag != tag), None)
        if stranger is not None:
            self.refuse(f"<{stranger}> stands in <{parent.tag}> where <{tag}> was wanted")
        return list(parent)

    def text(self, element: Element, name: str) -> str:
        """An attribute."""
        value = element.get(name)
        if value is None:
            self.refuse(f"<{element.tag}> has no attribute {name}")
        return value

    def whole(self, element: Element, name: str, low: int, high: int) -> int:
        """An attribute that is a whole number from ``low`` to ``high``."""
        text = self.text(element, name)
        try:
            value = int(text)
        except ValueError:
            self.refuse(f"<{element.tag} {name}={text!r}>: wanted a whole number")
        if not low <= value <= high:
            self.refuse(f"<{element.tag} {name}={text!r}>: wanted {low} to {high}")
        return value

    def number(self, element: Element, name: str) -> float:
        """An attribute that is a finite number."""
        text = self.text(element, name)
        return self._finite(text, f"<{element.tag} {name}={text!r}>")

    def float32(self, element: Element, name: str) -> np.float32:
        """An attribute that TMVA reads into a ``Float_t``, finite there too."""
        with np.errstate(over="ignore"):
            value = np.float32(self.number(element, name))
        if not np.isfinite(value):
            self.refuse(f"<{element.tag} {name}={element.get(name)!r}> is no float32")
        return value

    def numbers(self, element: Element, count: int) -> Array:
        """The ``count`` finite numbers inside ``element``, float64."""
        words = (element.text or "").split()
        if len(words) != count:
            self.refuse(f"<{element.tag}> announces {count} numbers and holds {len(words)}", "is the file whole?")
        return np.array([self._finite(word, f"<{element.tag}> number {word!r}") for word in words], np.float64)

    def in_order(self, elements: Sequence[Element], name: str) -> None:
        """Refuse unless the attribute ``name`` of ``elements`` counts 0, 1, 2 ..."""
        for position, element in enumerate(elements):
            if self.whole(element, name, 0, 2**31 - 1) != position:
                self.refuse(f"<{element.tag} {name}={element.get(name)!r}> stands at place {position}")

    def _finite(self, text: str, where: str) -> float:
        try:
            value = float(text)
        except ValueError:
            self.refuse(f"{where}: wanted a number")
        if not math.isfinite(value):
            self.refuse(f"{where}: is not finite")
        return value
