"""What a person decides about a line that waits."""

from __future__ import annotations

from functools import partial

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from ledger.acts import Act
from ledger.allocations import Incompatible, OverAllocated
from ledger.customers import CustomerNotFound
from ledger.invoices import InvoiceNotFound
from ledger.models import Allocation, Payment
from reconciliation import by_hand
from reconciliation.by_hand import LineNotFound, LineNotWaiting, Share, WrongShare
from reconciliation.models import Match, MatchPart, StatementLine
from tests.factories import camt
from tests.factories.bank import Bank, lines_of, match, payment_out, take_in, take_in_all, transfer
from tests.factories.books import OUR_IBAN, Books
from tests.factories.collecting import at_once, events, refused, reload, second
from tests.factories.paying import received


def test_a_person_makes_a_line_a_payment_and_shares_it_out(session: Session, books: Books, act: Act) -> None:
    customer = books.customer()
    first, second_one = (books.invoice(amount, customer=customer) for amount in (4_000, 5_000))
    line = received(books, 10_000)
    match(session, act)
    payment = by_hand.record_payment(
        session, line_id=line.id, customer_id=customer.id, act=act,
        shares=[Share(first.id, 4_000), Share(second_one.id, 3_000)],
    )  # fmt: skip
    session.commit()
    reload(session, payment, first, second_one, line)
    assert (payment.amount_minor, payment.allocated_minor, payment.unallocated_minor) == (
        10_000, 7_000, 3_000,
    )  # fmt: skip
    assert (payment.state, payment.method, payment.customer_id) == ("final", "transfer", customer.id)
    assert (first.collection_status, second_one.collection_status) == ("paid", "partly_paid")
    assert (second_one.open_minor, line.state, line.waiting_because) == (2_000, "partly_matched", None)
    made = session.scalars(select(Match)).one()
    assert (made.rule, made.decided_by, made.evidence) == ("by_hand", "treasury", ["A person decided."])
    part = session.scalars(select(MatchPart)).one()
    assert (part.kind, part.object_id, part.amount_minor) == ("payment", payment.id, 10_000)
    allocations = session.scalars(select(Allocation)).all()
    assert {(one.amount_minor, one.decided_by) for one in allocations} == {
        (4_000, "treasury"), (3_000, "treasury"),
    }  # fmt: skip
    assert events(session, payment.id) == ["payment.received", "payment.allocated", "payment.allocated"]


def test_without_shares_the_money_is_on_account(session: Session, books: Books, act: Act) -> None:
    line, customer = received(books, 10_000), books.customer()
    payment = by_hand.record_payment(session, line_id=line.id, customer_id=customer.id, act=act)
    session.commit()
    reload(session, payment)
    assert (payment.unallocated_minor, session.query(Allocation).count()) == (10_000, 0)


def test_a_line_becomes_a_payment_once(session: Session, books: Books, act: Act) -> None:
    line, customer = received(books, 10_000), books.customer()
    by_hand.record_payment(session, line_id=line.id, customer_id=customer.id, act=act)
    with refused(session, LineNotWaiting, "line_id"):
        by_hand.record_payment(session, line_id=line.id, customer_id=customer.id, act=second(act))
    assert match(session, act).looked_at == 0
    session.commit()
    assert session.query(Payment).count() == 1


@pytest.mark.race
def test_eight_hands_decide_one_line_and_one_payment_is_made(
    session: Session, books: Books, act: Act, engine: Engine
) -> None:
    line_id, customer_id = received(books, 10_000).id, books.customer().id
    session.commit()
    decide = partial(by_hand.record_payment, line_id=line_id, customer_id=customer_id, act=act)
    done = at_once(engine, [lambda one: decide(one).id] * 8)
    assert sum(isinstance(result, str) for result in done) == 1
    assert sum(type(result) is LineNotWaiting for result in done) == 7
    assert session.query(Payment).count() == 1


def test_only_money_that_came_in_and_waits_can_become_a_payment(
    session: Session, books: Books, act: Act
) -> None:
    books.invoice(500, number="RE-1")
    entries = [transfer(500, "RE-1"), payment_out(900, "Miete")]
    take_in_all(session, Bank().book(*entries), act)
    content = camt.camt053([camt.pending(camt.credit(70))], account=OUR_IBAN, opening=999_600)
    take_in(session, content, act)
    match(session, act)
    customer = books.customer()
    lines = {line.amount_minor: line for line in lines_of(session)}
    assert {amount: line.state for amount, line in lines.items()} == {
        500: "matched", -900: "unexplained", 70: "ignored",
    }  # fmt: skip
    for line in lines.values():
        with refused(session, LineNotWaiting, "line_id"):
            by_hand.record_payment(session, line_id=line.id, customer_id=customer.id, act=act)
    with refused(session, LineNotFound, "line_id"):
        by_hand.record_payment(session, line_id="lin_nobody", customer_id=customer.id, act=act)
    session.commit()


def test_a_decision_that_cannot_be_carried_out_changes_nothing(
    session: Session, books: Books, act: Act
) -> None:
    line, customer = received(books, 10_000), books.customer()
    invoice = books.invoice(4_000, customer=customer)
    dollars = books.invoice(4_000, customer=customer, currency="USD")
    wrong = [
        (customer.id, [Share(invoice.id, 4_001)], OverAllocated, "amount_minor"),
        (customer.id, [Share(invoice.id, 4_000), Share(invoice.id, 1)], OverAllocated, "amount_minor"),
        (customer.id, [Share(invoice.id, 0)], WrongShare, "amount_minor"),
        (customer.id, [Share(invoice.id, -5)], WrongShare, "amount_minor"),
        (customer.id, [Share(dollars.id, 4_000)], Incompatible, "invoice_id"),
        (customer.id, [Share("inv_nobody", 1)], InvoiceNotFound, "invoice_id"),
        ("cus_nobody", [], CustomerNotFound, "customer_id"),
    ]
    for customer_id, shares, error, field in wrong:
        with refused(session, error, field):
            by_hand.record_payment(session, line_id=line.id, customer_id=customer_id, shares=shares, act=act)
    session.commit()
    reload(session, line, invoice)
    assert (line.state, invoice.open_minor) == ("new", 4_000)
    assert (session.query(Payment).count(), session.query(Match).count()) == (0, 0)


def test_more_than_the_line_is_worth_cannot_be_shared(session: Session, books: Books, act: Act) -> None:
    line, customer = received(books, 1_000), books.customer()
    invoices = [books.invoice(600, customer=customer) for _ in range(2)]
    with refused(session, OverAllocated, "amount_minor"):
        by_hand.record_payment(
            session, line_id=line.id, customer_id=customer.id, act=act,
            shares=[Share(invoice.id, 600) for invoice in invoices],
        )  # fmt: skip
    session.commit()
    assert session.query(StatementLine).one().state == "new"
