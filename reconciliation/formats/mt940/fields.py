"""Cuts an MT940 or MT942 file into its tagged fields as a stream, in flat memory however long the file is.

Source: SWIFT category 9 messages: a field begins with ":tag:" at the start of a line and goes on until the
next one. Around a message there may be blocks {1:} {2:} {4: and at its end a line with "-" or "-}".
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from itertools import islice
from typing import BinaryIO, NoReturn, TypeAlias

from reconciliation.formats.streams import first_bytes
from reconciliation.statement import UnreadableFile

# The line of the file on which a field begins, counted from 1; its tag; its text, "\n" between its lines. The
# fields that explain the one before, :86: and :NS:, are part of its text and begin with "\n:86:" and "\n:NS:".
Field: TypeAlias = tuple[int, str, str]
EXPLANATION = re.compile(r"\n:(86|NS):")

CHUNK = 64 * 1024
LONGEST_LINE = 8 * 1024  # SWIFT allows 65 characters, but some banks never wrap
MOST_LINES = 10_000  # of one field with what stands behind it, and of what stands before the first
LONGEST_FIELD = 4_000_000

# Given as tags of their own, with all of their text: what stands before the first field, where the blocks of a
# message begin, where a message ends, and both on one line.
AHEAD, BLOCK_START, BLOCK_END, BLOCK_CHANGE = "", "{", "}", "}{"
_MARKS = frozenset({BLOCK_START, BLOCK_END, BLOCK_CHANGE})

CLOSING = frozenset({"62F", "62M", "90C", "90D"})
TAGS = CLOSING | frozenset("940 20 21 25 25P 28 28C 60F 60M 61 64 65 13 13D 34F".split())

# Where a line begins that may be a field, or begin or end a message.
_MARK = re.compile(r"\n(?=:(?!86:|NS:)|[{-])")

_NEAR = 1000  # characters of a field, within which a text :86: begins if it has one

# Tags of a message's beginning: within a text they are the minutes of a time of day that was wrapped.
_MINUTES = frozenset({"13", "20", "21", "25", "28"})
_SECONDS = re.compile(r"[0-5][0-9](?![0-9])")

_FINTS_BREAK = b"@@"  # FinTS messages may write it for the end of a line
# CP1252, and for the five bytes that it leaves undefined the control characters of ISO 8859-1.
_CP1252 = "".join(bytes([code]).decode("cp1252", "ignore") or chr(code) for code in range(256))
_FRAMES = dict.fromkeys((0x01, 0x03, 0x1A))  # control characters around a message as it was transmitted


def fields(stream: BinaryIO) -> Iterator[Field]:
    """The fields of `stream` in order, and what stands before them or between messages with tags of its own.

    Raises UnreadableFile with its line for a NUL, for a line or a field without end, and for a tag that does
    not exist where no text can stand.
    """
    first, tag, text, is_closed = 1, "", "", True
    number = 0
    for block in _blocks(stream):
        more, *pieces = _MARK.split(block)
        if more:
            text += more
            number += more.count("\n")
            _refuse_endless(text, first, number)
        for piece in pieces:
            number += 1
            begun = "61" if piece[:4] == ":61:" else _begun(piece, number, tag, text, is_closed)
            if begun is None:
                text += "\n" + piece
                _refuse_endless(text, first, number)
            else:
                if tag or text:
                    yield first, tag, _without_end(text) if "\n-" in text or is_closed else text
                first, tag, text = number, begun, piece if begun in _MARKS else piece[len(begun) + 2 :]
                if begun != "61":
                    is_closed = begun in CLOSING or (is_closed and begun != "20")
            number += piece.count("\n")
    if tag:
        yield first, tag, _without_end(text)


def _begun(piece: str, number: int, current: str, text: str, is_closed: bool) -> str | None:
    """The tag that begins with `piece`; None where it is more of the field `current`, whose text is `text`.

    A dash alone ends a message only behind its closing balance: before, it may be the rest of a text. Where a
    message has begun or ended already, further marks of it say nothing new.
    """
    if piece.startswith(":"):
        return _tag(piece, number, text, is_closed)
    line = piece.split("\n", 1)[0]
    if line.startswith(("{1:", "{2:", "{4:")):
        return None if current == BLOCK_START else BLOCK_START
    if line.startswith("-}") and ("{1:" in line or "{4:" in line):
        return None if current == BLOCK_CHANGE else BLOCK_CHANGE
    is_end = line.startswith("-") and (is_closed or line.startswith("-}"))
    return BLOCK_END if is_end and current != BLOCK_END else None


def _tag(piece: str, number: int, text: str, is_closed: bool) -> str | None:
    """The tag that `piece` begins with; None where it is text that happens to begin with a colon."""
    name, is_tag, _ = piece[1:5].partition(":")
    is_explained = EXPLANATION.search(text, 0, _NEAR) is not None
    if is_tag and name in TAGS:
        is_time = name in _MINUTES and is_explained and not is_closed and text[-1:].isdigit()
        return None if is_time and _SECONDS.match(piece, len(name) + 2) else name
    if is_explained or (is_closed and not (is_tag and name.isalnum())):
        return None
    if is_tag and name.isalnum() and name.isascii():
        raise UnreadableFile(f"The field :{name}: does not exist in an MT940 or MT942.", line=number)
    raise UnreadableFile("A line begins with a colon, but no field is named like it.", line=number)


def _without_end(text: str) -> str:
    """A field's text without the dash that ended its message, and without blank lines at its end."""
    text = text.rstrip()
    while (begin := text.rfind("\n")) >= 0 and text[begin:].strip() == "-":
        text = text[:begin].rstrip()
    return text


