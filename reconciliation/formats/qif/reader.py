"""Reads the bank sections of QIF files as a stream: a header, its lines, then the statement.

Source: Quicken Interchange Format, as Intuit described it for exports (1997 to 2006). A file states neither its
currency nor the order of its days: the one is told by the caller, the other is proved by the file or told too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import BinaryIO

from ledger.errors import Rejected
from ledger.money import checked_currency
from reconciliation.formats.qif.accounts import NO_CURRENCY, Reading
from reconciliation.formats.qif.entries import Style
from reconciliation.formats.qif.proof import Proof
from reconciliation.formats.qif.records import Event, Kind, Record, Section, events
from reconciliation.formats.refusals import Refusals
from reconciliation.formats.tally import counted
from reconciliation.formats.written import DateOrder
from reconciliation.statement import Item, NoSuchLine, Statement, UnreadableFile

FORMAT = "qif"

_BEGIN = re.compile(rb"(?:\xef\xbb\xbf)?\s*!(?:type:|account\b|option:|clear:)", re.IGNORECASE)


def identify(head: bytes) -> str | None:
    """ "qif" if `head` begins with a section's header, else None."""
    return FORMAT if _BEGIN.match(head) else None


def read(
    stream: BinaryIO, *, currency: str | None = None, date_order: DateOrder | None = None
) -> Iterator[Item]:
    """For each account of a seekable stream its Header, its Lines and RefusedLines, and last its Statement.

    The stream is gone through twice: first for what its values prove. Without the account's `currency` amounts
    have two decimals and the currency XXX, which ISO 4217 keeps for none, and the header has None: they can be
    shown, not booked. Memory stays flat. Raises AmbiguousDates where the file does not prove the order of its
    days and no `date_order` is told, AmbiguousAmounts likewise, and UnreadableFile.
    """
    start = stream.tell()
    known = NO_CURRENCY if currency is None else checked_currency(currency)
    proof = Proof(events(stream), currency=known, date_order=date_order)
    stream.seek(start)
    file = _File(Style(date_order=proof.date_order, mark=proof.mark, currency=known))
    for event in events(stream):
        try:
            yield from file.event(event)
        except Rejected as refusal:
            known_line = refusal.line if isinstance(refusal, UnreadableFile) else None
            raise UnreadableFile(refusal.message, line=known_line or event.line) from None
    yield from file.last()


def fragment(stream: BinaryIO, position: int) -> bytes:
    """The bytes of the record at `position` of a seekable stream up to its `^`, as they stand in the file.

    Raises NoSuchLine beyond the last, and UnreadableFile for what is no QIF file.
    """
    lines = (event for event in events(stream) if isinstance(event, Record) and is_line(event))
    for number, record in enumerate(lines, start=1):
        if number == position:
            stream.seek(record.first)
            return stream.read(record.behind - record.first)
    raise NoSuchLine(f"The file has no line {position}.")


def is_line(record: Record) -> bool:
    """Whether a record is a line of a statement: one of a bank section that is not empty."""
    return record.section.kind is Kind.BANK and bool(record.fields)


class _File:
    """The file that is being read: which account it is at, and what it holds besides."""

    def __init__(self, style: Style) -> None:
        self._style = style
        self._refusals = Refusals()
        self._account: Record | None = None
        self._current: Reading | None = None
        self._held: Statement | None = None
        self._position = self._empty = self._listed = 0

    def event(self, event: Event) -> Iterator[Item]:
        """What a header or a record brings. Raises UnreadableFile."""
        if isinstance(event, Section):
            yield from self._section(event)
        elif event.section.kind is Kind.ACCOUNT:
            self._account = event
        elif self._current is None:
            self._listed += bool(event.fields)
        elif not event.fields:
            self._empty += 1
        elif event.section.kind is Kind.INVESTMENT:
            self._current.trades += 1
        else:
            yield from self._begin(self._current, event)
            self._position += 1
            yield self._current.line(event, self._position)

    def last(self) -> Iterator[Item]:
        """The rest of the last statement, with what is to be said of the file. Raises UnreadableFile without one."""
        yield from self._close()
        if self._held is None:
            raise UnreadableFile("The file holds no bank account, only lists such as of categories.")
        yield replace(self._held, problems=(*self._held.problems, *self._problems()))

    def _section(self, section: Section) -> Iterator[Item]:
        """A type that is repeated before each record, as some programs write it, goes on with its account."""
        current = self._current
        if current is not None and self._account is None and current.name == section.name:
            return
        yield from self._close()
        if section.kind in (Kind.BANK, Kind.INVESTMENT):
            self._current = Reading(section, self._account, self._style, self._refusals)
            self._account = None

    def _begin(self, current: Reading, record: Record | None) -> Iterator[Item]:
        """The statement before, which is held until something follows it, and the header of this one."""
        if current.header is not None:
            return
        if self._held is not None:
            yield self._held
            self._held = None
        yield current.begin(record)

    def _close(self) -> Iterator[Item]:
        if self._current is None:
            return
        yield from self._begin(self._current, None)
        self._held, self._current = self._current.finished(), None

    def _problems(self) -> Iterator[str]:
        if self._empty:
            yield f"{counted(self._empty, 'record')} without any field."
        if self._listed:
            yield f"{counted(self._listed, 'record')} of lists, such as of categories, not imported."
