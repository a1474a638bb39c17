"""MT940 and OFX can be inspected; the books take in only what they can tell apart from what they have."""

from __future__ import annotations

import io

import pytest
from sqlalchemy.orm import Session

from ledger.acts import Act
from reconciliation import importing
from reconciliation.inspection import inspect
from reconciliation.models import FileState, StatementFile
from reconciliation.receiving import Wishes
from tests.factories import mt940, ofx
from tests.factories.books import Books

MT940 = mt940.mt940([mt940.Entry(amount=1_250)])
FILES = {"mt940": MT940, "ofx.102": ofx.sgml(ofx.Stated(entries=[ofx.transaction("12.50")]))}


@pytest.mark.parametrize("form", FILES)
def test_a_statement_in_another_format_can_be_inspected(form: str) -> None:
    found = inspect(io.BytesIO(FILES[form]), name="statement")
    assert [one["format"] for one in found] == [form]
    assert [line["amount_minor"] for line in found[0]["lines"]] == [1_250]


@pytest.mark.parametrize("form", FILES)
def test_the_books_keep_its_bytes_and_say_why_they_take_no_line(
    form: str, session: Session, books: Books, act: Act
) -> None:
    report = importing.import_file(
        session, FILES[form], name="statement", act=act, wishes=Wishes(open_accounts_of=books.creditor.id)
    )
    session.commit()
    assert report.refusal is not None
    assert report.refusal.code == "only_inspected"
    assert form in report.refusal.message
    assert (report.imported, report.statement_ids) == (0, ())
    kept = session.get_one(StatementFile, report.file_id)
    assert (kept.state, kept.content) == (FileState.REFUSED, FILES[form])
