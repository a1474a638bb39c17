"""What banks do differently: how they report, how they book, and how their files arrive."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from gateway.sandbox import pain002
from ledger.errors import NotFound
from ledger.money import Money

CURRENCY = "EUR"

# What German banks commonly pass on for a returned debit, inside the one booking of the return.
USUAL_RETURN_FEE = Money(300, CURRENCY)
NOTHING = Money(0, CURRENCY)


class UnknownVersion(NotFound):
    """There is no such version of pain.002."""


class Booking(StrEnum):
    """How collections are credited: as BtchBookg asks, a lump per payment block or over several, or one by one."""

    BATCH = "batch"
    SINGLE = "single"
    AS_FILE_SAYS = "as_file_says"
    ACROSS_BLOCKS = "across_blocks"


class Returns(StrEnum):
    """How a day's returns are debited: each on its own, or together with their parts itemised."""

    SINGLE = "single"
    BATCH = "batch"


class Fees(StrEnum):
    """Where the fee of a return stands: inside its booking, in one of its own, or in one a day for all."""

    INSIDE = "inside"
    SEPARATE = "separate"
    DAILY = "daily"


class Reports(StrEnum):
    """What a pain.002 says: nothing ever, the rejected only, the sums, or a status for each collection."""

    NONE = "none"
    NEGATIVES = "negatives"
    SUMMARY = "summary"
    ALL = "all"


class Itemised(StrEnum):
    """Where the parts of a lump credit stand: in the camt.054, in the statement itself, or nowhere."""

    NOTIFICATION = "notification"
    STATEMENT = "statement"
    NEVER = "never"


@dataclass(frozen=True, slots=True, kw_only=True)
class Habits:
    """The habits of one bank.

    With `net_rejects` a lump leaves out what was rejected, else it is gross and the reject is debited the same
    day. `interest` is what a return costs beside `return_fee`, both at least nothing. `twice` is the share of
    files (0 to 1) that come a second time, `out_of_order` lets them arrive in another order than they were made.
    Raises ValueError for amounts below zero and shares outside 0 to 1, UnknownVersion for a report's version.
    """

    booking: Booking = Booking.AS_FILE_SAYS
    itemised: Itemised = Itemised.NOTIFICATION
    net_rejects: bool = False
    returns: Returns = Returns.SINGLE
    fees: Fees = Fees.INSIDE
    return_fee: Money = USUAL_RETURN_FEE
    interest: Money = NOTHING
    reports: Reports = Reports.NEGATIVES
    report_version: str = pain002.FORMAT
    twice: Decimal = Decimal(0)
    out_of_order: bool = False

    def __post_init__(self) -> None:
        if self.return_fee.minor < 0 or self.interest.minor < 0:
            raise ValueError("a fee is not below zero")
        if not 0 <= self.twice <= 1:
            raise ValueError("a share lies between 0 and 1")
        if self.report_version not in pain002.VERSIONS:
            raise UnknownVersion(
                f"There is no {self.report_version[:20]}; the bank reports in "
                f"{min(pain002.VERSIONS)} to {max(pain002.VERSIONS)}.",
                field="report_version",
            )
