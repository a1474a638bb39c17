"""Failed debits followed up: tried again on a day that bank and notice allow, bounded, each once; or left with words.

Payments come out of suspense, where a statement puts them first; without one these tests are not committed.
"""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from sqlalchemy.orm import Session

from credit_control import collecting, follow_ups
from credit_control.collecting import GateSaysNo
from credit_control.follow_ups import ClearedAlready, NotFailed, TriedAgainAlready
from ledger import credit_notes, customers
from ledger.acts import Act
from ledger.credit_notes import CreditNoteFacts
from ledger.models import Customer
from mandates import amending, cancelling, debits, suspending, terms
from mandates.amending import Changes
from mandates.collectable import MandateNotActive
from mandates.debits import DebitNotFound
from mandates.models import AnnouncedBy, Debit, Mandate, MandateType
from reconciliation import by_hand
from tests.factories.books import Books, debtor_iban
from tests.factories.collecting import (
    days_later,
    invoice_of,
    on,
    refused,
    released,
    reload,
    schedule,
    scheduled,
)
from tests.factories.failing import RETURNED, came_back, collect, give_back, told
from tests.factories.paying import pay, received

EASTER = date(2027, 3, 24)  # the Wednesday before; Good Friday to Easter Monday are no T2 days


def follow(books: Books, *, day: date = RETURNED) -> follow_ups.FollowUpReport:
    report = follow_ups.follow_up(books.session, act=on(books.act, day))
    books.session.flush()
    books.session.expire_all()
    return report


def retry_of(session: Session, debit: Debit) -> Debit:
    return session.query(Debit).filter(Debit.retry_of == debit.id).one()


def test_a_debit_without_cover_is_tried_again_some_days_later_on_the_same_mandate(
    session: Session, books: Books
) -> None:
    debit = scheduled(books, 12_000)
    came_back(books, debit, code="AM04")
    report = follow(books)
    again = retry_of(session, debit)
    assert report.retried == {debit.id: again.id}
    assert (again.mandate_id, again.amount_minor, again.attempt, again.state) == (
        debit.mandate_id, 12_000, 2, "scheduled",
    )  # fmt: skip
    # Tuesday 24 November and five days are a Sunday: it is collected on Monday.
    assert (again.collect_on, again.wished_on) == (date(2026, 11, 30), date(2026, 11, 30))
    assert debit.followed_up == f"Tried again as {again.id}."
    said = told(session, again.id)
    assert (said["retry_of"], said["attempt"], said["collect_on"]) == (debit.id, 2, "2026-11-30")
    assert invoice_of(session, debit).collection_status == "collecting"
    assert follow(books).looked_at == 0


@pytest.mark.parametrize(
    ("failed_on", "after_days", "collect_on"),
    [
        (date(2026, 12, 18), 5, date(2026, 12, 23)),  # the day before Christmas Eve is a bank day
        (date(2026, 12, 20), 5, date(2026, 12, 28)),  # Christmas Day rolls over Boxing Day and the weekend
        (date(2026, 12, 27), 5, date(2027, 1, 4)),  # New Year is a Friday
        (EASTER, 1, date(2027, 3, 25)),  # Maundy Thursday
        (EASTER, 2, date(2027, 3, 30)),  # Good Friday rolls to the Tuesday after Easter
        (EASTER, 6, date(2027, 3, 30)),
        (date(2027, 4, 26), 5, date(2027, 5, 3)),  # the first of May is a Saturday
    ],
)
def test_the_new_date_is_a_bank_day_across_the_feasts(
    session: Session, books: Books, act: Act, failed_on: date, after_days: int, collect_on: date
) -> None:
    terms.change(session, books.creditor.id, retry_after_days=after_days, act=act)
    debit = scheduled(books)
    came_back(books, debit, code="AM04", day=failed_on)
    follow(books, day=failed_on)
    assert retry_of(session, debit).collect_on == collect_on


