"""Money on statements that no customer's business is: fees, interest, transfers between accounts, payouts and more."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from types import MappingProxyType

from sqlalchemy.orm import Session

from ledger import journal
from ledger.acts import Act
from ledger.journal import Booking, Place
from ledger.models import AccountKind


class OtherKind(StrEnum):
    """What such money is."""

    FEE = "fee"
    INTEREST = "interest"
    TRANSFER = "transfer"
    PAYOUT = "payout"
    TAX = "tax"
    SALARY = "salary"
    OTHER = "other"


ACCOUNTS: Mapping[str, AccountKind] = MappingProxyType(
    {
        OtherKind.FEE: AccountKind.FEE,
        OtherKind.INTEREST: AccountKind.INTEREST,
        OtherKind.TRANSFER: AccountKind.TRANSFER_CLEARING,
        OtherKind.PAYOUT: AccountKind.PAYOUT_CLEARING,
        OtherKind.TAX: AccountKind.OTHER,
        OtherKind.SALARY: AccountKind.OTHER,
        OtherKind.OTHER: AccountKind.OTHER,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherMoney:
    """A part of a statement line, signed as the line: below zero where money went out.

    `kind` is one of OtherKind or a word equal to one; `object_id` the line, or the match that says so; `on` the day
    of the booking.
    """

    kind: str
    creditor_id: str
    currency: str
    amount_minor: int
    object_id: str
    on: date


def book(session: Session, found: Sequence[OtherMoney], *, act: Act) -> None:
    """Move each part from suspense to its account, those of one object and kind in one sum.

    An object is booked once for each kind, and again only after it was unbooked. Raises BookedAlready, or ValueError
    for a kind that is none of OtherKind; nothing is changed then.
    """
    journal.post_in_turn(session, _bookings(found), act=act)


def unbook(session: Session, found: Sequence[OtherMoney], *, act: Act) -> None:
    """Move parts back to suspense, as they were booked before; `on` is the day of the way back.

    Raises NotBooked, or ValueError as `book` does; nothing is changed then.
    """
    journal.post_back(session, _bookings(found), act=act)


def _bookings(found: Iterable[OtherMoney]) -> list[Booking]:
    sums: defaultdict[tuple[str, str, str, str, date], int] = defaultdict(int)
    for one in found:
        kind = OtherKind(one.kind)
        sums[one.object_id, kind, one.creditor_id, one.currency, one.on] += one.amount_minor
    return [
        Booking(
            kind=kind, object_id=object_id, posted_on=on, debit=Place(creditor_id, ACCOUNTS[kind], currency),
            credit=Place(creditor_id, AccountKind.SUSPENSE, currency), amount_minor=-amount,
        )
        for (object_id, kind, creditor_id, currency, on), amount in sums.items()
    ]  # fmt: skip
