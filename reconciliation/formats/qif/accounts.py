"""One account of a QIF file while it is read: what it is called, its balances, its lines and what is strange in it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date

from ledger.errors import Rejected
from reconciliation.formats import identifiers
from reconciliation.formats.qif import entries
from reconciliation.formats.qif.entries import ODDITIES, Oddity, Style
from reconciliation.formats.qif.records import Kind, Record, Section
from reconciliation.formats.refusals import Refusals
from reconciliation.formats.tally import Tally, counted, told
from reconciliation.statement import (
    Account,
    Balance,
    Header,
    Line,
    LineStatus,
    RefusedLine,
    Statement,
    UnreadableFile,
)

NO_CURRENCY = "XXX"  # ISO 4217: no currency is involved

# The payee of the record by which a program begins an account; its category is the account's own name in brackets.
OPENING = "opening balance"
STATED = "$"  # the balance in the account's own record, of the day under "/"


class Reading:
    """The account whose section is being read; `account` is the record that names it, where there is one."""

    def __init__(self, section: Section, account: Record | None, style: Style, refusals: Refusals) -> None:
        self.name = section.name
        self.trades = 0
        self.header: Header | None = None
        self._is_investment = section.kind is Kind.INVESTMENT
        self._account = account
        self._style = style
        self._refusals = refusals
        self._tally = Tally()
        self._oddities: Counter[Oddity] = Counter()
        self._opening: Balance | None = None
        self._last_on: date | None = None

    def begin(self, first: Record | None) -> Header:
        """The header, as soon as the first record or the section's end is met."""
        name = self._account.get("N") if self._account else None
        if name is None and first is not None and _is_opening(first):
            name = (first.get("L") or "").removeprefix("[").removesuffix("]") or None
        currency = None if self._style.currency == NO_CURRENCY else self._style.currency
        iban = None if name is None else identifiers.iban(name)
        self.header = Header(
            format="qif",
            statement_id=None,
            sequence=None,
            account=Account(iban=iban, other=None if iban else name, currency=currency),
            currency=currency,
        )
        return self.header

    def line(self, record: Record, position: int) -> Line | RefusedLine:
        """The line that a record is, or why it cannot be read by itself."""
        is_first = not self._tally.lines and not self._tally.refused
        try:
            if is_first and _is_opening(record):
                line = entries.opening(record, self._style, position=position)
                self._opening = Balance(amount=line.amount, on=line.booked_on, kind="Opening Balance")
            else:
                line = entries.line(record, self._style, position=position, oddities=self._oddities)
        except Rejected as refusal:
            refused = RefusedLine(position=position, reason=refusal.message, line=record.line)
            return self._refusals.add(refused, self._tally)
        self._tally.add(line, is_credit=line.amount.minor >= 0)
        if line.status is LineStatus.BOOKED and line.booked_on is not None:
            self._last_on = max(self._last_on or line.booked_on, line.booked_on)
        return line

    def finished(self) -> Statement:
        """The statement at the section's end."""
        noticed: list[str] = []
        closing = self._closing(noticed)
        return self._tally.close(
            self.header or self.begin(None),
            currency=self._style.currency,
            opening=self._opening,
            closing=closing,
            noticed=(*self._problems(), *noticed),
        )

    def _closing(self, noticed: list[str]) -> Balance | None:
        """The balance in the account's own record, where it is not of a day before the last line."""
        stated = self._account.get(STATED) if self._account else None
        if self._account is None or stated is None:
            return None
        try:
            on = self._style.day(self._account.get("/"))
            amount = self._style.money(stated)
        except UnreadableFile:
            noticed.append("The balance of the account or its day cannot be read.")
            return None
        if self._last_on is not None and on < self._last_on:
            noticed.append(
                "The balance of the account is of a day before its last line, so it proves nothing."
            )
            return None
        return Balance(amount=amount, on=on, kind=STATED)

    def _problems(self) -> Iterator[str]:
        if self.header is not None and self.header.account == Account(currency=self.header.currency):
            yield "The statement does not name its account."
        if self._style.currency == NO_CURRENCY:
            yield "The file does not name the currency of its amounts."
        if self._is_investment:
            trades = counted(self.trades, "investment transaction")
            yield f"The account holds investments: {trades} not imported."
        yield from told(self._oddities, ODDITIES)


def _is_opening(record: Record) -> bool:
    return (record.get("P") or "").casefold() == OPENING
