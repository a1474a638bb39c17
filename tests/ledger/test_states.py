"""State machines: only the moves in the tables happen, each with its history, and one of two rivals wins."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from enum import StrEnum
from typing import Any

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from ledger import audit, database, states
from ledger.acts import Act
from ledger.models import Payment
from ledger.states import CollectionStatus, IllegalMove, Machine, PaymentState, RefundState
from mandates.states import BATCH, DEBIT, MANDATE, BatchState, DebitState, MandateState
from reconciliation.models import LINE, LineState
from tests.factories.books import Books
from tests.factories.money import receive

MACHINES = [
    (states.PAYMENT, PaymentState),
    (states.REFUND, RefundState),
    (states.INVOICE, CollectionStatus),
    (MANDATE, MandateState),
    (DEBIT, DebitState),
    (BATCH, BatchState),
    (LINE, LineState),
]

# The rule book once more, written down on its own: from each state of a payment to the next.
PAYMENT_MOVES = {
    ("pending", "provisional"), ("pending", "final"), ("pending", "cancelled"),
    ("provisional", "final"), ("provisional", "returned"), ("provisional", "refunded"),
    ("provisional", "charged_back"), ("provisional", "cancelled"),
    ("final", "provisional"), ("final", "returned"), ("final", "refunded"), ("final", "charged_back"),
    ("final", "cancelled"),
}  # fmt: skip


@pytest.mark.parametrize(("machine", "members"), MACHINES, ids=[machine.noun for machine, _ in MACHINES])
def test_every_state_is_classified(machine: Machine, members: type[StrEnum]) -> None:
    every = {str(member) for member in members}
    assert set(machine.moves) == every
    assert {to for following in machine.moves.values() for to in following} <= every
    assert all(state not in following for state, following in machine.moves.items())


def test_the_database_knows_the_same_states(session: Session) -> None:
    asked = text("SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = :name")
    for machine, members in MACHINES:
        check = session.execute(asked, {"name": f"ck_{machine.table}_{machine.column}"}).scalar_one()
        assert set(check.split("'")[1::2]) == {str(member) for member in members}


def _put(session: Session, payment_id: str, state: str) -> None:
    session.execute(
        text("UPDATE payments SET state = :state WHERE id = :id"), {"state": state, "id": payment_id}
    )


def _state(session: Session, payment_id: str) -> str:
    found = session.execute(text("SELECT state FROM payments WHERE id = :id"), {"id": payment_id})
    return str(found.scalar_one())


def _history(session: Session, object_id: str) -> list[tuple[Any, ...]]:
    rows = session.execute(
        text(
            "SELECT from_state, to_state, actor, reason, at FROM state_changes WHERE object_id = :id ORDER BY id"
        ),
        {"id": object_id},
    )
    return [tuple(row) for row in rows]


def test_a_payment_moves_exactly_as_the_table_says(session: Session, books: Books, act: Act) -> None:
    """All 49 pairs on a real row."""
    (payment_id,) = receive(books, 12_000)
    moved = set()
    for before in PaymentState:
        for to in PaymentState:
            savepoint = session.begin_nested()
            _put(session, payment_id, before)
            refusal = _refusal(session, payment_id, to, act)
            if refusal is None:
                moved.add((str(before), str(to)))
            else:
                assert refusal.message == f"Payment {payment_id} is {before} and cannot become {to}."
                assert refusal.facts == {"id": payment_id, "state": str(before)}
            assert _state(session, payment_id) == (to if refusal is None else before)
            savepoint.rollback()
    assert moved == PAYMENT_MOVES


def _refusal(session: Session, payment_id: str, to: PaymentState, act: Act) -> IllegalMove | None:
    try:
        states.move(session, states.PAYMENT, [payment_id], to, act=act)
    except IllegalMove as refusal:
        return refusal
    return None


def test_a_move_is_remembered_with_who_when_and_why(session: Session, books: Books, act: Act) -> None:
    (payment_id,) = receive(books, 12_000)
    session.commit()
    states.move(
        session, states.PAYMENT, [payment_id], PaymentState.CANCELLED, act=act, reason="entered twice"
    )
    session.commit()
    assert _history(session, payment_id) == [
        (None, "final", "treasury", "line.matched", act.at),
        ("final", "cancelled", "treasury", "entered twice", act.at),
    ]
    body = session.execute(text("SELECT body FROM audit_records ORDER BY seq DESC LIMIT 1")).scalar_one()
    assert body == audit.canonical(
        {
            "action": "payment.cancelled", "actor": "treasury", "after": "cancelled",
            "at": "2026-11-18T08:00:00.000000+00:00", "before": "final", "object": payment_id, "why": "entered twice",
        }
    )  # fmt: skip


def test_a_move_is_seen_by_what_the_session_has_loaded(session: Session, books: Books, act: Act) -> None:
    (payment_id,) = receive(books, 12_000)
    payment = session.get_one(Payment, payment_id)
    assert (payment.state, payment.version) == ("final", 1)
    states.move(session, states.PAYMENT, [payment_id], PaymentState.CANCELLED, act=act)
    assert (payment.state, payment.version) == ("cancelled", 2)


def test_one_illegal_move_among_several_moves_nothing(session: Session, books: Books, act: Act) -> None:
    good, bad = sorted(receive(books, 12_000, 5_000))
    states.move(session, states.PAYMENT, [bad], PaymentState.CANCELLED, act=act)
    session.commit()
    with pytest.raises(IllegalMove, match=f"Payment {bad} is cancelled and cannot become returned"):
        states.move(session, states.PAYMENT, [good, bad], PaymentState.RETURNED, act=act)
    session.commit()
    assert (_state(session, good), _state(session, bad)) == ("final", "cancelled")
    assert len(_history(session, good)) == 1
    moved = session.execute(
        text("SELECT count(*) FROM audit_records WHERE body::jsonb ->> 'action' = 'payment.returned'")
    )
    assert moved.scalar_one() == 0


def test_what_does_not_exist_does_not_move(session: Session, act: Act) -> None:
    with pytest.raises(IllegalMove, match="Payment pay_nobody is missing and cannot become final"):
        states.move(session, states.PAYMENT, ["pay_nobody"], PaymentState.FINAL, act=act)


def test_moving_nothing_is_no_move(session: Session, act: Act) -> None:
    states.move(session, states.PAYMENT, [], PaymentState.FINAL, act=act)
    session.commit()
    assert session.execute(text("SELECT count(*) FROM audit_records")).scalar_one() == 0


def test_naming_a_thing_twice_moves_it_once(session: Session, books: Books, act: Act) -> None:
    (payment_id,) = receive(books, 12_000)
    states.move(session, states.PAYMENT, [payment_id, payment_id], PaymentState.CANCELLED, act=act)
    session.commit()
    assert len(_history(session, payment_id)) == 2


def test_a_state_nobody_knows_is_refused_by_the_database(session: Session, books: Books) -> None:
    (payment_id,) = receive(books, 12_000)
    with pytest.raises(IntegrityError, match="ck_payments_state"):
        _put(session, payment_id, "mislaid")


@pytest.mark.race
def test_of_two_who_move_the_same_payment_one_wins(
    engine: Engine, session: Session, books: Books, act: Act
) -> None:
    """Twenty payments, two clerks each: one cancels and one returns, at the same moment."""
    payment_ids = receive(books, *([12_000] * 20))
    session.commit()
    factory = database.sessions(engine)

    def move(start: threading.Barrier, payment_id: str, to: PaymentState) -> PaymentState | None:
        with factory() as own:
            start.wait()
            try:
                states.move(own, states.PAYMENT, [payment_id], to, act=act)
            except IllegalMove:
                return None
            own.commit()
            return to

    with ThreadPoolExecutor(2) as threads:
        for payment_id in payment_ids:
            start = threading.Barrier(2)
            rivals = [
                threads.submit(move, start, payment_id, to)
                for to in (PaymentState.CANCELLED, PaymentState.CHARGED_BACK)
            ]
            won = [to for done in rivals if (to := done.result(timeout=60)) is not None]
            assert len(won) == 1
            assert _state(session, payment_id) == won[0]
            assert [row[1] for row in _history(session, payment_id)] == ["final", won[0]]
            session.rollback()


@pytest.mark.race
def test_many_things_moved_crosswise_do_not_lock_each_other_out(
    engine: Engine, session: Session, books: Books, act: Act
) -> None:
    """Both name the same forty payments, in opposite order; rows are locked in id order, so nobody deadlocks."""
    payment_ids = receive(books, *([12_000] * 40))
    session.commit()
    factory = database.sessions(engine)
    start = threading.Barrier(2)

    def move(ids: list[str]) -> bool:
        with factory() as own:
            start.wait()
            try:
                states.move(own, states.PAYMENT, ids, PaymentState.CANCELLED, act=act)
            except IllegalMove:
                return False
            own.commit()
            return True

    with ThreadPoolExecutor(2) as threads:
        rivals = [threads.submit(move, ids) for ids in (payment_ids, payment_ids[::-1])]
        assert sorted(done.result(timeout=60) for done in rivals) == [False, True]


def test_a_move_that_is_rolled_back_leaves_no_trace(session: Session, books: Books, act: Act) -> None:
    (payment_id,) = receive(books, 12_000)
    session.commit()
    savepoint = session.begin_nested()
    states.move(session, states.PAYMENT, [payment_id], PaymentState.CANCELLED, act=act)
    savepoint.rollback()
    session.commit()
    assert _state(session, payment_id) == "final"
    assert len(_history(session, payment_id)) == 1
    told = session.execute(
        text("SELECT count(*) FROM audit_records WHERE body::jsonb ->> 'action' = 'payment.cancelled'")
    )
    assert told.scalar_one() == 0
