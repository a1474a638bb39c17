"""Issuing invoices in bulk, in chunks and one transaction as the ERP's file is imported."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import func, select

from benchmarks import books, rows
from benchmarks.comparison import Case, Comparison, Setting, Work, require
from ledger.database import in_transaction
from ledger.models import Creditor, Customer, Invoice

_OURS = "ledger.invoices.issue_many"
_MOST_CUSTOMERS = 1_000


def _prepare(setting: Setting, size: int) -> None:
    with books.sessions(setting) as sessions, sessions() as session:
        books.open_creditor(session)
        books.add_customers(session, min(size, _MOST_CUSTOMERS))
        session.commit()


@contextmanager
def _issued(setting: Setting, size: int) -> Iterator[Work]:
    with books.sessions(setting) as sessions:
        with sessions() as session:
            creditor_id = session.scalars(select(Creditor.id)).one()
            customer_ids = session.scalars(select(Customer.id).order_by(Customer.id)).all()
            facts = books.invoice_facts(creditor_id, customer_ids, range(1, size + 1))
            books.issue(session, facts[:1])
            session.rollback()
        yield Work(lambda: in_transaction(sessions, lambda session: books.issue(session, facts)))
        with sessions() as session:
            require(session.scalar(select(func.count(Invoice.id))) == size, f"{size} invoices")


COMPARISON = Comparison(
    name="issue",
    title="Issuing invoices in bulk, committed once",
    unit="invoices",
    small=(1_000, 10_000),
    full=(1_000, 10_000),
    prepare=_prepare,
    needs_database=True,
    recorded=_OURS,
    cases=(rows.case(), Case(name=_OURS, ready=_issued, floor=rows.NAME)),
)
