"""Real camt.053 files taken into the books: each whole or not at all, and the books in order after all of them."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from ledger.acts import Act
from reconciliation import importing
from reconciliation.importing import ImportReport
from reconciliation.models import StatementLine, StatementRecord
from reconciliation.receiving import Wishes
from tests.factories.books import Books

FOLDER = Path(os.environ.get("DUECOURSE_CORPUS", Path(__file__).parents[3] / "shared" / "corpus"))

pytestmark = [
    pytest.mark.corpus,
    pytest.mark.skipif(not FOLDER.is_dir(), reason="no corpus of real bank files (DUECOURSE_CORPUS)"),
]


def test_every_real_statement_is_imported_whole_or_refused_with_a_reason(
    session: Session, books: Books, act: Act
) -> None:
    expected = {
        name: facts for name, facts in json.loads((FOLDER / "EXPECT.json").read_text()).items()
        if name.startswith("camt053/")
    }  # fmt: skip
    reports = {name: _import(session, books, act, name) for name in sorted(expected)}
    refused = {name: str(report.refusal) for name, report in reports.items() if report.refusal}
    print(f"{len(reports) - len(refused)} of {len(reports)} imported")
    for name, reason in refused.items():
        print(f"  {name}: {reason}")

    for name, report in reports.items():
        stored = _stored_lines(session, report)
        assert stored == report.imported, name
        if report.refusal is None and not report.duplicate:
            assert report.imported + report.known == _entries(session, report), name
    again = {name: _import(session, books, act, name) for name in sorted(expected)}
    assert all(report.duplicate or report.refusal for report in again.values())
    assert all(report.imported == 0 for report in again.values())


def _import(session: Session, books: Books, act: Act, name: str) -> ImportReport:
    content = (FOLDER / name).read_bytes()
    report = importing.import_file(
        session, content, name=name, act=act, wishes=Wishes(open_accounts_of=books.creditor.id)
    )
    session.commit()
    return report


def _stored_lines(session: Session, report: ImportReport) -> int:
    query = select(StatementLine.id).where(StatementLine.statement_id.in_(report.statement_ids))
    return len(session.scalars(query).all())


def _entries(session: Session, report: ImportReport) -> int:
    query = select(StatementRecord.line_count).where(StatementRecord.id.in_(report.statement_ids))
    return sum(session.scalars(query))