def test_a_retry_that_is_late_takes_the_first_day_the_bank_still_takes(
    session: Session, books: Books
) -> None:
    debit = scheduled(books)
    came_back(books, debit, code="AM04")
    follow(books, day=date(2026, 12, 7))
    again = retry_of(session, debit)
    assert (again.wished_on, again.collect_on) == (date(2026, 11, 30), date(2026, 12, 8))
    assert again.moved_because == "it is the first day that a file sent now can have"


def test_a_retry_is_announced_like_any_other_debit(session: Session, books: Books, act: Act) -> None:
    debit = scheduled(books)
    came_back(books, debit, code="AM04")
    terms.change(session, books.creditor.id, announced_by=AnnouncedBy.DUECOURSE, notice_days=14, act=act)
    follow(books)
    again = retry_of(session, debit)
    assert again.collect_on == RETURNED + timedelta(days=14)
    assert again.moved_because == "the customer is told 14 days before"


def test_nothing_is_collected_before_maturity_even_when_it_is_tried_again(
    session: Session, books: Books, act: Act
) -> None:
    debit = scheduled(books, due_on=date(2026, 12, 15), collect_on=date(2026, 11, 19))
    came_back(books, debit, code="AM04")
    terms.change(session, books.creditor.id, not_before_due=True, act=act)
    follow(books)
    assert retry_of(session, debit).collect_on == date(2026, 12, 15)


def test_what_is_open_by_then_is_collected(session: Session, books: Books) -> None:
    debit = scheduled(books, 12_000)
    came_back(books, debit, code="AM04")
    pay(books, invoice_of(session, debit), 2_000)
    follow(books)
    assert retry_of(session, debit).amount_minor == 10_000


@pytest.mark.parametrize("most", [0, 1, 3])
def test_retries_are_bounded_by_the_creditors_terms(
    session: Session, books: Books, act: Act, most: int
) -> None:
    terms.change(session, books.creditor.id, most_retries=most, most_failures=20, act=act)
    debit = scheduled(books)
    for attempt in range(1, most + 2):
        assert debit.attempt == attempt
        came_back(books, debit, code="AM04", day=RETURNED)
        report = follow(books)
        if attempt <= most:
            debit = retry_of(session, debit)
            books.act = on(books.act, debit.collect_on)
    assert list(report.left) == [debit.id]
    assert "failed" in str(debit.followed_up)
    assert session.query(Debit).count() == most + 1


def test_a_masked_reason_is_tried_again_once_and_never_twice(session: Session, books: Books) -> None:
    debit = scheduled(books)
    came_back(books, debit, code="MS03")
    follow(books)
    again = retry_of(session, debit)
    came_back(books, again, code="MS03")
    assert follow(books).looked_at == 0
    assert (again.next_step, session.query(Debit).count()) == ("stop", 2)


@pytest.mark.parametrize(
    "code", ["AC01", "AC04", "MD01", "MD06", "MD07", "MS02", "AM05", "FF01", "XX99", None]
)
def test_nothing_else_is_tried_again_by_itself(session: Session, books: Books, code: str | None) -> None:
    debit = scheduled(books)
    came_back(books, debit, code=code)
    assert follow(books).looked_at == 0
    assert follow(books, day=date(2027, 6, 1)).looked_at == 0
    assert session.query(Debit).count() == 1


def test_wrong_data_are_tried_again_once_they_were_amended(session: Session, books: Books, act: Act) -> None:
    debit = scheduled(books)
    came_back(books, debit, code="AC01")
    assert follow(books).looked_at == 0
    mended = on(act, date(2026, 11, 27))
    amending.amend(session, debit.mandate_id, Changes(iban=debtor_iban(1)), reason="typing error", act=mended)
    report = follow(books, day=date(2026, 11, 27))
    assert list(report.retried) == [debit.id]
    assert retry_of(session, debit).collect_on == date(2026, 11, 30)


