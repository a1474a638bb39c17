"""What a failed debit does at once to its mandate, its invoice and its customer, by its reason code.

Payments come out of suspense, where a statement puts them first; without one these tests are not committed.
"""

from __future__ import annotations

import pytest
from sqlalchemy.orm import Session

from ledger import allocations
from ledger.acts import Act
from ledger.models import Customer
from mandates import batches, failures, lifecycle, reason_policies, returns, suspending, terms
from mandates.failures import JOB
from mandates.models import Debit, Mandate, MandateType
from mandates.reason_codes import BY_CODE, NextStep, Use
from mandates.releasing import MandateGone
from tests.factories.books import Books
from tests.factories.collecting import (
    approved,
    days_later,
    invoice_of,
    on,
    refused,
    release,
    released,
    reload,
    schedule,
    scheduled,
    second,
)
from tests.factories.failing import RETURNED, came_back, collect, give_back, pending, queued, told

MANDATES = {
    NextStep.RETRY: "active",
    NextStep.DATA: "active",
    NextStep.STOP: "suspended",
    NextStep.END: "cancelled",
    NextStep.DISPUTE: "active",
    NextStep.OPERATIONS: "active",
}


def mandate_of(session: Session, debit: Debit) -> Mandate:
    mandate = session.get_one(Mandate, debit.mandate_id)
    session.refresh(mandate)
    return mandate


@pytest.mark.parametrize("code", [code for code, row in BY_CODE.items() if row.source.startswith("EPC")])
def test_every_code_of_the_guidance_does_to_mandate_and_invoice_what_its_step_says(
    session: Session, books: Books, code: str
) -> None:
    row = BY_CODE[code]
    debit = scheduled(books, 12_000)
    came_back(books, debit, code=code)
    invoice = invoice_of(session, debit)
    assert (debit.failed_on, debit.next_step, debit.reason_code) == (RETURNED, row.step, code)
    assert mandate_of(session, debit).state == MANDATES[row.step]
    assert mandate_of(session, debit).failures_in_a_row == int(row.blames_account)
    assert (invoice.open_minor, invoice.hold) == (12_000, "disputed" if row.objects else None)
    assert invoice.collection_status == ("disputed" if row.objects else "overdue")
    said = told(session, debit.id)
    assert (said["next_step"], said["reason"]) == (row.step, row.meaning)
    assert code in str(said["why"])
    assert queued(session, JOB) == (row.step == NextStep.RETRY)
    waits = row.step in (NextStep.RETRY, NextStep.DATA)
    assert (debit.followed_up_at is None) is waits
    assert debit.followed_up == (None if waits else said["what_happens"])
    assert (session.get_one(Customer, invoice.customer_id).automatic_stopped_at is not None) is row.deceased


@pytest.mark.parametrize("code", ["NARR", "XX99", None])
def test_what_nobody_knows_waits_for_a_person_and_is_not_called_a_dispute(
    session: Session, books: Books, code: str | None
) -> None:
    debit = scheduled(books)
    came_back(books, debit, code=code)
    assert (debit.next_step, debit.reason_code) == ("dispute", code)
    assert invoice_of(session, debit).collection_status == "overdue"
    assert mandate_of(session, debit).failures_in_a_row == 0


def test_a_suspended_mandate_loses_what_is_scheduled_on_it_and_tells_so(
    session: Session, books: Books
) -> None:
    debit = scheduled(books)
    other = books.invoice(500, customer=session.get_one(Customer, invoice_of(session, debit).customer_id))
    released(books)
    waiting = schedule(books, other, mandate_of(session, debit))
    collect(books, debit)
    give_back(books, debit, code="AC04")
    reload(session, waiting)
    assert (waiting.state, other.collection_status) == ("cancelled", "overdue")
    assert pending(session, debit.mandate_id)[-1] == "mandate.suspended"
    events = [event.type for event in session.info["events"]]
    assert events.index("debit.returned") < events.index("mandate.suspended")


