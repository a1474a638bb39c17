"""What every reader of a bank file gives: a frozen header, its lines, and the statement with its balance proof."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import TypeAlias

from ledger.errors import NotFound, Rejected
from ledger.money import Money


class UnreadableFile(Rejected):
    """A bank file that cannot be read as what it claims to be; says where and why.

    `line` is the line of the text file at fault, counted from 1, where it is known.
    """

    def __init__(
        self, message: str, *, line: int | None = None, field: str | None = None, **facts: object
    ) -> None:
        super().__init__(message, field=field, line=line, **facts)
        self.line = line


class NoSuchLine(NotFound):
    """The file has no line at that position."""


class StatementKind(StrEnum):
    """What a message about an account is for.

    A statement closes a span of days and is what the books follow. A report of the running day (camt.052, MT942)
    and a notification of single bookings (camt.054) tell of lines before or beside the statement that books them.
    """

    STATEMENT = "statement"
    REPORT = "report"
    NOTIFICATION = "notification"


class LineStatus(StrEnum):
    """Only booked lines are money; pending and info lines are shown and never counted (ISO 20022 entry status)."""

    BOOKED = "booked"
    PENDING = "pending"
    INFO = "info"


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """The account a statement is about, as its bank names it: an IBAN, or some other number."""

    iban: str | None = None
    other: str | None = None
    currency: str | None = None
    bic: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    """Who stands on the other side of a line. `iban` may hold an account number that is no IBAN."""

    name: str | None = None
    iban: str | None = None
    bic: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """What a bank says of a lump booking: which of our payment blocks it is, and how many parts it has."""

    payment_information_id: str | None = None
    message_id: str | None = None
    count: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    """A balance of the account at the close of a day; below zero when overdrawn. `kind` is the bank's own code."""

    amount: Money
    on: date | None
    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One entry of a statement, or one itemised part of an entry in `details`.

    `amount` is what was booked on the account, signed from the holder's view; `original` is what a returned
    collection was before fees, `charges` what the bank kept, and `interest` how much of that was interest, where it
    says so. `remittance` is
    the payer's free text with the pieces of one text joined; `reference` a structured creditor reference.
    `position` counts from 1 in the file.
    """

    amount: Money
    status: LineStatus = LineStatus.BOOKED
    booked_on: date | None = None
    valued_on: date | None = None
    counterparty: Party = field(default_factory=Party)
    remittance: str | None = None
    reference: str | None = None
    end_to_end_id: str | None = None
    mandate_id: str | None = None
    creditor_id: str | None = None
    bank_reference: str | None = None
    transaction_code: str | None = None
    reversal: bool = False
    return_reason: str | None = None
    original: Money | None = None
    charges: Money | None = None
    interest: Money | None = None
    batch: Batch | None = None
    details: tuple[Line, ...] = ()
    position: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedLine:
    """A line of a sound file that cannot be read by itself: it is counted and told, and never guessed.

    `position` counts from 1 in the file like that of `Line`, `line` is the line of the text file.
    """

    position: int
    reason: str
    line: int | None = None

    def __str__(self) -> str:
        place = f"Line {self.line} of the file" if self.line is not None else f"Booking {self.position}"
        return f"{place} is not taken in: {self.reason}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """What stands before the lines of one statement: enough to know the account.

    `currency` is what the account is kept in as far as the file tells before its first line is read. `copy` is
    the bank's mark (camt CpyDplctInd) of a statement that it sends once more.
    """

    format: str
    statement_id: str | None
    sequence: str | None
    account: Account
    from_on: date | None = None
    to_on: date | None = None
    currency: str | None = None
    kind: StatementKind = StatementKind.STATEMENT
    copy: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One statement after its last line: its balances, sums and whether they prove each other.

    `booked` is the sum of the booked lines in the statement's currency, `lines` the count of all lines given
    and `refused` that of the lines that could not be read. `newest_first`: the lines are listed backwards.
    """

    header: Header
    currency: str
    opening: Balance | None
    closing: Balance | None
    booked: Money
    booked_count: int
    lines: int
    problems: tuple[str, ...] = ()
    refused: int = 0
    newest_first: bool = False

    @property
    def difference(self) -> Money | None:
        """Closing less opening less booked lines: zero when the statement proves itself, None without balances."""
        if self.opening is None or self.closing is None:
            return None
        return self.closing.amount - self.opening.amount - self.booked

    @property
    def balanced(self) -> bool | None:
        difference = self.difference
        return None if difference is None else not difference


# A reader yields, for each statement of a file in turn: its Header, its Lines in the order of the file with the
# RefusedLines among them, and last its Statement.
Item: TypeAlias = Header | Line | RefusedLine | Statement


@dataclass(frozen=True, slots=True)
class WholeStatement:
    """A statement with all its lines in memory, for whoever does not need to stream."""

    statement: Statement
    lines: tuple[Line, ...]
    refused: tuple[RefusedLine, ...] = ()


def gather(items: Iterable[Item]) -> Iterator[WholeStatement]:
    """The statements of a reader's stream, each with its lines."""
    lines: list[Line] = []
    refused: list[RefusedLine] = []
    for item in items:
        match item:
            case Header():
                lines, refused = [], []
            case Line():
                lines.append(item)
            case RefusedLine():
                refused.append(item)
            case Statement():
                yield WholeStatement(item, tuple(lines), tuple(refused))
