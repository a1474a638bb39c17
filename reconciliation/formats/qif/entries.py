"""One record of a bank section of a QIF file as a Line: what its fields mean together."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from ledger.money import Money
from reconciliation.formats.identifiers import creditor_reference
from reconciliation.formats.qif import values
from reconciliation.formats.qif.records import Record
from reconciliation.formats.written import DateOrder, DecimalMark
from reconciliation.statement import Line, LineStatus, Party, UnreadableFile

# Letters of a bank record: those that are read; the address, and what only the books it comes from are about.
_READ = frozenset("DTUNPMLSE$")
_NOT_NEEDED = frozenset("ACFX%K1234567")


class Oddity(StrEnum):
    """What can be strange about a record that is readable all the same."""

    UNKNOWN_FIELD = "unknown_field"
    PARTS_UNREAD = "parts_unread"
    PARTS_DIFFER = "parts_differ"


ODDITIES = {
    Oddity.UNKNOWN_FIELD: "{} with fields that QIF does not know, which are left out.",
    Oddity.PARTS_UNREAD: "{} with parts that cannot all be read; only the whole is taken in.",
    Oddity.PARTS_DIFFER: "{} whose parts do not add up to the whole.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """How the values of a file are written, and the currency of the account."""

    date_order: DateOrder
    mark: DecimalMark
    currency: str

    def day(self, text: str | None) -> date:
        """The day. Raises UnreadableFile for what is none."""
        if text is None:
            raise UnreadableFile("A line has no date.")
        found = values.day(text, self.date_order)
        if found is None:
            raise UnreadableFile("The date of a line is no day, or not written as the others of the file.")
        return found

    def money(self, text: str | None) -> Money:
        """The amount. Raises UnreadableFile for what is none."""
        if text is None:
            raise UnreadableFile("A line has no amount.")
        found = values.minor(text, self.mark, self.currency)
        if found is None:
            raise UnreadableFile("An amount of a line is no number that fits the account's currency.")
        return Money(found, self.currency)


def line(record: Record, style: Style, *, position: int, oddities: Counter[Oddity]) -> Line:
    """The Line of one record; `position` counts from 1. What a person should know of is counted in `oddities`.

    Raises UnreadableFile, without a line number, where its day or amount is missing or cannot be read.
    """
    booked_on, amount = style.day(record.get("D")), _amount(record, style)
    if any(letter not in _READ and letter not in _NOT_NEEDED for letter, _ in record.fields):
        oddities[Oddity.UNKNOWN_FIELD] += 1
    memo, number = " ".join(record.all("M")) or None, record.get("N")
    reference = None if number is None else creditor_reference(number)
    return Line(
        amount=amount,
        booked_on=booked_on,
        counterparty=Party(name=record.get("P")),
        remittance=_remittance(memo, None if reference else number),
        reference=reference,
        transaction_code=record.get("L"),
        details=_details(record, style, amount, booked_on, oddities),
        position=position,
    )


def opening(record: Record, style: Style, *, position: int) -> Line:
    """The record of an opening balance as a line for information. Raises UnreadableFile like `line`."""
    return Line(
        amount=_amount(record, style),
        status=LineStatus.INFO,
        booked_on=style.day(record.get("D")),
        remittance=record.get("P"),
        transaction_code=record.get("L"),
        position=position,
    )


def _amount(record: Record, style: Style) -> Money:
    """T, which U repeats in newer files."""
    stated = {style.money(text) for letter in ("T", "U") for text in record.all(letter)}
    if len(stated) > 1:
        raise UnreadableFile("A line states two amounts.")
    return stated.pop() if stated else style.money(None)


def _remittance(memo: str | None, number: str | None) -> str | None:
    """The memo, and the number of the cheque or the like where the memo does not repeat it."""
    said = (memo or "").split()
    return " ".join(filter(None, (memo, number if number not in said else None))) or None


def _details(
    record: Record, style: Style, amount: Money, booked_on: date, oddities: Counter[Oddity]
) -> tuple[Line, ...]:
    """The parts of a split record: a category (S), its text (E) and its amount ($)."""
    parts = _parts(record)
    if not parts:
        return ()
    try:
        details = tuple(
            Line(
                amount=style.money(part.get("$")),
                booked_on=booked_on,
                remittance=part.get("E"),
                transaction_code=part.get("S"),
            )
            for part in parts
        )
    except UnreadableFile:
        oddities[Oddity.PARTS_UNREAD] += 1
        return ()
    if sum(part.amount.minor for part in details) != amount.minor:
        oddities[Oddity.PARTS_DIFFER] += 1
    return details


def _parts(record: Record) -> list[dict[str, str]]:
    parts: list[dict[str, str]] = []
    for letter, text in record.fields:
        if letter == "S":
            parts.append({})
        if letter in "SE$" and parts and text:
            parts[-1].setdefault(letter, text)
    return parts
