"""Shows one entry of a camt file as it stands there, byte for byte."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, BinaryIO
from xml.parsers import expat

from reconciliation.formats.camt.messages import ENTRY, statement_at
from reconciliation.formats.xml import CHUNK, refuse_document_type
from reconciliation.statement import NoSuchLine, UnreadableFile

_DEEPEST = 256


def fragment(stream: BinaryIO, position: int) -> bytes:
    """The bytes of the entry at `position`, counted from 1 over the whole file, in the file's own encoding.

    Raises NoSuchLine where the file has no such entry, and UnreadableFile where it is no sound XML up to there.
    """
    found = _Search(position)
    try:
        found.go_through(stream)
    except expat.ExpatError as error:
        raise UnreadableFile("The file is not well-formed XML.", line=error.lineno) from None
    if found.start is None or found.end is None:
        raise NoSuchLine(f"The file has no line {position}.")
    stream.seek(found.start)
    return stream.read(found.end - found.start)


@dataclass(slots=True)
class _Search:
    """Counts the entries of all statements, and notes where the one that is wanted begins and ends.

    The parser tells of an element's end where its closing tag begins; where that ends is known from the
    beginning of whatever follows.
    """

    wanted: int
    start: int | None = None
    end: int | None = None
    count: int = 0
    is_behind: bool = False
    path: list[str] = field(default_factory=list)
    parser: Any = field(default_factory=lambda: expat.ParserCreate(namespace_separator="}"))

    def go_through(self, stream: BinaryIO) -> None:
        parser = self.parser
        parser.StartElementHandler, parser.EndElementHandler = self._begins, self._ends
        parser.StartDoctypeDeclHandler = _refuse
        parser.DefaultHandler = parser.CharacterDataHandler = self._follows
        data = stream.read(CHUNK)
        refuse_document_type(data)
        while data and self.end is None:
            parser.Parse(data, False)
            data = stream.read(CHUNK)

    def _begins(self, name: str, _: object) -> None:
        self._follows(name)
        self.path.append(name.rpartition("}")[2])
        if len(self.path) > _DEEPEST:
            raise UnreadableFile("The file nests its elements too deep.")
        if self.path[-1] == ENTRY and self._is_in_statement():
            self.count += 1
            if self.count == self.wanted:
                self.start = self.parser.CurrentByteIndex

    def _ends(self, name: str) -> None:
        self._follows(name)
        is_wanted = self.count == self.wanted and self.path[-1] == ENTRY and self._is_in_statement()
        self.is_behind = self.is_behind or is_wanted
        self.path.pop()

    def _follows(self, _: str) -> None:
        if self.is_behind and self.end is None:
            self.end = self.parser.CurrentByteIndex

    def _is_in_statement(self) -> bool:
        return len(self.path) > 2 and statement_at(self.path[-3], self.path[-2]) is not None


def _refuse(*_: object) -> None:
    raise UnreadableFile("The file declares a document type, which bank files must not.")
