"""Bringing a database to the newest schema: one migrator at a time, and never waiting long for a lock."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text
from sqlalchemy.engine import Engine

from ledger.errors import Rejected

# A migration that cannot get its lock fails instead of queueing every other request behind it.
LOCK_TIMEOUT = "5s"


class SchemaNotCurrent(Rejected):
    """The database does not have the schema this version of Duecourse needs."""


def upgrade(engine: Engine, scripts: Path) -> None:
    """Run the migrations in `scripts` that are missing; several processes may ask at once, one does it.

    The others wait for it however long it takes. What a failing migration had done is rolled back.
    """
    with engine.connect() as connection:
        connection.execute(text("SET lock_timeout = 0"))
        connection.execute(text("SELECT pg_advisory_lock(hashtextextended('duecourse:migrate', 0))"))
        connection.execute(text(f"SET lock_timeout = '{LOCK_TIMEOUT}'"))
        connection.commit()
        config = _config(scripts)
        config.attributes["connection"] = connection
        try:
            command.upgrade(config, "head")
            connection.commit()
        finally:
            connection.rollback()
            connection.execute(text("SELECT pg_advisory_unlock_all()"))
            connection.execute(text("RESET lock_timeout"))
            connection.commit()


def current_and_head(engine: Engine, scripts: Path) -> tuple[str | None, str | None]:
    """The revision the database has, and the newest one there is."""
    with engine.connect() as connection:
        current = MigrationContext.configure(connection).get_current_revision()
    return current, ScriptDirectory.from_config(_config(scripts)).get_current_head()


def require_current(engine: Engine, scripts: Path) -> None:
    """Raises SchemaNotCurrent unless the database has the newest revision."""
    current, head = current_and_head(engine, scripts)
    if current != head:
        raise SchemaNotCurrent(
            f"The database is at schema {current or 'none'}, this version needs {head}. Run: duecourse migrate"
        )


def _config(scripts: Path) -> Config:
    config = Config()
    config.set_main_option("script_location", str(scripts).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config
