"""On which day an invoice is collected: the bank's cut-off, the notice to the customer, and maturity."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import pytest
from sqlalchemy.orm import Session

from ledger import collecting_accounts
from ledger.acts import Act
from mandates import debits, terms
from mandates.collectable import Wish
from mandates.dating import DateImpossible
from mandates.models import AnnouncedBy, Debit
from tests.factories.books import Books
from tests.factories.collecting import drafted, on, refused, schedule, scheduled


def at(text: str) -> Act:
    """Somebody at a moment of Berlin's winter time."""
    moment = datetime.fromisoformat(text + "+01:00").astimezone(UTC)
    return Act(actor="treasury", at=moment, today=date.fromisoformat(text[:10]))


def collected_on(books: Books, act: Act, *, due_on: date, wish: date | None = None) -> Debit:
    books.act = act
    invoice, mandate = books.collectable(due_on=due_on)
    return schedule(books, invoice, mandate, collect_on=wish)


@pytest.mark.parametrize(
    ("now", "first"),
    [
        ("2026-11-18T13:59", "2026-11-19"),
        ("2026-11-18T14:00", "2026-11-20"),
        ("2026-11-20T14:00", "2026-11-24"),
        ("2026-12-23T13:59", "2026-12-24"),
        ("2026-12-23T14:00", "2026-12-28"),
        ("2026-12-31T13:59", "2027-01-04"),
        ("2027-03-25T13:59", "2027-03-30"),  # Maundy Thursday
        ("2027-03-25T14:00", "2027-03-31"),
    ],
)
def test_what_is_due_is_collected_on_the_first_day_the_banks_cut_off_allows(
    session: Session, books: Books, now: str, first: str
) -> None:
    debit = collected_on(books, at(now), due_on=date(2026, 11, 1))
    session.commit()
    assert debit.collect_on.isoformat() == first
    assert (debit.wished_on, debit.moved_because) == (
        date(2026, 11, 1), "it is the first day that a file sent now can have",
    )  # fmt: skip


def test_a_debit_of_today_is_impossible_however_early_it_is(session: Session, books: Books) -> None:
    early = at("2026-11-18T00:01")
    with refused(session, DateImpossible, "collect_on") as caught:
        collected_on(books, early, due_on=early.today, wish=early.today)
    assert caught.value.message == "The first possible collection date is 2026-11-19."


def test_a_bank_that_needs_more_days_gets_them(session: Session, books: Books, act: Act) -> None:
    collecting_accounts.change(session, books.account, cut_off_time=time(8, 30), cut_off_days=2, act=act)
    assert scheduled(books).collect_on == date(2026, 11, 24)  # nine o'clock is too late, then three T2 days
    session.commit()


@pytest.mark.parametrize(
    ("days", "today", "first"),
    [
        (14, "2026-11-18", "2026-12-02"),
        (14, "2026-12-10", "2026-12-24"),
        (14, "2026-12-11", "2026-12-28"),  # 25 December, then the 26th and a Sunday
        (14, "2026-12-18", "2027-01-04"),  # New Year
        (14, "2027-03-11", "2027-03-25"),
        (14, "2027-03-12", "2027-03-30"),  # Good Friday to Easter Monday
        (1, "2026-11-18", "2026-11-19"),
        (0, "2026-11-18", "2026-11-19"),  # the bank's own day is the later one
    ],
)
def test_the_customer_is_told_as_many_days_before_as_was_agreed(
    session: Session, books: Books, days: int, today: str, first: str
) -> None:
    told = at(f"{today}T09:00")
    terms.change(session, books.creditor.id, announced_by=AnnouncedBy.DUECOURSE, notice_days=days, act=told)
    books.act = told
    customer = books.customer(email="erika@example.org")
    invoice, mandate = books.invoice(customer=customer, due_on=told.today), books.mandate(customer)
    if days == 14:
        with refused(session, DateImpossible, "collect_on") as caught:
            schedule(books, invoice, mandate, collect_on=date.fromisoformat(first) - timedelta(days=6))
        assert (
            f"told 14 days before, so the first possible collection date is {first}" in caught.value.message
        )
    debit = schedule(books, invoice, mandate)
    session.commit()
    assert debit.collect_on.isoformat() == first
    assert (debit.moved_because == "the customer is told 14 days before") is (days == 14)


def test_no_debit_before_maturity_is_a_choice_of_the_creditor(
    session: Session, books: Books, act: Act
) -> None:
    invoice, mandate = books.collectable(due_on=date(2026, 12, 1))
    terms.change(session, books.creditor.id, not_before_due=True, act=act)
    with refused(session, DateImpossible, "collect_on") as caught:
        schedule(books, invoice, mandate, collect_on=date(2026, 11, 30))
    assert "due on 2026-12-01" in caught.value.message
    terms.change(session, books.creditor.id, not_before_due=False, act=act)
    assert schedule(books, invoice, mandate, collect_on=date(2026, 11, 30)).collect_on == date(2026, 11, 30)
    session.commit()


def test_a_date_that_is_no_bank_day_rolls_forward_and_says_so(session: Session, books: Books) -> None:
    debit = scheduled(books, collect_on=date(2026, 12, 25))
    session.commit()
    assert (debit.collect_on, debit.wished_on) == (date(2026, 12, 28), date(2026, 12, 25))
    assert debit.moved_because == "2026-12-25 is no T2 business day"


def test_a_draft_takes_what_the_bank_takes_by_now_and_leaves_the_rest(
    session: Session, books: Books, act: Act
) -> None:
    last = scheduled(books, 100, collect_on=date(2026, 12, 2))  # fourteen days ahead
    beyond = scheduled(books, 200, collect_on=date(2026, 12, 3))
    batch = drafted(books, collect_until=date(2026, 12, 31))
    session.commit()
    assert (batch.total_minor, last.state, beyond.state) == (100, "batched", "scheduled")
    books.act = on(act, date(2026, 11, 19))
    assert drafted(books).total_minor == 200


def test_a_missed_cut_off_keeps_the_day_that_was_wished_for(session: Session, books: Books, act: Act) -> None:
    debit = scheduled(books, collect_on=date(2026, 11, 20))
    books.act = at("2026-11-19T14:00")
    drafted(books)
    session.commit()
    assert (debit.collect_on, debit.wished_on) == (date(2026, 11, 23), date(2026, 11, 20))
    assert debit.moved_because == "the cut-off of the day before it had passed"


def test_the_account_named_decides_about_the_dates(session: Session, books: Books, act: Act) -> None:
    from ledger import creditors
    from ledger.collecting_accounts import Collecting

    slow = creditors.open_bank_account(
        session, creditor_id=books.creditor.id, name="Slow", iban="DE02500105170137075030",
        collecting=Collecting(cut_off_days=3), act=act,
    )  # fmt: skip
    invoice, mandate = books.collectable()
    wish = Wish(invoice_id=invoice.id, mandate_id=mandate.id)
    (outcome,) = debits.schedule_many(session, [wish], act=act, bank_account_id=slow.id)
    session.commit()
    assert debits.get(session, str(outcome.debit_id)).collect_on == date(2026, 11, 24)
