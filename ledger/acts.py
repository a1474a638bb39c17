"""Who does something, and when: given to every domain function that changes the books."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime


@dataclass(frozen=True, slots=True)
class Act:
    """One deed: `actor` is an API key's id, a user or a named job; `at` an aware instant; `today` the bank date.

    Only the roof makes Acts, because only the roof reads the clock; replays and tests make their own.
    Raises ValueError for an instant without a time zone.
    """

    actor: str
    at: datetime
    today: date

    def __post_init__(self) -> None:
        if self.at.utcoffset() is None:
            raise ValueError("the instant of an act needs a time zone")
