"""Scheduling a debit for each of many due invoices, each on another mandate."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from sqlalchemy import select
from sqlalchemy.orm import Session

from benchmarks import books, data, rows
from benchmarks.comparison import Case, Comparison, Setting, Work, require
from credit_control.collecting import CHUNK
from ledger.database import in_transaction
from ledger.models import Invoice
from mandates import debits
from mandates.collectable import Wish
from mandates.models import Mandate

_OURS = "mandates.debits.schedule_many"


def prepare(setting: Setting, size: int) -> None:
    """A creditor with `size` customers, each with a mandate and a due invoice."""
    with books.sessions(setting) as sessions, sessions() as session:
        creditor = books.open_creditor(session)
        customers = books.add_customers(session, size)
        books.add_mandates(session, creditor.id, customers)
        books.issue(session, books.invoice_facts(creditor.id, customers, range(size)))
        session.commit()


def wishes(session: Session) -> list[Wish]:
    """One wish for each open invoice."""
    found = session.execute(
        select(Invoice.id, Mandate.id)
        .join(Mandate, Mandate.customer_id == Invoice.customer_id)
        .order_by(Invoice.id)
    )
    return [Wish(invoice_id=row[0], mandate_id=row[1]) for row in found]


def schedule(session: Session, wanted: Sequence[Wish]) -> int:
    """Schedule in chunks as the product does; gives how many debits."""
    done = 0
    for start in range(0, len(wanted), CHUNK):
        for outcome in debits.schedule_many(session, wanted[start : start + CHUNK], act=data.ACT):
            done += outcome.debit_id is not None
    return done


@contextmanager
def _scheduled(setting: Setting, size: int) -> Iterator[Work]:
    done = 0

    def run() -> None:
        nonlocal done
        done = in_transaction(sessions, lambda session: schedule(session, wanted))

    with books.sessions(setting) as sessions:
        with sessions() as session:
            wanted = wishes(session)
            schedule(session, wanted[:1])
            session.rollback()
        yield Work(run)
    require(done == size, f"{size} debits")


COMPARISON = Comparison(
    name="schedule",
    title="Scheduling debits of due invoices, committed once",
    unit="debits",
    small=(1_000, 10_000),
    full=(1_000, 10_000),
    prepare=prepare,
    needs_database=True,
    recorded=_OURS,
    cases=(rows.case(), Case(name=_OURS, ready=_scheduled, floor=rows.NAME)),
)
