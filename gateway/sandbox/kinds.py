"""The ways in which the money of a direct debit comes back, and which reason codes each of them knows."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from exporters.pain008.message import Scheme


class Kind(StrEnum):
    """When the money comes back: never, before settlement, in days, on the last day allowed, weeks later."""

    PAID = "paid"
    REJECT = "reject"
    RETURN = "return"
    LATE_RETURN = "late_return"
    REFUND = "refund"


class Level(StrEnum):
    """What a reject names: one collection, its payment block, or the whole file."""

    TRANSACTION = "transaction"
    BLOCK = "block"
    FILE = "file"


_RETURNS = (Kind.RETURN, Kind.LATE_RETURN)

# What each reason code may be used for: EPC173-14 version 8.0, guidance on reason codes of direct debits.
# The first use that the scheme allows is meant when an outcome names only the code.
_SETTLED_OR_NOT = (
    *("AC01", "AC04", "AC06", "AC13", "AG01", "AG02", "AM04", "AM05", "BE05"),
    *("MD07", "MS02", "MS03", "RC01", "RR01", "RR02", "RR03", "RR04", "SL01"),
)
_NEVER_SETTLED = (
    *("BE01", "BE04", "BE07", "CNOR", "CURR", "CUST", "DNOR"),
    *("DT01", "DUPL", "ED05", "FF01", "FF05", "MD02", "TM01"),
)
USES: Mapping[str, tuple[Kind, ...]] = {
    **dict.fromkeys(_SETTLED_OR_NOT, (*_RETURNS, Kind.REJECT)),
    **dict.fromkeys(_NEVER_SETTLED, (Kind.REJECT,)),
    "FOCR": _RETURNS,
    "MD01": (Kind.REFUND, *_RETURNS, Kind.REJECT),
    "MD06": (Kind.REFUND,),
}

# The business scheme has no refund of an authorised collection (EPC222-07); want of a mandate is a return.
ALLOWED: Mapping[Scheme, frozenset[Kind]] = {
    Scheme.CORE: frozenset(Kind),
    Scheme.B2B: frozenset(Kind) - {Kind.REFUND},
}

# Last day of a return in T2 days after settlement (EPC016-06 and EPC222-07, rulebooks of 2025).
LAST_RETURN_DAY: Mapping[Scheme, int] = {Scheme.CORE: 5, Scheme.B2B: 3}
