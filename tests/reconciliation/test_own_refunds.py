"""Refunds of ours seen leaving the account."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from ledger import journal, refunds
from ledger.acts import Act
from ledger.journal import Place
from ledger.models import AccountKind, Payment, Refund
from reconciliation import by_hand
from reconciliation.models import Match, MatchPart
from tests.factories import camt
from tests.factories.bank import Bank, lines_of, match, payment_out, take_in_all
from tests.factories.books import OUR_IBAN, Books
from tests.factories.collecting import OTHER_IBAN, events, second_creditor
from tests.factories.paying import bank_of, received
from tests.factories.paying_back import drafted, refund, released

MONEY_OUT = "Money went out, and no return or refund of ours explains it."


def refund_of(books: Books, received_minor: int, refunded_minor: int) -> Refund:
    """Money of a customer on account, part of which is to go back."""
    customer = books.customer()
    payment = by_hand.record_payment(
        books.session, line_id=received(books, received_minor).id, customer_id=customer.id, act=books.act
    )
    return refunds.request(
        books.session, payment_id=payment.id, amount_minor=refunded_minor, reason="paid twice", act=books.act
    )


def clearing(session: Session, books: Books) -> int:
    return journal.balance_minor(session, Place(books.creditor.id, AccountKind.REFUND_CLEARING, "EUR"))


def test_a_refund_is_paid_when_a_statement_shows_it_leaving(session: Session, books: Books, act: Act) -> None:
    refund = refund_of(books, 12_000, 4_500)
    assert clearing(session, books) == -4_500
    out = payment_out(4_500, "Erstattung", end_to_end_id=refund.end_to_end_id)
    take_in_all(session, bank_of(books).book(out), act)
    report = match(session, act)
    session.commit()
    assert dict(report.by_rule) == {"own_refund": 1}
    session.refresh(refund)
    assert (refund.state, clearing(session, books)) == ("paid", 0)
    (line,) = (line for line in lines_of(session) if line.amount_minor < 0)
    assert line.state == "matched"
    made = session.scalars(select(Match).where(Match.line_id == line.id)).one()
    assert made.evidence == [f"The EndToEndId is that of refund {refund.id}.", "The amount agrees."]
    part = session.scalars(select(MatchPart).where(MatchPart.match_id == made.id)).one()
    assert (part.kind, part.object_id, part.amount_minor) == ("refund", refund.id, -4_500)
    payment = session.get_one(Payment, refund.payment_id, populate_existing=True)
    assert (payment.refunded_minor, payment.unallocated_minor) == (4_500, 7_500)
    assert events(session, payment.id)[-1] == "payment.refunded"


def test_another_amount_than_the_refund_waits(session: Session, books: Books, act: Act) -> None:
    refund = refund_of(books, 12_000, 4_500)
    out = payment_out(4_400, "Erstattung", end_to_end_id=refund.end_to_end_id)
    take_in_all(session, bank_of(books).book(out), act)
    match(session, act)
    session.commit()
    (line,) = (line for line in lines_of(session) if line.amount_minor < 0)
    assert line.waiting_because == (
        f"The EndToEndId is that of refund {refund.id}, but it is of 45.00 EUR and the amount is 44.00 EUR."
    )
    session.refresh(refund)
    assert refund.state == "requested"


def test_a_refund_leaves_once(session: Session, books: Books, act: Act) -> None:
    refund = refund_of(books, 12_000, 4_500)
    outs = [
        payment_out(4_500, "Erstattung", end_to_end_id=refund.end_to_end_id, bank_reference=str(number))
        for number in (1, 2)
    ]
    take_in_all(session, bank_of(books).book(*outs), act)
    report = match(session, act)
    session.commit()
    assert dict(report.by_rule) == {"own_refund": 1}
    waiting = [line.waiting_because for line in lines_of(session) if line.state == "unexplained"]
    assert waiting == [MONEY_OUT]


def test_other_money_that_goes_out_is_no_refund(session: Session, books: Books, act: Act) -> None:
    refund = refund_of(books, 12_000, 4_500)
    second_creditor(books)
    bank = bank_of(books)
    take_in_all(session, bank.book(payment_out(4_500, refund.end_to_end_id)), act)
    other = Bank(iban=OTHER_IBAN)
    take_in_all(session, other.book(payment_out(4_500, end_to_end_id=refund.end_to_end_id)), act)
    match(session, act)
    session.commit()
    waiting = [line.waiting_because for line in lines_of(session) if line.state == "unexplained"]
    assert waiting == [MONEY_OUT, MONEY_OUT]
    session.refresh(refund)
    assert refund.state == "requested"


def lump(books: Books, *entries: camt.Entry) -> bytes:
    """A statement of today with these charges."""
    bank = bank_of(books)
    day = books.act.today
    return camt.camt053(
        [replace(entry, booked_on=day) for entry in entries], account=OUR_IBAN, opening=bank.balance.minor,
        from_on=day, to_on=day, sequence=str(bank.sequence), statement_id=f"S{bank.sequence}",
    )  # fmt: skip


@pytest.mark.parametrize("name", ["message", "block", "parts"])
def test_the_lump_of_a_payback_batch_is_all_its_refunds(
    session: Session, books: Books, act: Act, name: str
) -> None:
    sent_back = [refund(books, 3_100), refund(books, 4_500)]
    payback = released(books, sent_back)
    parts = tuple(camt.Part(amount=-one.amount_minor, end_to_end_id=one.end_to_end_id) for one in sent_back)
    entry = {
        "message": camt.Entry(amount=-7_600, code="PMNT/ICDT/ESCT", batch=(None, payback.message_id, 2)),
        "block": camt.Entry(
            amount=-7_600, code="PMNT/ICDT/ESCT", batch=(payback.payment_information_id, None, 2)
        ),
        "parts": camt.Entry(amount=-7_600, code="PMNT/ICDT/ESCT", parts=parts),
    }[name]
    take_in_all(session, [lump(books, entry)], act)
    report = match(session, act)
    session.commit()
    assert report.by_rule["payback_batch"] == 1
    for one in (*sent_back, payback):
        session.refresh(one)
    assert ({one.state for one in sent_back}, payback.state) == ({"paid"}, "booked")
    assert clearing(session, books) == 0
    (line,) = (line for line in lines_of(session) if line.amount_minor < 0)
    assert line.state == "batch_booking"
    made = session.scalars(select(Match).where(Match.line_id == line.id)).one()
    assert made.evidence == ["The bank names 2 refunds of ours.", "They add up to the amount."]
    assert events(session, payback.id)[-1] == "payback.booked"


def test_a_lump_is_what_waits_of_its_batch(session: Session, books: Books, act: Act) -> None:
    first, other = refund(books, 3_100), refund(books, 4_500)
    payback = released(books, [first, other])
    single = camt.debit(3_100, end_to_end_id=first.end_to_end_id)
    rest = camt.Entry(amount=-4_500, code="PMNT/ICDT/ESCT", batch=(None, payback.message_id, 1))
    take_in_all(session, [lump(books, single)], act)
    match(session, act)
    session.refresh(payback)
    assert payback.state == "released"
    take_in_all(session, [lump(books, rest)], act)
    match(session, act)
    session.commit()
    for one in (first, other, payback):
        session.refresh(one)
    assert (first.state, other.state, payback.state) == ("paid", "paid", "booked")


def test_a_lump_of_another_sum_waits(session: Session, books: Books, act: Act) -> None:
    payback = released(books, [refund(books, 3_100), refund(books, 4_500)])
    entry = camt.Entry(amount=-7_601, code="PMNT/ICDT/ESCT", batch=(None, payback.message_id, 2))
    take_in_all(session, [lump(books, entry)], act)
    match(session, act)
    session.commit()
    (line,) = (line for line in lines_of(session) if line.amount_minor < 0)
    assert line.waiting_because == (
        "The bank names 2 refunds of ours, but they are of 76.00 EUR and the amount is 76.01 EUR."
    )


def test_a_batch_that_did_not_leave_explains_no_lump(session: Session, books: Books, act: Act) -> None:
    payback = drafted(books, [refund(books, 3_100)])
    entry = camt.Entry(amount=-3_100, code="PMNT/ICDT/ESCT", batch=(None, payback.message_id, 1))
    take_in_all(session, [lump(books, entry)], act)
    match(session, act)
    session.commit()
    (line,) = (line for line in lines_of(session) if line.amount_minor < 0)
    assert line.waiting_because == MONEY_OUT


def test_a_lump_with_a_part_of_somebody_else_waits(session: Session, books: Books, act: Act) -> None:
    one = refund(books, 3_100)
    parts = (
        camt.Part(amount=-3_100, end_to_end_id=one.end_to_end_id),
        camt.Part(amount=0, end_to_end_id="X"),
    )
    entry = camt.Entry(amount=-3_100, code="PMNT/ICDT/ESCT", parts=parts)
    take_in_all(session, [lump(books, entry)], act)
    match(session, act)
    session.commit()
    (line,) = (line for line in lines_of(session) if line.amount_minor < 0)
    assert line.waiting_because == (
        "The bank names 1 refund of ours, but not every part of the lump is a refund that waits to leave."
    )
