"""Cuts an MT940 or MT942 file into its tagged fields as a stream, in flat memory however long the file is.

Source: SWIFT category 9 messages: a field begins with ":tag:" at the start of a line and goes on until the
next one. Around a message there may be blocks {1:} {2:} {4: and at its end a line with "-" or "-}".
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from typing import BinaryIO, NoReturn, TypeAlias

from reconciliation.statement import UnreadableFile

# The line of the file on which a field begins, counted from 1; its tag; its lines, the tag cut off the first.
Field: TypeAlias = tuple[int, str, list[str]]

CHUNK = 64 * 1024
LONGEST_LINE = 8 * 1024  # SWIFT allows 65 characters, but some banks never wrap
MOST_LINES = 1000  # of one field, and of what stands between messages
MOST_BLANK_LINES = 10_000  # behind one field

# Given as tags of their own for the blocks that begin a message and for the mark that ends one.
BLOCK_START, BLOCK_END = "{", "}"

CLOSING = frozenset({"62F", "62M", "90C", "90D"})
TEXTS = frozenset({"86", "NS"})
TAGS = TEXTS | CLOSING | frozenset("940 20 21 25 25P 28 28C 60F 60M 61 64 65 13 13D 34F".split())

# Tags of a message's beginning: within a text they are the minutes of a time of day that was wrapped.
_MINUTES = frozenset({"13", "20", "21", "25", "28"})
_SECONDS = re.compile(r"[0-5][0-9](?![0-9])")

_FINTS_BREAK = b"@@"  # FinTS messages may write it for the end of a line
# CP1252, and for the five bytes that it leaves undefined the control characters of ISO 8859-1.
_CP1252 = "".join(bytes([code]).decode("cp1252", "ignore") or chr(code) for code in range(256))
_FRAMES = dict.fromkeys((0x01, 0x03, 0x1A))  # control characters around a message as it was transmitted


def fields(stream: BinaryIO) -> Iterator[Field]:
    """The fields of `stream` in order; what stands between messages is passed over.

    Raises UnreadableFile with its line for a NUL, for a line or a field without end, and for a tag that does
    not exist where no text can stand.
    """
    tag, first, content, is_closed = "", 0, [""], True
    for number, line in _lines(stream):
        mark = line[:1]
        if mark == ":" and (found := _tag(line, number, tag, content[-1], is_closed)):
            if tag:
                yield first, tag, _without_end(content)
            tag, first, content = found, number, [line[len(found) + 2 :]]
            is_closed = tag in CLOSING or (is_closed and tag != "20")
        elif (mark == "{" or mark == "-") and (ends := _structure(line, is_closed)) is not None:
            if tag:
                yield first, tag, _without_end(content)
            for end in ends:
                yield number, end, []
            tag, first, content = "", number, [""]
        else:
            if line.strip() or (tag and content[-1]):
                content.append(line)
            if number - first >= MOST_LINES:
                _refuse_endless(number, first, content)
    if tag:
        yield first, tag, _without_end(content)


def _tag(line: str, number: int, current: str, above: str, is_closed: bool) -> str | None:
    """The tag that `line` begins with; None where it is text that happens to begin with a colon."""
    name, is_tag, _ = line[1:5].partition(":")
    if is_tag and name in TAGS:
        is_time = name in _MINUTES and current == "86" and not is_closed and above[-1:].isdigit()
        return None if is_time and _SECONDS.match(line, len(name) + 2) else name
    if current in TEXTS or (is_closed and not (is_tag and name.isalnum())):
        return None
    if is_tag and name.isalnum() and name.isascii():
        raise UnreadableFile(f"The field :{name}: does not exist in an MT940 or MT942.", line=number)
    raise UnreadableFile("A line begins with a colon, but no field is named like it.", line=number)


def _structure(line: str, is_closed: bool) -> tuple[str, ...] | None:
    """What ends and begins on a line that is about the message and no text; else None.

    A dash alone ends a message only behind its closing balance: before, it may be the rest of a text.
    """
    if line.startswith("-}"):
        return (BLOCK_END, BLOCK_START) if "{1:" in line or "{4:" in line else (BLOCK_END,)
    if line.startswith(("{1:", "{2:", "{4:")):
        return (BLOCK_START,)
    return (BLOCK_END,) if line[0] == "-" and is_closed else None


def _without_end(content: list[str]) -> list[str]:
    """A field's lines without the dash that ended its message, and without blank lines at its end."""
    while len(content) > 1 and content[-1].strip() in ("", "-"):
        content.pop()
    return content


# --- bytes to lines ---


def _lines(stream: BinaryIO) -> Iterator[tuple[int, str]]:
    """The lines of `stream` with their numbers, without line ends, in UTF-8 or else CP1252."""
    number = 0
    for block in _blocks(stream):
        if b"\0" in block:
            _refuse_nul(block, number)
        lines = _decoded(block).split("\n")
        if not lines[-1]:
            lines.pop()
        if len(max(lines, key=len, default="")) > LONGEST_LINE:
            _refuse_long(number + 1 + next(at for at, line in enumerate(lines) if len(line) > LONGEST_LINE))
        yield from enumerate(lines, number + 1)
        number += len(lines)


def _blocks(stream: BinaryIO) -> Iterator[bytes]:
    """The bytes of `stream` in pieces that end at the end of a line, with "\\n" for every line end."""
    rest, number, line_end = _head(stream).removeprefix(codecs.BOM_UTF8), 1, b"\n"
    if _FINTS_BREAK + b":" in rest:
        line_end = _FINTS_BREAK
    elif b"\n" not in rest and b"\r" in rest:
        line_end = b"\r"
    while True:
        end = rest.rfind(line_end) + len(line_end)
        if end >= len(line_end):
            block = rest[:end].replace(line_end, b"\n").replace(b"\r\n", b"\n")
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
        yield rest.replace(b"\r\n", b"\n").rstrip(b"\r")


def _head(stream: BinaryIO) -> bytes:
    head = data = stream.read(CHUNK)
    while data and len(head) < CHUNK:
        data = stream.read(CHUNK - len(head))
        head += data
    if not head:
        raise UnreadableFile("The file is empty.")
    return head


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


def _refuse_endless(number: int, first: int, content: list[str]) -> None:
    if len(content) > MOST_LINES:
        raise UnreadableFile(f"There are over {MOST_LINES} lines of text without a field.", line=number)
    if number - first > MOST_BLANK_LINES:
        raise UnreadableFile(f"There are over {MOST_BLANK_LINES} blank lines.", line=number)


def _refuse_long(number: int) -> NoReturn:
    raise UnreadableFile(f"A line has over {LONGEST_LINE} characters.", line=number)
