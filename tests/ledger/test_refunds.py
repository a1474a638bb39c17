"""Refunds: only what is left of a payment goes back, and only once."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import Any

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from ledger import database, payments, refunds
from ledger.allocations import OverAllocated
from ledger.errors import Rejected
from ledger.models import AccountKind, Refund
from ledger.payments import NotHeld, PaymentNotFound
from ledger.refunds import NotEnoughLeft
from ledger.sepa_text import is_sepa_reference
from ledger.states import IllegalMove, PaymentState
from ledger.texts import UnreadableText
from tests.factories.books import Books
from tests.factories.money import allocate, balance_minor, receive


def _request(books: Books, payment_id: str, amount_minor: int, reason: str = "paid twice") -> Refund:
    return refunds.request(
        books.session, payment_id=payment_id, amount_minor=amount_minor, reason=reason, act=books.act
    )


def test_money_asked_back_is_set_aside(session: Session, books: Books) -> None:
    (payment_id,) = receive(books, 12_000)
    refund = _request(books, payment_id, 5_000)
    session.commit()
    payment = payments.get(session, payment_id)
    assert (payment.refunded_minor, payment.unallocated_minor) == (5_000, 7_000)
    assert (refund.state, refund.amount_minor, refund.currency) == ("requested", 5_000, "EUR")
    assert refund.requested_on == books.act.today
    assert balance_minor(books, AccountKind.UNAPPLIED) == -7_000
    assert balance_minor(books, AccountKind.REFUND_CLEARING) == -5_000


def test_a_refund_carries_a_reference_that_every_bank_takes(session: Session, books: Books) -> None:
    (payment_id,) = receive(books, 12_000)
    refund = _request(books, payment_id, 5_000)
    assert is_sepa_reference(refund.end_to_end_id)
    assert refund.end_to_end_id == f"REF{refund.id[4:].upper()}"


def test_a_refund_seen_leaving_is_paid(session: Session, books: Books) -> None:
    (payment_id,) = receive(books, 12_000)
    refund = _request(books, payment_id, 5_000)
    refunds.paid(session, refund, on=date(2026, 11, 20), act=books.act)
    session.commit()
    assert refund.state == "paid"
    assert balance_minor(books, AccountKind.REFUND_CLEARING) == 0
    assert balance_minor(books, AccountKind.SUSPENSE) == 7_000
    told: list[Any] = session.execute(
        text("SELECT type, data FROM events WHERE object_id = :id ORDER BY sequence"), {"id": payment_id}
    ).all()
    assert [tuple(row) for row in told][1:] == [
        ("payment.refunded", {"refund_id": refund.id, "amount_minor": 5_000, "currency": "EUR"})
    ]


def test_a_refund_leaves_once(session: Session, books: Books) -> None:
    (payment_id,) = receive(books, 12_000)
    refund = _request(books, payment_id, 5_000)
    refunds.paid(session, refund, on=books.act.today, act=books.act)
    with pytest.raises(IllegalMove, match=f"Refund {refund.id} is paid and cannot become paid"):
        refunds.paid(session, refund, on=books.act.today, act=books.act)
    session.commit()


def test_only_refunds_that_wait_are_looked_for_on_statements(session: Session, books: Books) -> None:
    (payment_id,) = receive(books, 12_000)
    gone, waiting = _request(books, payment_id, 5_000), _request(books, payment_id, 1_000)
    refunds.paid(session, gone, on=books.act.today, act=books.act)
    references = [gone.end_to_end_id, waiting.end_to_end_id, "SOMEBODY-ELSES"]
    assert refunds.find_requested(session, references) == {waiting.end_to_end_id: waiting}
    session.commit()


def test_no_more_than_is_left_goes_back(session: Session, books: Books) -> None:
    (payment_id,) = receive(books, 12_000)
    allocate(books, (payment_id, books.invoice(9_000).id, 9_000))
    with pytest.raises(NotEnoughLeft) as refused:
        _request(books, payment_id, 3_001)
    assert refused.value.message == f"Payment {payment_id} has 30.00 EUR left."
    assert refused.value.field == "amount_minor"
    _request(books, payment_id, 3_000)
    with pytest.raises(NotEnoughLeft, match=r"has 0\.00 EUR left"):
        _request(books, payment_id, 1)
    session.commit()


def test_money_set_aside_pays_no_invoice(session: Session, books: Books) -> None:
    (payment_id,) = receive(books, 12_000)
    invoice = books.invoice(12_000)
    _request(books, payment_id, 5_000)
    with pytest.raises(OverAllocated):
        allocate(books, (payment_id, invoice.id, 7_001))
    allocate(books, (payment_id, invoice.id, 7_000))
    session.commit()
    assert invoice.open_minor == 5_000


@pytest.mark.parametrize("amount_minor", [0, -5_000])
def test_a_refund_is_above_zero(session: Session, books: Books, amount_minor: int) -> None:
    (payment_id,) = receive(books, 12_000)
    with pytest.raises(Rejected, match="A refund is above zero") as refused:
        _request(books, payment_id, amount_minor)
    assert refused.value.field == "amount_minor"
    session.commit()


@pytest.mark.parametrize("reason", ["", "x" * 201, "paid\0twice"])
def test_a_refund_has_a_readable_reason(session: Session, books: Books, reason: str) -> None:
    (payment_id,) = receive(books, 12_000)
    with pytest.raises(UnreadableText) as refused:
        _request(books, payment_id, 1, reason)
    assert refused.value.field == "reason"
    session.commit()


def test_a_payment_nobody_knows_is_not_refunded(session: Session, books: Books) -> None:
    with pytest.raises(PaymentNotFound):
        _request(books, "pay_nobody", 1)


def test_money_that_is_not_here_is_not_refunded(session: Session, books: Books) -> None:
    (payment_id,) = receive(books, 12_000)
    for state in (PaymentState.PENDING, PaymentState.CANCELLED, PaymentState.CHARGED_BACK):
        session.execute(text("UPDATE payments SET state = :state"), {"state": str(state)})
        with pytest.raises(NotHeld, match=f"Payment {payment_id} is {state}: its money is not here"):
            _request(books, payment_id, 1)


@pytest.mark.race
def test_eight_who_refund_the_same_payment_at_once_give_back_no_more_than_came(
    engine: Engine, session: Session, books: Books
) -> None:
    """100.00 came; eight clerks each ask 30.00 back: three of them get it."""
    (payment_id,) = receive(books, 10_000)
    session.commit()
    start = threading.Barrier(8)

    def ask(_: int) -> bool:
        with database.sessions(engine)() as own:
            start.wait()
            try:
                refunds.request(own, payment_id=payment_id, amount_minor=3_000, reason="x", act=books.act)
            except NotEnoughLeft:
                return False
            own.commit()
            return True

    with ThreadPoolExecutor(8) as threads:
        assert sorted(threads.map(ask, range(8))) == [False] * 5 + [True] * 3
    session.expire_all()
    assert payments.get(session, payment_id).unallocated_minor == 1_000
