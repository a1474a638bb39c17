"""Matching transfers that name an invoice against ten times as many open invoices, to the last commit."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from pydantic import SecretStr

from benchmarks import bookings, books, camt_files, data, rows
from benchmarks.comparison import Case, Comparison, Setting, Work, require
from gateway import jobs
from gateway.runtime import Runtime
from gateway.settings import Settings
from ledger import database
from reconciliation import matching
from reconciliation.importing import import_file
from reconciliation.matching import MatchReport

_OURS = "reconciliation.matching.match_chunk"
_INVOICES_A_LINE = 10
_MOST_CUSTOMERS = 1_000


def _prepare(setting: Setting, size: int) -> None:
    open_invoices = size * _INVOICES_A_LINE
    path = setting.folder / "statement.xml"
    camt_files.write(path, bookings.naming(size, of=open_invoices))
    with books.sessions(setting) as sessions, sessions() as session:
        creditor = books.open_creditor(session)
        customers = books.add_customers(session, min(open_invoices, _MOST_CUSTOMERS))
        books.issue(session, books.invoice_facts(creditor.id, customers, range(1, open_invoices + 1)))
        report = import_file(session, path.read_bytes(), name=path.name, act=data.ACT)
        require(report.imported == size, f"{size} lines to match")
        session.commit()


@contextmanager
def _matched(setting: Setting, size: int) -> Iterator[Work]:
    """Chunk by chunk, each in a transaction of its own, as the job does it."""
    settings = Settings(database_url=SecretStr(setting.database_url))
    runtime = Runtime(settings, database.connect(setting.database_url, connections=2))
    whole = MatchReport()

    def run() -> None:
        whole.add(jobs.match_everything(runtime, actor="benchmark"))

    with runtime.sessions() as session:
        matching.match_chunk(session, act=data.ACT, limit=1)
        session.rollback()
    yield Work(run)
    require(whole.by_rule == {"invoice_number": size}, f"{size} lines matched by the number they name")
    runtime.engine.dispose()


COMPARISON = Comparison(
    name="match",
    title="Matching lines that name an invoice, against ten times as many open invoices",
    unit="lines",
    small=(1_000,),
    full=(1_000, 10_000),
    prepare=_prepare,
    needs_database=True,
    recorded=_OURS,
    cases=(rows.case(), Case(name=_OURS, ready=_matched, floor=rows.NAME)),
)
