"""Recorded payments: told before their line, met by it without counting twice, or withdrawn without a trace left."""

from __future__ import annotations

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from copy import copy
from datetime import date
from typing import Any

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from ledger import allocations, creditors, database, journal, payments, recorded_payments, refunds
from ledger.acts import Act
from ledger.allocations import OverAllocated
from ledger.creditors import BankAccountNotFound
from ledger.customers import CustomerNotFound
from ledger.errors import Rejected
from ledger.identifiers import new_id
from ledger.journal import Booking, Place
from ledger.models import AccountKind, Method
from ledger.money import UnknownCurrency
from ledger.payments import NotHeld, PaymentNotFound, Recorded, StillAllocated
from ledger.recorded_payments import NotInTransit, NotMet
from ledger.states import PaymentState
from ledger.texts import UnreadableText
from mandates import returns
from tests.factories.books import Books
from tests.factories.money import allocate, balance_minor, receive, recorded

LATER = date(2026, 11, 20)
CLEARED = (
    AccountKind.BANK, AccountKind.SUSPENSE, AccountKind.IN_TRANSIT, AccountKind.UNAPPLIED, AccountKind.RECEIVABLE,
    AccountKind.DISCOUNT,
)  # fmt: skip


def _balances(books: Books) -> dict[AccountKind, int]:
    return {kind: amount for kind in CLEARED if (amount := balance_minor(books, kind))}


def _line_comes(books: Books, amount_minor: int) -> None:
    """What a statement books before anybody knows whose money it is."""
    line = Booking(
        kind="line", object_id=new_id("lin"), posted_on=LATER, amount_minor=amount_minor,
        debit=Place(books.creditor.id, AccountKind.BILLED, "EUR"),
        credit=Place(books.creditor.id, AccountKind.SUSPENSE, "EUR"),
    )  # fmt: skip
    journal.post(books.session, [line], act=books.act)


def _meet(books: Books, *payment_ids: str) -> None:
    recorded_payments.meet(
        books.session, dict.fromkeys(payment_ids, LATER), act=books.act, cause="statement_line.matched"
    )


def _unmeet(books: Books, *payment_ids: str, because: str = "not its line") -> None:
    recorded_payments.unmeet(
        books.session, payment_ids, on=LATER, because=because, act=books.act, cause="match.undone"
    )


def _withdraw(books: Books, payment_id: str, because: str = "never came") -> None:
    recorded_payments.withdraw(books.session, payment_id, because=because, act=books.act)


def _events(session: Session, object_id: str) -> list[str]:
    rows = session.execute(
        text("SELECT type FROM events WHERE object_id = :id ORDER BY sequence"), {"id": object_id}
    )
    return list(rows.scalars())


def test_what_is_recorded_pays_its_invoices_provisionally_and_is_in_transit(
    session: Session, books: Books
) -> None:
    paid, partly = books.invoice(12_000), books.invoice(5_000)
    payment = recorded(books, 13_000, (paid.id, 11_640, 360), (partly.id, 1_000, 0), reference="Cheque 77")
    session.commit()
    assert (payment.state, payment.unallocated_minor, payment.reversible_until, payment.recorded_at) == (
        "provisional", 360, None, books.act.at,
    )  # fmt: skip
    assert [one.collection_status for one in (paid, partly)] == ["paid_provisional", "partly_paid"]
    assert _balances(books) == {
        AccountKind.IN_TRANSIT: 13_000, AccountKind.UNAPPLIED: -360, AccountKind.RECEIVABLE: 4_000,
        AccountKind.DISCOUNT: 360,
    }  # fmt: skip
    assert _events(session, payment.id) == ["payment.recorded", "payment.allocated", "payment.allocated"]


def test_its_line_makes_it_final_and_nothing_is_counted_twice(session: Session, books: Books) -> None:
    invoice = books.invoice(12_000)
    payment = recorded(books, 12_000, (invoice.id, 12_000, 0))
    _line_comes(books, 12_000)
    _meet(books, payment.id)
    session.commit()
    assert (payment.state, payment.met_at) == ("final", books.act.at)
    assert invoice.collection_status == "paid"
    assert _balances(books) == {}
    assert _events(session, payment.id) == ["payment.recorded", "payment.allocated", "payment.received"]
    with pytest.raises(NotInTransit):
        _meet(books, payment.id)


