"""Reads MT940 statements and MT942 interim reports as a stream: a header, its lines, then the proved statement.

Source: SWIFT category 9 messages MT940 and MT942 as German and Dutch banks send them. Each message is a
statement of its own, also where it is one page of several (:60M:, :62M:), and each is proved by itself.
"""

from __future__ import annotations

import codecs
import re
from collections import Counter
from collections.abc import Iterator
from typing import BinaryIO

from ledger.errors import Rejected
from reconciliation.formats import mt940_lines, mt940_problems, mt940_values
from reconciliation.formats.mt940_fields import BLOCK_END, BLOCK_START, fields
from reconciliation.formats.mt940_lines import Oddity, Pending
from reconciliation.formats.mt940_values import Total
from reconciliation.formats.tally import Tally
from reconciliation.statement import Account, Balance, Header, Item, Line, UnreadableFile

STATEMENT, INTERIM = "mt940", "mt942"

TYPE = "940"  # a line ":940:" that some banks put before a message
_AVAILABLE = frozenset({"64", "65"})  # balances by value date, which prove nothing
_UNUSED = frozenset({TYPE, "21"})
_LOOKS_LIKE_FIELD = re.compile(r"\n:[0-9A-Z]{2,3}:")

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
    """For each message of `stream` its Header, its Lines, and last its Statement, in the file's order.

    Lines of an MT942 are booked as its bank says, and provisional until an MT940 brings them again.
    Raises UnreadableFile, possibly after lines were given: nothing is to be kept of a file that was not read
    to its end.
    """
    current: _Reading | None = None
    previous: _Reading | None = None
    is_open = False
    number = 0
    for number, tag, content in fields(stream):
        try:
            if tag == "20" or tag == BLOCK_START:
                if current is not None:
                    yield from current.finished(is_cut=is_open and tag == BLOCK_START)
                    previous = current
                current = _Reading(content, previous) if tag == "20" else None
                is_open = is_open or tag == BLOCK_START
            elif tag == BLOCK_END:
                is_open = False
            elif current is None:
                _refuse_outside(tag)
            elif (item := current.take(number, tag, content)) is not None:
                yield item
        except Rejected as refusal:
            raise _located(refusal, number) from None
    if current is None:
        ending = "The file ends where a message begins." if previous else "The file holds no statement."
        raise UnreadableFile(ending, line=number or None)
    try:
        yield from current.finished(is_cut=is_open, is_last=True)
    except Rejected as refusal:
        raise _located(refusal, number) from None


def _located(refusal: Rejected, number: int) -> UnreadableFile:
    """The refusal with the line of the file, which is the one it names or else that of the field."""
    return UnreadableFile(refusal.message, line=getattr(refusal, "line", None) or number)


def _refuse_outside(tag: str) -> None:
    if tag != TYPE:
        raise UnreadableFile(f"The field :{tag}: stands outside of a statement, which begins with :20:.")


