"""Debits that fail in tests: collected and taken back by the bank, without the statements between."""

from __future__ import annotations

from datetime import date

from sqlalchemy import text
from sqlalchemy.orm import Session

from mandates import returns
from mandates.models import Debit, Scheme
from mandates.returns import Credit
from tests.factories.books import Books
from tests.factories.collecting import on, released

COLLECTED = date(2026, 11, 19)  # the first bank day after the tests' today
RETURNED = date(2026, 11, 24)


def collect(books: Books, *debits: Debit, day: date = COLLECTED) -> None:
    """The bank credits debits that are with it on `day`."""
    made = [Credit(debit=debit, on=day, decided_by="test", evidence=()) for debit in debits]
    returns.collect(books.session, made, act=books.act)
    books.session.flush()
    books.session.expire_all()


def give_back(books: Books, *debits: Debit, code: str | None, day: date = RETURNED) -> None:
    """The bank takes collected debits back."""
    returns.give_back(books.session, debits, on=day, reason_code=code, act=on(books.act, day))
    books.session.flush()
    books.session.expire_all()


def came_back(
    books: Books, *debits: Debit, code: str | None, day: date = RETURNED, scheme: Scheme = Scheme.CORE
) -> None:
    """Everything scheduled goes out; these debits are credited and come back with `code`."""
    released(books, scheme=scheme)
    collect(books, *debits)
    give_back(books, *debits, code=code, day=day)


def pending(session: Session, object_id: str) -> list[str]:
    """The types of the events of one thing that this transaction has told so far."""
    return [event.type for event in session.info.get("events", ()) if event.object_id == object_id]


def told(session: Session, object_id: str) -> dict[str, object]:
    """What the last event of one thing says in this transaction."""
    return [event.data for event in session.info["events"] if event.object_id == object_id][-1]


def queued(session: Session, task: str) -> int:
    """How many jobs of this name wait."""
    found = session.execute(
        text("SELECT count(*) FROM procrastinate_jobs WHERE task_name = :task AND status = 'todo'"),
        {"task": task},
    )
    return int(found.scalar_one())
