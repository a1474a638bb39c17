"""A superuser who goes past every trigger and foreign key, as only verification can find out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sqlalchemy import Engine, text


@contextmanager
def tampering(engine: Engine) -> Iterator[Callable[[str], object]]:
    """Gives a function that runs a statement with all triggers and foreign keys asleep; committed at the end."""
    with engine.begin() as connection:
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        yield lambda statement: connection.exec_driver_sql(statement)
