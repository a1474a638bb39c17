"""The product's embedded PostgreSQL in a temporary folder, with databases that are copied from one another."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, create_engine, text
from sqlalchemy.pool import NullPool

import migrations
from benchmarks.comparison import require
from ledger import database, migrating
from ledger.embedded import EmbeddedServer

EMPTY = "bench_empty"

# PostgreSQL's own default of autovacuum_analyze_threshold. A table below it is planned for without statistics.
_AUTOVACUUM_THRESHOLD = 50
_PATIENCE_SECONDS = 30
_OTHERS = text(
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
    "AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
)
_FILLED = text(
    "SELECT relname FROM pg_stat_user_tables WHERE n_mod_since_analyze > :threshold ORDER BY relname"
)


class Postgres:
    """A running server. `database` gives a fresh copy that exists for as long as it is used."""

    def __init__(self, server: EmbeddedServer, *, empty: str = EMPTY) -> None:
        self._server, self._empty = server, empty
        self._admin = create_engine(server.url("postgres"), isolation_level="AUTOCOMMIT", poolclass=NullPool)

    @property
    def version(self) -> str:
        with self._admin.connect() as connection:
            return str(connection.execute(text("SHOW server_version")).scalar_one())

    def make_empty(self) -> None:
        """The migrated database without any content from which the others are copied."""
        self._execute(f"CREATE DATABASE {self._empty}")
        engine = database.connect(self._server.url(self._empty))
        migrating.upgrade(engine, Path(migrations.__file__).parent)
        engine.dispose()

    @contextmanager
    def database(self, name: str, *, like: str | None = None) -> Iterator[str]:
        """The address of the new database `name`, a copy of `like` or empty; nobody may be connected to `like`."""
        self._execute(f"CREATE DATABASE {name} TEMPLATE {like or self._empty}")
        try:
            yield self._server.url(name)
        finally:
            self._execute(f"DROP DATABASE {name} WITH (FORCE)")

    def _execute(self, statement: str) -> None:
        with self._admin.connect() as connection:
            connection.execute(text(statement))


def settle(url: str) -> None:
    """Vacuum and analyse what was filled, and nothing else, as the server does by itself a minute later."""
    engine = create_engine(url, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    with engine.connect() as connection:
        _wait_until_alone(connection)
        for table in connection.scalars(_FILLED, {"threshold": _AUTOVACUUM_THRESHOLD}).all():
            connection.execute(text(f"VACUUM (ANALYZE) {table}"))


def _wait_until_alone(connection: Connection) -> None:
    """A connection tells what it has written at the latest when it ends."""
    give_up_at = time.monotonic() + _PATIENCE_SECONDS
    while connection.scalar(_OTHERS):
        require(time.monotonic() < give_up_at, "a database that its writers have left")
        time.sleep(0.01)


@contextmanager
def started(folder: Path) -> Iterator[Postgres]:
    """A server as the product starts it, durable commits and all; nothing of it is left afterwards."""
    server = EmbeddedServer(folder)
    server.start()
    try:
        postgres = Postgres(server)
        postgres.make_empty()
        yield postgres
    finally:
        server.stop()
        server.destroy()
