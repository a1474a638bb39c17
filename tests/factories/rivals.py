"""Threads that compete for the same rows, brought to the point that matters without waiting for time to pass."""

from __future__ import annotations

from concurrent.futures import Future
from typing import Any

from sqlalchemy import Engine, text

_WAITING = text(
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
)


def wait_until_blocked(engine: Engine, rival: Future[Any]) -> None:
    """Until a connection of this database waits for a lock; fails if `rival` ends without ever waiting."""
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        while connection.execute(_WAITING).scalar_one() == 0:
            assert not rival.done()
