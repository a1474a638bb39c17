"""Collecting in tests: two treasurers, debits on mandates, batches on their way to the bank, broken books."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from threading import Barrier
from typing import TypeVar

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from exporters import debit_batches, stored_files
from exporters.pain008.message import DirectDebitMessage
from exporters.pain008.reader import read
from ledger import creditors, database, outbox
from ledger.acts import Act
from ledger.errors import DuecourseError
from ledger.models import BankAccount, Creditor, Customer, Event, Invoice
from ledger.verify import Invariant
from mandates import batches, debits
from mandates.collectable import Wish
from mandates.models import Batch, Debit, Mandate
from tests.factories.books import Books

_Result = TypeVar("_Result")

OTHER_IBAN = "DE89370400440532013000"
OTHER_IDENTIFIER = "DE09ZZZ00000000001"


def on(act: Act, day: date) -> Act:
    """The same person, at nine on another day."""
    return Act(actor=act.actor, at=datetime.combine(day, time(8), tzinfo=UTC), today=day)


def days_later(act: Act, days: int) -> Act:
    return on(act, act.today + timedelta(days=days))


def second(act: Act) -> Act:
    """Another treasurer at the same moment."""
    return replace(act, actor="second treasurer")


def scheduled(
    books: Books, total_minor: int = 12_000, *, collect_on: date | None = None, **invoice: object
) -> Debit:
    """A debit of a new invoice, on a new mandate."""
    bill, mandate = books.collectable(total_minor, **invoice)
    return schedule(books, bill, mandate, collect_on=collect_on)


def schedule(books: Books, invoice: Invoice, mandate: Mandate, *, collect_on: date | None = None) -> Debit:
    wish = Wish(invoice_id=invoice.id, mandate_id=mandate.id, collect_on=collect_on)
    return debits.schedule(books.session, wish, act=books.act)


def drafted(books: Books, **wishes: object) -> Batch:
    """A batch of everything scheduled, with its file."""
    return debit_batches.draft(books.session, creditor_id=books.creditor.id, act=books.act, **wishes)[0]


def approved(books: Books, **wishes: object) -> Batch:
    return approve(books.session, drafted(books, **wishes).id, act=second(books.act))


def approve(session: Session, batch_id: str, *, act: Act) -> Batch:
    """Approve a batch and its file, with its total typed where that is asked for."""
    total = batches.get(session, batch_id).total_minor
    return debit_batches.approve(session, batch_id, confirmed_total_minor=total, act=act)


def release(session: Session, batch_id: str, *, act: Act) -> Batch:
    """Release a batch together with its file."""
    return debit_batches.release(session, batch_id, act=act)[0]


def released(books: Books, **wishes: object) -> Batch:
    """A batch of everything scheduled, approved and released by the second treasurer."""
    return release(books.session, approved(books, **wishes).id, act=second(books.act))


def message_of(session: Session, batch: Batch, act: Act) -> DirectDebitMessage:
    """What the released file of a batch says to the bank."""
    file = stored_files.of_batch(session, batch.id)
    return read(stored_files.download(session, file.id, act=act).content)


def sent(books: Books, **wishes: object) -> tuple[Batch, DirectDebitMessage]:
    """A released batch of everything scheduled, and what its file says to the bank."""
    batch = released(books, **wishes)
    return batch, message_of(books.session, batch, second(books.act))


def second_creditor(books: Books) -> tuple[Creditor, BankAccount]:
    """Another company of ours with an account of its own."""
    creditor = creditors.create(
        books.session, name="Muster Wasser GmbH", country="DE", creditor_identifier=OTHER_IDENTIFIER,
        act=books.act,
    )  # fmt: skip
    account = creditors.open_bank_account(
        books.session, creditor_id=creditor.id, name="Water", iban=OTHER_IBAN, act=books.act
    )
    return creditor, account


def events(session: Session, object_id: str) -> list[str]:
    """The types of the committed events of one thing, in order."""
    rows = session.query(Event).where(Event.object_id == object_id).order_by(Event.sequence)
    return [event.type for event in rows]


def invoice_of(session: Session, debit: Debit) -> Invoice:
    """The invoice of a debit as the database has it now."""
    invoice = session.get_one(Invoice, debit.invoice_id)
    session.refresh(invoice)
    return invoice


def reload(session: Session, *things: Invoice | Debit | Mandate | Batch | Customer | object) -> None:
    """Read these things anew from the database."""
    for thing in things:
        session.refresh(thing)


@contextmanager
def refused(
    session: Session, error: type[DuecourseError], field: str | None = None
) -> Iterator[pytest.ExceptionInfo[DuecourseError]]:
    """What is done inside is refused with exactly this error and field, and leaves nothing behind."""
    with pytest.raises(error) as caught, outbox.all_or_nothing(session):
        yield caught
    assert type(caught.value) is error
    assert caught.value.field == field
    assert caught.value.message.endswith(".")


def at_once(engine: Engine, works: Iterable[Callable[[Session], _Result]]) -> list[_Result | DuecourseError]:
    """Do every work in a thread and transaction of its own, all of them let go at the same moment.

    Gives each result, or the refusal that came instead, in the order of `works`.
    """
    pending = list(works)
    factory, barrier = database.sessions(engine), Barrier(len(pending))

    def run(work: Callable[[Session], _Result]) -> _Result | DuecourseError:
        barrier.wait(timeout=30)
        try:
            return database.in_transaction(factory, work)
        except DuecourseError as refusal:
            return refusal

    with ThreadPoolExecutor(len(pending)) as pool:
        return list(pool.map(run, pending))


def require_breach(
    engine: Engine, invariants: Iterable[Invariant], name: str, *statements: str, **values: object
) -> None:
    """The invariant `name` holds, and no longer does when `statements` break the books; then all is as before.

    The database's own guards are off meanwhile, as they are for whoever tampers with it.
    """
    (invariant,) = (one for one in invariants if one.name == name)
    with database.sessions(engine)() as session:
        figure, before = session.execute(text(invariant.sql)).one()
        assert (int(before or 0), int(figure or 0) != 0) == (0, True), f"{name} looks at nothing"
        session.execute(text("SET LOCAL session_replication_role = replica"))
        for statement in statements:
            session.execute(text(statement), values)
        _, after = session.execute(text(invariant.sql)).one()
        session.rollback()
    assert int(after) > 0, f"{name} did not notice"
