"""Money settles in euro on the days on which T2 is open, and on no others."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.business_days import _closing_days, add_business_days, is_business_day, roll_forward

DATES = st.dates(date(2001, 1, 1), date(2099, 12, 31))


def easter_sunday(year: int) -> date:
    """Easter of the Gregorian calendar (Knuth, The Art of Computer Programming 1.3.2, exercise 14)."""
    golden = year % 19 + 1
    century = year // 100 + 1
    dropped_leap_days = 3 * century // 4 - 12
    moon = (8 * century + 5) // 25 - 5
    sunday = 5 * year // 4 - dropped_leap_days - 10
    epact = (11 * golden + 20 + moon - dropped_leap_days) % 30
    if epact == 24 or (epact == 25 and golden > 11):
        epact += 1
    full_moon = 44 - epact
    if full_moon < 21:
        full_moon += 30
    full_moon += 7 - (sunday + full_moon) % 7
    return date(year, 3, 1) + timedelta(days=full_moon - 1)


def closed(day: date) -> bool:
    """Whether T2 is closed, worked out from the rule alone."""
    from_easter = (day - easter_sunday(day.year)).days
    fixed = {(1, 1), (5, 1), (12, 25), (12, 26)}
    return day.isoweekday() > 5 or (day.month, day.day) in fixed or from_easter in (-2, 1)


def days(first: date, last: date) -> list[date]:
    return [first + timedelta(days=count) for count in range((last - first).days + 1)]


def weekdays_closed(year: int) -> list[date]:
    every = days(date(year, 1, 1), date(year, 12, 31))
    return [day for day in every if day.isoweekday() <= 5 and not is_business_day(day)]


def test_weekdays_without_settlement_in_2026() -> None:
    assert weekdays_closed(2026) == [
        date(2026, 1, 1),
        date(2026, 4, 3),
        date(2026, 4, 6),
        date(2026, 5, 1),
        date(2026, 12, 25),
    ]


def test_weekdays_without_settlement_in_2027() -> None:
    assert weekdays_closed(2027) == [date(2027, 1, 1), date(2027, 3, 26), date(2027, 3, 29)]


def test_every_day_of_a_century_agrees_with_the_rule() -> None:
    every = days(date(2002, 1, 1), date(2100, 12, 31))
    differences = [day for day in every if is_business_day(day) == closed(day)]
    assert differences == []
    assert len(every) == 36_159


def test_no_money_settled_on_the_last_day_before_euro_cash() -> None:
    assert not is_business_day(date(2001, 12, 31))


@pytest.mark.parametrize("day", [date(2026, 10, 3), date(2026, 5, 14), date(2026, 7, 14), date(2026, 12, 24)])
def test_national_holidays_do_not_stop_settlement(day: date) -> None:
    assert is_business_day(day) == (day.isoweekday() <= 5)


@pytest.mark.parametrize(
    ("due", "moved"),
    [
        (date(2026, 4, 2), date(2026, 4, 2)),
        (date(2026, 4, 3), date(2026, 4, 7)),
        (date(2026, 4, 5), date(2026, 4, 7)),
        (date(2026, 5, 1), date(2026, 5, 4)),
        (date(2026, 12, 25), date(2026, 12, 28)),
        (date(2026, 12, 31), date(2026, 12, 31)),
        (date(2027, 1, 1), date(2027, 1, 4)),
        (date(2027, 3, 26), date(2027, 3, 30)),
        (date(2027, 12, 25), date(2027, 12, 27)),
    ],
)
def test_a_due_date_without_settlement_moves_to_the_next_day_with_it(due: date, moved: date) -> None:
    assert roll_forward(due) == moved


@pytest.mark.parametrize(
    ("day", "n", "reached"),
    [
        (date(2026, 4, 2), 1, date(2026, 4, 7)),
        (date(2026, 4, 7), -1, date(2026, 4, 2)),
        (date(2026, 4, 2), 5, date(2026, 4, 13)),
        (date(2026, 12, 24), 1, date(2026, 12, 28)),
        (date(2026, 12, 28), -1, date(2026, 12, 24)),
        (date(2026, 12, 23), 5, date(2026, 12, 31)),
        (date(2026, 12, 31), 1, date(2027, 1, 4)),
        (date(2027, 1, 4), -1, date(2026, 12, 31)),
        (date(2026, 11, 21), 1, date(2026, 11, 23)),
        (date(2026, 11, 21), -1, date(2026, 11, 20)),
        (date(2026, 11, 21), 0, date(2026, 11, 23)),
        (date(2026, 11, 20), 0, date(2026, 11, 20)),
    ],
)
def test_counting_business_days_leaves_out_closed_ones(day: date, n: int, reached: date) -> None:
    assert add_business_days(day, n) == reached


@given(DATES, st.integers(1, 60))
def test_between_a_day_and_its_nth_business_day_lie_exactly_n(day: date, n: int) -> None:
    reached = add_business_days(day, n)
    passed = days(day + timedelta(days=1), reached)
    assert sum(is_business_day(each) for each in passed) == n
    assert is_business_day(reached)


@given(DATES, st.integers(1, 60))
def test_going_forward_and_back_returns_to_the_same_business_day(day: date, n: int) -> None:
    start = roll_forward(day)
    assert add_business_days(add_business_days(start, n), -n) == start


@given(DATES)
def test_a_due_date_never_moves_back_and_never_more_than_four_days(day: date) -> None:
    assert 0 <= (roll_forward(day) - day).days <= 4


def test_threads_that_ask_for_the_same_new_year_all_get_the_whole_calendar() -> None:
    _closing_days.cache_clear()
    christmas = [date(year, 12, 25) for year in range(2001, 2100)]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(is_business_day, [day for day in christmas for _ in range(8)]))
    assert not any(answers)


def test_years_without_a_known_calendar_are_refused() -> None:
    with pytest.raises(ValueError, match="1999"):
        is_business_day(date(1999, 12, 31))
    with pytest.raises(ValueError, match="2101"):
        add_business_days(date(2100, 12, 31), 1)
    with pytest.raises(ValueError, match="1999"):
        add_business_days(date(2000, 1, 3), -1)


def test_an_instant_is_no_bank_date() -> None:
    with pytest.raises(TypeError, match="not an instant"):
        is_business_day(datetime(2026, 12, 25, tzinfo=UTC))
