"""The only place that reads the clock."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from ledger.acts import Act


def now() -> datetime:
    """This instant, in UTC."""
    return datetime.now(UTC)


def act_of(actor: str, time_zone: str) -> Act:
    """A deed of `actor` done now; its bank date is today's date in `time_zone`."""
    instant = now()
    return Act(actor=actor, at=instant, today=instant.astimezone(ZoneInfo(time_zone)).date())
