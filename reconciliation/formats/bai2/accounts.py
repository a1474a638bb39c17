"""The groups and accounts of a BAI2 file: what they are called, and what their figures and lines come to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date

from bai2.constants import AsOfDateModifier, GroupStatus

from ledger.errors import Rejected
from ledger.money import Money, checked_currency
from reconciliation import statement
from reconciliation.formats import identifiers
from reconciliation.formats.bai2 import entries, values
from reconciliation.formats.bai2.entries import ODDITIES, Oddity
from reconciliation.formats.bai2.records import Record
from reconciliation.formats.bai2.totals import Count, account_trailer, problems
from reconciliation.formats.refusals import Refusals
from reconciliation.formats.tally import Tally, told
from reconciliation.statement import (
    Balance,
    Header,
    Line,
    RefusedLine,
    Statement,
    StatementKind,
    UnreadableFile,
)

OPENING, CLOSING = "010", "015"  # the ledger balances; those of what is available prove nothing
STANDARD_CURRENCY = "USD"  # of a group that names none (record 02)

_INTERIM = frozenset({AsOfDateModifier.interim_previous_day.value, AsOfDateModifier.interim_same_day.value})
_NOT_NEW = {
    GroupStatus.deletion.value: "The bank takes back what it reported before",
    GroupStatus.correction.value: "The bank corrects what it reported before",
    GroupStatus.test_only.value: "The bank marks this report as a test",
}


@dataclass(slots=True)
class Group:
    """Accounts that are reported for one day together."""

    status: str
    as_of_on: date
    currency: str
    is_interim: bool
    count: Count = field(default_factory=Count)

    @classmethod
    def of(cls, record: Record) -> Group:
        """The group that a header begins. Raises UnreadableFile where its day is missing or unreadable."""
        fields = [text.strip() for text in record.fields] + [""] * 7
        as_of_on = values.day(fields[3])
        if as_of_on is None:
            raise UnreadableFile("A group of the file does not say of which day it is.")
        return cls(fields[2], as_of_on, fields[5], fields[6] in _INTERIM, Count(rows=record.rows))


class Account:
    """The account that is being read."""

    def __init__(self, record: Record, group: Group, file_id: str | None, refusals: Refusals) -> None:
        number, stated, *rest = (*(text.strip() for text in record.fields), "", "")
        self._noticed: list[str] = []
        self._group = group
        self._refusals = refusals
        self._tally = Tally()
        self._oddities: Counter[Oddity] = Counter()
        self.declared: int | None = None
        self.count = Count(rows=record.rows)
        self._currency = self._checked(stated or group.currency)
        self._balances = dict(self._figures(rest))
        self.header = self._header(number, file_id)

    def line(self, record: Record, position: int) -> Line | RefusedLine:
        """The line of one transaction, or why it cannot be read by itself."""
        self.count.rows += record.rows
        try:
            read = entries.transaction(
                record.fields,
                currency=self._currency,
                booked_on=self._group.as_of_on,
                counts=self._group.status not in _NOT_NEW,
                position=position,
                oddities=self._oddities,
            )
        except Rejected as refusal:
            self._count_refused(record)
            line = RefusedLine(position=position, reason=refusal.message, line=record.line)
            return self._refusals.add(line, self._tally)
        self.count.minor += abs(read.line.amount.minor)
        self._tally.add(read.line, is_credit=read.is_credit)
        return read.line

    def finished(self, record: Record) -> Statement:
        """The statement at the account's trailer."""
        trailer = account_trailer(record.fields)
        self.declared = trailer.minor
        self.count.rows += record.rows
        return self._tally.close(
            self.header,
            currency=self._currency,
            opening=self._balances.get(OPENING),
            closing=self._balances.get(CLOSING),
            noticed=(
                *self._noticed,
                *self._group_problems(),
                *problems("account", self.count, trailer, ""),
                *told(self._oddities, ODDITIES),
            ),
        )

    def _count_refused(self, record: Record) -> None:
        """The control total counts the amount of a refused line too, where it can be read."""
        try:
            self.count.minor += values.amount("".join(record.fields[1:2]), "The amount of a line") or 0
        except Rejected:
            self.count.unread += 1

    def _checked(self, currency: str) -> str:
        if not currency:
            self._noticed.append(
                f"Neither the account nor its group names a currency; the standard means {STANDARD_CURRENCY} then."
            )
        return checked_currency(currency or STANDARD_CURRENCY)

    def _figures(self, fields: list[str]) -> Iterator[tuple[str, Balance]]:
        for figure in values.figures(fields):
            self.count.minor += figure.minor or 0
            if figure.minor is not None:
                amount = Money(figure.minor, self._currency)
                yield figure.code, Balance(amount=amount, on=self._group.as_of_on, kind=figure.code)

    def _header(self, number: str, file_id: str | None) -> Header:
        if not number:
            raise UnreadableFile("An account of the file has no number.")
        iban = identifiers.iban(number)
        return Header(
            format="bai2",
            statement_id=file_id,
            sequence=None,
            account=statement.Account(iban=iban, other=None if iban else number, currency=self._currency),
            from_on=self._group.as_of_on,
            to_on=self._group.as_of_on,
            currency=self._currency,
            kind=StatementKind.REPORT if self._group.is_interim else StatementKind.STATEMENT,
        )

    def _group_problems(self) -> Iterator[str]:
        if self._group.status in _NOT_NEW:
            yield f"{_NOT_NEW[self._group.status]}: its lines are not counted; a person must see to it."
        elif self._group.status != GroupStatus.update.value:
            yield "The group does not say whether its report is new."
