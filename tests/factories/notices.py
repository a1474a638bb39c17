"""Debits that Duecourse announces itself, their notices, and a post office that does as if everything were sent."""

from __future__ import annotations

from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from exporters.letters import notices as letters
from exporters.letters.notices import Sender
from ledger.acts import Act
from ledger.models import Customer, Invoice
from mandates import notice_queue, terms
from mandates.models import AnnouncedBy, Debit, PreNotification
from tests.factories.books import Books
from tests.factories.collecting import schedule

ERIKA = "erika@example.org"
SENDER = Sender("billing@billing.example", "help@billing.example")


def announcing(books: Books, *, days: int = 14) -> Books:
    """From now on Duecourse announces the creditor's debits, `days` before unless the customer agreed otherwise."""
    terms.change(
        books.session, books.creditor.id, announced_by=AnnouncedBy.DUECOURSE, notice_days=days, act=books.act
    )
    return books


def debit_of(
    books: Books,
    *,
    email: str | None = ERIKA,
    days: int | None = None,
    pre_notified_on: date | None = None,
    collect_on: date | None = None,
    total_minor: int = 12_000,
    **invoice: object,
) -> Debit:
    """A scheduled debit of a new customer with this address and agreement, on an invoice announced by itself or not."""
    customer = books.customer(**({} if email is None else {"email": email}))
    customer.notice_days = days
    bill = books.invoice(total_minor, customer=customer, **invoice)
    bill.pre_notified_on = pre_notified_on
    books.session.flush()
    return schedule(books, bill, books.mandate(customer), collect_on=collect_on)


def notice_of(session: Session, debit: Debit) -> PreNotification:
    """The notice of a debit that stands."""
    return session.scalars(
        select(PreNotification)
        .where(PreNotification.debit_id == debit.id, PreNotification.state != "superseded")
        .execution_options(populate_existing=True)
    ).one()


def notices_of(session: Session, debit: Debit) -> list[tuple[str, str, date]]:
    """Channel, state and day of every notice of a debit, the oldest first."""
    rows = session.scalars(
        select(PreNotification)
        .where(PreNotification.debit_id == debit.id)
        .order_by(PreNotification.id)
        .execution_options(populate_existing=True)
    )
    return [(row.channel, row.state, row.collect_on) for row in rows]


def claim(session: Session, *, act: Act, most: int = 50) -> list[PreNotification]:
    """What one worker may send now, with its bytes."""
    claimed = notice_queue.claim(session, most=most, act=act).notices
    letters.write(session, claimed, sender=SENDER, act=act)
    return claimed


def all_sent(session: Session, *, act: Act) -> list[PreNotification]:
    """The mail server takes everything that is due."""
    claimed = claim(session, act=act)
    for notice in claimed:
        notice_queue.note_sent(session, notice.id, act=act)
    return claimed


def customer_of(session: Session, debit: Debit) -> Customer:
    return session.get_one(Customer, session.get_one(Invoice, debit.invoice_id).customer_id)
