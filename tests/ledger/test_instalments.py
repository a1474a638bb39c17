"""Instalments: the parts that an invoice may be paid in are kept as they were said, or refused with the reason."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from ledger import invoices
from ledger.invoices import Instalment, InvoiceClash, InvoiceFacts, InvoiceRejected
from tests.factories.books import Books

ISSUED = date(2026, 11, 11)


def _parts(*amounts: int, first: date = ISSUED) -> tuple[Instalment, ...]:
    """Of these amounts, a week apart."""
    return tuple(
        Instalment(due_on=first + timedelta(weeks=week), amount_minor=amount)
        for week, amount in enumerate(amounts)
    )


@pytest.fixture
def facts(books: Books) -> InvoiceFacts:
    """120.00 EUR in three parts."""
    return InvoiceFacts(
        creditor_id=books.creditor.id, customer_id=books.customer().id, number="RE-2026-00001", currency="EUR",
        total_minor=12_000, issued_on=ISSUED, due_on=date(2026, 11, 25), external_id="erp-1",
        instalments=_parts(5_000, 4_000, 3_000),
    )  # fmt: skip


def test_instalments_are_kept_with_their_days_and_amounts(
    session: Session, books: Books, facts: InvoiceFacts
) -> None:
    invoice = invoices.issue(session, facts, act=books.act)
    session.commit()
    session.expire(invoice)
    assert invoice.instalments == [
        {"due_on": "2026-11-11", "amount_minor": 5_000}, {"due_on": "2026-11-18", "amount_minor": 4_000},
        {"due_on": "2026-11-25", "amount_minor": 3_000},
    ]  # fmt: skip


def test_an_invoice_without_instalments_has_none_in_the_database(session: Session, books: Books) -> None:
    books.invoice()
    session.commit()
    assert session.execute(text("SELECT instalments IS NULL FROM invoices")).scalar_one() is True


def test_an_invoice_without_instalments_says_the_same_as_before_there_were_any(facts: InvoiceFacts) -> None:
    plain = replace(facts, creditor_id="crd_1", customer_id="cus_1", instalments=None)
    assert plain.key == "67d2c004f41b074cb9b7fc46485dc3c64ebcedbe1d3ebb14bf1963ef4eaf3005"
    assert plain.key != replace(plain, instalments=facts.instalments).key


def test_the_same_invoice_with_other_instalments_is_another_one(
    session: Session, books: Books, facts: InvoiceFacts
) -> None:
    first = invoices.issue(session, facts, act=books.act)
    assert invoices.issue(session, facts, act=books.act).id == first.id
    for other in (None, _parts(5_000, 3_000, 4_000), _parts(5_000, 4_000, 3_000, first=date(2026, 11, 12))):
        with pytest.raises(InvoiceClash):
            invoices.issue(session, replace(facts, instalments=other), act=books.act)
    session.commit()


@pytest.mark.parametrize(
    "wrong",
    [
        (),
        _parts(12_001),
        _parts(11_999),
        _parts(12_001, -1),
        _parts(12_000, 0),
        _parts(12_000, first=date(2026, 11, 10)),
        _parts(5_000, 7_000)[::-1],
        (*_parts(5_000), *_parts(7_000)),
        _parts(*[200] * 59, 100, 100),
    ],
)
def test_instalments_that_cannot_be_are_refused(
    session: Session, books: Books, facts: InvoiceFacts, wrong: tuple[Instalment, ...]
) -> None:
    session.commit()
    with pytest.raises(InvoiceRejected) as refusal:
        invoices.issue(session, replace(facts, instalments=wrong), act=books.act)
    assert refusal.value.field == "instalments"
    session.rollback()


def test_sixty_instalments_are_taken(session: Session, books: Books, facts: InvoiceFacts) -> None:
    invoice = invoices.issue(session, replace(facts, instalments=_parts(*[200] * 60)), act=books.act)
    session.commit()
    assert len(invoice.instalments or []) == 60
