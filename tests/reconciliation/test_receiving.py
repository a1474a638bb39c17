"""What arrives is stored once, opened member by member, and what became of it can be asked later."""

from __future__ import annotations

import io

from sqlalchemy import select
from sqlalchemy.orm import Session

from ledger.acts import Act
from reconciliation import file_contents, importing, inspection, layouts, reading, worklist
from reconciliation.models import StatementLine
from reconciliation.receiving import Wishes
from tests.factories.archives import zipped
from tests.factories.books import OUR_IBAN, Books
from tests.factories.camt import camt053, credit
from tests.factories.delimited import table
from tests.factories.qif import qif, record, section

GOOD = camt053([credit(1_000)], account=OUR_IBAN)


def test_what_is_passed_over_in_an_archive_is_no_failure(session: Session, books: Books, act: Act) -> None:
    packed = zipped(("in/", b""), ("in/a.xml", GOOD), ("__MACOSX/._a.xml", b"x"))
    assert not importing.import_file(session, packed, name="a.zip", act=act).failed


def test_an_archive_that_is_cut_off_keeps_its_reason(session: Session, books: Books, act: Act) -> None:
    done = importing.import_file(session, zipped(("a.xml", GOOD))[:-30], name="a.zip", act=act)
    assert done.refusal is not None
    assert done.refusal.message == "The ZIP archive is broken or was cut off on its way."


def test_members_are_inspected_with_what_is_known() -> None:
    packed = zipped(("a.qif", qif(section(record("12.50", "04/11/2026")))))
    known = reading.Known(currency="CHF", date_order=reading.date_order("DMY"))
    (told,) = inspection.inspect(io.BytesIO(packed), name="a.zip", known=known)
    assert told["currency"] == "CHF"


def test_an_archive_names_members_that_came_before_it(session: Session, books: Books, act: Act) -> None:
    first = importing.import_file(session, GOOD, name="a.xml", act=act)
    done = importing.import_file(session, zipped(("a.xml", GOOD)), name="a.zip", act=act)
    file = worklist.get_file(session, done.file_id)
    assert list(file_contents.contents(session, file).member_ids) == [first.file_id]


def test_a_line_shows_its_bytes_after_its_layout_was_revoked(
    session: Session, books: Books, act: Act
) -> None:
    content = table(
        "Tag;Umsatz;Wer;Wofür",
        [("05.04.2026", "1.250,00", "Anna", "RE-1"), ("16.04.2026", "-7,00", "B", "M")],
    )
    wishes = Wishes(bank_account_id=books.account.id)
    done = importing.import_file(session, content, name="a.csv", act=act, wishes=wishes)
    file = worklist.get_file(session, done.file_id)
    kept = layouts.confirm(
        session, file, bank_account_id=books.account.id, answers={}, roles={}, name=None, act=act
    )
    importing.take_in(session, file, act=act)
    layouts.revoke(session, kept.id, act=act)
    session.flush()
    line = session.scalars(select(StatementLine).order_by(StatementLine.id)).first()
    assert line is not None
    assert b"Anna" in worklist.raw_fragment(session, line.id)
