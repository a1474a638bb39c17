"""Payments: what came in, how sure it is, and what the bank takes back."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from ledger import allocations, payments, refunds
from ledger.errors import Rejected
from ledger.models import AccountKind, AllocationKind, Method, Payment
from ledger.money import UnknownCurrency
from ledger.payments import PaymentNotFound, Receipt, StillAllocated
from ledger.states import IllegalMove, PaymentState
from ledger.texts import UnreadableText
from tests.factories.books import Books
from tests.factories.granting import grant
from tests.factories.money import allocate, balance_minor, receive

UNTIL = date(2027, 1, 15)


def _events(session: Session, object_id: str) -> list[tuple[str, dict[str, Any]]]:
    rows = session.execute(
        text("SELECT type, data FROM events WHERE object_id = :id ORDER BY sequence"), {"id": object_id}
    )
    return [(row.type, row.data) for row in rows]


def _receipt(books: Books, **change: Any) -> Receipt:
    receipt = Receipt(
        creditor_id=books.creditor.id, bank_account_id=books.account.id, customer_id=None,
        method=Method.TRANSFER, currency="EUR", amount_minor=12_000, received_on=books.act.today,
    )  # fmt: skip
    return replace(receipt, **change)


def test_money_that_came_in_leaves_suspense_for_unapplied(session: Session, books: Books) -> None:
    (payment_id,) = receive(books, 12_000)
    session.commit()
    payment = payments.get(session, payment_id)
    assert (payment.amount_minor, payment.unallocated_minor, payment.state) == (12_000, 12_000, "final")
    assert balance_minor(books, AccountKind.SUSPENSE) == 12_000
    assert balance_minor(books, AccountKind.UNAPPLIED) == -12_000
    assert _events(session, payment_id) == [
        (
            "payment.received",
            {"amount_minor": 12_000, "currency": "EUR", "customer_id": None, "state": "final"},
        )
    ]


def test_money_that_can_be_taken_back_is_provisional(session: Session, books: Books) -> None:
    sure, unsure = payments.receive(
        session,
        [_receipt(books), _receipt(books, amount_minor=345, reversible_until=UNTIL)],
        act=books.act,
        cause="line.matched",
    )
    session.commit()
    states = [
        (payments.get(session, one).state, payments.get(session, one).reversible_until)
        for one in (sure, unsure)
    ]
    assert states == [("final", None), ("provisional", UNTIL)]


def test_ids_come_in_the_order_of_the_receipts(session: Session, books: Books) -> None:
    amounts = (5, 3, 4, 1, 2)
    made = receive(books, *amounts)
    session.commit()
    assert tuple(payments.get(session, one).amount_minor for one in made) == amounts


def test_nothing_received_is_no_payment(session: Session, books: Books) -> None:
    assert payments.receive(session, [], act=books.act, cause="line.matched") == []


@pytest.mark.parametrize("amount_minor", [0, -12_000])
def test_a_payment_is_above_zero(session: Session, books: Books, amount_minor: int) -> None:
    many = [_receipt(books), _receipt(books, amount_minor=amount_minor)]
    with pytest.raises(Rejected, match="A payment is above zero") as refused:
        payments.receive(session, many, act=books.act, cause="line.matched")
    assert refused.value.field == "amount_minor"
    session.commit()
    assert session.execute(text("SELECT count(*) FROM payments")).scalar_one() == 0


def test_a_payment_has_a_currency(session: Session, books: Books) -> None:
    with pytest.raises(UnknownCurrency):
        payments.receive(session, [_receipt(books, currency="EUX")], act=books.act, cause="line.matched")


def test_a_payment_nobody_knows_is_not_found(session: Session, books: Books) -> None:
    with pytest.raises(PaymentNotFound, match="There is no payment pay_nobody") as refused:
        payments.get(session, "pay_nobody")
    assert refused.value.field == "payment_id"
    (known,) = receive(books, 1)
    with pytest.raises(PaymentNotFound, match="pay_nobody"):
        payments.lock(session, [known, "pay_nobody"])


def _take_back(books: Books, *payment_ids: str, to: PaymentState = PaymentState.RETURNED) -> None:
    payments.take_back(
        books.session, payment_ids, to, on=date(2026, 11, 20), act=books.act, reason_code="AC04",
        cause="debit.returned",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("to", "told"),
    [
        (PaymentState.RETURNED, "payment.returned"),
        (PaymentState.REFUNDED, "payment.refunded"),
        (PaymentState.CHARGED_BACK, "payment.returned"),
    ],
)
def test_money_the_bank_took_back_is_out_of_the_books_again(
    session: Session, books: Books, to: PaymentState, told: str
) -> None:
    (payment_id,) = receive(books, 12_000, reversible_until=UNTIL)
    session.commit()
    _take_back(books, payment_id, to=to)
    payment = session.get_one(Payment, payment_id)
    assert (payment.state, payment.returned_minor, payment.unallocated_minor) == (to, 12_000, 0)
    session.commit()
    assert balance_minor(books, AccountKind.UNAPPLIED) == 0
    assert balance_minor(books, AccountKind.SUSPENSE) == 0
    assert _events(session, payment_id)[1:] == [(told, {"amount_minor": 12_000, "currency": "EUR"})]
    reason = session.execute(text("SELECT reason_code FROM events WHERE type = :type"), {"type": told})
    assert reason.scalar_one() == "AC04"


def test_several_payments_go_back_together(session: Session, books: Books) -> None:
    made = receive(books, 12_000, 5_000, reversible_until=UNTIL)
    _take_back(books, *made)
    session.commit()
    assert [payments.get(session, one).unallocated_minor for one in made] == [0, 0]
    assert balance_minor(books, AccountKind.UNAPPLIED) == 0


def test_money_that_pays_an_invoice_does_not_go_back_before_the_invoice_is_reopened(
    session: Session, books: Books
) -> None:
    free, used = receive(books, 5_000, 12_000, reversible_until=UNTIL)
    invoice = books.invoice(12_000)
    given = allocate(books, (used, invoice.id, 1))
    with pytest.raises(StillAllocated, match=f"Payment {used} is still allocated"):
        _take_back(books, free, used)
    session.commit()
    assert [payments.get(session, one).state for one in (free, used)] == ["provisional", "provisional"]
    allocations.reverse(
        session, given, because="debit came back", on=books.act.today, act=books.act, cause="debit.returned"
    )
    _take_back(books, free, used)
    session.commit()
    assert [payments.get(session, one).state for one in (free, used)] == ["returned", "returned"]


def test_money_of_which_a_part_was_refunded_does_not_go_back_whole(session: Session, books: Books) -> None:
    (payment_id,) = receive(books, 12_000)
    refunds.request(session, payment_id=payment_id, amount_minor=1, reason="overpaid", act=books.act)
    with pytest.raises(StillAllocated, match="or a part of it went back"):
        _take_back(books, payment_id)
    session.commit()


def test_money_goes_back_only_once(session: Session, books: Books) -> None:
    (payment_id,) = receive(books, 12_000, reversible_until=UNTIL)
    _take_back(books, payment_id)
    with pytest.raises(IllegalMove, match=f"Payment {payment_id} is returned and cannot become returned"):
        _take_back(books, payment_id)
    session.commit()
    assert balance_minor(books, AccountKind.SUSPENSE) == 0


def test_money_does_not_go_back_by_becoming_final(session: Session, books: Books) -> None:
    (payment_id,) = receive(books, 12_000, reversible_until=UNTIL)
    with pytest.raises(ValueError, match="does not go back by becoming final"):
        _take_back(books, payment_id, to=PaymentState.FINAL)


def test_money_whose_time_to_come_back_is_over_is_final(session: Session, books: Books) -> None:
    made = receive(books, 12_000, 5_000, reversible_until=UNTIL)
    payments.settle(session, made, act=books.act)
    session.commit()
    assert [payments.get(session, one).state for one in made] == ["final", "final"]
    with pytest.raises(IllegalMove, match="is final and cannot become final"):
        payments.settle(session, made, act=books.act)


def _cancel(books: Books, *payment_ids: str, because: str = "read wrongly") -> None:
    payments.cancel(
        books.session, payment_ids, on=date(2026, 11, 20), because=because, act=books.act,
        cause="match.undone",
    )  # fmt: skip


@pytest.mark.parametrize("until", [None, UNTIL])
def test_a_payment_that_was_a_mistake_is_cancelled_and_its_money_waits_again(
    session: Session, books: Books, until: date | None
) -> None:
    kept, wrong = receive(books, 500, 12_000, reversible_until=until)
    _cancel(books, wrong)
    session.commit()
    payment = payments.get(session, wrong)
    assert (payment.state, payment.unallocated_minor) == ("cancelled", 0)
    assert payments.get(session, kept).unallocated_minor == 500
    assert balance_minor(books, AccountKind.UNAPPLIED) == -500
    assert balance_minor(books, AccountKind.SUSPENSE) == 500
    assert _events(session, wrong)[1:] == [("payment.cancelled", {"amount_minor": 12_000, "currency": "EUR"})]
    with pytest.raises(IllegalMove):
        _cancel(books, wrong)


def test_what_is_still_given_stands_in_the_way_of_cancelling(session: Session, books: Books) -> None:
    invoice = books.invoice(12_000)
    given, beside, refunded = receive(books, 12_000, 500, 500)
    allocate(books, (given, invoice.id, 11_000))
    grant(books, invoice, AllocationKind.DISCOUNT, 360, beside_payment_id=beside)
    refunds.request(session, payment_id=refunded, amount_minor=1, reason="paid twice", act=books.act)
    session.commit()
    for payment_id in (given, beside, refunded):
        with pytest.raises(StillAllocated):
            _cancel(books, payment_id)
    with pytest.raises(PaymentNotFound):
        _cancel(books, "pay_00000000000000000000000000")
    with pytest.raises(UnreadableText):
        _cancel(books, given, because=" ")
    standing = [one.id for one in allocations.standing_of(session, [given, beside])]
    allocations.reverse(
        session, standing, because="read wrongly", on=books.act.today, act=books.act, cause="match.undone"
    )
    _cancel(books, given, beside)
    session.commit()
    assert balance_minor(books, AccountKind.SUSPENSE) == 500
    assert invoice.open_minor == 12_000


def test_the_database_refuses_what_the_code_never_does(session: Session, books: Books) -> None:
    (payment_id,) = receive(books, 12_000)
    for change, constraint in (
        ("allocated_minor = 12001", "ck_payments_not_over_allocated"),
        ("allocated_minor = 6000, returned_minor = 6001", "ck_payments_not_over_allocated"),
        ("refunded_minor = -1", "ck_payments_not_over_allocated"),
        ("amount_minor = 0", "ck_payments_amount_positive"),
        ("method = 'barter'", "ck_payments_method"),
    ):
        savepoint = session.begin_nested()
        with pytest.raises(IntegrityError, match=constraint):
            session.execute(text(f"UPDATE payments SET {change} WHERE id = :id"), {"id": payment_id})
        savepoint.rollback()
    session.commit()