def test_a_batch_with_a_debit_on_a_suspended_mandate_can_no_longer_be_released(
    session: Session, books: Books, act: Act
) -> None:
    debit = scheduled(books)
    released(books)
    customer = session.get_one(Customer, invoice_of(session, debit).customer_id)
    second_one = schedule(books, books.invoice(500, customer=customer), mandate_of(session, debit))
    batch = approved(books)
    collect(books, debit)
    give_back(books, debit, code="SL01")
    with refused(session, MandateGone):
        release(session, batch.id, act=second(act))
    batches.discard(session, batch.id, reason="mandate suspended", act=act)
    reload(session, second_one)
    assert second_one.state == "cancelled"
    with refused(session, batches.NothingToCollect, "creditor_id"):
        batches.draft(session, creditor_id=books.creditor.id, act=act)


def test_a_mandate_that_is_over_already_stays_as_it_is(session: Session, books: Books, act: Act) -> None:
    once = books.customer()
    consumed = schedule(books, books.invoice(customer=once), books.mandate(once, type=MandateType.ONE_OFF))
    cancelled, suspended = scheduled(books), scheduled(books)
    released(books)
    collect(books, consumed, cancelled, suspended)
    lifecycle.cancel(session, cancelled.mandate_id, reason="moved", act=act)
    suspending.suspend(session, suspended.mandate_id, reason="asked for", act=act)
    give_back(books, consumed, cancelled, suspended, code="AC04")
    states = [mandate_of(session, one).state for one in (consumed, cancelled, suspended)]
    assert states == ["consumed", "cancelled", "suspended"]


def test_a_claim_without_mandate_ends_even_a_suspended_one(session: Session, books: Books, act: Act) -> None:
    debit = scheduled(books)
    released(books)
    collect(books, debit)
    suspending.suspend(session, debit.mandate_id, reason="asked for", act=act)
    give_back(books, debit, code="MD01")
    assert mandate_of(session, debit).state == "cancelled"
    assert pending(session, debit.mandate_id)[-2:] == ["mandate.suspended", "mandate.cancelled"]


def test_failures_in_a_row_suspend_the_mandate_and_the_event_says_why(session: Session, books: Books) -> None:
    invoice, mandate = books.collectable()
    for failed in (1, 2, 3):
        debit = schedule(books, invoice, mandate)
        came_back(books, debit, code="AM04")
        session.refresh(mandate)
        assert mandate.failures_in_a_row == failed
        assert mandate.state == ("active" if failed < 3 else "suspended")
    assert (debit.next_step, told(session, debit.id)["next_step"]) == ("stop", "stop")
    assert "3 debits in a row" in str(told(session, debit.id)["why"])


def test_an_objection_that_is_one_failure_too_many_is_disputed_and_suspends(
    session: Session, books: Books, act: Act
) -> None:
    terms.change(session, books.creditor.id, most_failures=1, act=act)
    debit = scheduled(books)
    came_back(books, debit, code="MS02")
    assert (debit.next_step, mandate_of(session, debit).state) == ("dispute", "suspended")
    assert invoice_of(session, debit).hold == "disputed"
    assert str(told(session, debit.id)["what_happens"]).endswith("The mandate is suspended.")


def test_what_is_our_own_fault_suspends_no_mandate_however_often(session: Session, books: Books) -> None:
    invoice, mandate = books.collectable()
    for _ in range(4):
        came_back(books, schedule(books, invoice, mandate), code="FF01")
    session.refresh(mandate)
    assert (mandate.state, mandate.failures_in_a_row) == ("active", 0)


def test_a_masked_reason_is_tried_again_once_and_then_the_mandate_rests(
    session: Session, books: Books
) -> None:
    invoice, mandate = books.collectable()
    steps = []
    for _ in range(2):
        debit = schedule(books, invoice, mandate)
        came_back(books, debit, code="MS03")
        steps.append(debit.next_step)
    assert steps == ["retry", "stop"]
    assert mandate_of(session, debit).state == "suspended"
    assert "tried again once, in vain" in str(told(session, debit.id)["why"])


def test_a_masked_reason_after_another_one_is_still_tried_once(session: Session, books: Books) -> None:
    invoice, mandate = books.collectable()
    came_back(books, schedule(books, invoice, mandate), code="AM04")
    debit = schedule(books, invoice, mandate)
    came_back(books, debit, code="MS03")
    assert debit.next_step == "retry"


