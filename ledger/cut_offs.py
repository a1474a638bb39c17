"""Until when a bank takes a file of direct debits for a collection date, and how far ahead."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from ledger.business_days import add_business_days, is_business_day, roll_forward
from ledger.models import BankAccount

# EPC016-06 and EPC222-07 (2025), section 4.3: the debtor's bank has the collection one T2 day before it is due,
# whatever its sequence type.
_INTERBANK_DAYS = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class CutOff:
    """The cut-off profile of one bank account.

    A file that is there on a T2 day before `time` in `zone` counts as of that day. `extra_days` are T2 days that the
    bank needs beyond the one between the banks; `days_ahead` is how many calendar days ahead it takes a collection.
    """

    time: time
    zone: ZoneInfo
    extra_days: int
    days_ahead: int

    @property
    def lead_days(self) -> int:
        """T2 days between the day on which the bank has the file and the collection."""
        return _INTERBANK_DAYS + self.extra_days


def of(account: BankAccount) -> CutOff:
    """The cut-off profile that an account was opened with."""
    return CutOff(
        time=account.cut_off_time, zone=ZoneInfo(account.cut_off_zone), extra_days=account.cut_off_days,
        days_ahead=account.days_ahead,
    )  # fmt: skip


def earliest(cut_off: CutOff, at: datetime) -> date:
    """The first collection date that a file uploaded at the aware instant `at` can still have."""
    return add_business_days(_counts_as(cut_off, at), cut_off.lead_days)


def latest(cut_off: CutOff, at: datetime) -> date:
    """The last collection date that the bank takes at the aware instant `at`; it may be no T2 day."""
    return at.astimezone(cut_off.zone).date() + timedelta(days=cut_off.days_ahead)


def upload_before(cut_off: CutOff, collect_on: date) -> datetime:
    """The instant, in UTC, before which the bank must have the file of a collection on `collect_on`.

    A collection date that is no T2 day is moved to the next one first.
    """
    day = add_business_days(roll_forward(collect_on), -cut_off.lead_days)
    return datetime.combine(day, cut_off.time, tzinfo=cut_off.zone).astimezone(UTC)


def _counts_as(cut_off: CutOff, at: datetime) -> date:
    """The T2 day as whose a file uploaded at `at` counts."""
    local = at.astimezone(cut_off.zone)
    in_time = is_business_day(local.date()) and local.time() < cut_off.time
    return local.date() if in_time else roll_forward(local.date() + timedelta(days=1))
