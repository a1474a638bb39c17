"""The gate: may this invoice be debited now, and if not, why."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from credit_control import gate
from credit_control.gate import Decision
from ledger import invoices
from ledger.acts import Act
from ledger.models import Invoice
from ledger.states import CollectionStatus
from mandates import returns
from mandates.models import Debit
from mandates.returns import Credit
from tests.factories.books import Books
from tests.factories.collecting import invoice_of, released, schedule, scheduled
from tests.factories.paying import pay

REFUSED = {
    CollectionStatus.COLLECTING: "it is being collected already",
    CollectionStatus.DISPUTED: "the customer disputes it",
    CollectionStatus.PROMISED: "the customer has promised to pay",
    CollectionStatus.IN_PLAN: "it is paid by a plan",
    CollectionStatus.CANCELLED: "it is cancelled",
    CollectionStatus.WRITTEN_OFF: "it is written off",
    CollectionStatus.PAID: "it is paid",
    CollectionStatus.PAID_PROVISIONAL: "it is paid",
}


def decision(session: Session, invoice: Invoice) -> Decision:
    session.flush()
    session.refresh(invoice)
    return gate.may_debit(session, [invoice])[invoice.id]


@pytest.mark.parametrize("status", CollectionStatus)
def test_every_status_of_an_invoice_is_decided_and_a_refusal_says_why(status: CollectionStatus) -> None:
    found = gate.decide(status, [])
    reasons = (REFUSED[status],) if status in REFUSED else ()
    assert found == Decision(allowed=status not in REFUSED, reasons=reasons)


def test_open_invoices_may_be_debited_whether_due_or_not(session: Session, books: Books) -> None:
    overdue, later = books.invoice(), books.invoice(due_on=date(2026, 12, 24))
    assert decision(session, overdue) == decision(session, later) == Decision(allowed=True)
    pay(books, overdue, 2_000)
    assert decision(session, overdue) == Decision(allowed=True)
    pay(books, overdue, 10_000)
    assert decision(session, overdue) == Decision(allowed=False, reasons=("it is paid",))
    session.commit()


def test_a_hold_closes_the_gate_until_it_is_lifted(session: Session, books: Books, act: Act) -> None:
    invoice = books.invoice()
    invoices.hold(session, [invoice.id], CollectionStatus.DISPUTED, act=act, cause="test")
    assert decision(session, invoice).reasons == ("the customer disputes it",)
    invoices.hold(session, [invoice.id], None, act=act, cause="test")
    assert decision(session, invoice).allowed
    session.commit()


def came_back(session: Session, books: Books, debit: Debit, code: str) -> None:
    """The debit goes out, is credited and comes back."""
    released(books)
    credit = Credit(debit=debit, on=books.act.today, decided_by="test", evidence=())
    returns.collect(session, [credit], act=books.act)
    returns.give_back(session, [debit], on=books.act.today, reason_code=code, act=books.act)
    session.flush()
    session.expire_all()


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("AM04", None),
        ("MS03", None),
        ("MD06", "its last debit came back with MD06, the customer asked for a refund"),
        ("AC04", "its last debit came back with AC04, the account is closed"),
        ("MD01", "its last debit came back with MD01, there is no valid mandate"),
    ],
)
def test_how_the_last_debit_ended_decides_whether_another_may_follow(
    session: Session, books: Books, code: str, reason: str | None
) -> None:
    debit = scheduled(books)
    came_back(session, books, debit, code)
    found = decision(session, invoice_of(session, debit))
    assert found == Decision(allowed=reason is None, reasons=(reason,) if reason else ())


def test_after_three_failed_debits_a_person_must_look(session: Session, books: Books) -> None:
    invoice, mandate = books.collectable()
    for failures in (1, 2, 3):
        came_back(session, books, schedule(books, invoice, mandate), "AM04")
        found = decision(session, invoice)
        assert found.allowed is (failures < 3)
    assert found.reasons == ("3 debits of it have failed",)


def test_every_reason_is_given_at_once(session: Session, books: Books) -> None:
    invoice, mandate = books.collectable()
    for code in ("AM04", "AM04", "AC04"):
        came_back(session, books, schedule(books, invoice, mandate), code)
    session.execute(text("UPDATE invoices SET collection_status = 'disputed'"))
    assert decision(session, invoice).reasons == (
        "the customer disputes it",
        "its last debit came back with AC04, the account is closed",
        "3 debits of it have failed",
    )


def test_the_failures_of_one_invoice_do_not_close_the_gate_for_another(
    session: Session, books: Books
) -> None:
    debit = scheduled(books)
    other = books.invoice()
    came_back(session, books, debit, "MD01")
    found = gate.may_debit(session, [invoice_of(session, debit), other])
    assert {invoice_id: one.allowed for invoice_id, one in found.items()} == {
        debit.invoice_id: False, other.id: True,
    }  # fmt: skip
    assert gate.may_debit(session, []) == {}
