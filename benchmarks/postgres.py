"""The product's embedded PostgreSQL in a temporary folder, with databases that are copied from one another."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

import migrations
from ledger import database, migrating
from ledger.embedded import EmbeddedServer

EMPTY = "bench_empty"

# PostgreSQL's own default of autovacuum_analyze_threshold. A table below it is planned for without statistics.
_AUTOVACUUM_THRESHOLD = 50
_FILLED = text(
    "SELECT relname FROM pg_stat_user_tables WHERE n_mod_since_analyze > :threshold ORDER BY relname"
)


class Postgres:
    """A running server. `database` gives a fresh copy that exists for as long as it is used."""

    def __init__(self, server: EmbeddedServer) -> None:
        self._server = server
        self._admin = create_engine(server.url("postgres"), isolation_level="AUTOCOMMIT", poolclass=NullPool)

    @property
    def version(self) -> str:
        with self._admin.connect() as connection:
            return str(connection.execute(text("SHOW server_version")).scalar_one())

    def make_empty(self) -> None:
        """The migrated database without any content from which the others are copied."""
        self._execute(f"CREATE DATABASE {EMPTY}")
        engine = database.connect(self._server.url(EMPTY))
        migrating.upgrade(engine, Path(migrations.__file__).parent)
        engine.dispose()

    @contextmanager
    def database(self, name: str, *, like: str = EMPTY) -> Iterator[str]:
        """The address of the new database `name`, a copy of `like`, to which nobody may be connected."""
        self._execute(f"CREATE DATABASE {name} TEMPLATE {like} STRATEGY file_copy")
        try:
            yield self._server.url(name)
        finally:
            self._execute(f"DROP DATABASE {name} WITH (FORCE)")

    def settle(self, name: str) -> None:
        """Vacuum and analyse what was filled, and nothing else, as the server does by itself a minute later."""
        engine = create_engine(self._server.url(name), isolation_level="AUTOCOMMIT", poolclass=NullPool)
        with engine.connect() as connection:
            for table in connection.scalars(_FILLED, {"threshold": _AUTOVACUUM_THRESHOLD}).all():
                connection.execute(text(f"VACUUM (ANALYZE) {table}"))

    def _execute(self, statement: str) -> None:
        with self._admin.connect() as connection:
            connection.execute(text(statement))


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
