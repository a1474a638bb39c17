"""Credit notes: what we owe back lessens what is owed to us."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from ledger import credit_notes, database
from ledger.credit_notes import CreditNoteClash, CreditNoteFacts, CreditNoteNotFound
from ledger.creditors import CreditorNotFound
from ledger.customers import CustomerNotFound
from ledger.errors import DuecourseError, Rejected
from ledger.models import AccountKind
from ledger.money import LARGEST_MINOR, UnknownCurrency
from ledger.texts import UnreadableText
from tests.factories.books import Books
from tests.factories.money import allocate, balance_minor, credit_note


@pytest.fixture
def facts(books: Books) -> CreditNoteFacts:
    """30.00 EUR back."""
    return CreditNoteFacts(
        creditor_id=books.creditor.id, customer_id=books.customer().id, number="GS-1", currency="EUR",
        total_minor=3_000, issued_on=date(2026, 11, 11), external_id="erp-gs-1",
    )  # fmt: skip


def _count(session: Session) -> int:
    return int(session.execute(text("SELECT count(*) FROM credit_notes")).scalar_one())


def test_a_credit_note_lessens_what_is_owed(session: Session, books: Books, facts: CreditNoteFacts) -> None:
    books.invoice(12_000)
    note = credit_notes.issue(session, facts, act=books.act)
    session.commit()
    assert (note.total_minor, note.open_minor) == (3_000, 3_000)
    assert balance_minor(books, AccountKind.RECEIVABLE) == 9_000
    assert balance_minor(books, AccountKind.BILLED) == -9_000
    assert credit_notes.get(session, note.id) is note
    assert credit_notes.find(session, books.creditor.id, "erp-gs-1") is note


def test_the_same_credit_note_again_is_the_same_credit_note(
    session: Session, books: Books, facts: CreditNoteFacts
) -> None:
    first = credit_notes.issue(session, facts, act=books.act)
    session.commit()
    assert credit_notes.issue(session, facts, act=books.act) is first
    session.commit()
    assert _count(session) == 1
    assert balance_minor(books, AccountKind.RECEIVABLE) == -3_000


def test_other_content_under_a_known_external_id_is_refused(
    session: Session, books: Books, facts: CreditNoteFacts
) -> None:
    credit_notes.issue(session, facts, act=books.act)
    for change in ({"total_minor": 3_001}, {"number": "GS-2"}, {"issued_on": date(2026, 11, 12)}):
        with pytest.raises(CreditNoteClash, match="with other content") as refused:
            credit_notes.issue(session, replace(facts, **change), act=books.act)
        assert refused.value.field == "external_id"
    session.commit()
    assert _count(session) == 1


def test_a_number_belongs_to_one_credit_note(session: Session, books: Books, facts: CreditNoteFacts) -> None:
    credit_notes.issue(session, facts, act=books.act)
    for external_id in ("erp-gs-2", None):
        with pytest.raises(CreditNoteClash, match="already has this number") as refused:
            credit_notes.issue(session, replace(facts, external_id=external_id), act=books.act)
        assert refused.value.field == "number"
    session.commit()
    assert _count(session) == 1


REFUSED: list[tuple[dict[str, Any], type[DuecourseError], str]] = [
    ({"total_minor": 0}, Rejected, "total_minor"),
    ({"total_minor": -3_000}, Rejected, "total_minor"),
    ({"total_minor": LARGEST_MINOR + 1}, Rejected, "total_minor"),
    ({"currency": "EUX"}, UnknownCurrency, "currency"),
    ({"customer_id": "cus_nobody"}, CustomerNotFound, "customer_id"),
    ({"creditor_id": "crd_nobody"}, CreditorNotFound, "creditor_id"),
    ({"number": ""}, UnreadableText, "number"),
    ({"number": "GS-1 "}, Rejected, "number"),
    ({"number": "x" * 61}, UnreadableText, "number"),
    ({"external_id": ""}, UnreadableText, "external_id"),
    ({"external_id": "erp\0"}, UnreadableText, "external_id"),
]


def test_an_impossible_credit_note_is_refused_with_the_field_at_fault(
    session: Session, books: Books, facts: CreditNoteFacts
) -> None:
    for change, error, field in REFUSED:
        with pytest.raises(error) as refused:
            credit_notes.issue(session, replace(facts, **change), act=books.act)
        assert (type(refused.value), refused.value.field) == (error, field), change
    session.commit()
    assert _count(session) == 0


def test_a_credit_note_nobody_knows_is_not_found(session: Session, books: Books) -> None:
    with pytest.raises(CreditNoteNotFound, match="There is no credit note cdn_nobody"):
        credit_notes.get(session, "cdn_nobody")
    assert credit_notes.find(session, books.creditor.id, "nothing") is None
    assert credit_notes.find(session, books.creditor.id, None) is None


def test_a_credit_note_set_against_an_invoice_moves_nothing_in_the_journal(
    session: Session, books: Books
) -> None:
    """It lies in the receivable already: 120.00 owed, 30.00 owed back, before and after."""
    customer = books.customer()
    invoice = books.invoice(12_000, customer=customer)
    note = credit_note(books, 3_000, customer=customer)
    session.commit()
    entries = text("SELECT count(*) FROM journal_entries")
    before = session.execute(entries).scalar_one()
    allocate(books, (note.id, invoice.id, 2_500))
    session.commit()
    assert session.execute(entries).scalar_one() == before
    assert balance_minor(books, AccountKind.RECEIVABLE) == 9_000
    assert (invoice.open_minor, note.open_minor) == (9_500, 500)


@pytest.mark.race
def test_eight_who_issue_the_same_credit_note_at_once_get_the_same_one(
    engine: Engine, session: Session, books: Books, facts: CreditNoteFacts
) -> None:
    session.commit()
    start = threading.Barrier(8)

    def issue(_: int) -> str:
        with database.sessions(engine)() as own:
            start.wait()
            note_id = credit_notes.issue(own, facts, act=books.act).id
            own.commit()
            return note_id

    with ThreadPoolExecutor(8) as threads:
        assert len(set(threads.map(issue, range(8)))) == 1
    assert _count(session) == 1
    assert balance_minor(books, AccountKind.RECEIVABLE) == -3_000
