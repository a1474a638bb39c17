"""Reads OFX statements of banks and credit cards as a stream: a header, its lines, then the statement.

Source: OFX 1.0.2 to 1.6 (SGML) and 2.0 to 2.2 (XML), sections 2 and 11. A file has no opening balance, so no
statement of it can prove its lines; what it holds of investment accounts is counted and not read.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import BinaryIO

from ledger.errors import Rejected
from ledger.money import checked_currency
from reconciliation.formats.ofx import entries
from reconciliation.formats.ofx import fragment as ofx_fragment
from reconciliation.formats.ofx.entries import ODDITIES, Oddity
from reconciliation.formats.ofx.envelope import Collected, Envelope
from reconciliation.formats.ofx.opening import Opening, opening
from reconciliation.formats.ofx.scan import Event, Kind, Mark, Transaction, scan
from reconciliation.formats.ofx.status import Answers
from reconciliation.formats.ofx.text import CHUNK, pieces
from reconciliation.formats.refusals import Refusals
from reconciliation.formats.streams import first_bytes
from reconciliation.formats.tally import Tally, counted, told
from reconciliation.statement import Header, Item, Line, RefusedLine, Statement, UnreadableFile

MOST_STATEMENTS = 500  # of one file

_INVESTMENT = "INVSTMTRS"
_STATEMENTS = frozenset({"STMTRS", "CCSTMTRS", _INVESTMENT})
_TRADES, _CASH = "INVTRANLIST", "INVBANKTRAN"
_PENDING_LIST, _PENDING = "BANKTRANLISTP", "STMTTRNP"

# Statements of loans (OFX 2.2, section 11.15), which are not read.
_OTHER_STATEMENTS = frozenset({"LOANSTMTRS", "AMRTSTMTRS"})


def identify(head: bytes) -> str | None:
    """The version, such as "ofx.102" or "ofx.220", if `head` begins an OFX file, else None.

    Where the file does not tell its version it is "ofx".
    """
    found = opening(head)
    return None if found is None else found.format


def read(stream: BinaryIO) -> Iterator[Item]:
    """For each statement of `stream` its Header, its Lines, and last its Statement, in the file's order.

    A transaction that cannot be read by itself is a RefusedLine in its place.
    Memory stays flat however long the file is. Raises UnreadableFile, possibly after lines were given:
    nothing is to be kept of a file that was not read to its end.
    """
    head = first_bytes(stream, CHUNK)
    found = _opened(head)
    noticed = list(_opening_problems(found))
    blocks = chain((head,), iter(lambda: stream.read(CHUNK), b""))
    file = _File(found.format)
    yield from file.items(scan(pieces(blocks, found, noticed), noticed))
    yield file.last(noticed)


def fragment(stream: BinaryIO, position: int) -> bytes:
    """The bytes of the transaction at `position` of a seekable stream, as they stand in the file.

    Raises NoSuchLine beyond the last, and UnreadableFile for what is no OFX file.
    """
    return ofx_fragment.find(stream, position, _opened(first_bytes(stream, CHUNK)))


def _opened(head: bytes) -> Opening:
    found = opening(head)
    if found is None:
        raise UnreadableFile("The file does not begin as an OFX file does.", line=1)
    return found


def _opening_problems(found: Opening) -> Iterator[str]:
    if found.version is None:
        yield "The file does not say in which version of OFX it is written."
    if not found.has_lines:
        yield "The header of the file is not written in lines of their own, as OFX asks."


class _File:
    """The file that is being read: which statement it is at, and what was answered around the statements."""

    def __init__(self, format_name: str) -> None:
        self.answers = Answers()
        self._format = format_name
        self._current: _Reading | None = None
        self._held: Statement | None = None
        self._statements = self._unread = 0
        self._refusals = Refusals()

    def items(self, events: Iterable[Event]) -> Iterator[Item]:
        """The items of all statements but the last Statement itself. Raises UnreadableFile."""
        position = 0
        for event in events:
            current = self._current
            if isinstance(event, Mark) or current is None or not current.takes_lines:
                yield from self._around(event)
                if isinstance(event, Mark) or self._current is None or not self._current.takes_lines:
                    continue
                current = self._current
            position += 1
            yield current.line(event, position)

    def last(self, noticed: Iterable[str]) -> Statement:
        """The last Statement, with what there is to say of the file as a whole and was `noticed` in its text."""
        answers = self.answers.unheard
        if self._held is None:
            raise UnreadableFile(" ".join((*answers, "The file holds no statement of an account.")))
        unread = [f"{counted(self._unread, 'statement')} of a loan, not imported."] if self._unread else []
        return replace(self._held, problems=(*self._held.problems, *noticed, *answers, *unread))

    def _around(self, event: Event) -> Iterator[Item]:
        """What a mark brings, or a transaction besides a line: a header before the first. Raises UnreadableFile."""
        try:
            if isinstance(event, Mark):
                yield from self._mark(event)
            elif self._current is None:
                raise UnreadableFile("A line in the file stands outside of any statement.")
            else:
                if self._current.header is None:
                    yield from self._begin(self._current)
                self._current.cash += self._current.is_investment
        except Rejected as refusal:
            known = refusal.line if isinstance(refusal, UnreadableFile) else None
            raise UnreadableFile(refusal.message, line=known or event.line) from None

    def _begin(self, current: _Reading) -> Iterator[Item]:
        """The statement before, which is held until something follows it, and the header of this one."""
        if self._held is not None:
            yield self._held
            self._held = None
        yield current.begin()

    def _mark(self, mark: Mark) -> Iterator[Item]:
        current = self._current
        if mark.kind is Kind.OPENED and mark.name in _STATEMENTS:
            self._open(mark)
        elif current is None:
            self._unread += mark.kind is Kind.OPENED and mark.name in _OTHER_STATEMENTS
            self.answers.add(mark)
        elif mark.kind is Kind.CLOSED and mark.name == current.name:
            if current.header is None:
                yield from self._begin(current)
            self._current, self._held = None, current.finished()
        else:
            current.mark(mark)

    def _open(self, mark: Mark) -> None:
        self._statements += 1
        if self._current is not None:
            raise UnreadableFile("A statement in the file begins before the one above it has ended.")
        if self._statements > MOST_STATEMENTS:
            raise UnreadableFile(f"The file holds more than {MOST_STATEMENTS} statements.")
        self._current = _Reading(
            mark.name, self._format, mark.name == _INVESTMENT, self.answers.take(), self._refusals
        )


@dataclass(slots=True)
class _Reading:
    """The statement that is being read."""

    name: str
    format: str
    is_investment: bool
    noticed: list[str]
    refusals: Refusals
    header: Header | None = None
    currency: str = ""
    envelope: Collected = field(default_factory=Collected)
    tally: Tally = field(default_factory=Tally)
    oddities: Counter[Oddity] = field(default_factory=Counter)
    is_in_pending: bool = False
    takes_lines: bool = False
    cash: int = 0
    trades: int = 0

    def mark(self, mark: Mark) -> None:
        """Follows the statement's own elements."""
        if mark.kind is Kind.LEAF:
            self.envelope.add(mark)
        elif mark.name == _PENDING_LIST:
            self.is_in_pending = mark.kind is Kind.OPENED
        elif mark.kind is Kind.OPENED and mark.parent == _TRADES and mark.name != _CASH:
            self.trades += 1

    def begin(self) -> Header:
        """The header, as soon as the first line or the statement's end is met."""
        found = self.envelope.read()
        if found.currency is None:
            raise UnreadableFile("The statement does not say in which currency its account is kept.")
        self.currency = checked_currency(found.currency)
        self.header = Header(
            format=self.format,
            statement_id=None,
            sequence=None,
            account=found.account,
            from_on=found.from_on,
            to_on=found.to_on,
            currency=found.currency,
        )
        self.takes_lines = not self.is_investment
        return self.header

    def line(self, transaction: Transaction, position: int) -> Line | RefusedLine:
        """The line that a transaction is, or why it cannot be read by itself. Raises UnreadableFile past the limit."""
        is_pending = self.is_in_pending or transaction.name == _PENDING
        try:
            if transaction.fault is not None:
                raise UnreadableFile(transaction.fault)
            line = entries.line(transaction.fields, self.currency, is_pending, position, self.oddities)
        except Rejected as refusal:
            refused = RefusedLine(position=position, reason=refusal.message, line=transaction.line)
            return self.refusals.add(refused, self.tally)
        self.tally.add(line, is_credit=line.amount.minor >= 0)
        return line

    def finished(self) -> Statement:
        found = self.envelope.read()
        header = self.header or self.begin()
        if (found.account, found.currency) != (header.account, header.currency):
            raise UnreadableFile("The statement names its account only after its first line.")
        noticed = (
            *self.noticed,
            *self._problems(found),
            *told(self.oddities, ODDITIES),
        )
        return self.tally.close(
            header, currency=self.currency, opening=None, closing=found.closing, noticed=noticed
        )

    def _problems(self, found: Envelope) -> Iterator[str]:
        if found.account.iban is None and found.account.other is None:
            yield "The statement does not name its account."
        if self.is_investment:
            trades = counted(self.trades, "investment transaction")
            yield f"The account holds investments: {trades} and {counted(self.cash, 'cash booking')} not imported."
        elif found.from_on is None or found.to_on is None:
            yield "The statement does not say from which day to which it runs."
        if found.closing is not None and found.closing.on is None:
            yield "The closing balance does not say of which day it is."
