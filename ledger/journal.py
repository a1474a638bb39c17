"""Double entry: balanced bookings between the accounts of a creditor, written in bulk and never changed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from sqlalchemy import text
from sqlalchemy.orm import Session

from ledger.acts import Act
from ledger.database import copy_rows
from ledger.errors import Conflict
from ledger.models import AccountKind


class BookedAlready(Conflict):
    """What stands in the journal is not booked again."""


class NotBooked(Conflict):
    """What does not stand in the journal cannot be booked back."""


@dataclass(frozen=True, slots=True)
class Place:
    """One account of the journal, named by what it is for."""

    creditor_id: str
    kind: AccountKind
    currency: str
    bank_account_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Booking:
    """`amount_minor` (above or below zero) moves from the account `credit` to the account `debit`.

    `kind` and `object_id` name what is booked; the pair is booked once, whatever happens.
    """

    kind: str
    object_id: str
    posted_on: date
    debit: Place
    credit: Place
    amount_minor: int


def post(session: Session, bookings: Sequence[Booking], *, act: Act) -> None:
    """Write `bookings`, each as one entry with two postings. Bookings of zero are left out.

    The database refuses an entry that does not sum to zero or whose object was booked before.
    """
    wanted = [booking for booking in bookings if booking.amount_minor]
    if not wanted:
        return
    accounts = _accounts(session, {place for booking in wanted for place in (booking.debit, booking.credit)})
    numbered = list(zip(_reserve(session, len(wanted)), wanted, strict=True))
    copy_rows(
        session,
        "journal_entries",
        ("id", "creditor_id", "posted_on", "kind", "object_id", "created_at"),
        (
            (entry, it.debit.creditor_id, it.posted_on, it.kind, it.object_id, act.at)
            for entry, it in numbered
        ),
    )
    copy_rows(
        session,
        "postings",
        ("entry_id", "account_id", "amount_minor"),
        (
            (entry, accounts[place], amount)
            for entry, it in numbered
            for place, amount in ((it.debit, it.amount_minor), (it.credit, -it.amount_minor))
        ),
    )


def post_in_turn(session: Session, bookings: Sequence[Booking], *, act: Act) -> None:
    """Write bookings that may be booked, booked back, and booked once more.

    The second time the kind is numbered (`fee`, `fee_back`, `fee_2`, `fee_2_back`). Bookings of zero are left out.
    Raises BookedAlready for what stands; nothing is changed then.
    """
    past = _past_turns(session, bookings)
    for one in bookings:
        if past[one.object_id, one.kind] % 2:
            raise BookedAlready(f"{one.kind} of {one.object_id} is booked already.")
    post(session, [_in_turn(one, past[one.object_id, one.kind] // 2 + 1) for one in bookings], act=act)


def post_back(session: Session, bookings: Sequence[Booking], *, act: Act) -> None:
    """Write the opposite of bookings that post_in_turn wrote, each given as it was booked, on the day it goes back.

    Bookings of zero are left out. Raises NotBooked for what does not stand; nothing is changed then.
    """
    wanted = [one for one in bookings if one.amount_minor]
    past = _past_turns(session, wanted)
    back = []
    for one in wanted:
        times = past[one.object_id, one.kind]
        if times % 2 == 0:
            raise NotBooked(f"{one.kind} of {one.object_id} is not booked.")
        stands = _in_turn(one, times // 2 + 1)
        back.append(replace(stands, kind=f"{stands.kind}_back", debit=one.credit, credit=one.debit))
    post(session, back, act=act)


def _in_turn(booking: Booking, turn: int) -> Booking:
    return booking if turn == 1 else replace(booking, kind=f"{booking.kind}_{turn}")


def _past_turns(session: Session, bookings: Sequence[Booking]) -> dict[tuple[str, str], int]:
    """By object and kind, how often it was booked and booked back."""
    past: dict[tuple[str, str], int] = defaultdict(int)
    rows = session.execute(
        text(
            "SELECT object_id, regexp_replace(kind, '(_[0-9]+)?(_back)?$', '') AS kind, count(*) AS times "
            "FROM journal_entries WHERE object_id = ANY(:ids) GROUP BY 1, 2"
        ),
        {"ids": sorted({one.object_id for one in bookings})},
    )
    for row in rows:
        past[row.object_id, row.kind] = row.times
    return past


def balance_minor(session: Session, place: Place) -> int:
    """Debits less credits of one account, in minor units of its currency; zero for one that was never used."""
    found = session.execute(
        text(
            "SELECT coalesce(sum(postings.amount_minor), 0)::bigint FROM postings "
            "JOIN accounts ON accounts.id = postings.account_id "
            "WHERE accounts.creditor_id = :creditor_id AND accounts.kind = :kind "
            "AND accounts.currency = :currency AND coalesce(accounts.bank_account_id, '') = :bank_account_id"
        ),
        {
            "creditor_id": place.creditor_id,
            "kind": str(place.kind),
            "currency": place.currency,
            "bank_account_id": place.bank_account_id or "",
        },
    )
    return int(found.scalar_one())


def _reserve(session: Session, count: int) -> list[int]:
    return list(
        session.scalars(
            text(
                "SELECT nextval(pg_get_serial_sequence('journal_entries', 'id')) "
                "FROM generate_series(1, :count)"
            ),
            {"count": count},
        )
    )


def _accounts(session: Session, places: set[Place]) -> dict[Place, int]:
    """The account number of each place; accounts are opened when they are first used."""
    known = _known(session, places)
    missing = sorted(places - known.keys(), key=str)
    if missing:
        session.execute(
            text(
                "INSERT INTO accounts (creditor_id, kind, currency, bank_account_id) "
                "VALUES (:creditor_id, :kind, :currency, :bank_account_id) ON CONFLICT DO NOTHING"
            ),
            [
                {
                    "creditor_id": place.creditor_id,
                    "kind": str(place.kind),
                    "currency": place.currency,
                    "bank_account_id": place.bank_account_id,
                }
                for place in missing
            ],
        )
        known = _known(session, places)
    return known


def _known(session: Session, places: set[Place]) -> dict[Place, int]:
    rows = session.execute(
        text(
            "SELECT id, creditor_id, kind, currency, bank_account_id FROM accounts "
            "WHERE creditor_id = ANY(:creditors)"
        ),
        {"creditors": sorted({place.creditor_id for place in places})},
    )
    return {
        Place(row.creditor_id, AccountKind(row.kind), row.currency, row.bank_account_id): row.id
        for row in rows
    }