def test_a_retry_is_left_with_the_reason_when_something_speaks_against_it(
    session: Session, books: Books, act: Act
) -> None:
    paid, stopped, gone, suspended, once = (scheduled(books) for _ in range(5))
    session.get_one(Mandate, once.mandate_id).type = MandateType.ONE_OFF
    came_back(books, paid, stopped, gone, suspended, once, code="AM04")
    pay(books, invoice_of(session, paid), 12_000)
    customers.stop_automatic(session, [invoice_of(session, stopped).customer_id], because="asked", act=act)
    cancelling.cancel(session, gone.mandate_id, reason="moved", act=act)
    suspending.suspend(session, suspended.mandate_id, reason="asked", act=act)
    report = follow(books)
    assert report.retried == {}
    assert report.left[paid.id] == "it is paid"
    assert report.left[stopped.id] == "nothing of this customer happens by itself: asked"
    assert "is cancelled; only an active one can be debited" in report.left[gone.id]
    assert "is suspended; only an active one can be debited" in report.left[suspended.id]
    assert "is consumed; only an active one can be debited" in report.left[once.id]
    assert {one.followed_up for one in (paid, stopped)} == {
        f"Not tried again: {report.left[one.id]}." for one in (paid, stopped)
    }
    assert follow(books).looked_at == 0


def test_money_that_waits_for_its_invoice_stops_a_retry(session: Session, books: Books) -> None:
    debit = scheduled(books, 12_000)
    came_back(books, debit, code="AM04")
    by_hand.record_payment(
        session, line_id=received(books, 12_000).id, customer_id=invoice_of(session, debit).customer_id,
        shares=[], act=books.act,
    )  # fmt: skip
    report = follow(books)
    assert report.left == {debit.id: "money of the customer waits to be given to an invoice"}


def test_a_credit_note_that_waits_stops_a_retry_of_its_customer_only(session: Session, books: Books) -> None:
    debit, other = scheduled(books, 12_000), scheduled(books, 500)
    came_back(books, debit, other, code="AM04")
    facts = CreditNoteFacts(
        creditor_id=books.creditor.id, customer_id=invoice_of(session, debit).customer_id, number="GS-1",
        currency="EUR", total_minor=2_000, issued_on=RETURNED,
    )  # fmt: skip
    credit_notes.issue(session, facts, act=books.act)
    report = follow(books)
    assert (list(report.left), list(report.retried)) == ([debit.id], [other.id])


def test_many_failures_are_followed_up_in_chunks(session: Session, books: Books) -> None:
    failed = [scheduled(books, 100 + number) for number in range(7)]
    came_back(books, *failed, code="AM04")
    looked_at = []
    while (done := follow_ups.follow_up(session, act=on(books.act, RETURNED), limit=3)).looked_at:
        looked_at.append(done.looked_at)
    assert looked_at == [3, 3, 1]
    assert session.query(Debit).filter(Debit.retry_of.is_not(None)).count() == 7


def test_a_person_has_a_disputed_debit_tried_again_and_the_dispute_is_over(
    session: Session, books: Books, act: Act
) -> None:
    debit = scheduled(books)
    came_back(books, debit, code="MD06")
    assert invoice_of(session, debit).collection_status == "disputed"
    again = follow_ups.retry(session, debit.id, because="It was a mistake of hers.", act=on(act, RETURNED))
    assert (again.retry_of, again.attempt, again.state) == (debit.id, 1, "scheduled")
    assert invoice_of(session, debit).collection_status == "collecting"
    assert debit.followed_up == "Cleared by a person: It was a mistake of hers."
    with refused(session, ClearedAlready, "debit_id"):
        follow_ups.retry(session, debit.id, because="again", act=on(act, RETURNED))


def test_a_person_tries_again_on_another_mandate_when_the_old_one_is_over(
    session: Session, books: Books, act: Act
) -> None:
    debit = scheduled(books)
    came_back(books, debit, code="AC04")
    with refused(session, MandateNotActive, "mandate_id"):
        follow_ups.retry(session, debit.id, because="new account", act=on(act, RETURNED))
    customer = session.get_one(Customer, invoice_of(session, debit).customer_id)
    new = books.mandate(customer)
    again = follow_ups.retry(session, debit.id, because="new account", act=on(act, RETURNED))
    assert again.mandate_id == new.id


