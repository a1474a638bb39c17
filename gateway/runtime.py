"""The running product: its database, opened once per process, and the sessions on it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar

from sqlalchemy import Engine, make_url
from sqlalchemy.exc import ArgumentError, OperationalError
from sqlalchemy.orm import Session, sessionmaker

import migrations
from gateway import clock
from gateway.settings import Settings
from ledger import database, migrating
from ledger.acts import Act
from ledger.embedded import EmbeddedServer
from ledger.errors import Rejected

MIGRATIONS = Path(migrations.__file__).parent
_Result = TypeVar("_Result")


class DatabaseUnreachable(Rejected):
    """The external database does not answer, or refuses us."""


class Runtime:
    """An open database. `run` does one piece of work in one transaction, committed at the end."""

    def __init__(self, settings: Settings, engine: Engine) -> None:
        self.settings = settings
        self.engine = engine
        self.sessions: sessionmaker[Session] = database.sessions(engine)

    def act(self, actor: str) -> Act:
        """A deed of `actor` done now."""
        return clock.act_of(actor, self.settings.time_zone)

    def run(self, work: Callable[[Session], _Result]) -> _Result:
        """Do `work` in a transaction of its own; see ledger.database.in_transaction."""
        return database.in_transaction(self.sessions, work)

    def migrate(self) -> None:
        """Bring the schema up to date."""
        migrating.upgrade(self.engine, MIGRATIONS)

    def require_current_schema(self) -> None:
        """Raises SchemaNotCurrent."""
        migrating.require_current(self.engine, MIGRATIONS)

    @property
    def conninfo(self) -> str:
        """The database's address for drivers other than SQLAlchemy; it holds the password."""
        url = self.engine.url.set(drivername="postgresql")
        return url.render_as_string(hide_password=False)


@contextmanager
def open_runtime(
    settings: Settings, *, server_settings: Mapping[str, str] = MappingProxyType({})
) -> Iterator[Runtime]:
    """Open the database that the settings name, or the embedded one, and close it at the end.

    The embedded database is always brought up to date: nobody else looks after it. If it does not run yet, it is
    started with `server_settings` of PostgreSQL.
    Raises DatabaseUnreachable, ServerTooOld or EmbeddedServerFailed.
    """
    if settings.database_url is not None:
        engine = _connect(settings.database_url.get_secret_value(), settings.threads)
        try:
            yield Runtime(settings, engine)
        finally:
            engine.dispose()
        return
    server = EmbeddedServer(settings.data_dir, settings=server_settings)
    server.start()
    try:
        engine = database.connect(server.url("postgres"), connections=settings.threads)
        try:
            runtime = Runtime(settings, engine)
            runtime.migrate()
            yield runtime
        finally:
            engine.dispose()
    finally:
        server.stop()


def _connect(url: str, connections: int) -> Engine:
    _require_postgres(url)
    try:
        return database.connect(url, connections=connections)
    except OperationalError as error:
        reason = str(error.orig).strip().splitlines()[0] if error.orig else "no answer"
        raise DatabaseUnreachable(
            f"The database of DUECOURSE_DATABASE_URL cannot be used: {reason}"
        ) from None


def _require_postgres(url: str) -> None:
    """Raises DatabaseUnreachable for an address of another kind; the address itself holds a password."""
    try:
        kind = make_url(url).drivername
    except (ArgumentError, ValueError):
        kind = ""
    if kind not in ("postgresql", "postgres", "postgresql+psycopg"):
        raise DatabaseUnreachable(
            "DUECOURSE_DATABASE_URL is no address of a PostgreSQL database. "
            "One is written like postgresql://user:password@host:5432/name."
        )
