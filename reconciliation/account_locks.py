"""The locks of the accounts that one import writes to: held to its end, and taken in one order by everybody."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.orm import Session

from reconciliation import booking


class OutOfOrder(Exception):
    """Another import holds a lock that should have been taken earlier; `wanted` are all that are needed."""

    def __init__(self, wanted: frozenset[str]) -> None:
        super().__init__()
        self.wanted = wanted


class AccountLocks:
    """The accounts an import has to itself. A file names them one by one, in whatever order its bank likes.

    Raises OutOfOrder where waiting could let two imports wait for each other: then all is undone, and done again
    with `wanted` locked in the order of ids beforehand.
    """

    def __init__(self, session: Session, wanted: Iterable[str]) -> None:
        self._session = session
        self._held: set[str] = set()
        for account_id in sorted(wanted):
            self.hold(account_id)

    def hold(self, account_id: str) -> None:
        """Wait for an account, if nobody can be waiting for one of ours meanwhile."""
        if account_id in self._held:
            return
        if not self._held or account_id > max(self._held):
            self._session.execute(select(booking.exclusive(account_id)))
        elif not self._session.scalar(select(booking.exclusive_at_once(account_id))):
            raise OutOfOrder(frozenset({*self._held, account_id}))
        self._held.add(account_id)