def test_a_person_cannot_overrule_a_stop_of_everything_without_lifting_it(
    session: Session, books: Books, act: Act
) -> None:
    debit = scheduled(books)
    came_back(books, debit, code="MD07")
    customer = session.get_one(Customer, invoice_of(session, debit).customer_id)
    books.mandate(customer)
    later = on(act, RETURNED)
    with refused(session, GateSaysNo, "invoice_id"):
        follow_ups.retry(session, debit.id, because="the heirs agree", act=later)
    customers.resume_automatic(session, customer.id, reason="the heirs agree", act=later)
    assert follow_ups.retry(session, debit.id, because="the heirs agree", act=later).state == "scheduled"


def test_only_a_failed_debit_is_cleared_and_only_once(session: Session, books: Books, act: Act) -> None:
    debit, sound = scheduled(books), scheduled(books)
    came_back(books, debit, code="FF01")
    with refused(session, NotFailed, "debit_id"):
        follow_ups.clear(session, sound.id, because="what for", act=act)
    with refused(session, DebitNotFound, "debit_id"):
        follow_ups.clear(session, "deb_nobody", because="who", act=act)
    follow_ups.clear(session, debit.id, because="the file is mended", act=act)
    with refused(session, ClearedAlready, "debit_id"):
        follow_ups.clear(session, debit.id, because="again", act=act)


def test_a_retry_that_was_cancelled_leaves_room_for_one_by_a_person(
    session: Session, books: Books, act: Act
) -> None:
    debit = scheduled(books)
    came_back(books, debit, code="AM04")
    follow(books)
    first = retry_of(session, debit)
    debits.cancel(session, first.id, reason="the customer asked to wait", act=on(act, RETURNED))
    second = follow_ups.retry(session, debit.id, because="now", act=days_later(act, 10))
    reload(session, first)
    assert (first.state, second.state, second.retry_of) == ("cancelled", "scheduled", debit.id)


def test_a_settled_debit_claimed_back_after_a_year_is_not_tried_again(session: Session, books: Books) -> None:
    debit = scheduled(books)
    released(books)
    collect(books, debit)
    give_back(books, debit, code="MD01", day=date(2027, 11, 2))
    assert follow(books, day=date(2027, 11, 3)).looked_at == 0


def test_one_failure_of_many_on_one_invoice_does_not_hinder_another_invoice(
    session: Session, books: Books
) -> None:
    customer = books.customer()
    mandate = books.mandate(customer)
    first = schedule(books, books.invoice(100, customer=customer), mandate)
    other = schedule(books, books.invoice(200, customer=customer), mandate)
    came_back(books, first, other, code="AM04")
    assert set(follow(books).retried) == {first.id, other.id}


def test_what_is_to_be_tried_again_is_not_collected_by_the_nightly_run_before(
    session: Session, books: Books
) -> None:
    debit = scheduled(books)
    came_back(books, debit, code="AM04")
    act = on(books.act, RETURNED)
    early = collecting.collect_due(session, creditor_id=books.creditor.id, due_until=RETURNED, act=act)
    again = follow_ups.follow_up(session, act=act).retried[debit.id]
    made = debits.get(session, again)
    assert early.debit_ids == []
    assert list(early.refused.values()) == ["its last debit failed and is about to be tried again"]
    assert (made.retry_of, made.attempt, made.collect_on) == (debit.id, 2, date(2026, 11, 30))
    session.rollback()


def test_a_failure_that_was_tried_again_names_its_second_try(session: Session, books: Books) -> None:
    debit = scheduled(books)
    came_back(books, debit, code="AM04")
    again = follow_ups.follow_up(session, act=on(books.act, RETURNED)).retried[debit.id]
    with refused(session, TriedAgainAlready, "debit_id") as caught:
        follow_ups.retry(session, debit.id, because="the customer called", act=on(books.act, RETURNED))
    session.rollback()
    assert again in caught.value.message
