"""Days agreed with a customer, and the first date they allow: one day before and after, across the holidays."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.business_days import is_business_day
from mandates.notice_promises import Promise, first_date

DUE = date(2026, 12, 1)

# day of the notice, days agreed, first date of the debit
FIRST_DATES = [
    # Easter 2027: Good Friday 26 March, Easter Monday 29 March.
    ("2027-03-11", 14, "2027-03-25"),  # Maundy Thursday
    ("2027-03-12", 14, "2027-03-30"),  # would be Good Friday
    ("2027-03-15", 14, "2027-03-30"),  # would be Easter Monday
    ("2027-03-16", 14, "2027-03-30"),
    ("2027-03-17", 14, "2027-03-31"),
    ("2027-03-24", 1, "2027-03-25"),
    ("2027-03-25", 1, "2027-03-30"),
    ("2027-03-29", 1, "2027-03-30"),
    ("2027-03-30", 1, "2027-03-31"),
    ("2027-03-25", 0, "2027-03-25"),
    ("2027-03-26", 0, "2027-03-30"),
    # Christmas 2026: Friday 25 and Saturday 26 December; 24 December is a bank day.
    ("2026-12-10", 14, "2026-12-24"),
    ("2026-12-11", 14, "2026-12-28"),
    ("2026-12-14", 14, "2026-12-28"),
    ("2026-12-15", 14, "2026-12-29"),
    ("2026-12-23", 1, "2026-12-24"),
    ("2026-12-24", 1, "2026-12-28"),
    ("2026-12-27", 1, "2026-12-28"),
    ("2026-12-28", 1, "2026-12-29"),
    ("2026-12-24", 0, "2026-12-24"),
    ("2026-12-25", 0, "2026-12-28"),
    # New Year 2027: Friday 1 January.
    ("2026-12-17", 14, "2026-12-31"),
    ("2026-12-18", 14, "2027-01-04"),
    ("2026-12-21", 14, "2027-01-04"),
    ("2026-12-22", 14, "2027-01-05"),
    ("2026-12-30", 1, "2026-12-31"),
    ("2026-12-31", 1, "2027-01-04"),
    ("2026-12-31", 0, "2026-12-31"),
    ("2027-01-01", 0, "2027-01-04"),
    # Labour Day 2026: Friday 1 May.
    ("2026-04-16", 14, "2026-04-30"),
    ("2026-04-17", 14, "2026-05-04"),
]  # fmt: skip


@pytest.mark.parametrize(("today", "days", "expected"), FIRST_DATES)
def test_the_first_date_keeps_the_days_and_is_a_bank_day(today: str, days: int, expected: str) -> None:
    assert first_date(date.fromisoformat(today), days) == date.fromisoformat(expected)


@given(st.dates(date(2020, 1, 1), date(2090, 1, 1)), st.integers(0, 90))
def test_no_earlier_bank_day_keeps_the_days(today: date, days: int) -> None:
    first = first_date(today, days)
    assert is_business_day(first)
    assert first - timedelta(days=days) >= today
    between = (first - today).days - days
    assert not any(is_business_day(first - timedelta(days=back)) for back in range(1, between + 1))


def promise(days: int | None = 14, invoiced_on: date | None = date(2026, 11, 16)) -> Promise:
    return Promise(days=days, invoiced_on=invoiced_on, invoiced_for=DUE, invoiced_minor=12_000)


def kept(promise: Promise, *, on: date = DUE, minor: int = 12_000, today: date = date(2026, 11, 18)) -> bool:
    return promise.kept_by_invoice(on, minor, today=today)


def test_an_invoice_mailed_in_time_announces_its_debit_on_the_due_date() -> None:
    assert kept(promise())
    assert kept(promise(invoiced_on=date(2026, 11, 17)))
    assert kept(promise(1, date(2026, 11, 30)), today=date(2026, 11, 30))
    assert kept(promise(0, DUE), today=DUE)


def test_an_invoice_mailed_a_day_too_late_does_not() -> None:
    assert not kept(promise(invoiced_on=date(2026, 11, 18)))
    assert not kept(promise(1, DUE), today=DUE)


def test_an_invoice_that_will_be_mailed_tomorrow_has_announced_nothing() -> None:
    assert not kept(promise(invoiced_on=date(2026, 11, 17)), today=date(2026, 11, 16))
    assert not kept(promise(invoiced_on=None))


def test_another_day_or_more_money_needs_a_notice_of_its_own() -> None:
    assert not kept(promise(), on=date(2026, 12, 2))
    assert not kept(promise(), on=date(2026, 11, 30))
    assert not kept(promise(), minor=12_001)
    assert kept(promise(), minor=11_999)


def test_without_an_invoice_mail_the_days_are_waited_for() -> None:
    today = date(2026, 11, 18)
    for days, expected in ((14, date(2026, 12, 2)), (1, date(2026, 11, 19)), (0, date(2026, 11, 18))):
        assert promise(days, None).first(today, 12_000, today=today) == expected
    assert promise(14, None).first(date(2026, 12, 5), 12_000, today=today) == date(2026, 12, 7)


def test_with_one_in_time_the_due_date_itself_is_possible() -> None:
    today = date(2026, 11, 25)
    assert promise().first(DUE, 12_000, today=today) == DUE
    assert promise().first(date(2026, 12, 2), 12_000, today=today) == date(2026, 12, 9)
    assert promise().first(DUE, 12_001, today=today) == date(2026, 12, 9)


def test_what_the_erp_announces_waits_for_nothing() -> None:
    assert promise(None, None).first(date(2026, 11, 21), 12_000, today=date(2026, 11, 18)) == date(
        2026, 11, 23
    )
    assert not kept(promise(None))