def test_a_line_that_was_not_its_own_is_taken_from_it_and_the_right_one_meets_it(
    session: Session, books: Books
) -> None:
    invoice = books.invoice(12_000)
    payment = recorded(books, 12_000, (invoice.id, 12_000, 0))
    before = _balances(books)
    for _ in range(2):
        _line_comes(books, 12_000)
        _meet(books, payment.id)
        _unmeet(books, payment.id)
        _line_comes(books, -12_000)
        assert _balances(books) == before
        assert (payment.state, payment.met_at, invoice.collection_status) == (
            "provisional", None, "paid_provisional",
        )  # fmt: skip
    _line_comes(books, 12_000)
    _meet(books, payment.id)
    session.commit()
    assert (payment.state, _balances(books)) == ("final", {})


def test_money_that_never_came_leaves_the_books_as_they_were(session: Session, books: Books) -> None:
    invoice = books.invoice(12_000)
    session.commit()
    before = _balances(books)
    payment = recorded(books, 12_000, (invoice.id, 11_640, 360))
    session.commit()
    _withdraw(books, payment.id)
    session.commit()
    assert (payment.state, payment.unallocated_minor) == ("cancelled", 0)
    assert (invoice.open_minor, invoice.collection_status) == (12_000, "overdue")
    assert _balances(books) == before
    assert _events(session, payment.id)[-1] == "payment.cancelled"
    for again in (_withdraw, _meet):
        with pytest.raises(NotInTransit):
            again(books, payment.id)


def test_time_alone_never_makes_it_final(session: Session, books: Books, act: Act) -> None:
    payment = recorded(books, 12_000)
    session.commit()
    returns.settle(session, act=Act(actor="settling", at=act.at, today=date(2036, 1, 1)))
    session.commit()
    assert payment.state == "provisional"


def test_what_has_not_arrived_cannot_go_back(session: Session, books: Books) -> None:
    payment = recorded(books, 12_000)
    with pytest.raises(NotHeld):
        refunds.request(session, payment_id=payment.id, amount_minor=1, reason="too much", act=books.act)
    with pytest.raises(NotHeld):
        payments.take_back(
            session,
            [payment.id],
            PaymentState.RETURNED,
            on=LATER,
            act=books.act,
            reason_code=None,
            cause="test",
        )
    session.commit()


def test_it_is_withdrawn_or_loses_its_line_but_is_not_cancelled_as_others_are(
    session: Session, books: Books
) -> None:
    payment = recorded(books, 12_000)
    (received,) = receive(books, 500)
    for met in (False, True):
        if met:
            _line_comes(books, 12_000)
            _meet(books, payment.id)
        with pytest.raises(Recorded):
            payments.cancel(
                session, [payment.id], on=LATER, because="read wrongly", act=books.act, cause="test"
            )
    with pytest.raises(NotMet):
        _unmeet(books, received)
    with pytest.raises(NotInTransit):
        _withdraw(books, received)
    with pytest.raises(NotInTransit):
        _meet(books, received)
    refunds.request(session, payment_id=payment.id, amount_minor=1, reason="too much", act=books.act)
    with pytest.raises(StillAllocated):
        _unmeet(books, payment.id)
    session.commit()


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"amount_minor": 0}, Rejected),
        ({"amount_minor": 10**18 + 1}, Rejected),
        ({"currency": "EUX"}, UnknownCurrency),
        ({"received_on": date(2026, 11, 19)}, Rejected),
        ({"reference": ""}, UnreadableText),
        ({"customer_id": "cus_00000000000000000000000000"}, CustomerNotFound),
        ({"bank_account_id": "bac_00000000000000000000000000"}, BankAccountNotFound),
    ],
)
def test_what_cannot_be_is_not_recorded(
    session: Session, books: Books, wrong: dict[str, Any], error: type[Exception]
) -> None:
    session.commit()
    amount = wrong.pop("amount_minor", 12_000)
    with pytest.raises(error):
        recorded(books, amount, **wrong)
    assert session.scalars(text("SELECT count(*) FROM payments")).one() == 0
    session.rollback()


def test_an_account_of_another_currency_or_creditor_is_refused(session: Session, books: Books) -> None:
    other = creditors.create(session, name="Andere GmbH", country="DE", act=books.act)
    theirs = creditors.open_bank_account(
        session, creditor_id=other.id, name="Main", iban="DE02500105170137075030", act=books.act
    )
    session.commit()
    for wrong in ({"currency": "CHF", "bank_account_id": books.account.id}, {"bank_account_id": theirs.id}):
        with pytest.raises(Rejected) as refusal:
            recorded(books, 500, **wrong)
        assert refusal.value.field == "bank_account_id"
    assert recorded(books, 500, bank_account_id=books.account.id).bank_account_id == books.account.id
    session.commit()


