"""The days on which T2 settles euro payments, and how to move between them."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from functools import lru_cache

import holidays

# Today's closing days hold from 2000 on; in 1999 the system kept others. Easter is tabled to the end of 2100.
FIRST_YEAR = 2000
LAST_YEAR = 2100

_ONE_DAY = timedelta(days=1)
_FRIDAY = 4


@lru_cache(maxsize=256)
def _closing_days(year: int) -> frozenset[date]:
    """The closing days of `year` that have a name, at weekends too: the calendar of the ECB.

    A year is worked out whole before anybody sees it, because threads may ask for it at the same time.
    """
    return frozenset(holidays.financial_holidays("ECB", years=year, expand=False))


def is_business_day(day: date) -> bool:
    """Whether T2, the settlement system of the euro, is open on `day`.

    It is closed at weekends, on 1 January, Good Friday, Easter Monday, 1 May, 25 and 26 December. National
    holidays do not matter for settlement. Raises ValueError outside of 2000 to 2100, and TypeError for an
    instant: it lies on different dates in different places.
    """
    if isinstance(day, datetime):
        raise TypeError("a bank date is wanted, not an instant")
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise ValueError(f"the T2 calendar is known from {FIRST_YEAR} to {LAST_YEAR}, not in {day.year}")
    return day.weekday() <= _FRIDAY and day not in _closing_days(day.year)


def roll_forward(day: date) -> date:
    """`day` itself when it is a business day, else the first one after it: how SEPA moves a due date."""
    while not is_business_day(day):
        day += _ONE_DAY
    return day


def add_business_days(day: date, n: int) -> date:
    """The `n`-th business day after `day`, or before it when `n` is negative; `day` itself never counts.

    So one business day after a Saturday is Monday, and one before it is Friday. With `n` = 0 the day is
    rolled forward.
    """
    if n == 0:
        return roll_forward(day)
    step = _ONE_DAY if n > 0 else -_ONE_DAY
    for _ in range(abs(n)):
        day += step
        while not is_business_day(day):
            day += step
    return day
