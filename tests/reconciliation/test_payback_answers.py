"""The bank's answers to payback batches: what is rejected comes back into the books once, and nothing else moves."""

from __future__ import annotations

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from ledger.acts import Act
from ledger.models import Payment
from mandates import reversals
from mandates.payback_models import DebitReversal, PaybackBatch
from tests.factories.bank import take_in
from tests.factories.books import Books
from tests.factories.collecting import events, reload
from tests.factories.pain002 import Block, Tx, report
from tests.factories.paying_back import collected, refund, released, reversed_at_bank


def answer(payback: PaybackBatch, *blocks: Block, **about: object) -> bytes:
    name = f"{payback.kind}.001.09"
    return report(*blocks, original_message_id=payback.message_id, original_message_name=name, **about)


def test_a_rejected_refund_gives_the_payment_its_money_again(
    session: Session, books: Books, act: Act
) -> None:
    bad, good = refund(books, 3_100), refund(books, 4_500)
    payback = released(books, [bad, good])
    block = Block(payback.payment_information_id, [Tx(bad.end_to_end_id, code="AC04")])
    take_in(session, answer(payback, block), act)
    session.commit()
    reload(session, bad, good, payback)
    assert (bad.state, good.state, payback.state) == ("cancelled", "requested", "released")
    payment = session.get_one(Payment, bad.payment_id, populate_existing=True)
    assert (payment.refunded_minor, payment.unallocated_minor) == (0, payment.amount_minor)
    why = session.execute(
        text("SELECT reason FROM state_changes WHERE object_id = :id AND to_state = 'cancelled'"),
        {"id": bad.id},
    ).scalar_one()
    assert why == "rejected by the bank: AC04"
    assert events(session, bad.id) == ["refund.cancelled"]


@pytest.mark.parametrize("level", ["file", "block", "parts"])
def test_a_batch_of_which_nothing_left_is_rejected(
    session: Session, books: Books, act: Act, level: str
) -> None:
    waiting = [refund(books, 3_100), refund(books, 4_500)]
    payback = released(books, waiting)
    name = payback.payment_information_id
    content = {
        "file": answer(payback, status="RJCT", code="FF01"),
        "block": answer(payback, Block(name, status="RJCT", code="AC01")),
        "parts": answer(payback, Block(name, [Tx(one.end_to_end_id, code="AC04") for one in waiting])),
    }[level]
    take_in(session, content, act)
    session.commit()
    reload(session, payback, *waiting)
    assert ({one.state for one in waiting}, payback.state) == ({"cancelled"}, "rejected")
    assert events(session, payback.id)[-1] == "payback.rejected"


@pytest.mark.parametrize("code", ["AM05", "DUPL"])
def test_a_file_that_came_twice_says_nothing_of_the_first(
    session: Session, books: Books, act: Act, code: str
) -> None:
    waiting = refund(books, 3_100)
    payback = released(books, [waiting])
    take_in(session, answer(payback, status="RJCT", code=code), act)
    session.commit()
    reload(session, payback, waiting)
    assert (waiting.state, payback.state) == ("requested", "released")


def test_a_file_that_is_taken_is_accepted_once(session: Session, books: Books, act: Act) -> None:
    payback = released(books, [refund(books, 3_100)])
    for number in (1, 2):
        take_in(session, answer(payback, status="ACCP", message_id=f"BANK-{number}"), act)
    session.commit()
    reload(session, payback)
    assert payback.state == "accepted"
    assert events(session, payback.id) == ["payback.approved", "payback.released", "payback.accepted"]


def test_the_same_rejection_twice_changes_nothing_the_second_time(
    session: Session, books: Books, act: Act
) -> None:
    bad, good = refund(books, 3_100), refund(books, 4_500)
    payback = released(books, [bad, good])
    for number in (1, 2):
        block = Block(payback.payment_information_id, [Tx(bad.end_to_end_id, code="AC04")])
        take_in(session, answer(payback, block, message_id=f"BANK-{number}"), act)
    session.commit()
    reload(session, bad, good)
    assert (bad.state, good.state) == ("cancelled", "requested")
    assert events(session, bad.id) == ["refund.cancelled"]


@pytest.mark.parametrize("by_reference", [False, True])
def test_a_rejected_reversal_frees_its_debit(
    session: Session, books: Books, act: Act, by_reference: bool
) -> None:
    _, (bad, good) = collected(books, 7_197, 12_000)
    payback, said = reversed_at_bank(books, [bad, good])
    wrong = session.scalars(select(DebitReversal).where(DebitReversal.debit_id == bad.id)).one()
    name = wrong.reference if by_reference else bad.end_to_end_id
    block = Block(said.blocks[0].payment_information_id, [Tx(name, code="AM04")])
    take_in(session, answer(payback, block), act)
    session.commit()
    reload(session, bad, good, wrong, payback)
    assert (wrong.state, bad.state, payback.state) == ("cancelled", "collected", "released")
    assert reversals.being_reversed(session, [bad.id, good.id]) == {good.id}
    assert events(session, wrong.id) == ["reversal.rejected"]
