"""What comes back by itself: how often, for which reasons, and after how many days, drawn by a seed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from random import Random
from typing import TypeVar

from exporters.pain008.message import Scheme
from gateway.sandbox.kinds import ALLOWED, LAST_RETURN_DAY, USES, Kind
from ledger.business_days import add_business_days

_T = TypeVar("_T")

# A refund reaches the creditor up to two T2 days after the debtor's bank has accepted the claim.
_REFUND_TRANSIT_DAYS = 2

# Calendar days after the debit in which the debtor claims a refund: 8 weeks without a reason; then, for
# what was never authorised (MD01), up to 13 months (EPC016-06).
_REFUND_DAYS = (1, 56)
_UNAUTHORISED_REFUND_DAYS = (57, 390)

# Invented weights: only their order is meant to be lifelike. Want of funds comes first, then the banks'
# cover-all reason, then refunds and closed accounts; in the business scheme, mandates the bank does not have.
_SEEDED_REASONS: Mapping[Scheme, Mapping[str, int]] = {
    Scheme.CORE: {
        "AM04": 46,
        "MS03": 20,
        "MD06": 14,
        "AC04": 7,
        "AC01": 4,
        "MS02": 4,
        "AC06": 2,
        "MD01": 1,
        "MD07": 1,
        "SL01": 1,
    },
    Scheme.B2B: {"AM04": 40, "MD01": 25, "MS03": 20, "AC04": 10, "SL01": 5},
}
_SEEDED_KINDS: Mapping[Kind, int] = {Kind.RETURN: 80, Kind.LATE_RETURN: 10, Kind.REJECT: 10}

# Weights of the first, second ... T2 day after settlement, invented like those above: what a machine sees on
# the account comes back at once, want of funds when the day's last try has failed, what people decide later.
_DAY_WEIGHTS = (30, 40, 20, 7, 3)
_AT_ONCE = (80, 15, 3, 1, 1)
_BY_PEOPLE = (5, 15, 30, 30, 20)
_DAY_WEIGHTS_OF: Mapping[str, tuple[int, ...]] = {
    **dict.fromkeys(("AC01", "AC04", "AC06", "AC13", "AG01", "RC01", "SL01"), _AT_ONCE),
    **dict.fromkeys(("BE05", "MD01", "MD07", "MS02", "RR04", "FOCR"), _BY_PEOPLE),
}

# A share of collections that comes back at many creditors; what a caller without figures of its own may use.
USUAL_RETURN_RATE = Decimal("0.02")


def drawn(scheme: Scheme, chance: Random, return_rate: Decimal) -> tuple[Kind, str | None]:
    """Whether one collection comes back, how and why; `return_rate` is the share that does."""
    if Decimal(chance.random()) >= return_rate:
        return Kind.PAID, None
    reason = _weighted(chance, _SEEDED_REASONS[scheme])
    usual = next(kind for kind in USES[reason] if kind in ALLOWED[scheme])
    return (usual if usual is Kind.REFUND else _weighted(chance, _SEEDED_KINDS)), reason


def _weighted(chance: Random, weights: Mapping[_T, int]) -> _T:
    return chance.choices(tuple(weights), tuple(weights.values()))[0]


def comes_back_on(
    kind: Kind, reason: str | None, *, scheme: Scheme, settled_on: date, chance: Random
) -> date:
    """The T2 day on which a collection settled on `settled_on` is booked back; that day itself when it is paid."""
    last = LAST_RETURN_DAY[scheme]
    match kind:
        case Kind.LATE_RETURN:
            return add_business_days(settled_on, last)
        case Kind.RETURN:
            weights = _DAY_WEIGHTS_OF.get(reason or "", _DAY_WEIGHTS)
            (days,) = chance.choices(range(1, last + 1), weights[:last])
            return add_business_days(settled_on, days)
        case Kind.REFUND:
            first, latest = _UNAUTHORISED_REFUND_DAYS if reason == "MD01" else _REFUND_DAYS
            claimed_on = settled_on + timedelta(days=chance.randint(first, latest))
            return add_business_days(claimed_on, _REFUND_TRANSIT_DAYS)
        case _:
            return settled_on
