"""Shows one entry of a camt file as it stands there, byte for byte."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain
from typing import BinaryIO

from reconciliation.formats import xml
from reconciliation.formats.camt.messages import ENTRY, statement_at
from reconciliation.statement import NoSuchLine, UnreadableFile

_DEEPEST = 256

# A tag by what closes it, its name, and the sign that it has no content; or a comment, a text section or an
# instruction. The sign "<" alone is of one that goes on in the next piece.
_MARKUP = re.compile(
    rb"<(?:(/?)([^\s<>/!?]++)(?:[^\"'>/]++|\"[^\"]*+\"|'[^']*+'|/(?!>))*+(/?)>"
    rb"|!--.*?-->|!\[CDATA\[.*?\]\]>|\?.*?\?>|)",
    re.DOTALL,
)
_NAME = ENTRY.encode()

_UTF_16 = {
    codecs.BOM_UTF16_LE: "utf-16-le",
    b"<\0": "utf-16-le",
    codecs.BOM_UTF16_BE: "utf-16-be",
    b"\0<": "utf-16-be",
}
_TWO_UNITS = re.compile("[\U00010000-\U0010ffff]")


def fragment(stream: BinaryIO, position: int) -> bytes:
    """The bytes of the entry at `position`, counted from 1 over the whole file, in the file's own encoding.

    Raises NoSuchLine where the file has no such entry, and UnreadableFile where it is no sound XML up to there.
    """
    found = _Search(position)
    width, pieces = _in_units(xml.judged(stream))
    found.go_through(pieces)
    if found.behind is None:
        raise NoSuchLine(f"The file has no line {position}.")
    stream.seek(found.start * width)
    return stream.read((found.behind - found.start) * width)


@dataclass(slots=True)
class _Search:
    """Counts the entries of all statements, and notes where the one that is wanted begins, and behind which it ends.

    That the markup is sound is left to whoever gives the pieces.
    """

    wanted: int
    start: int = 0
    behind: int | None = None
    count: int = 0
    path: list[bytes] = field(default_factory=list)

    def go_through(self, pieces: Iterator[bytes]) -> None:
        before, held, enough = 0, b"", 0
        for piece in chain(pieces, (b"",)):
            held += piece
            if piece and len(held) < enough:
                continue
            end = self._look_at(held, before)
            if self.behind is not None:
                return
            before, held = before + end, held[end:]
            enough = 2 * len(held)  # what goes on is not looked at again for every piece of it

    def _look_at(self, held: bytes, before: int) -> int:
        """Follows the markup in `held`, which `before` others precede, and says where what is whole of it ends."""
        path = self.path
        for found in _MARKUP.finditer(held):
            closing, name, is_empty = found.groups()
            if name is None:
                if found.end() - found.start() == 1:
                    return found.start()
                continue
            if not closing:
                path.append(name)
                if name[-4:] == _NAME:
                    self._begin(before + found.start())
            if closing or is_empty:
                if name[-4:] == _NAME and self._is_wanted():
                    self.behind = before + found.end()
                    break
                path.pop()
            elif len(path) > _DEEPEST:
                raise UnreadableFile("The file nests its elements too deep.")
        return len(held)

    def _begin(self, start: int) -> None:
        if self._is_at_entry():
            self.count += 1
            self.start = start if self.count == self.wanted else self.start

    def _is_wanted(self) -> bool:
        return self.count == self.wanted and self._is_at_entry()

    def _is_at_entry(self) -> bool:
        root, statement, name = map(_local, self.path[-3:]) if len(self.path) > 2 else ("", "", "")
        return name == ENTRY and statement_at(root, statement) is not None


def _local(name: bytes) -> str:
    return name.rpartition(b":")[2].decode("latin-1")


def _in_units(pieces: Iterator[bytes]) -> tuple[int, Iterator[bytes]]:
    """How many bytes a unit has, and the file with one byte for each: markup as it is, other letters as whatever."""
    head = next(pieces)
    codec = next((name for mark, name in _UTF_16.items() if head.startswith(mark)), None)
    whole = chain((head,), pieces)
    return (1, whole) if codec is None else (2, _narrowed(whole, codec))


def _narrowed(pieces: Iterator[bytes], codec: str) -> Iterator[bytes]:
    decoder = codecs.getincrementaldecoder(codec)("replace")
    for piece in pieces:
        yield _TWO_UNITS.sub("??", decoder.decode(piece)).encode("latin-1", "replace")
