"""Refunds of ours seen leaving the account."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from ledger import journal, refunds
from ledger.acts import Act
from ledger.journal import Place
from ledger.models import AccountKind, Payment, Refund
from reconciliation import by_hand
from reconciliation.models import Match, MatchPart
from tests.factories.bank import Bank, lines_of, match, payment_out, take_in_all
from tests.factories.books import Books
from tests.factories.collecting import OTHER_IBAN, events, second_creditor
from tests.factories.paying import bank_of, received

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
