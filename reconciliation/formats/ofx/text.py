"""The text of an OFX file in pieces: decoded as its bytes show, without comments, with one kind of line end."""

from __future__ import annotations

import codecs
import io
from collections.abc import Iterable, Iterator
from typing import NoReturn

from reconciliation.formats.ofx.opening import Opening
from reconciliation.statement import UnreadableFile

CHUNK = 64 * 1024
LONGEST = 64 * 1024  # letters of one field, one tag, one comment or one transaction: none comes near it

_NAMES = {"cp1252": "Windows-1252", "iso8859-1": "ISO 8859-1", "iso8859-15": "ISO 8859-15", "utf-8": "UTF-8"}
_FALLBACK = "cp1252"
_COMMENT, _LITERAL = ("<!--", "-->"), ("<![CDATA[", "]]>")

CUT_OFF = "The file ends in the middle: it was cut off on its way."


def pieces(blocks: Iterable[bytes], opening: Opening, noticed: list[str]) -> Iterator[str]:
    """The whole text of a file, in pieces that never end within a tag.

    Comments are gone but for their line ends, and literal sections (CDATA) are written out. What a person
    should know of the encoding is added to `noticed`. Raises UnreadableFile.
    """
    decoder = _Decoder(opening, noticed)
    held, line = "", 1
    for data in blocks:
        text, held = _cut(held + decoder.decode(data), line)
        yield text
        line += text.count("\n")
    text, held = _shown(held + decoder.decode(b"", final=True), line)
    if held:
        raise UnreadableFile(CUT_OFF, line=line + text.count("\n"))
    yield text


def _cut(text: str, line: int) -> tuple[str, str]:
    """The part of `text` that is complete, and the tag, comment or literal section it ends within."""
    text, held = _shown(text, line)
    last = text.rfind("<")
    if not held and last >= 0 and text.find(">", last) < 0:
        text, held = text[:last], text[last:]
    if len(held) > LONGEST:
        raise UnreadableFile(
            f"A field or comment in the file is longer than {LONGEST} letters or never ends.",
            line=line + text.count("\n"),
        )
    return text, held


def _shown(text: str, line: int) -> tuple[str, str]:
    """Comments as their line ends and literal sections as escaped text; apart from it one that is unfinished."""
    if "!" not in text:
        return text, ""
    shown: list[str] = []
    start = 0
    while (at := text.find("<!", start)) >= 0:
        shown.append(text[start:at])
        mark = next((mark for mark in (_COMMENT, _LITERAL) if text.startswith(mark[0], at)), None)
        end = -1 if mark is None else text.find(mark[1], at + len(mark[0]))
        if mark is None and not any(one[0].startswith(text[at : at + 9]) for one in (_COMMENT, _LITERAL)):
            _refuse_declaration(line + text.count("\n", 0, at))
        if mark is None or end < 0:
            return "".join(shown), text[at:]
        inside = text[at + len(mark[0]) : end]
        shown.append("\n" * inside.count("\n") if mark is _COMMENT else _escaped(inside))
        start = end + len(mark[1])
    shown.append(text[start:])
    return "".join(shown), ""


def _escaped(literal: str) -> str:
    return literal.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _refuse_declaration(line: int) -> NoReturn:
    raise UnreadableFile(
        "The file holds a declaration, such as of a document type or an entity, which bank files must not.",
        line=line,
    )


class _Decoder:
    """Bytes to text: as UTF-8 if that is what they are, else as the single-byte codec that was declared."""

    def __init__(self, opening: Opening, noticed: list[str]) -> None:
        self._declared = opening.codec
        self._noticed = noticed
        self._is_settled = opening.is_certain
        self._has_letters = False
        self._line = 1
        self._bytes = codecs.getincrementaldecoder(opening.codec if opening.is_certain else "utf-8")()
        self._line_ends = io.IncrementalNewlineDecoder(None, translate=True)
        self._is_first = True

    def decode(self, data: bytes, *, final: bool = False) -> str:
        """The text of the next bytes; raises UnreadableFile for bytes that are no text."""
        waiting = self._bytes.getstate()[0]
        try:
            text = self._bytes.decode(data, final)
        except UnicodeDecodeError as error:
            text = self._otherwise(waiting + data, error, final)
        if not self._is_settled and not self._has_letters and not text.isascii():
            self._notice_letters(text)
        if self._is_first and text:
            text = text.removeprefix("\ufeff")
            self._is_first = False
        text = self._line_ends.decode(text, final)
        if "\0" in text:
            line = self._line + text.count("\n", 0, text.index("\0"))
            raise UnreadableFile("The file holds a zero byte, which no text does.", line=line)
        self._line += text.count("\n")
        return text

    def _notice_letters(self, text: str) -> None:
        self._has_letters = True
        if self._declared != "utf-8":
            self._noticed.append(f"The file declares {_name(self._declared)}, but it is written in UTF-8.")

    def _otherwise(self, data: bytes, error: UnicodeDecodeError, final: bool) -> str:
        """The text where it is not UTF-8; only if nothing before was written in UTF-8 but plain ASCII."""
        before = data[: error.start]
        if self._is_settled or self._has_letters or not before.isascii():
            raise self._refusal(before)
        codec = _FALLBACK if self._declared == "utf-8" else self._declared
        if self._declared == "utf-8":
            self._noticed.append(
                "The file does not say how its letters are encoded; they are read as Windows-1252."
            )
        self._is_settled = True
        self._bytes = codecs.getincrementaldecoder(codec)()
        try:
            return self._bytes.decode(data, final)
        except UnicodeDecodeError as other:
            raise self._refusal(data[: other.start]) from None

    def _refusal(self, before: bytes) -> UnreadableFile:
        line = self._line + before.count(b"\n")
        return UnreadableFile("The file holds bytes that belong to no encoding it can be in.", line=line)


def _name(codec: str) -> str:
    return _NAMES.get(codec, codec)
