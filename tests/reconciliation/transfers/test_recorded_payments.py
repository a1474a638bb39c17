"""Payments told before their line: the line brings the one that is meant, counts once, and takes nobody else's."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from ledger import creditors, recorded_payments
from ledger.acts import Act
from ledger.models import Customer, Invoice, Method, Payment
from ledger.recorded_payments import Given, Told
from reconciliation.models import Match, StatementLine
from tests.factories.bank import Bank, match, take_in_all, transfer
from tests.factories.books import Books, debtor_iban


def _customer(books: Books, name: str = "Max Mustermann 1") -> Customer:
    """A customer with the account of payer number 1."""
    return books.customer(name, iban=debtor_iban(500_001))


def _told(
    books: Books,
    customer: Customer,
    invoice: Invoice | None = None,
    *,
    reference: str | None = None,
    **facts: str,
) -> Payment:
    """12,000 that are said to be on their way, given to an invoice."""
    told = Told(
        creditor_id=books.creditor.id, customer_id=customer.id, method=Method.TRANSFER, currency="EUR",
        amount_minor=12_000, received_on=books.act.today, reference=reference, **facts,
    )  # fmt: skip
    given = [] if invoice is None else [Given(invoice_id=invoice.id, amount_minor=12_000)]
    return recorded_payments.record(books.session, told, given=given, act=books.act)


def _arrives(session: Session, act: Act, remittance: str, payer: int = 1) -> str | None:
    """The rule by which a transfer of 12,000 is matched; None while it waits."""
    session.commit()
    take_in_all(session, Bank().book(transfer(12_000, remittance, payer=payer)), act)
    match(session, act)
    session.commit()
    line = session.scalars(select(StatementLine)).one()
    return session.scalar(select(Match.rule).where(Match.line_id == line.id, Match.undone_at.is_(None)))


def test_the_line_of_a_recorded_payment_counts_once(session: Session, books: Books, act: Act) -> None:
    customer = _customer(books)
    invoice = books.invoice(12_000, customer=customer, number="RE-2026-0815")
    payment = _told(books, customer, invoice)
    assert _arrives(session, act, "RE-2026-0815") == "recorded_payment"
    session.refresh(payment)
    assert payment.met_at is not None
    assert session.scalar(select(func.count()).select_from(Payment)) == 1


@pytest.mark.parametrize(
    ("reference", "remittance", "rule"),
    [
        ("ZB-77041", "Zahlung ZB 77041 danke", "recorded_payment"),
        ("ZB-77041", "Zahlung ZB-770412", None),
        ("77041", "Tel. 0301770415", None),
        ("12", "Wohnung 12", None),
    ],
)
def test_a_reference_is_carried_whole_or_not_at_all(
    session: Session, books: Books, act: Act, reference: str, remittance: str, rule: str | None
) -> None:
    _told(books, _customer(books), reference=reference)
    assert _arrives(session, act, remittance, payer=99) == rule


def test_of_recorded_payments_of_two_customers_with_one_account_none_is_taken(
    session: Session, books: Books, act: Act
) -> None:
    for name in ("Max Mustermann 1", "Erika Beispiel"):
        customer = _customer(books, name)
        _told(books, customer, books.invoice(12_000, customer=customer))
    assert _arrives(session, act, "Danke") is None


def test_a_line_that_names_another_open_invoice_is_not_the_recorded_payment(
    session: Session, books: Books, act: Act
) -> None:
    customer = _customer(books)
    payment = _told(books, customer, books.invoice(12_000, customer=customer, number="RE-2026-0815"))
    books.invoice(12_000, customer=customer, number="RE-2026-0816")
    assert _arrives(session, act, "RE-2026-0816") == "invoice_number"
    session.refresh(payment)
    assert payment.met_at is None


def test_a_payment_recorded_for_another_account_of_ours_is_not_met(
    session: Session, books: Books, act: Act
) -> None:
    other = creditors.open_bank_account(
        session,
        creditor_id=books.creditor.id,
        name="Second",
        iban="DE89370400440532013000",
        bic=None,
        act=act,
    )
    customer = _customer(books)
    _told(books, customer, books.invoice(12_000, customer=customer), bank_account_id=other.id)
    assert _arrives(session, act, "Danke") is None