def _refuse_endless(text: str, first: int, number: int) -> None:
    if number - first >= MOST_LINES or len(text) > LONGEST_FIELD:
        raise UnreadableFile(f"There are over {MOST_LINES} lines of text without a field.", line=first)


# --- bytes to text ---


def _blocks(stream: BinaryIO) -> Iterator[str]:
    """The text of `stream` in pieces of whole lines, in UTF-8 or else CP1252, with "\n" before each line."""
    number = 0
    for block in _pieces(stream, _line_end(head := first_bytes(stream, CHUNK)), head):
        if b"\0" in block:
            _refuse_nul(block, number)
        text = "\n" + _decoded(block).removesuffix("\n")
        _refuse_long_lines(text, number)
        yield text
        number += text.count("\n")


def _pieces(stream: BinaryIO, line_end: bytes, head: bytes) -> Iterator[bytes]:
    """The bytes of `stream` behind `head` with it, in pieces of whole lines, with "\n" for every line end."""
    rest, number = head.removeprefix(codecs.BOM_UTF8), 1
    while True:
        end = rest.rfind(line_end) + len(line_end)
        if end >= len(line_end):
            block = rest[:end].replace(line_end, b"\n").replace(b"\r", b"")
            number += block.count(b"\n")
            yield block
            rest = rest[end:]
        if len(rest) > LONGEST_LINE:
            _refuse_long(number)
        more = stream.read(CHUNK)
        if not more:
            break
        rest += more
    if rest:
        yield rest.replace(b"\r", b"")


def _line_end(head: bytes) -> bytes:
    if _FINTS_BREAK + b":" in head:
        return _FINTS_BREAK
    return b"\r" if b"\n" not in head and b"\r" in head else b"\n"


def _decoded(block: bytes) -> str:
    try:
        text = block.decode("utf-8")
    except UnicodeDecodeError:
        text = "\n".join(map(_decoded_line, block.split(b"\n")))
    return text.translate(_FRAMES) if any(chr(code) in text for code in _FRAMES) else text


def _decoded_line(line: bytes) -> str:
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError:
        return codecs.charmap_decode(line, "strict", _CP1252)[0]


def _refuse_nul(block: bytes, number: int) -> NoReturn:
    line = number + 1 + block.count(b"\n", 0, block.index(b"\0"))
    raise UnreadableFile("The file holds a NUL byte, which no text does.", line=line)


def _refuse_long_lines(text: str, number: int) -> None:
    """A line that is too long fills at least one of the windows of half its length."""
    window = LONGEST_LINE // 2
    if all(text.find("\n", at, at + window) >= 0 for at in range(0, len(text) - window, window)):
        return
    for ahead, line in enumerate(text[1:].split("\n"), 1):
        if len(line) > LONGEST_LINE:
            _refuse_long(number + ahead)


def _refuse_long(number: int) -> NoReturn:
    raise UnreadableFile(f"A line has over {LONGEST_LINE} characters.", line=number)


# --- the bytes themselves ---


def raw_lines(stream: BinaryIO, first: int, last: int) -> bytes:
    """The lines `first` to `last` of `stream`, counted from 1, as they stand in it with their line ends."""
    return b"".join(islice(_raw(stream), first - 1, last))


def _raw(stream: BinaryIO) -> Iterator[bytes]:
    rest = first_bytes(stream, CHUNK)
    line_end = re.compile(re.escape(_line_end(rest)) + b"|\n")
    while rest:
        begin = 0
        for found in line_end.finditer(rest):
            yield rest[begin : found.end()]
            begin = found.end()
        more = stream.read(CHUNK)
        rest = rest[begin:] + more
        if not more:
            break
    if rest:
        yield rest
