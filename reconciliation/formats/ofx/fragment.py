"""Finds the bytes of one transaction in an OFX file, in the encoding the file itself is written in."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

from reconciliation.formats.ofx.opening import Opening
from reconciliation.formats.ofx.text import CHUNK, LONGEST
from reconciliation.statement import NoSuchLine

# Comments and literal sections hold no elements, even where they are not closed.
_TOKEN = re.compile(
    rb"<!--.*?(?:-->|\Z)|<!\[CDATA\[.*?(?:\]\]>|\Z)|<(/?)(STMTTRNP?|INVSTMTRS)\s*>", re.DOTALL | re.IGNORECASE
)


class _Tag(NamedTuple):
    """The begin or end of a transaction or of an investment statement, at these bytes of the file."""

    is_end: bool
    name: bytes
    first: int
    behind: int


def find(stream: BinaryIO, position: int, opening: Opening) -> bytes:
    """The transaction at `position` from its first to its last tag, unchanged.

    Counts as the reader does: cash bookings of investment accounts are no lines. Raises NoSuchLine.
    """
    stream.seek(0)
    for number, (first, behind) in enumerate(_transactions(_tags(stream, opening)), start=1):
        if number == position:
            stream.seek(first)
            return stream.read(behind - first)
    raise NoSuchLine(f"The file has no line {position}.")


def _transactions(tags: Iterator[_Tag]) -> Iterator[tuple[int, int]]:
    is_investment, first = False, 0
    for tag in tags:
        if tag.name == b"INVSTMTRS":
            is_investment = not tag.is_end
        elif not tag.is_end:
            first = tag.first
        elif not is_investment:
            yield first, tag.behind


def _tags(stream: BinaryIO, opening: Opening) -> Iterator[_Tag]:
    width = 2 if opening.codec.startswith("utf-16") else 1
    held, at = b"", 0
    while data := stream.read(CHUNK):
        held += data
        whole = held[: len(held) - len(held) % width]
        plain = _plain(whole, opening.codec) if width == 2 else whole
        done = 0
        for found in _TOKEN.finditer(plain):
            if found.end() == len(plain) and found[2] is None:
                break
            done = found.end()
            if found[2] is not None:
                yield _Tag(bool(found[1]), found[2].upper(), at + found.start() * width, at + done * width)
        done = max(_unfinished(plain, done), len(plain) - LONGEST)
        held, at = held[done * width :], at + done * width


def _unfinished(plain: bytes, done: int) -> int:
    """Where behind `done` a comment, a literal section or a tag begins whose end was not read yet."""
    for mark in (plain.find(b"<!", done), plain.rfind(b"<", done)):
        if mark >= 0:
            return mark
    return len(plain)


def _plain(wide: bytes, codec: str) -> bytes:
    """UTF-16 as one byte a unit; what is not ASCII becomes a mark that stands in no tag."""
    units = memoryview(wide)
    low, high = (units[0::2], units[1::2]) if codec.endswith("le") else (units[1::2], units[0::2])
    return bytes(unit if not above else 0 for unit, above in zip(low, high, strict=True))
