"""Eight threads allocate, refund, reverse and undo the same money at once: every euro is in one place afterwards."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from ledger import allocations, refunds
from ledger.acts import Act
from ledger.allocations import Wish
from ledger.models import Allocation, Payment, Refund
from ledger.states import RefundState
from reconciliation import by_hand, undoing
from reconciliation.by_hand import Share
from reconciliation.models import LineState, Match, StatementLine
from reconciliation.undoing import Undoing
from tests.factories.books import Books
from tests.factories.collecting import at_once
from tests.factories.paying import received

pytestmark = pytest.mark.race

ROUNDS = 12
WHY = "it was somebody else's"
Deed = Callable[[Session], object]


def wish(payment_id: str, invoice_id: str, act: Act) -> Deed:
    one = Wish(
        source_id=payment_id, invoice_id=invoice_id, amount_minor=3_000, allocated_on=act.today, decided_by="treasury"
    )  # fmt: skip
    return lambda session: allocations.allocate(session, [one], act=act, cause="test")


def refund(payment_id: str, act: Act) -> Deed:
    return lambda session: refunds.request(
        session, payment_id=payment_id, amount_minor=3_000, reason="too much", act=act
    )


def undo(match_id: str, act: Act) -> Deed:
    return lambda session: undoing.undo_match(session, match_id, because=WHY, act=act)


def reverse(allocation_id: str, act: Act) -> Deed:
    return lambda session: undoing.undo_allocation(session, allocation_id, because=WHY, act=act)


def confirm(line_id: str, customer_id: str, act: Act) -> Deed:
    return lambda session: by_hand.record_payment(session, line_id=line_id, customer_id=customer_id, act=act)


@pytest.mark.parametrize("order", range(ROUNDS))
def test_allocate_refund_reverse_and_undo_at_once(
    session: Session, engine: Engine, books: Books, act: Act, order: int
) -> None:
    customer = books.customer()
    paid, other = (books.invoice(9_000, customer=customer) for _ in range(2))
    line = received(books, 9_000)
    payment = by_hand.record_payment(
        session, line_id=line.id, customer_id=customer.id, shares=[Share(paid.id, 3_000)], act=act
    )
    (given,) = allocations.standing_of(session, [payment.id])
    match_id = session.scalars(select(Match.id)).one()
    session.commit()
    deeds: list[Deed] = [
        undo(match_id, act), undo(match_id, act), wish(payment.id, other.id, act), wish(payment.id, paid.id, act),
        refund(payment.id, act), refund(payment.id, act), reverse(given.id, act), wish(payment.id, other.id, act),
    ]  # fmt: skip
    results = at_once(engine, deeds[order % 8 :] + deeds[: order % 8])
    session.expire_all()
    undone = [one for result in results if isinstance(result, Undoing) for one in result.undone]
    is_undone = session.get_one(Match, match_id).undone_at is not None
    assert (len(undone) == 1) == is_undone
    after = session.get_one(Payment, payment.id)
    live = session.scalar(select(func.count()).where(Refund.state != RefundState.CANCELLED))
    standing = session.scalar(select(func.count()).where(Allocation.reversed_at.is_(None)))
    if is_undone:
        assert (after.state, live, standing) == ("cancelled", 0, 0)
        assert session.get_one(StatementLine, line.id).state == LineState.UNEXPLAINED
    else:
        assert after.state == "final"
        assert live  # a refund came first, and nothing else hinders an undo


@pytest.mark.parametrize("order", range(4))
def test_a_line_is_undone_and_decided_again_by_one_only(
    session: Session, engine: Engine, books: Books, act: Act, order: int
) -> None:
    """Undo and confirm in any order: at the end one match stands at most, and one payment."""
    customer = books.customer()
    line = received(books, 9_000)
    by_hand.record_payment(session, line_id=line.id, customer_id=customer.id, act=act)
    match_id = session.scalars(select(Match.id)).one()
    session.commit()
    deeds = [undo(match_id, act) for _ in range(4)] + [confirm(line.id, customer.id, act) for _ in range(4)]
    at_once(engine, deeds[order * 2 :] + deeds[: order * 2])
    session.expire_all()
    held = session.scalars(select(Payment).where(Payment.state == "final")).all()
    standing = session.scalars(select(Match).where(Match.undone_at.is_(None))).all()
    assert len(held) == len(standing) <= 1
    assert session.get_one(Match, match_id).undone_at is not None
