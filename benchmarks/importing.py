"""Importing a statement end to end: stored, proved, deduplicated, posted, committed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from itertools import islice

from sqlalchemy.orm import Session

from benchmarks import books, data, postgres, rows
from benchmarks.comparison import Case, Comparison, Setting, Work, require
from ledger.database import in_transaction
from reconciliation.importing import ImportReport, import_file

_OURS = "reconciliation.importing.import_file"
_FILE, _WARM_UP_FILE, _SMALL_FILE = "statement.xml", "warm-up.xml", "small.xml"
_SMALL = 100


def _prepare(setting: Setting, size: int) -> None:
    data.write_camt053(setting.folder / _FILE, data.mixed_entries(size))
    data.write_camt053(setting.folder / _WARM_UP_FILE, data.mixed_entries(10), message_id="WARM-UP")
    older = islice(data.mixed_entries(size + _SMALL), size, None)
    data.write_camt053(setting.folder / _SMALL_FILE, older, message_id="SMALL")
    with books.sessions(setting) as sessions:
        in_transaction(sessions, books.open_creditor)


@contextmanager
def _imported(setting: Setting, size: int, *, has_small_books: bool) -> Iterator[Work]:
    """With `has_small_books` the tables hold a few lines, and the connection has planned its queries for those."""
    reports: list[ImportReport] = []

    def take_in(session: Session, name: str = _FILE) -> None:
        content = (setting.folder / name).read_bytes()
        reports.append(import_file(session, content, name=name, act=data.ACT))

    if has_small_books:
        with books.sessions(setting) as sessions:
            in_transaction(sessions, lambda session: take_in(session, _SMALL_FILE))
        postgres.settle(setting.database_url)
    with books.sessions(setting) as sessions:
        with sessions() as session:
            take_in(session, _WARM_UP_FILE)
            session.rollback()
        yield Work(lambda: in_transaction(sessions, take_in))
    report = reports[-1]
    require(
        (report.refusal, report.imported, report.known, report.problems) == (None, size, 0, ()),
        f"{size} new lines without a problem",
    )


COMPARISON = Comparison(
    name="import",
    title="Importing a camt.053 end to end: stored, proved, deduplicated, posted, committed",
    unit="lines",
    small=(1_000, 10_000),
    full=(1_000, 10_000, 100_000),
    prepare=_prepare,
    needs_database=True,
    recorded=_OURS,
    cases=(
        rows.case(),
        Case(name=_OURS, ready=partial(_imported, has_small_books=False), floor=rows.NAME),
        Case(
            name="import_file, right after a small one",
            ready=partial(_imported, has_small_books=True),
            floor=rows.NAME,
            largest=10_000,
        ),
    ),
)