def test_more_than_an_invoice_has_open_is_not_recorded(session: Session, books: Books) -> None:
    invoice = books.invoice(1_000)
    session.commit()
    with pytest.raises(OverAllocated):
        recorded(books, 1_000, (invoice.id, 1_000, 1))
    session.rollback()
    with pytest.raises(Rejected):
        recorded(books, 1_000, (invoice.id, -1, 0))
    session.rollback()
    assert invoice.open_minor == 1_000


def test_those_in_transit_are_found_by_amount_and_customer(session: Session, books: Books) -> None:
    anna, bert = books.customer("Anna"), books.customer("Bert")
    first = recorded(books, 500, customer=anna, received_on=date(2026, 11, 2), reference="A")
    second = recorded(books, 500, customer=bert)
    third = recorded(books, 700, customer=bert, method=Method.OTHER)
    gone, met = (recorded(books, 500, customer=anna) for _ in range(2))
    receive(books, 500, customer=anna)
    _withdraw(books, gone.id)
    _line_comes(books, 500)
    _meet(books, met.id)
    session.commit()

    def found(*amounts: int, **by: Any) -> list[str]:
        waiting = recorded_payments.waiting_for(session, books.creditor.id, amounts_minor=amounts, **by)
        return [one.payment_id for one in waiting]

    assert found(500) == [first.id, second.id]
    assert found(500, 700, 3) == [first.id, second.id, third.id]
    assert found(500, 700, customer_ids=[bert.id]) == [second.id, third.id]
    assert found() == found(500, customer_ids=[]) == []
    assert recorded_payments.waiting_for(session, "crd_0", amounts_minor=[500]) == []
    (one,) = recorded_payments.waiting_for(
        session, books.creditor.id, amounts_minor=[500], customer_ids=[anna.id]
    )
    assert (one.customer_id, one.bank_account_id, one.method, one.currency, one.amount_minor) == (
        anna.id, None, "transfer", "EUR", 500,
    )  # fmt: skip
    assert (one.received_on, one.reference) == (date(2026, 11, 2), "A")


def test_a_recorded_payment_is_allocated_by_hand_like_any_other(session: Session, books: Books) -> None:
    invoice = books.invoice(12_000)
    payment = recorded(books, 12_000)
    (given,) = allocate(books, (payment.id, invoice.id, 12_000))
    session.commit()
    assert invoice.collection_status == "paid_provisional"
    allocations.reverse(
        session, [given], because="wrong", on=LATER, act=books.act, cause="allocation.reversed"
    )
    session.commit()
    assert invoice.open_minor == 12_000


def test_an_unknown_payment_is_not_met_nor_withdrawn(session: Session, books: Books) -> None:
    for deed in (_meet, _unmeet, _withdraw):
        with pytest.raises(PaymentNotFound):
            deed(books, "pay_00000000000000000000000000")
    payment = recorded(books, 1)
    with pytest.raises(UnreadableText):
        _withdraw(books, payment.id, because="")
    session.rollback()


@pytest.mark.race
def test_of_eight_lines_and_clerks_that_want_one_recorded_payment_one_gets_it(
    engine: Engine, session: Session, books: Books
) -> None:
    """Half of the threads bring its line, half withdraw it, all at once, for one payment after another."""
    wanted = [recorded(books, 500, (books.invoice(500).id, 500, 0)).id for _ in range(10)]
    session.commit()
    start = threading.Barrier(8)

    def work(number: int) -> Counter[str]:
        outcomes: Counter[str] = Counter()
        for payment_id in wanted:
            start.wait(timeout=60)
            with database.sessions(engine)() as own:
                mine = copy(books)
                mine.session = own
                try:
                    (_withdraw if number % 2 else _meet)(mine, payment_id)
                    own.commit()
                    outcomes["done"] += 1
                except NotInTransit:
                    outcomes["refused"] += 1
        return outcomes

    with ThreadPoolExecutor(8) as threads:
        outcomes: Counter[str] = sum(threads.map(work, range(8)), start=Counter())
    assert outcomes == {"done": 10, "refused": 70}
    session.expire_all()
    assert {payments.get(session, one).state for one in wanted} <= {"final", "cancelled"}
