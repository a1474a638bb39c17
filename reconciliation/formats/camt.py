"""Reads camt messages of every version as a stream: a header, its lines, then the proved statement.

Source: ISO 20022 bank-to-customer cash management: account reports (camt.052), statements (camt.053) and
notifications (camt.054), versions 001.01 to 001.14.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from lxml import etree

from reconciliation.formats import camt_messages, xml
from reconciliation.formats.camt_fragment import fragment
from reconciliation.formats.camt_messages import ENTRY, MESSAGES, named
from reconciliation.formats.camt_statement import Reading
from reconciliation.formats.refusals import Refusals
from reconciliation.statement import Item, UnreadableFile

__all__ = ["fragment", "identify", "named", "read"]

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
    for element in xml.iterate(stream, tags=_TAGS):
        owner = element.getparent() if str(element.tag).endswith(ENTRY) else element
        if current is None or owner is not current.element:
            message = camt_messages.message_of(owner)
            if owner is None or message is None:
                continue
            found = Reading.of(owner, message, None if owner is element else element)
            if ended is not None and ended.goes_on_with(found):
                ended.turn_to(found)
                current = ended
            else:
                if ended is not None:
                    yield ended.finished()
                current = found
                yield current.header
        if owner is not element:
            position += 1
            yield current.line(element, position, refusals)
        else:
            current.end_page()
            current, ended = None, current
        _forget(element)
    if ended is None:
        raise UnreadableFile("The file holds no statement.")
    yield ended.finished()


def _forget(element: etree._Element) -> None:
    """Frees what was read. The element itself goes with the next one: the parser may still add behind it."""
    del element[:]
    previous = element.getprevious()
    if previous is not None and previous.tag == element.tag:
        parent = element.getparent()
        if parent is not None:
            parent.remove(previous)