class _Reading:
    """The message that is being read; `previous` is the one before it in the file."""

    def __init__(self, reference: list[str], previous: _Reading | None) -> None:
        self.reference = "".join(reference).strip() or None
        self.previous = previous
        self.position: int = previous.position if previous else 0
        self.account: Account | None = None
        self.sequence: str | None = None
        self.currency: str | None = None
        self.opening: Balance | None = None
        self.closing: Balance | None = None
        self.is_interim = False
        self.header: Header | None = None
        self.pending: Pending | None = None
        self.totals: dict[str, Total] = {}
        self.tally = Tally()
        self.oddities: Counter[Oddity] = Counter()
        self.noticed: list[str] = []
        if previous is not None:
            previous.previous = None

    def take(self, number: int, tag: str, content: list[str]) -> Header | Line | None:
        """Takes in one field, and gives what is complete by it. Raises Rejected where it is wrong."""
        if tag == "61":
            return self._begin_line(number, content)
        if tag == "86":
            self._add_text(content)
            return None
        if tag in ("62F", "62M"):
            return self._close(tag, content)
        if tag in ("90D", "90C"):
            self.is_interim = True
            self.totals[tag] = mt940_values.total(content[0], tag)
            return self._line()
        if tag == "NS":
            if self.pending is not None:
                self.pending.ns += content
        elif tag in _AVAILABLE:
            self._note_stray(tag, content)
        elif tag not in _UNUSED:
            self._head(tag, content)
        return None

    # --- before the first line ---

    def _head(self, tag: str, content: list[str]) -> None:
        if self.header is not None:
            raise UnreadableFile(f"The field :{tag}: stands behind the first line of its statement.")
        if tag in ("60F", "60M"):
            self._open(tag, content)
        elif tag in ("25", "25P"):
            self._name_account(tag, content)
        elif tag == "34F":
            self.currency = self.currency or mt940_values.floor_currency(content[0])
            self.is_interim = True
        elif tag in ("13", "13D"):
            self.is_interim = True
        else:
            self.sequence = self.sequence or "".join(content).strip() or None

    def _open(self, tag: str, content: list[str]) -> None:
        if self.opening is not None:
            raise UnreadableFile("A statement has a second opening balance.")
        self.opening = mt940_values.balance(content[0], tag, None)
        self.currency = self.opening.amount.currency
        self._note_stray(tag, content)

    def _name_account(self, tag: str, content: list[str]) -> None:
        if self.account is not None:
            raise UnreadableFile("A statement names its account twice.")
        if tag == "25P" and len(content) > 1:
            content = [f"{content[1].strip()}/{content[0].strip()}"]
        self.account = mt940_values.account("".join(content))

    def _headed(self) -> Header:
        account = self.account or Account()
        self.currency = self.currency or account.currency
        if self.currency is None and self.account is None:
            raise UnreadableFile("The statement has neither an account nor a balance: it was cut off.")
        if self.currency is None:
            raise UnreadableFile("The statement does not say in which currency its account is kept.")
        is_interim = self.is_interim and self.opening is None and self.closing is None
        self.header = Header(
            format=INTERIM if is_interim else STATEMENT,
            statement_id=self.reference,
            sequence=self.sequence,
            account=account,
            currency=self.currency,
        )
        return self.header

    # --- the lines ---

    def _begin_line(self, number: int, content: list[str]) -> Header | Line | None:
        if self.closing is not None:
            raise UnreadableFile("A line stands behind the closing balance of its statement.")
        done = self._headed() if self.header is None else self._line()
        self.pending = Pending(number, content)
        return done

    def _add_text(self, content: list[str]) -> None:
        """Text that is not behind a line is about the statement, and no part of any line."""
        if self.pending is None:
            return
        self.pending.text += content
        if len(content) > 1 and _LOOKS_LIKE_FIELD.search("\n".join(content)):
            self.oddities[Oddity.TAG_IN_TEXT] += 1

    def _line(self) -> Line | None:
        """The line whose texts are complete now."""
        pending = self.pending
        if pending is None or self.currency is None:
            return None
        self.pending = None
        self.position += 1
        try:
            line, is_credit = mt940_lines.line(pending, self.currency, self.position, self.oddities)
        except Rejected as refusal:
            raise _located(refusal, pending.number) from None
        self.tally.add(line, is_credit=is_credit)
        return line

    # --- behind the last line ---

    def _close(self, tag: str, content: list[str]) -> Line | None:
        if self.closing is not None:
            raise UnreadableFile("A statement has a second closing balance.")
        if not mt940_values.names_currency(content[0]):
            self.noticed.append(
                "The closing balance does not name its currency, read as that of the opening."
            )
        opened_in = self.opening.amount.currency if self.opening is not None else None
        self.closing = mt940_values.balance(content[0], tag, opened_in)
        if self.closing.amount.currency != (self.currency or self.closing.amount.currency):
            raise UnreadableFile("The closing balance is in another currency than the statement.")
        self.currency = self.closing.amount.currency
        self._note_stray(tag, content)
        return self._line()

    def _note_stray(self, tag: str, content: list[str]) -> None:
        if any(text.strip() for text in content[1:]):
            self.noticed.append(
                f"Text behind the balance in field :{tag}: belongs to no field and is left out."
            )

    def finished(self, *, is_cut: bool, is_last: bool = False) -> Iterator[Item]:
        """What is still to be given when the message is over; `is_cut` if its end mark is missing."""
        line = self._line()
        if line is not None:
            yield line
        header = self.header
        if header is None:
            header = self._headed()
            yield header
        currency = header.currency or ""
        noticed = (
            *self._header_problems(),
            *mt940_problems.of_pages(self._page_before(), self.opening, self.closing, is_last=is_last),
            *self.noticed,
            *mt940_problems.of_lines(self.oddities),
            *mt940_problems.of_totals(self.totals, self.tally.all(currency), currency),
            *(("The message has no end mark; it may have been cut off.",) if is_cut else ()),
        )
        yield self.tally.close(
            header, currency=currency, opening=self.opening, closing=self.closing, noticed=noticed
        )

    def _header_problems(self) -> Iterator[str]:
        if self.account is None or not (self.account.iban or self.account.other):
            yield "The statement does not name its account."
        elif self.account.currency not in (None, self.currency):
            yield f"The account is named as one in {self.account.currency}, but is kept in {self.currency}."
        if self.header is not None and self.header.format == INTERIM:
            yield "An interim report: its lines are provisional until a statement brings them."

    def _page_before(self) -> Balance | None:
        """The interim balance that ends the message before this one, where both are about one account."""
        before = self.previous
        if before is None or before.closing is None or before.closing.kind != "62M":
            return None
        return before.closing if before.account == self.account else None
