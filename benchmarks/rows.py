"""The floor of whatever writes to the database: the same rows once more by COPY, bare of everything else."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg import sql

from benchmarks.comparison import Case, Setting, Work, require

NAME = "floor: its rows by COPY"
_BLOCK = 64 * 1024
_COPY_OUT = sql.SQL("COPY (SELECT * {}) TO STDOUT (FORMAT binary)")
_COPY_IN = sql.SQL("COPY {} FROM STDIN (FORMAT binary)")


@contextmanager
def recording(setting: Setting) -> Iterator[None]:
    """Keep every row that is written meanwhile, inserted or changed, in files of COPY's binary format."""
    with _connect(setting) as connection:
        first = connection.execute("SELECT txid_current()").fetchone()
        connection.commit()
        yield
        since = first[0] if first else 0
        saved = [_save(connection, table, _folder(setting) / table, since) for table in _tables(connection)]
        _total(setting).write_text(str(sum(saved)))


@contextmanager
def alone(setting: Setting, size: int) -> Iterator[Work]:
    """Write the recorded rows into tables without indexes, keys, checks or triggers, in one transaction."""
    files = sorted(_folder(setting).iterdir())
    with _connect(setting) as connection:
        for file in files:
            connection.execute(
                sql.SQL("CREATE TABLE {} (LIKE {})").format(_bare(file.name), sql.Identifier(file.name))
            )
        connection.commit()
        yield Work(lambda: _write(connection, files))
        written = sum(_count(connection, file.name) for file in files)
        require(written == int(_total(setting).read_text()) > size, "all recorded rows are written again")


def case() -> Case:
    return Case(name=NAME, ready=alone)


def _connect(setting: Setting) -> psycopg.Connection:
    return psycopg.connect(setting.database_url.replace("postgresql+psycopg://", "postgresql://", 1))


def _folder(setting: Setting) -> Path:
    folder = setting.folder / "rows"
    folder.mkdir(exist_ok=True)
    return folder


def _total(setting: Setting) -> Path:
    return setting.folder / "rows.total"


def _tables(connection: psycopg.Connection) -> list[str]:
    found = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
    return [row[0] for row in found]


def _save(connection: psycopg.Connection, table: str, path: Path, since: int) -> int:
    """Keep the rows of `table` whose transaction is `since` or later; without any there is no file."""
    new = sql.SQL("FROM {} WHERE xmin::text::bigint >= {}").format(sql.Identifier(table), sql.Literal(since))
    if connection.execute(sql.SQL("SELECT 1 {} LIMIT 1").format(new)).fetchone() is None:
        return 0
    cursor = connection.cursor()
    with path.open("wb") as out, cursor.copy(_COPY_OUT.format(new)) as copy:
        for block in copy:
            out.write(block)
    return cursor.rowcount


def _write(connection: psycopg.Connection, files: list[Path]) -> None:
    for file in files:
        with file.open("rb") as rows, connection.cursor().copy(_COPY_IN.format(_bare(file.name))) as copy:
            while block := rows.read(_BLOCK):
                copy.write(block)
    connection.commit()


def _count(connection: psycopg.Connection, table: str) -> int:
    found = connection.execute(sql.SQL("SELECT count(*) FROM {}").format(_bare(table))).fetchone()
    return 0 if found is None else int(found[0])


def _bare(table: str) -> sql.Identifier:
    return sql.Identifier(f"bare_{table}")
