"""An early-payment discount: how much, until when, and what a payment shows about it."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciliation.transfers.discounts import Discount, Verdict, as_paid, days_late, judge, offered

ISSUED = date(2026, 3, 2)


def _offered(total_minor: int = 100_000, days: int | None = 10, percent: str | None = "2") -> Discount | None:
    return offered(
        issued_on=ISSUED,
        total_minor=total_minor,
        discount_days=days,
        discount_percent=None if percent is None else Decimal(percent),
    )


def _discount(total_minor: int = 100_000, percent: str = "2") -> Discount:
    discount = _offered(total_minor, 10, percent)
    assert discount is not None
    return discount


@pytest.mark.parametrize(
    ("total_minor", "percent", "amount_minor"),
    [
        (100_000, "2", 2_000),
        (11_900, "3", 357),
        (12_345, "2", 247),  # 246.90
        (12_325, "2", 247),  # 246.50: half a cent goes up
        (12_324, "2", 246),  # 246.48
        (1_999, "2.5", 50),  # 49.975
        (10_000, "0.01", 1),
        (1_000_000_001, "12.34", 123_400_000),
        (50, "1", 1),  # half a cent
    ],
)
def test_the_discount_is_rounded_half_up_to_the_cent(
    total_minor: int, percent: str, amount_minor: int
) -> None:
    discount = _discount(total_minor, percent)
    assert discount.amount_minor == amount_minor
    assert discount.pays_minor == total_minor - amount_minor


@pytest.mark.parametrize(
    ("total_minor", "days", "percent"),
    [
        (100_000, None, "2"),
        (100_000, 10, None),
        (100_000, None, None),
        (100_000, 10, "0"),
        (49, 10, "1"),  # comes to less than half a cent
        (0, 10, "2"),
        (-100_000, 10, "2"),  # a credit note
    ],
)
def test_without_terms_or_without_an_amount_there_is_no_discount(
    total_minor: int, days: int | None, percent: str | None
) -> None:
    assert _offered(total_minor, days, percent) is None


@pytest.mark.parametrize(
    ("days", "last_on"),
    [(0, ISSUED), (10, date(2026, 3, 12)), (14, date(2026, 3, 16)), (30, date(2026, 4, 1))],
)
def test_the_days_run_from_the_day_of_issue(days: int, last_on: date) -> None:
    discount = _offered(days=days)
    assert discount is not None
    assert discount.last_on == last_on


@pytest.mark.parametrize(
    ("paid_on", "grace_days", "late"),
    [
        (date(2026, 3, 2), 0, 0),
        (date(2026, 3, 12), 0, 0),
        (date(2026, 3, 13), 0, 1),
        (date(2026, 3, 13), 1, 0),
        (date(2026, 3, 15), 3, 0),
        (date(2026, 3, 16), 3, 4),
    ],
)
def test_the_last_day_still_counts_and_grace_is_added_to_it(
    paid_on: date, grace_days: int, late: int
) -> None:
    assert days_late(_discount(), paid_on=paid_on, grace_days=grace_days) == late


@pytest.mark.parametrize(
    ("paid_minor", "taken"),
    [
        (98_000, 2_000),
        (98_001, 1_999),
        (97_999, 2_001),
        (98_002, None),
        (97_998, None),
        (100_000, None),
        (0, None),
    ],
)
def test_a_payer_may_round_one_cent_otherwise(paid_minor: int, taken: int | None) -> None:
    assert as_paid(_discount(), paid_minor=paid_minor) == taken


def test_a_discount_of_one_cent_is_not_met_by_paying_all() -> None:
    assert as_paid(_discount(50, "1"), paid_minor=50) is None


@pytest.mark.parametrize(
    ("paid_minor", "paid_on", "before", "verdict", "percent", "late"),
    [
        (98_000, date(2026, 3, 12), 0, Verdict.RIGHT, "2", 0),
        (98_001, date(2026, 3, 12), 0, Verdict.RIGHT, "2", 0),
        (98_000, date(2026, 3, 13), 0, Verdict.LATE, "2", 1),
        (98_000, date(2026, 4, 12), 0, Verdict.LATE, "2", 31),
        (97_000, date(2026, 3, 5), 0, Verdict.WRONG, "3", 0),
        (97_000, date(2026, 3, 14), 0, Verdict.WRONG, "3", 2),
        (99_500, date(2026, 3, 5), 0, Verdict.WRONG, "0.5", 0),
        (100_000, date(2026, 3, 5), 0, Verdict.NONE_TAKEN, "0", 0),
        (100_500, date(2026, 3, 5), 0, Verdict.NONE_TAKEN, "0", 0),
        (48_000, date(2026, 3, 5), 50_000, Verdict.PAID_BEFORE, "2", 0),
        (50_000, date(2026, 3, 5), 50_000, Verdict.NONE_TAKEN, "0", 0),
    ],
)
def test_a_payment_shows_whether_the_discount_was_taken_rightly(
    paid_minor: int, paid_on: date, before: int, verdict: Verdict, percent: str, late: int
) -> None:
    seen = judge(_discount(), paid_minor=paid_minor, paid_on=paid_on, paid_before_minor=before)
    assert (seen.verdict, seen.percent_taken, seen.days_late) == (verdict, Decimal(percent), late)


def test_grace_makes_a_late_discount_right() -> None:
    paid_on = date(2026, 3, 14)
    seen = judge(_discount(), paid_minor=98_000, paid_on=paid_on, paid_before_minor=0, grace_days=2)
    assert seen.verdict is Verdict.RIGHT


@given(st.integers(1, 10**14), st.decimals("0.01", "99.99", places=2))
def test_a_discount_is_within_half_a_minor_unit_of_its_percentage(total_minor: int, percent: Decimal) -> None:
    discount = _offered(total_minor, 10, str(percent))
    exact = total_minor * int(percent * 100)
    amount = 0 if discount is None else discount.amount_minor
    assert -5_000 <= exact - amount * 10_000 < 5_000