def test_money_that_stays_forgives_the_failures_before_it_and_not_those_after(
    session: Session, books: Books, act: Act
) -> None:
    customer = books.customer()
    mandate = books.mandate(customer)
    first, good, last = [
        schedule(books, books.invoice(100 + number, customer=customer), mandate) for number in range(3)
    ]
    released(books)
    collect(books, first, good, last)
    give_back(books, first, code="AM04")
    give_back(books, last, code="AM04")
    session.refresh(mandate)
    assert mandate.failures_in_a_row == 2
    assert returns.settle(session, act=days_later(act, 100)) == 1
    session.refresh(mandate)
    assert mandate.failures_in_a_row == 1


def test_a_death_stops_everything_of_the_customer(session: Session, books: Books, act: Act) -> None:
    customer = books.customer()
    mandate, other = books.mandate(customer), books.mandate(customer)
    debit = schedule(books, books.invoice(900, customer=customer), mandate)
    released(books)
    waiting = schedule(books, books.invoice(300, customer=customer), other)
    stranger = scheduled(books)
    collect(books, debit)
    give_back(books, debit, code="MD07")
    reload(session, mandate, other, waiting, customer, stranger)
    assert (mandate.state, other.state) == ("cancelled", "suspended")
    assert (waiting.state, stranger.state) == ("cancelled", "scheduled")
    assert customer.automatic_stopped_at == on(act, RETURNED).at
    assert customer.automatic_stopped_because == "MD07: the account holder has died"
    assert pending(session, customer.id) == ["customer.automatic_stopped"]
    assert queued(session, JOB) == 0


def test_another_debit_of_a_disputed_invoice_is_cancelled_while_it_waits(
    session: Session, books: Books, act: Act
) -> None:
    invoice, mandate = books.collectable(12_000)
    debit = schedule(books, invoice, mandate)
    released(books)
    collect(books, debit)
    # A part of the money went elsewhere, so that a second debit collects that part while the first may come back.
    (standing,) = allocations.standing_of(session, [str(debit.payment_id)])
    allocations.reverse(session, [standing.id], because="mistake", on=act.today, act=act, cause="test")
    waiting = schedule(books, invoice, mandate)
    give_back(books, debit, code="MD06")
    reload(session, waiting, invoice)
    assert (waiting.state, invoice.hold, invoice.collection_status) == ("cancelled", "disputed", "disputed")


def test_a_debit_that_is_in_a_batch_already_keeps_its_disputed_invoice_as_collecting(
    session: Session, books: Books, act: Act
) -> None:
    invoice, mandate = books.collectable(12_000)
    debit = schedule(books, invoice, mandate)
    released(books)
    collect(books, debit)
    (standing,) = allocations.standing_of(session, [str(debit.payment_id)])
    allocations.reverse(session, [standing.id], because="mistake", on=act.today, act=act, cause="test")
    schedule(books, invoice, mandate)
    approved(books)
    give_back(books, debit, code="MD06")
    session.refresh(invoice)
    assert (invoice.hold, invoice.collection_status) == ("collecting", "collecting")


def test_a_creditor_may_choose_another_step_and_the_event_says_so(
    session: Session, books: Books, act: Act
) -> None:
    reason_policies.choose(session, books.creditor.id, "AC06", NextStep.RETRY, act=act)
    reason_policies.choose(session, books.creditor.id, "XX99", NextStep.STOP, act=act)
    blocked, strange = scheduled(books), scheduled(books)
    released(books)
    collect(books, blocked, strange)
    give_back(books, blocked, code="AC06")
    give_back(books, strange, code="XX99")
    assert (blocked.next_step, mandate_of(session, blocked).state) == ("retry", "active")
    assert (strange.next_step, mandate_of(session, strange).state) == ("stop", "suspended")
    assert "the creditor chose this step" in str(told(session, blocked.id)["why"])


def test_many_debits_fail_together_each_with_its_own_consequence(session: Session, books: Books) -> None:
    customer = books.customer()
    shared = books.mandate(customer)
    debits = [schedule(books, books.invoice(100 + n, customer=customer), shared) for n in range(3)]
    debits.append(scheduled(books))
    came_back(books, *debits, code="AM04")
    assert [debit.next_step for debit in debits] == ["retry", "retry", "stop", "retry"]
    assert mandate_of(session, debits[0]).state == "suspended"
    failures.note(session, [], on=RETURNED, reason_code="AM04", act=books.act)


def test_codes_of_refunds_are_those_the_table_names() -> None:
    assert {code for code, row in BY_CODE.items() if row.used_in == (Use.REFUND,)} == {"MD06"}
