"""Drafting a batch of many scheduled debits: put into blocks, written, checked, stored, committed."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import select

from benchmarks import books, data, rows, scheduling
from benchmarks.comparison import Case, Comparison, Setting, Work, require
from exporters import debit_batches
from exporters.pain008.checked import write_checked
from ledger.database import in_transaction
from ledger.models import Creditor

_OURS = "exporters.debit_batches.draft"


def _prepare(setting: Setting, size: int) -> None:
    scheduling.prepare(setting, size)
    with books.sessions(setting) as sessions, sessions() as session:
        done = scheduling.schedule(session, scheduling.wishes(session))
        require(done == size, f"{size} debits to draft")
        session.commit()


@contextmanager
def _drafted(setting: Setting, size: int) -> Iterator[Work]:
    drafted = 0

    def run() -> None:
        nonlocal drafted
        batch, _ = in_transaction(
            sessions, lambda session: debit_batches.draft(session, creditor_id=creditor_id, act=data.ACT)
        )
        drafted = batch.debit_count

    write_checked(
        data.message(1), out=io.BytesIO(), today=data.TODAY
    )  # rules and tables of the format are loaded
    with books.sessions(setting) as sessions:
        with sessions() as session:
            creditor_id = session.scalars(select(Creditor.id)).one()
        yield Work(run)
    require(drafted == size, f"a batch of {size} debits")


COMPARISON = Comparison(
    name="draft",
    title="Drafting a batch: into blocks, pain.008 written, checked and stored, committed",
    unit="debits",
    small=(1_000, 10_000),
    full=(10_000, 100_000),
    prepare=_prepare,
    needs_database=True,
    recorded=_OURS,
    cases=(rows.case(), Case(name=_OURS, ready=_drafted, floor=rows.NAME)),
)
