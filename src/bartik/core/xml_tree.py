"""XML from strangers: a tree of elements, or a refusal.

The standard library's parsers refuse nothing by themselves. Here a document type or an entity declaration ends the reading
where it stands (the files that we read have none, and entities are how a small file becomes gigabytes), and size, depth, number of
elements and length of names and attributes are bounded while the file is read.
"""

from __future__ import annotations

from pathlib import Path
from typing import NoReturn
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from bartik.core.errors import BartikError, DataError

MAX_BYTES = 256 * 2**20
MAX_ELEMENTS = 4_000_000
MAX_DEPTH = 200
MAX_ATTRIBUTE = 4096


def read_xml(path: Path, content: bytes, refusal: type[BartikError] = DataError) -> Element:
    """Root element of ``content``; the ``refusal`` names ``path``, the line, and what is wrong or refused there."""
    if len(content) > MAX_BYTES:
        raise refusal(f"{path}: {len(content)} bytes of XML, more than the {MAX_BYTES} we read")
    reader = _Reader(path, refusal)
    try:
        reader.parser.Parse(content, True)  # noqa: FBT003 - the signature of expat
    except expat.ExpatError as error:
        hint = "is the file whole? copy it again from where it was made"
        raise refusal(f"{path}: line {error.lineno}: not well-formed XML ({expat.ErrorString(error.code)})", hint=hint) from error
    except (ValueError, LookupError) as error:
        raise refusal(f"{path}: not readable as XML ({error})") from error
    return reader.builder.close()


class _Reader:
    def __init__(self, path: Path, refusal: type[BartikError]) -> None:
        self.path, self.refusal, self.depth, self.elements = path, refusal, 0, 0
        self.builder = TreeBuilder()
        self.parser = expat.ParserCreate()
        self.parser.buffer_text = True
        self.parser.StartDoctypeDeclHandler = self._doctype
        self.parser.EntityDeclHandler = self._entity
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self.builder.data

    def _refuse(self, what: str) -> NoReturn:
        raise self.refusal(f"{self.path}: line {self.parser.CurrentLineNumber}: {what}", hint="such a file needs none of this")

    def _doctype(self, *_: object) -> None:
        self._refuse("a document type declaration is refused")

    def _entity(self, *_: object) -> None:
        self._refuse("an entity declaration is refused")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self.depth += 1
        self.elements += 1
        if self.depth > MAX_DEPTH:
            self._refuse(f"elements nested more than {MAX_DEPTH} deep")
        if self.elements > MAX_ELEMENTS:
            self._refuse(f"more than {MAX_ELEMENTS} elements")
        if max((len(text) for pair in attributes.items() for text in pair), default=0) > MAX_ATTRIBUTE:
            self._refuse(f"an attribute longer than {MAX_ATTRIBUTE} characters")
        self.builder.start(name, attributes)

    def _end(self, name: str) -> None:
        self.depth -= 1
        self.builder.end(name)
