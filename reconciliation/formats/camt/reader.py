"""Reads camt messages of every version as a stream: a header, its lines, then the proved statement.

Source: ISO 20022 bank-to-customer cash management: account reports (camt.052), statements (camt.053) and
notifications (camt.054), versions 001.01 to 001.14.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from lxml import etree

from ledger.errors import Rejected
from reconciliation.formats import xml
from reconciliation.formats.camt import messages
from reconciliation.formats.camt.messages import ENTRY, MESSAGES, named
from reconciliation.formats.camt.statement import Reading
from reconciliation.formats.refusals import Refusals
from reconciliation.formats.shapes import Thinned
from reconciliation.statement import Item, Line, RefusedLine, UnreadableFile

_TAGS = tuple(f"{{*}}{name}" for name in (ENTRY, *(message.statement for message in MESSAGES)))


def identify(head: bytes) -> str | None:
    """The version, such as "camt.053.001.08", if `head` begins a camt message about an account, else None.

    Where the namespace does not tell a version it is "camt.053".
    """
    try:
        return named(xml.opening(head))
    except UnreadableFile:
        return None


def read(stream: BinaryIO) -> Iterator[Item]:
    """For each statement of `stream` its Header, its Lines and RefusedLines, and last its Statement.

    They come in the file's order; pages of one statement that follow each other are one Statement. Memory stays
    flat however long the file is. Raises UnreadableFile, possibly after lines were given: nothing is to be kept
    of a file that was not read to its end.
    """
    current: Reading | None = None  # the statement whose element is open
    ended: Reading | None = None  # the one before, of which the next may be a further page
    refusals = Refusals()
    position = 0
    source = Thinned(stream, ENTRY)
    for element in xml.iterate(source, tags=_TAGS):
        owner = element.getparent() if str(element.tag).endswith(ENTRY) else element
        if current is None or owner is not current.element:
            message = messages.message_of(owner)
            if owner is None or message is None:
                source.forget(element)
                continue
            if current is not None:
                raise UnreadableFile(
                    "A statement in the file begins before the one above it has ended.",
                    line=xml.line_of(owner),
                )
            found = Reading.of(owner, message, None if owner is element else source.first(element))
            if ended is not None and ended.goes_on_with(found):
                ended.turn_to(found)
                current = ended
            else:
                if ended is not None:
                    yield ended.finished()
                current = found
                yield current.header
        if owner is not element:
            for item in _lines(source, element, current, position, refusals):
                position = item.position
                yield item
        else:
            current.end_page()
            current, ended = None, current
        _forget(element)
    if ended is None:
        raise UnreadableFile("The file holds no statement.")
    yield ended.finished()


def _lines(
    source: Thinned, element: etree._Element, statement: Reading, after: int, refusals: Refusals
) -> Iterator[Line | RefusedLine]:
    """The lines of the entries that an element stands for, or why one cannot be read by itself."""
    for number, record in enumerate(source.records(element, statement.layouts.entry)):
        position = after + number + 1
        try:
            line = statement.line(record, position)
        except Rejected as refusal:
            at = refusal.line if isinstance(refusal, UnreadableFile) else source.line_of(element, number)
            refused = RefusedLine(position=position, reason=refusal.message, line=at)
            yield refusals.add(refused, statement.tally)
        else:
            yield line


def _forget(element: etree._Element) -> None:
    """Frees what was read. The element itself goes with the next one: the parser may still add behind it."""
    del element[:]
    previous = element.getprevious()
    if previous is not None and previous.tag == element.tag:
        parent = element.getparent()
        if parent is not None:
            parent.remove(previous)
