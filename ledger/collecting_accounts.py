"""How direct debits go to the bank of an account: its cut-off, how far ahead, and how a file for it is written."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields, replace
from datetime import time
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlalchemy.orm import Session

from ledger import audit
from ledger.acts import Act
from ledger.errors import Rejected
from ledger.models import BankAccount


class CollectingRejected(Rejected):
    """Something of how an account collects cannot be meant."""


# How files for a bank are written; exporters.pain008 has what each of them means.
FILE_PROFILES = ("pain.008.001.08", "pain.008.001.02")
CHARACTER_PROFILES = ("latin", "german", "french")


@dataclass(frozen=True, slots=True, kw_only=True)
class Collecting:
    """How direct debits go to the bank of an account (ledger.cut_offs, exporters.pain008).

    The bank has a file before `cut_off_time` in `cut_off_zone`, `cut_off_days` T2 days earlier than the rulebooks
    ask, and at most `days_ahead` calendar days before the collection.
    """

    cut_off_time: time = time(14)
    cut_off_zone: str = "Europe/Berlin"
    cut_off_days: int = 0
    days_ahead: int = 14
    file_profile: str = FILE_PROFILES[0]
    character_profile: str = CHARACTER_PROFILES[0]


def sound(collecting: Collecting) -> Collecting:
    """`collecting` itself; raises CollectingRejected, naming the field, for what cannot be meant."""
    ranges = {"cut_off_days": (0, 10), "days_ahead": (2, 365)}
    for name, (least, most) in ranges.items():
        if not least <= getattr(collecting, name) <= most:
            raise CollectingRejected(f"This lies between {least} and {most}.", field=name)
    try:
        ZoneInfo(collecting.cut_off_zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise CollectingRejected(
            "There is no such time zone. One is written like Europe/Berlin.", field="cut_off_zone"
        ) from None
    if collecting.cut_off_time.tzinfo is not None:
        raise CollectingRejected("The zone of a cut-off is told apart from its time.", field="cut_off_time")
    for name, known in (("file_profile", FILE_PROFILES), ("character_profile", CHARACTER_PROFILES)):
        if getattr(collecting, name) not in known:
            raise CollectingRejected(f"This is one of {', '.join(known)}.", field=name)
    return collecting


def change(
    session: Session, account: BankAccount, *, batch_booking: bool | None = None, act: Act, **collecting: Any
) -> BankAccount:
    """Change how direct debits go to the bank of an account: any of the fields of Collecting, and the booking.

    Raises CollectingRejected naming the field. Batches drafted before stay as they are.
    """
    before = Collecting(**{one.name: getattr(account, one.name) for one in fields(Collecting)})
    after = sound(replace(before, **collecting))
    changed = {name: [str(getattr(before, name)), str(value)] for name, value in asdict(after).items()}
    changed = {name: both for name, both in changed.items() if both[0] != both[1]}
    for name, value in asdict(after).items():
        setattr(account, name, value)
    if batch_booking is not None and batch_booking != account.batch_booking:
        account.batch_booking = batch_booking
        changed["batch_booking"] = [str(not batch_booking), str(batch_booking)]
    if changed:
        account.version += 1
        session.flush()
        audit.record(session, "bank_account.changed", account.id, act=act, changes=changed)
    return account
