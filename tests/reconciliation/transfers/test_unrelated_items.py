"""Other invoices in the books never turn a certain match into another one: it stays, or it waits for a person."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from random import Random

import pytest
from sqlalchemy.orm import Session

from ledger import credit_notes, invoices
from ledger.acts import Act
from ledger.credit_notes import CreditNoteFacts
from ledger.invoices import InvoiceFacts
from ledger.models import Customer
from reconciliation.transfers import finding
from reconciliation.transfers.candidates import credits_where
from reconciliation.transfers.finding import Finding
from tests.factories.bank import DAY, Bank, take_in_all, transfer
from tests.factories.books import Books, debtor_iban

PAYER = 7
NAME = f"Max Mustermann {PAYER}"


class World:
    """A customer with three open invoices and a credit note, and others to come."""

    def __init__(self, books: Books) -> None:
        self.books = books
        self.customer = books.customer(NAME, iban=debtor_iban(500_000 + PAYER), external_id="K-4711")
        self.invoice("RE-2026-0815", 12_000, discount=2)
        self.invoice("RE-2026-0816", 7_700)
        self.invoice("RE-2026-0817", 30_100)
        self.credit_note(1_300)

    def invoice(
        self, number: str, total_minor: int, customer: Customer | None = None, *, discount: int | None = None
    ) -> None:
        books = self.books
        facts = InvoiceFacts(
            creditor_id=books.creditor.id, customer_id=(customer or self.customer).id, number=number, currency="EUR",
            total_minor=total_minor, issued_on=DAY - timedelta(days=5), due_on=DAY + timedelta(days=9),
            discount_days=None if discount is None else 10,
            discount_percent=None if discount is None else Decimal(discount),
        )  # fmt: skip
        invoices.issue(books.session, facts, act=books.act)

    def credit_note(self, total_minor: int) -> None:
        books = self.books
        facts = CreditNoteFacts(
            creditor_id=books.creditor.id, customer_id=self.customer.id, number="GS-2026-0001", currency="EUR",
            total_minor=total_minor, issued_on=DAY - timedelta(days=3),
        )  # fmt: skip
        credit_notes.issue(books.session, facts, act=books.act)

    def other(self, name: str = "Erika Beispiel", **facts: str) -> Customer:
        return self.books.customer(name, **facts)

    def crowd(self) -> None:
        """Sixty invoices of twenty customers, among them some of each amount that is paid here."""
        random = Random(3)
        crowd = [self.other(f"Kunde {number}") for number in range(20)]
        amounts = (12_000, 7_700, 30_100, 11_760, 10_700, 19_700, 49_800)
        for number in range(60):
            amount = random.choice((*amounts, random.randrange(1_000, 60_000)))
            self.invoice(f"RE-2026-{5_000 + number}", amount, random.choice(crowd))


CREDITS = {
    "whole number and account": (12_000, "RE-2026-0815", PAYER),
    "number of somebody unknown": (12_000, "RE-2026-0815", 99),
    "number without its prefix": (7_700, "Rechnung 2026-0816", PAYER),
    "number with a typing error": (7_700, "RE-2026-0861", PAYER),
    "two numbers": (19_700, "RE-2026-0815 und RE-2026-0816", PAYER),
    "less the discount": (11_760, "RE-2026-0815", PAYER),
    "less the credit note": (10_700, "RE-2026-0815", PAYER),
    "a part": (10_000, "RE-2026-0817", PAYER),
    "too much": (12_500, "RE-2026-0815", PAYER),
    "account and amount": (7_700, "Danke", PAYER),
    "account and everything": (49_800, "Danke", PAYER),
    "account and all less the credit note": (48_500, "Danke", PAYER),
}
ADDED: dict[str, Callable[[World], None]] = {
    "equal amounts of another": lambda world: world.invoice("RE-2026-0900", 7_700, world.other()),
    "another's of the same name": lambda world: world.invoice("RE-2026-0900", 7_700, world.other(NAME)),
    "another's with the same account": lambda world: world.invoice(
        "RE-2026-0900", 7_700, world.other(iban=debtor_iban(500_000 + PAYER))
    ),
    "the number under another prefix": lambda world: world.invoice("GU-2026-0815", 12_000, world.other()),
    "a number within the number": lambda world: world.invoice("0815", 12_000, world.other()),
    "a number that differs in one place": lambda world: world.invoice("RE-2026-0862", 7_700, world.other()),
    "the payer's of the same amount": lambda world: world.invoice("RE-2026-0900", 7_700),
    "the payer's of another amount": lambda world: world.invoice("RE-2026-0900", 999),
    "the payer's that makes up the sum": lambda world: world.invoice("RE-2026-0900", 18_400),
    "a crowd": World.crowd,
}


def _found(session: Session) -> list[Finding]:
    some = sorted(credits_where(session, "lines.amount_minor > 0"), key=lambda one: one.id)
    return finding.find(session, some, terms={})


@pytest.fixture
def world(session: Session, books: Books, act: Act) -> World:
    made = World(books)
    session.commit()
    entries = [transfer(amount, text, payer=payer) for amount, text, payer in CREDITS.values()]
    take_in_all(session, Bank().book(*entries), act)
    session.commit()
    return made


def test_each_credit_is_looked_at_alone_and_most_are_certain(session: Session, world: World) -> None:
    waiting = [name for name, one in zip(CREDITS, _found(session), strict=True) if one.certain is None]
    assert len(waiting) <= 3, waiting


@pytest.mark.parametrize("added", ADDED)
def test_what_is_added_leaves_a_match_as_it_is_or_lets_it_wait(
    session: Session, world: World, added: str
) -> None:
    before = _found(session)
    ADDED[added](world)
    session.commit()
    after = _found(session)
    for name, old, new in zip(CREDITS, before, after, strict=True):
        if old.certain is not None and new.certain is not None:
            assert new.certain.reading == old.certain.reading, name


@pytest.mark.parametrize(
    ("amount_minor", "certain"),
    [(19_800, False), (19_600, True), (19_799, False), (19_599, True), (20_000, True)],
)
def test_the_discount_of_one_of_two_equal_invoices_is_never_given_to_either(
    session: Session, books: Books, act: Act, amount_minor: int, certain: bool
) -> None:
    made = World(books)
    for number in ("RE-2026-1001", "RE-2026-1002"):
        made.invoice(number, 10_000, discount=2)
    session.commit()
    (content,) = Bank().book(transfer(amount_minor, "RE-2026-1001, RE-2026-1002", payer=PAYER))
    take_in_all(session, [content], act)
    session.commit()
    (found,) = _found(session)
    assert (found.certain is not None) is certain


def test_a_number_that_is_right_is_no_slip_for_an_invoice_of_the_payer(
    session: Session, books: Books, act: Act
) -> None:
    made = World(books)
    made.invoice("RE-2026-2221", 8_970, made.other())
    made.invoice("RE-2026-2281", 8_970)
    session.commit()
    take_in_all(session, Bank().book(transfer(8_970, "RE-2026-2221", payer=PAYER)), act)
    session.commit()
    (found,) = _found(session)
    assert found.certain is None
    assert len(found.proposals) >= 2
