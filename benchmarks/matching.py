"""Matching transfers that name an invoice against ten times as many open invoices, to the last commit."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.synchronize import Event

from pydantic import SecretStr
from sqlalchemy import create_engine, text

from benchmarks import bookings, books, camt_files, data, rows
from benchmarks.comparison import Case, Comparison, Setting, Work, require
from gateway import jobs
from gateway.runtime import Runtime
from gateway.settings import Settings
from ledger import database
from reconciliation.importing import import_file
from reconciliation.matching import MatchReport

_ONE = "gateway.jobs.match_everything"
_TWO = "with a second worker"
_JOIN = "floor: candidates by one SQL join"
_INVOICES_A_LINE = 10
_INVOICES_A_CUSTOMER = 10
_ISSUED_AT_ONCE = 50_000
_LOOK_AGAIN = 0.005  # seconds until a second worker looks for a run again

# Whole words of each text that are an open invoice's number, where just that is paid.
_CANDIDATES = text(
    """
    SELECT count(DISTINCT lines.id)
    FROM statement_lines AS lines JOIN bank_accounts ON bank_accounts.id = lines.bank_account_id
    CROSS JOIN LATERAL regexp_split_to_table(lines.remittance, '[^A-Za-z0-9-]+') AS word
    JOIN invoices ON invoices.creditor_id = bank_accounts.creditor_id AND invoices.number = word
    WHERE lines.state = 'new' AND invoices.open_minor = lines.amount_minor
    """
)
_RUNNING = text("SELECT id FROM match_runs WHERE ended_at IS NULL")


def _prepare(setting: Setting, size: int) -> None:
    open_invoices = size * _INVOICES_A_LINE
    many = open_invoices // _INVOICES_A_CUSTOMER
    path = setting.folder / "statement.xml"
    camt_files.write(path, bookings.naming(size, of=open_invoices, customers=many))
    with books.sessions(setting) as sessions:
        with sessions() as session:
            creditor_id = books.open_creditor(session).id
            customers = books.add_customers(session, many)
            session.commit()
        for first in range(1, open_invoices + 1, _ISSUED_AT_ONCE):
            numbers = range(first, min(first + _ISSUED_AT_ONCE, open_invoices + 1))
            with sessions() as session:
                books.issue_at_once(session, creditor_id, customers, numbers)
                session.commit()
        with sessions() as session:
            report = import_file(session, path.read_bytes(), name=path.name, act=data.ACT)
            require(report.imported == size, f"{size} lines to match")
            session.commit()


@contextmanager
def _matched(setting: Setting, size: int) -> Iterator[Work]:
    """Part by part, each in a transaction of its own, as the job does it."""
    runtime, whole = _runtime(setting.database_url), MatchReport()

    def run() -> None:
        whole.add(jobs.match_everything(runtime, actor="benchmark"))

    yield Work(run)
    require(whole.by_rule == {"invoice_number": size}, f"{size} lines matched by the number they name")
    runtime.engine.dispose()


@contextmanager
def _matched_by_two(setting: Setting, size: int) -> Iterator[Work]:
    """A second process does parts of the same run, as another worker of the queue does."""
    context = multiprocessing.get_context("spawn")
    is_ready = context.Event()
    second = context.Process(target=_help, args=(setting.database_url, is_ready), daemon=True)
    second.start()
    is_ready.wait(timeout=60)
    try:
        with _matched(setting, size) as work:
            yield work
    finally:
        second.terminate()
        second.join()


def _help(url: str, is_ready: Event) -> None:
    runtime = _runtime(url)
    is_ready.set()
    while True:
        run_id = runtime.run(lambda session: session.scalars(_RUNNING).first())
        if run_id is None:
            time.sleep(_LOOK_AGAIN)
        else:
            jobs.help_with_run(runtime, run_id, actor="benchmark")


def _runtime(url: str) -> Runtime:
    """Connected, with what the first statement of a process loads."""
    runtime = Runtime(Settings(database_url=SecretStr(url)), database.connect(url, connections=2))
    with runtime.sessions() as session:
        session.execute(_RUNNING)
    return runtime


@contextmanager
def _joined(setting: Setting, size: int) -> Iterator[Work]:
    """The database alone: which invoices could be meant, and nothing written."""
    engine = create_engine(setting.database_url)
    found: list[int] = []
    with engine.connect() as connection:
        yield Work(lambda: found.append(connection.execute(_CANDIDATES).scalar_one()))
    require(found == [size], f"{size} lines with a candidate")
    engine.dispose()


COMPARISON = Comparison(
    name="match",
    title="Matching lines that name an invoice, against ten times as many open invoices",
    unit="lines",
    small=(1_000,),
    full=(1_000, 10_000, 100_000),
    prepare=_prepare,
    needs_database=True,
    recorded=_ONE,
    cases=(
        Case(name=_JOIN, ready=_joined),
        rows.case(),
        Case(name=_ONE, ready=_matched, floor=rows.NAME),
        Case(name=_TWO, ready=_matched_by_two, floor=rows.NAME),
    ),
)
