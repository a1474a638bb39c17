"""Which identifiers of a file came before, in the same little memory however many there are."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

_MOST_IN_MEMORY = 20_000
_CACHE_KB = 2_048

_TAKE = "INSERT OR IGNORE INTO seen VALUES (?)"


class Seen:
    """Remembers texts exactly: the first thousands in a set, more in a temporary database without a name.

    SQLite keeps that database in a file which disappears with the connection; `close` does that.
    """

    def __init__(self, most_in_memory: int = _MOST_IN_MEMORY) -> None:
        self._most_in_memory = most_in_memory
        self._few: set[str] = set()
        self._many: sqlite3.Connection | None = None

    def repeated(self, texts: Sequence[str]) -> list[int]:
        """The positions of those that came before, here or in an earlier call."""
        if self._many is not None:
            return _repeated_on_disk(self._many, texts)
        few, positions = self._few, []
        for position, text in enumerate(texts):
            if text in few:
                positions.append(position)
            else:
                few.add(text)
        if len(few) > self._most_in_memory:
            self._many = _on_disk(few)
            few.clear()
        return positions

    def close(self) -> None:
        if self._many is not None:
            self._many.close()


def _on_disk(texts: set[str]) -> sqlite3.Connection:
    connection = sqlite3.connect("", isolation_level=None)
    connection.execute(f"PRAGMA cache_size = -{_CACHE_KB}")
    connection.execute("PRAGMA journal_mode = MEMORY")
    connection.execute("PRAGMA synchronous = OFF")
    connection.execute("CREATE TABLE seen (text TEXT PRIMARY KEY) WITHOUT ROWID")
    connection.execute("BEGIN")
    connection.executemany(_TAKE, ((text,) for text in sorted(texts)))
    connection.execute("COMMIT")
    return connection


def _repeated_on_disk(connection: sqlite3.Connection, texts: Sequence[str]) -> list[int]:
    """All at once; one by one only where that shows that some were there."""
    before = connection.total_changes
    connection.execute("BEGIN")
    connection.executemany(_TAKE, ((text,) for text in texts))
    if connection.total_changes - before == len(texts):
        connection.execute("COMMIT")
        return []
    connection.execute("ROLLBACK")
    return [
        position for position, text in enumerate(texts) if connection.execute(_TAKE, (text,)).rowcount == 0
    ]
