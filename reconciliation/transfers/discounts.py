"""The early-payment discount of an invoice, and whether a payer who kept it back was in time and took the right one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum

_WHOLE = 10_000  # one hundred percent in hundredths of a percent
_PAYERS_ROUNDING_MINOR = 1  # a payer who rounds each position, or down, comes out one minor unit off


class Verdict(StrEnum):
    """What a payment shows about the discount of its invoice."""

    NONE_TAKEN = "none_taken"
    RIGHT = "right"
    LATE = "late"
    WRONG = "wrong"
    PAID_BEFORE = "paid_before"


@dataclass(frozen=True, slots=True)
class Discount:
    """`amount_minor` may be kept back from `total_minor` by who pays on `last_on` or before."""

    percent: Decimal
    amount_minor: int
    total_minor: int
    last_on: date

    @property
    def pays_minor(self) -> int:
        """What is left to pay by who takes the discount."""
        return self.total_minor - self.amount_minor


@dataclass(frozen=True, slots=True)
class Judgement:
    """The verdict, what was kept back, its percentage to two decimals, and the days after the last day (0: in time)."""

    verdict: Verdict
    taken_minor: int
    percent_taken: Decimal
    days_late: int


def offered(
    *, issued_on: date, total_minor: int, discount_days: int | None, discount_percent: Decimal | None
) -> Discount | None:
    """The discount that an invoice's terms offer; none without terms, or where it comes to nothing.

    The percentage is of the whole total, rounded half up to the minor unit (DIN 1333, commercial rounding: what
    the books of a payer do). The days run from the day of issue; the last of them still counts (BGB 187, 188).
    """
    if discount_days is None or discount_percent is None or total_minor <= 0:
        return None
    amount = (total_minor * int(discount_percent * 100) + _WHOLE // 2) // _WHOLE
    if amount <= 0:
        return None
    last_on = issued_on + timedelta(days=discount_days)
    return Discount(discount_percent, amount, total_minor, last_on)


def days_late(discount: Discount, *, paid_on: date, grace_days: int = 0) -> int:
    """By how many days a payment missed the last day; 0 within `grace_days` of it."""
    late = (paid_on - discount.last_on).days
    return late if late > grace_days else 0


def as_paid(discount: Discount, *, paid_minor: int) -> int | None:
    """The discount as the payer rounded it: at most one minor unit from ours. None for any other amount."""
    taken = discount.total_minor - paid_minor
    if paid_minor <= 0 or taken <= 0 or abs(taken - discount.amount_minor) > _PAYERS_ROUNDING_MINOR:
        return None
    return taken


def judge(
    discount: Discount, *, paid_minor: int, paid_on: date, paid_before_minor: int, grace_days: int = 0
) -> Judgement:
    """Whether what `paid_minor` leaves open of the total is the discount, in time.

    `paid_before_minor` is what earlier payments brought for the invoice: a discount is for who pays in one sum, so
    after an earlier payment none is due. A wrong percentage is said as such even when it also came late.
    """
    taken = max(discount.total_minor - paid_before_minor - paid_minor, 0)
    percent = Decimal((taken * _WHOLE * 2 + discount.total_minor) // (2 * discount.total_minor)) / 100
    late = days_late(discount, paid_on=paid_on, grace_days=grace_days)
    return Judgement(_verdict(discount, taken, paid_minor, paid_before_minor, late), taken, percent, late)


def _verdict(discount: Discount, taken: int, paid_minor: int, paid_before_minor: int, late: int) -> Verdict:
    if taken == 0:
        return Verdict.NONE_TAKEN
    if paid_before_minor:
        return Verdict.PAID_BEFORE
    if as_paid(discount, paid_minor=paid_minor) is None:
        return Verdict.WRONG
    return Verdict.LATE if late else Verdict.RIGHT
