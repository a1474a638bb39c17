"""Fills a database: a creditor, its customers with mandates, and their invoices."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta

from sqlalchemy import insert
from sqlalchemy.orm import Session, sessionmaker

from benchmarks import data
from benchmarks.comparison import Setting, require
from gateway.invoice_import import CHUNK
from ledger import creditors, database, invoice_numbers, invoices, journal, outbox, states
from ledger.database import copy_rows
from ledger.identifiers import new_id
from ledger.invoices import InvoiceFacts
from ledger.journal import Booking, Place
from ledger.models import AccountKind, Creditor, Customer
from ledger.states import CollectionStatus
from mandates import terms
from mandates.models import AnnouncedBy, Mandate, MandateType, Scheme
from mandates.states import MandateState

_TERM = timedelta(days=14)


@contextmanager
def sessions(setting: Setting, *, connections: int = 1) -> Iterator[sessionmaker[Session]]:
    """The product's sessions on the database of `setting`."""
    engine = database.connect(setting.database_url, connections=connections)
    try:
        yield database.sessions(engine)
    finally:
        engine.dispose()


def open_creditor(session: Session) -> Creditor:
    """The creditor with the account that the statements of `data` are about."""
    creditor = creditors.create(
        session, name=data.CREDITOR_NAME, country="DE", creditor_identifier=data.CREDITOR_IDENTIFIER,
        town="Berlin", act=data.ACT,
    )  # fmt: skip
    terms.change(session, creditor.id, announced_by=AnnouncedBy.ERP, act=data.ACT)
    creditors.open_bank_account(
        session, creditor_id=creditor.id, name="Main", iban=data.OUR_IBAN, bic=data.OUR_BIC, act=data.ACT
    )
    return creditor


def add_customers(session: Session, count: int) -> list[str]:
    """`count` customers, written in one statement; gives their ids."""
    rows = [
        {
            "id": new_id("cus"), "external_id": f"K-{number}", "name": data.name(number),
            "iban": data.iban(number), "country": "DE", "created_at": data.ACT.at,
        }
        for number in range(1, count + 1)
    ]  # fmt: skip
    session.execute(insert(Customer), rows)
    return [str(row["id"]) for row in rows]


def add_mandates(session: Session, creditor_id: str, customer_ids: Sequence[str]) -> list[str]:
    """An active mandate of each customer, written in one statement; gives their ids."""
    rows = [
        {
            "id": new_id("mnd"), "creditor_id": creditor_id, "customer_id": customer_id,
            "reference": f"M-{number:08d}", "scheme": str(Scheme.CORE), "type": str(MandateType.RECURRENT),
            "state": str(MandateState.ACTIVE), "debtor_name": data.name(number), "iban": data.iban(number),
            "signed_on": data.TODAY - timedelta(days=30 + number % 700), "created_at": data.ACT.at,
        }
        for number, customer_id in enumerate(customer_ids, start=1)
    ]  # fmt: skip
    session.execute(insert(Mandate), rows)
    return [str(row["id"]) for row in rows]


def invoice_facts(creditor_id: str, customer_ids: Sequence[str], numbers: range) -> list[InvoiceFacts]:
    """What the ERP says of the invoices with these numbers; the customers take turns."""
    return [
        InvoiceFacts(
            creditor_id=creditor_id, customer_id=customer_ids[number % len(customer_ids)],
            number=data.invoice_number(number), external_id=f"ERP-{number}", currency="EUR",
            total_minor=data.total_minor(number), issued_on=data.TODAY - _TERM, due_on=data.TODAY,
        )
        for number in numbers
    ]  # fmt: skip


def issue(session: Session, facts: Sequence[InvoiceFacts]) -> list[str]:
    """Issue invoices in chunks as the product's import does; gives their ids."""
    issued: list[str] = []
    for start in range(0, len(facts), CHUNK):
        for outcome in invoices.issue_many(session, facts[start : start + CHUNK], act=data.ACT):
            require(outcome.new, "every invoice is new and sound")
            issued.append(str(outcome.invoice_id))
    return issued


def issue_at_once(session: Session, creditor_id: str, customer_ids: Sequence[str], numbers: range) -> None:
    """What `issue` of these numbers leaves behind, row for row, by COPY: for more invoices than one waits for."""
    ids = [new_id("inv") for _ in numbers]
    columns = (
        "id", "creditor_id", "customer_id", "external_id", "number", "currency", "total_minor", "issued_on",
        "due_on", "collection_status", "created_at",
    )  # fmt: skip
    copy_rows(
        session,
        "invoices",
        columns,
        (
            (
                one, creditor_id, customer_ids[number % len(customer_ids)], f"ERP-{number}",
                data.invoice_number(number), "EUR", data.total_minor(number), data.TODAY - _TERM, data.TODAY,
                str(CollectionStatus.DUE), data.ACT.at,
            )
            for one, number in zip(ids, numbers, strict=True)
        ),
    )  # fmt: skip
    states.born(session, ids, CollectionStatus.DUE, noun="invoice", act=data.ACT)
    invoice_numbers.learn(session, [(creditor_id, data.invoice_number(numbers[0]))])
    receivable = Place(creditor_id, AccountKind.RECEIVABLE, "EUR")
    billed = Place(creditor_id, AccountKind.BILLED, "EUR")
    bookings = [
        Booking(
            kind="invoice", object_id=one, posted_on=data.TODAY - _TERM, debit=receivable, credit=billed,
            amount_minor=data.total_minor(number),
        )
        for one, number in zip(ids, numbers, strict=True)
    ]  # fmt: skip
    journal.post(session, bookings, act=data.ACT)
    for one in ids:
        outbox.emit(session, outbox.NewEvent(type="invoice.created", object_id=one, act=data.ACT))
