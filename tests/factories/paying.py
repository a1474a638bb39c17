"""Transfers in tests that a person gives to an invoice, with the statement they stand on."""

from __future__ import annotations

from itertools import count

from sqlalchemy import select

from ledger.models import Invoice, Payment
from reconciliation import by_hand
from reconciliation.by_hand import Share
from reconciliation.models import StatementLine, StatementRecord
from tests.factories.bank import Bank, take_in, transfer
from tests.factories.books import Books

_payers = count(1)


def bank_of(books: Books) -> Bank:
    """The bank where it stands after the last statement that was taken in."""
    query = select(StatementRecord).order_by(StatementRecord.id.desc()).limit(1)
    last = books.session.scalars(query).first()
    if last is None:
        return Bank()
    return Bank(opening_minor=last.closing_minor, first=int(last.sequence) + 1)


def received(books: Books, amount_minor: int, remittance: str = "Zahlung") -> StatementLine:
    """A transfer on a statement that was taken in today and is not matched yet."""
    (content,) = bank_of(books).book(
        transfer(amount_minor, remittance, day=books.act.today, payer=next(_payers))
    )
    report = take_in(books.session, content, books.act)
    query = select(StatementLine).where(StatementLine.statement_id == report.statement_ids[0])
    return books.session.scalars(query).one()


def pay(books: Books, invoice: Invoice, amount_minor: int) -> Payment:
    """Pay a part of an invoice, or all of it."""
    return by_hand.record_payment(
        books.session, line_id=received(books, amount_minor).id, customer_id=invoice.customer_id,
        shares=[Share(invoice.id, amount_minor)], act=books.act,
    )  # fmt: skip
