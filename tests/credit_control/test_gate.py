"""The gate: may this invoice be debited now, and if not, why."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from credit_control import gate
from credit_control.gate import Decision, Facts, Failure
from ledger import customers, invoices
from ledger.acts import Act
from ledger.customers import NotStopped
from ledger.models import Customer, Invoice
from ledger.states import CollectionStatus
from mandates import amending, returns, reversals, suspending, terms
from mandates.amending import Changes
from mandates.models import Debit
from mandates.payback_models import ReversalReason
from mandates.reason_codes import NextStep
from mandates.returns import Credit
from reconciliation import by_hand
from tests.factories.books import Books, debtor_iban
from tests.factories.collecting import days_later, events, invoice_of, refused, released, schedule, scheduled
from tests.factories.paying import pay, received
from tests.factories.paying_back import collected, free, reversed_at_bank

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
    return gate.may_debit(session, [invoice], following_up=True)[invoice.id]


@pytest.mark.parametrize("status", CollectionStatus)
def test_every_status_of_an_invoice_is_decided_and_a_refusal_says_why(status: CollectionStatus) -> None:
    found = gate.decide(Facts(status=status))
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


@pytest.mark.parametrize("step", NextStep)
@pytest.mark.parametrize("mandate_id", [None, "mnd_1", "mnd_2"])
@pytest.mark.parametrize("mended", [False, True])
def test_every_step_is_decided_and_what_lay_in_one_mandate_leaves_another_free(
    step: NextStep, mandate_id: str | None, mended: bool
) -> None:
    failed = (Failure("XX99", step, "mnd_1", mended),)
    found = gate.decide(Facts(status=CollectionStatus.OVERDUE, failed=failed, mandate_id=mandate_id))
    about_the_mandate = step in (NextStep.DATA, NextStep.STOP, NextStep.END)
    assert found.allowed is (
        step == NextStep.RETRY or (about_the_mandate and (mended or mandate_id == "mnd_2"))
    )


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("AM04", None),
        ("MS03", None),
        ("MD06", "its last debit came back with MD06, the customer asked for a refund"),
        ("AC01", "its last debit came back with AC01, the account number is wrong"),
        ("AC04", "its last debit came back with AC04, the account is closed"),
        ("MD01", "its last debit came back with MD01, there is no valid mandate"),
        ("AM05", "its last debit came back with AM05, the bank takes it for a duplicate"),
        ("XX99", "its last debit came back with XX99, the bank gave a reason that is not in the table"),
    ],
)
def test_how_the_last_debit_ended_decides_whether_another_may_follow(
    session: Session, books: Books, code: str, reason: str | None
) -> None:
    debit = scheduled(books)
    came_back(session, books, debit, code)
    found = decision(session, invoice_of(session, debit))
    disputed = ("the customer disputes it",) if code == "MD06" else ()
    assert found == Decision(allowed=reason is None, reasons=(*disputed, *((reason,) if reason else ())))


@pytest.mark.parametrize(
    ("most_retries", "words"), [(0, "a debit of it has failed"), (2, "3 debits of it have failed")]
)
def test_after_as_many_failed_debits_as_the_creditor_allows_a_person_must_look(
    session: Session, books: Books, act: Act, most_retries: int, words: str
) -> None:
    terms.change(session, books.creditor.id, most_retries=most_retries, most_failures=20, act=act)
    invoice, mandate = books.collectable()
    for failures in range(1, most_retries + 2):
        came_back(session, books, schedule(books, invoice, mandate), "AM04")
        found = decision(session, invoice)
        assert found.allowed is (failures <= most_retries)
    assert found.reasons == (words,)


def test_what_a_person_has_cleared_speaks_against_nothing_any_more(
    session: Session, books: Books, act: Act
) -> None:
    terms.change(session, books.creditor.id, most_failures=20, act=act)
    invoice, mandate = books.collectable()
    for _ in range(3):
        came_back(session, books, last := schedule(books, invoice, mandate), "AM04")
    last.cleared_at = act.at
    assert decision(session, invoice).allowed
    came_back(session, books, schedule(books, invoice, mandate), "AM05")
    assert not decision(session, invoice).allowed


def test_after_a_failure_money_that_waits_for_its_invoice_is_looked_at_before_another_debit(
    session: Session, books: Books
) -> None:
    debit = scheduled(books, 12_000)
    came_back(session, books, debit, "AM04")
    invoice = invoice_of(session, debit)
    untouched = books.invoice(500, customer=session.get_one(Customer, invoice.customer_id))
    by_hand.record_payment(
        session, line_id=received(books, 12_000).id, customer_id=invoice.customer_id, shares=[], act=books.act
    )
    assert decision(session, invoice).reasons == ("money of the customer waits to be given to an invoice",)
    assert decision(session, untouched).allowed


def test_a_resumed_mandate_may_be_used_again(session: Session, books: Books, act: Act) -> None:
    debit = scheduled(books)
    came_back(session, books, debit, "AC06")
    assert not decision(session, invoice_of(session, debit)).allowed
    suspending.resume(session, debit.mandate_id, reason="The account is free again.", act=act)
    assert decision(session, invoice_of(session, debit)).allowed


def test_a_failure_from_before_steps_were_taken_down_is_not_mended_by_an_active_mandate(
    session: Session, books: Books, act: Act
) -> None:
    """Before the upgrade a return on a closed account left its mandate active."""
    debit = scheduled(books)
    came_back(session, books, debit, "AC04")
    session.execute(text("UPDATE debits SET next_step = NULL, failed_on = NULL"))
    suspending.resume(session, debit.mandate_id, reason="as it was then", act=act)
    assert not decision(session, invoice_of(session, debit)).allowed


def test_data_amended_after_the_failure_open_the_gate_and_earlier_ones_do_not(
    session: Session, books: Books, act: Act
) -> None:
    debit = scheduled(books)

    def amend(later: Act, **changes: str) -> None:
        amending.amend(session, debit.mandate_id, Changes(**changes), reason="typing error", act=later)

    amend(act, iban=debtor_iban(1))
    came_back(session, books, debit, "AC01")
    assert not decision(session, invoice_of(session, debit)).allowed
    amend(days_later(act, 1), debtor_name="Erika Anders")  # the account that was wrong is the same
    assert not decision(session, invoice_of(session, debit)).allowed
    amend(days_later(act, 1), iban=debtor_iban(2))
    assert decision(session, invoice_of(session, debit)).allowed


def test_nothing_is_debited_by_itself_from_a_stopped_customer(
    session: Session, books: Books, act: Act
) -> None:
    invoice, _ = books.collectable()
    customers.stop_automatic(session, [invoice.customer_id], because="asked us to", act=act)
    assert decision(session, invoice).reasons == (
        "nothing of this customer happens by itself: asked us to",
    )  # fmt: skip
    customers.resume_automatic(session, invoice.customer_id, reason="talked", act=act)
    assert decision(session, invoice).allowed
    session.commit()
    assert events(session, invoice.customer_id) == [
        "customer.automatic_stopped", "customer.automatic_resumed",
    ]  # fmt: skip
    with refused(session, NotStopped, "customer_id"):
        customers.resume_automatic(session, invoice.customer_id, reason="again", act=act)


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


@pytest.mark.parametrize("reason", ReversalReason)
def test_what_we_give_back_ourselves_is_not_debited_again_by_itself(
    session: Session, books: Books, act: Act, reason: ReversalReason
) -> None:
    _, (debit,) = collected(books, 12_000)
    invoice = invoice_of(session, debit)
    free(books, debit)
    assert decision(session, invoice) == Decision(allowed=True)
    payback, _ = reversed_at_bank(books, [debit], reason=reason)
    assert decision(session, invoice) == Decision(
        allowed=False, reasons=("a debit of it is being given back",)
    )
    (ordered,) = reversals.of_payback(session, payback.id)
    reversals.book(session, [ordered], on=date(2026, 11, 20), act=act)
    session.flush()
    (why,) = decision(session, invoice).reasons
    assert why.startswith(f"its last debit came back with {reason}, ")
    session.rollback()
