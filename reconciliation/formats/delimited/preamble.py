"""What banks write in front of their table: the account, the period, a balance, the currency."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date

from ledger.banking import Iban, InvalidIban
from ledger.currencies import KNOWN
from reconciliation.formats.delimited.text import Cells
from reconciliation.formats.delimited.values import day, unit_of
from reconciliation.formats.delimited.words import LABELS, titled
from reconciliation.formats.written import DateOrder
from reconciliation.statement import Account

_DATE = re.compile(r"[0-9]{1,4}[./-][0-9]{1,2}[./-][0-9]{1,4}")
_BEHIND_A_LABEL = re.compile(r"\s*(?:\b(?:vom|am|per|as of|heute)\b.*|[0-9(].*)?\Z")
_CODE = re.compile(r"\b[A-Z]{3}\b")
_LONGEST_ACCOUNT = 40


@dataclass(slots=True)
class Preamble:
    """The facts in front of a table, each as far as it is there; amounts still as they are written."""

    account: Account = field(default_factory=Account)
    currency: str | None = None
    from_on: date | None = None
    to_on: date | None = None
    opening: str | None = None
    closing: str | None = None
    closing_on: date | None = None


def preamble(rows: Sequence[Cells], order: DateOrder | None) -> Preamble:
    """What the rows say; what no label explains is passed over."""
    found = Preamble()
    number = None
    for label, value in _labelled(rows):
        head = _BEHIND_A_LABEL.sub("", label.rstrip(": ").casefold())
        fact = LABELS.get(titled(head))
        if fact == "account":
            number = number or value
        elif fact is not None:
            _keep(found, fact, value, label, order)
    number = number or next(filter(_iban, (cell for cells in rows for cell in cells)), None)
    if number is not None:
        found.account = account_of(number)
        found.currency = found.currency or found.account.currency
    return found


def account_of(text: str) -> Account:
    """An account as a cell names it: an IBAN, or any other number; a currency may stand behind it."""
    text = text.partition(" / ")[0].strip()
    iban = _iban(text)
    if iban is not None:
        return Account(iban=iban)
    number, _, code = text.rpartition(" ")
    if code in KNOWN and number:
        iban = _iban(number)
        return Account(iban=iban, other=None if iban else number.strip()[:_LONGEST_ACCOUNT], currency=code)
    return Account(other=text[:_LONGEST_ACCOUNT] or None)


def _iban(text: str) -> str | None:
    if not (text[:2].isalpha() and text[2:4].isdigit()):
        return None
    try:
        return Iban.parse(text).compact
    except InvalidIban:
        return None


def _labelled(rows: Sequence[Cells]) -> Iterator[tuple[str, str]]:
    """Each label with its value, which stands in the next cell that is filled or behind a colon in the same."""
    for cells in rows:
        filled = [cell.strip() for cell in cells if cell.strip()]
        for at, cell in enumerate(filled):
            label, colon, value = cell.partition(":")
            if colon and value.strip():
                yield label, value.strip()
            elif at + 1 < len(filled):
                yield cell, filled[at + 1]


def _keep(found: Preamble, fact: str, value: str, label: str, order: DateOrder | None) -> None:
    if fact in ("from_on", "to_on"):
        setattr(found, fact, getattr(found, fact) or day(value.partition(" ")[0], order))
    elif fact == "period":
        days = [day(text, order) for text in _DATE.findall(value)]
        if len(days) == 2:
            found.from_on, found.to_on = days
    elif fact == "currency":
        found.currency = found.currency or (value if value in KNOWN else None)
    elif fact == "closing":
        found.closing = found.closing or value
        stated = _DATE.search(label)
        found.closing_on = found.closing_on or (day(stated[0], order) if stated else None)
        found.currency = found.currency or _currency_in(value)
    elif fact == "opening":
        found.opening = found.opening or value


def _currency_in(value: str) -> str | None:
    unit = unit_of(value)
    if unit == "€":
        return "EUR"
    return next((code for code in _CODE.findall(value) if code in KNOWN), None)
