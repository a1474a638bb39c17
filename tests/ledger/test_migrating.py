"""The schema: what the migrations make is what the models say, and only one process makes it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, Engine, create_engine, text
from sqlalchemy.exc import IntegrityError, ProgrammingError
from sqlalchemy.pool import NullPool

import credit_control.models
import exporters.models
import gateway.models
import mandates.models
import mandates.payback_models
import migrations
import reconciliation.models
from ledger import database, migrating
from ledger.database import Base
from ledger.embedded import EmbeddedServer
from ledger.identifiers import new_id
from ledger.migrating import SchemaNotCurrent

SCRIPTS = Path(migrations.__file__).parent
FLOORS = (
    mandates.models,
    mandates.payback_models,
    reconciliation.models,
    credit_control.models,
    exporters.models,
    gateway.models,
)


@pytest.fixture
def empty(server: EmbeddedServer) -> Iterator[Engine]:
    """A database without any table."""
    admin = create_engine(server.url("postgres"), isolation_level="AUTOCOMMIT", poolclass=NullPool)
    name = f"test_{new_id('evt')}"
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    engine = database.connect(server.url(name), connections=4)
    yield engine
    engine.dispose()
    with admin.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))


def _differences(connection: Connection) -> list[Any]:
    context = MigrationContext.configure(
        connection,
        opts={
            "compare_type": True,
            "compare_server_default": True,
            "include_name": lambda name, kind, parents: (
                kind != "table" or not (name or "").startswith(("procrastinate_", "alembic_"))
            ),
        },
    )
    return list(compare_metadata(context, Base.metadata))


def test_the_migrated_schema_is_what_the_models_say(engine: Engine) -> None:
    assert FLOORS
    with engine.connect() as connection:
        assert _differences(connection) == []


def test_a_model_that_is_not_migrated_would_be_seen(engine: Engine) -> None:
    with engine.connect() as connection:
        connection.execute(text("ALTER TABLE invoices ALTER COLUMN hold TYPE varchar(21)"))
        connection.execute(text("ALTER TABLE payments DROP COLUMN reference"))
        changed = _differences(connection)
        connection.rollback()
    assert [one[0] for one in changed if isinstance(one, tuple)] == ["add_column"]
    assert [one[0][0] for one in changed if isinstance(one, list)] == ["modify_type"]


def test_every_check_of_the_models_is_in_the_database(engine: Engine) -> None:
    """Alembic does not compare CHECK constraints: their names are compared, and what they allow is tried elsewhere."""
    told = {
        (table.name, str(constraint.name))
        for table in Base.metadata.tables.values()
        for constraint in table.constraints
        if type(constraint).__name__ == "CheckConstraint"
    }
    with engine.connect() as connection:
        rows = connection.execute(
            text(
                "SELECT conrelid::regclass::text, conname FROM pg_constraint "
                "WHERE contype = 'c' AND connamespace = 'public'::regnamespace "
                "AND conrelid::regclass::text NOT LIKE 'procrastinate%'"
            )
        )
        found = {(row[0], row[1]) for row in rows}
    assert {(table, f"ck_{table}_{name.removeprefix(f'ck_{table}_')}") for table, name in told} == found


def test_several_processes_may_migrate_at_once(empty: Engine) -> None:
    start = threading.Barrier(3)

    def migrate() -> None:
        start.wait()
        migrating.upgrade(empty, SCRIPTS)

    with ThreadPoolExecutor(3) as threads:
        for done in [threads.submit(migrate) for _ in range(3)]:
            done.result(timeout=120)
    current, head = migrating.current_and_head(empty, SCRIPTS)
    assert current == head is not None
    with empty.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM chain_head")).scalar_one() == 1
        held = text(
            "SELECT count(*) FROM pg_locks JOIN pg_database ON pg_database.oid = pg_locks.database "
            "WHERE locktype = 'advisory' AND datname = current_database()"
        )
        assert connection.execute(held).scalar_one() == 0
        assert connection.execute(text("SHOW lock_timeout")).scalar_one() == "20s"


def test_migrating_again_changes_nothing(engine: Engine) -> None:
    with engine.connect() as connection:
        before = connection.execute(text("SELECT count(*), max(oid) FROM pg_class")).one()
    migrating.upgrade(engine, SCRIPTS)
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*), max(oid) FROM pg_class")).one() == before


def test_a_database_without_our_schema_is_told_how_to_get_it(empty: Engine) -> None:
    current, head = migrating.current_and_head(empty, SCRIPTS)
    with pytest.raises(SchemaNotCurrent) as refused:
        migrating.require_current(empty, SCRIPTS)
    assert current is None
    assert refused.value.message == (
        f"The database is at schema none, this version needs {head}. Run: duecourse migrate"
    )


def test_a_database_with_our_schema_is_taken(engine: Engine) -> None:
    migrating.require_current(engine, SCRIPTS)


def test_a_migration_that_fails_leaves_nothing_behind(empty: Engine, tmp_path: Path) -> None:
    (tmp_path / "versions").mkdir()
    (tmp_path / "env.py").write_text((SCRIPTS / "env.py").read_text())
    (tmp_path / "versions" / "2026_11_22_1_broken.py").write_text(
        "from alembic import op\n"
        "revision = '2026_11_22_1_broken'\n"
        "down_revision = None\n"
        "def upgrade():\n"
        "    op.execute('CREATE TABLE half_done (id int)')\n"
        "    op.execute('SELECT * FROM no_such_table')\n"
    )
    with pytest.raises(ProgrammingError):
        migrating.upgrade(empty, tmp_path)
    with empty.connect() as connection:
        assert connection.execute(text("SELECT to_regclass('half_done')")).scalar_one() is None
    migrating.upgrade(empty, SCRIPTS)
    migrating.require_current(empty, SCRIPTS)


_KEPT = (
    "accounts", "allocations", "audit_records", "bank_accounts", "batches", "chain_head",
    "collection_terms", "credit_notes", "creditors", "debit_reversals", "debits", "events",
    "file_downloads", "invoices", "journal_entries", "line_rules", "line_sightings", "mandate_amendments",
    "mandates", "match_memories", "match_parts", "match_runs", "matches", "matching_terms",
    "number_shapes", "payback_batches", "payback_refunds", "payer_memories", "payment_blocks", "payments",
    "postings", "pre_notifications", "proposals", "refunds", "return_fees", "state_changes",
    "statement_files", "statement_layouts", "statement_lines", "statements", "status_report_items",
    "status_reports", "stored_files",
)  # fmt: skip


def test_nothing_is_deleted_from_the_books(engine: Engine) -> None:
    for table in _KEPT:
        for statement in (f"DELETE FROM {table}", f"TRUNCATE {table} CASCADE"):
            with engine.connect() as connection:
                with pytest.raises(IntegrityError, match="is append-only") as refused:
                    connection.execute(text(statement))
                assert database.violated(refused.value).endswith("_append_only")


def test_every_table_is_kept_or_may_be_cleared() -> None:
    cleared = {
        "api_keys", "customers", "idempotent_replies", "match_findings", "match_work", "reason_policies",
        "statement_file_progress",
    }  # fmt: skip
    assert set(Base.metadata.tables) == {*_KEPT, *cleared}
