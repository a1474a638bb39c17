"""Written rules and own transfers in tests: statements with bookings of any code, and rules about them."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from ledger import creditors
from ledger.models import BankAccount
from reconciliation.line_rules import writing
from reconciliation.line_rules.kinds import Becomes
from reconciliation.line_rules.writing import Draft
from reconciliation.models import LineRule
from tests.factories import camt
from tests.factories.bank import DAY, take_in
from tests.factories.books import OUR_IBAN, Books, debtor_iban

SAVINGS_IBAN = "DE75512108001245126199"


def of(field: str, how: str, value: str) -> dict[str, Any]:
    """A condition on a text."""
    return {"field": field, "how": how, "value": value}


def draft(becomes: str, *conditions: dict[str, Any], name: str = "A rule", priority: int = 100) -> Draft:
    """A rule that is not written yet."""
    return Draft(name=name, becomes=Becomes(becomes), conditions=conditions, priority=priority)


def rule(books: Books, becomes: str, *conditions: dict[str, Any], **more: Any) -> LineRule:
    """A written rule of the creditor."""
    return writing.write(
        books.session, creditor_id=books.creditor.id, draft=draft(becomes, *conditions, **more), act=books.act
    )


def second_account(
    books: Books, iban: str = SAVINGS_IBAN, name: str = "Savings", currency: str = "EUR"
) -> BankAccount:
    """Another account of the same creditor."""
    return creditors.open_bank_account(
        books.session, creditor_id=books.creditor.id, name=name, iban=iban, currency=currency, act=books.act
    )


def booking(
    amount: int,
    remittance: str = "",
    *,
    code: str = "PMNT/ICDT/ESCT",
    day: date = DAY,
    reference: str | None = None,
    name: str | None = None,
    iban: str | None = None,
    **facts: Any,
) -> camt.Entry:
    """A booking with one part; `amount` is signed."""
    part = camt.Part(amount=amount, remittance=remittance or (), name=name, iban=iban, **facts)
    return camt.Entry(amount=amount, booked_on=day, code=code, bank_reference=reference, parts=(part,))


class Account:
    """An account of ours at its bank, which sends a statement for every call of `book`."""

    def __init__(self, books: Books, iban: str = OUR_IBAN, currency: str = "EUR") -> None:
        self.books, self.iban, self.currency = books, iban, currency
        self._balance, self._sequence = 100_000, 0

    def book(self, *entries: camt.Entry) -> None:
        """Take in a statement with these bookings."""
        self._sequence += 1
        days = [entry.booked_on for entry in entries if entry.booked_on is not None]
        stated = camt.Stated(
            entries=entries, account=self.iban, currency=self.currency, opening=self._balance,
            statement_id=f"{self.iban[-4:]}-{self._sequence}", sequence=str(self._sequence),
            from_on=min(days), to_on=max(days),
        )  # fmt: skip
        self._balance += sum(entry.amount for entry in entries)
        take_in(self.books.session, camt.camt053_file([stated]), self.books.act)


def to(account_iban: str | None, amount: int, *, days: int = 0, text: str = "", **facts: Any) -> camt.Entry:
    """A leg of a transfer that names an account, or none; `days` after the tests' day."""
    code = "PMNT/RCDT/ESCT" if amount > 0 else "PMNT/ICDT/ESCT"
    made = booking(amount, text, code=code, iban=account_iban, **facts)
    return replace(made, booked_on=DAY + timedelta(days=days))


def stranger() -> str:
    """An account of nobody we know."""
    return debtor_iban(777_777)
