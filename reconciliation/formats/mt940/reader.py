"""Reads MT940 statements and MT942 interim reports as a stream: a header, its lines, then the proved statement.

Source: SWIFT category 9 messages MT940 and MT942 as German and Dutch banks send them. Pages of one statement
(:60M:, :62M:) that follow one another are one Statement; a page without its sisters is proved by itself.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from itertools import islice
from typing import BinaryIO

from ledger.errors import Rejected
from reconciliation.formats.mt940.fields import (
    AHEAD,
    BLOCK_CHANGE,
    BLOCK_END,
    BLOCK_START,
    fields,
    raw_lines,
)
from reconciliation.formats.mt940.message import INTERIM, STATEMENT, Message, located
from reconciliation.formats.mt940.outside import stray_lines
from reconciliation.formats.refusals import Refusals
from reconciliation.statement import Item, NoSuchLine, UnreadableFile

_TYPE = "940"  # a line ":940:" that some banks put before a message
_AROUND = frozenset({"20", BLOCK_START, BLOCK_END, BLOCK_CHANGE})
_OUTSIDE = frozenset({AHEAD, _TYPE})

_FIRST_FIELD = re.compile(rb"(?:^|@@):20:", re.MULTILINE)
_OTHER_FIELD = re.compile(rb"(?:^|@@):(?:25P?|28C?|60[FM]|34F):", re.MULTILINE)
_FIELD_OF_STATEMENT = re.compile(rb"(?:^|@@):(?:60[FM]|62[FM]):", re.MULTILINE)
_FIELD_OF_INTERIM = re.compile(rb"(?:^|@@):(?:34F|13D|90[CD]):", re.MULTILINE)


def identify(head: bytes) -> str | None:
    """ "mt940" or "mt942" if `head` begins such a message, else None.

    There has to be a reference (:20:) at the start of a line and behind it an account, a number or a balance.
    """
    head = head.removeprefix(codecs.BOM_UTF8).replace(b"\r", b"\n")
    first = _FIRST_FIELD.search(head)
    if first is None or head.lstrip().startswith(b"<"):
        return None
    if _OTHER_FIELD.search(head, first.end()) is None:
        return None
    statement = _FIELD_OF_STATEMENT.search(head, first.end())
    interim = _FIELD_OF_INTERIM.search(head, first.end())
    if interim is None or (statement is not None and statement.start() < interim.start()):
        return STATEMENT
    return INTERIM


def read(stream: BinaryIO) -> Iterator[Item]:
    """For each statement of `stream` its Header, its Lines, and last its Statement, in the file's order.

    Lines of an MT942 are booked as its bank says, and provisional until an MT940 brings them again. A line
    that cannot be read by itself is a RefusedLine in its place. Raises UnreadableFile, possibly after lines
    were given: nothing is to be kept of a file that was not read to its end.
    """
    messages = _Messages()
    number = 0
    try:
        for number, tag, text in fields(stream):
            message = messages.current
            if tag == "61" and message is not None:
                if message.header is None:
                    yield from message.begin()
                yield message.line(number, text)
            elif tag in _AROUND:
                yield from messages.turn(tag, text)
            elif tag in _OUTSIDE:
                messages.notice(text)
            elif message is not None:
                message.take(tag, text)
            else:
                raise UnreadableFile(
                    f"The field :{tag}: stands outside of a statement, which begins with :20:."
                )
        yield from messages.last()
    except Rejected as refusal:
        raise located(refusal, number or None) from None


def fragment(stream: BinaryIO, position: int) -> bytes:
    """The bytes of the :61: at `position`, counted from 1, with its continuation and its texts, as in the file.

    Raises NoSuchLine where the file has fewer, and UnreadableFile.
    """
    first, last = _place(stream, position)
    stream.seek(0)
    return raw_lines(stream, first, last)


def _place(stream: BinaryIO, position: int) -> tuple[int, int]:
    """The first and the last line of the file that belong to the line at `position`."""
    stream.seek(0)
    entries = ((number, text) for number, tag, text in fields(stream) if tag == "61")
    found = next(islice(entries, position - 1, None), None) if position > 0 else None
    if found is None:
        raise NoSuchLine(f"The file has no line {position}.")
    number, text = found
    return number, number + text.rstrip().count("\n")


class _Messages:
    """Which message of the file is being read, `before` which one, and whether it stands in blocks.

    `strays` counts the lines of text that stand ahead of the next message and belong to no field.
    """

    def __init__(self) -> None:
        self.current: Message | None = None
        self.before: Message | None = None
        self.refusals = Refusals()
        self.is_open = False
        self.strays = 0

    def turn(self, tag: str, text: str) -> Iterator[Item]:
        """What is to be given where a message or its blocks begin or end."""
        if tag != BLOCK_END:
            if self.current is not None:
                yield from self.current.end(is_cut=self.is_open and tag == BLOCK_START)
                self.before = self.current
            self.current = Message(text, self.before, self.refusals, self.strays) if tag == "20" else None
        if tag == "20":
            self.strays = 0
        else:
            self.is_open = tag != BLOCK_END
            self.notice(text)

    def notice(self, text: str) -> None:
        """Counts what stands outside of the fields, for the message that is being read or else the next one."""
        if self.current is not None:
            self.current.strays += stray_lines(text)
        else:
            self.strays += stray_lines(text)

    def last(self) -> Iterator[Item]:
        """What is to be given at the end of the file."""
        if self.current is None:
            raise UnreadableFile(
                "The file ends where a message begins." if self.before else "The file holds no statement."
            )
        yield from self.current.end(is_cut=self.is_open)
        yield from self.current.given_up()
