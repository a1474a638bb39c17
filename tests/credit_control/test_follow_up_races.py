"""Many hands on failed debits at once: each is decided once, comes back once, and is never drawn on a dead mandate."""

from __future__ import annotations

from functools import partial

import pytest
from sqlalchemy import Engine, func, select, text
from sqlalchemy.orm import Session

from credit_control import follow_ups
from ledger import database
from ledger.acts import Act
from ledger.models import Invoice, Payment
from mandates import cancelling, suspending
from mandates.models import Debit, Mandate
from tests.factories.bank import match, take_in_all
from tests.factories.books import Books
from tests.factories.collecting import at_once, events, invoice_of, schedule, scheduled, sent
from tests.factories.paying import bank_of

pytestmark = pytest.mark.race
HANDS = 8


def came_back(session: Session, books: Books, *debits: Debit, code: str = "AM04") -> None:
    """The debits go out, are credited and come back, each on a statement; nothing is followed up yet."""
    _, message = sent(books)
    names = {debit.end_to_end_id: code for debit in debits}
    take_in_all(session, bank_of(books).answer(message, outcomes=names), books.act)
    match(session, books.act)
    session.commit()


def retries(session: Session) -> int:
    found = session.scalar(
        select(func.count()).where(Debit.retry_of.is_not(None), Debit.state != "cancelled")
    )
    return int(found or 0)


def test_eight_workers_follow_up_and_every_failed_debit_is_tried_again_once(
    session: Session, books: Books, act: Act, engine: Engine
) -> None:
    failed = [scheduled(books, 100 + number) for number in range(24)]
    came_back(session, books, *failed)
    done = at_once(engine, [lambda one: len(follow_ups.follow_up(one, act=act, limit=5).retried)] * HANDS)
    while left := database.in_transaction(
        database.sessions(engine), lambda one: follow_ups.follow_up(one, act=act).looked_at
    ):
        done.append(left)
    assert sum(one for one in done if isinstance(one, int)) == 24
    assert retries(session) == 24
    twice = text("SELECT count(*) FROM (SELECT 1 FROM debits GROUP BY retry_of HAVING count(*) > 1) AS twins")
    assert session.scalar(twice) == 1  # those that repeat nothing


def test_the_same_return_booked_by_eight_hands_comes_back_once(
    session: Session, books: Books, act: Act, engine: Engine
) -> None:
    debit = scheduled(books, 12_000)
    _, message = sent(books)
    take_in_all(session, bank_of(books).answer(message, outcomes={debit.end_to_end_id: "AM04"}), act)
    session.commit()
    at_once(engine, [partial(match_all, act=act)] * HANDS)
    session.expire_all()
    assert (debit.state, invoice_of(session, debit).open_minor) == ("returned", 12_000)
    assert events(session, debit.id).count("debit.returned") == 1
    assert session.get_one(Mandate, debit.mandate_id).failures_in_a_row == 1
    (payment,) = session.scalars(select(Payment))
    assert payment.returned_minor == 12_000


def match_all(session: Session, *, act: Act) -> int:
    return match(session, act).looked_at


@pytest.mark.parametrize("end", [cancelling.cancel, suspending.suspend])
def test_a_mandate_ends_while_its_retry_is_being_scheduled_and_no_debit_is_left_on_it(
    session: Session, books: Books, act: Act, engine: Engine, end: object
) -> None:
    for _ in range(4):
        debit = scheduled(books)
        came_back(session, books, debit)
        at_once(
            engine,
            [
                lambda one: follow_ups.follow_up(one, act=act).looked_at,
                lambda one, mandate_id=debit.mandate_id: end(one, mandate_id, reason="moved", act=act).id,  # type: ignore[operator]
            ],
        )
        left = select(func.count()).where(Debit.mandate_id == debit.mandate_id, Debit.state == "scheduled")
        assert session.scalar(left) == 0
        assert invoice_of(session, debit).collection_status == "overdue"


def test_a_second_debit_returns_while_the_retry_of_the_first_is_being_scheduled(
    session: Session, books: Books, act: Act, engine: Engine
) -> None:
    """The account is found closed at the moment the retry is made: the mandate rests, and nothing waits on it."""
    customer = books.customer()
    mandate = books.mandate(customer)
    first = schedule(books, books.invoice(700, customer=customer), mandate)
    second = schedule(books, books.invoice(900, customer=customer), mandate)
    _, message = sent(books)
    files = bank_of(books).answer(
        message, outcomes={first.end_to_end_id: "AM04", second.end_to_end_id: "AC04:late_return"}
    )
    take_in_all(session, files[:-1], act)
    match(session, act)
    take_in_all(session, files[-1:], act)
    session.commit()
    at_once(engine, [lambda one: follow_ups.follow_up(one, act=act).looked_at, partial(match_all, act=act)])
    session.expire_all()
    assert (second.state, session.get_one(Mandate, mandate.id).state) == ("returned", "suspended")
    assert session.scalar(select(func.count()).where(Debit.state == "scheduled")) == 0
    assert set(session.scalars(select(Invoice.collection_status))) == {"overdue"}


def test_eight_people_try_one_failed_debit_again_and_one_debit_is_made(
    session: Session, books: Books, act: Act, engine: Engine
) -> None:
    debit = scheduled(books)
    came_back(session, books, debit, code="MS02")
    again = partial(follow_ups.retry, debit_id=debit.id, because="she agreed", act=act)
    done = at_once(engine, [lambda one: again(one).id] * HANDS)
    assert sum(isinstance(one, str) for one in done) == 1
    assert {type(one) for one in done if not isinstance(one, str)} == {follow_ups.ClearedAlready}
    assert retries(session) == 1
