"""Statement files that cannot be taken: nothing of them is kept but the bytes and the reason."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from ledger import creditors
from ledger.acts import Act
from ledger.creditors import CreditorNotFound
from ledger.models import AuditRecord, BankAccount
from reconciliation import importing
from reconciliation.importing import ImportReport
from reconciliation.models import StatementFile
from reconciliation.receiving import Wishes
from tests.factories import camt
from tests.factories.bank import (
    START,
    Bank,
    bank_balance,
    lines_of,
    row_counts,
    statements_of,
    take_in,
    transfer,
    written,
)
from tests.factories.books import OUR_IBAN, Books
from tests.factories.collecting import OTHER_IBAN, at_once, second_creditor

MONDAY, TUESDAY = date(2026, 11, 16), date(2026, 11, 17)


def refusal(session: Session, content: bytes, act: Act, **wishes: str) -> ImportReport:
    report = importing.import_file(session, content, name="odd.xml", act=act, **wishes)
    assert report.refusal is not None
    return report


def require_nothing_but_the_bytes(session: Session, before: dict[str, int], content: bytes) -> StatementFile:
    """Only the file, its refusal and the audit record of it were added."""
    session.commit()
    after = row_counts(session)
    changed = {name: after[name] - before[name] for name in after if after[name] != before[name]}
    assert changed == {"statement_files": 1, "audit_records": 1}
    (file,) = session.scalars(select(StatementFile).execution_options(populate_existing=True))
    assert (file.content, file.state, file.size) == (content, "refused", len(content))
    return file


def test_an_unknown_account_is_refused_and_the_file_imports_once_the_account_is_there(
    session: Session, books: Books, act: Act
) -> None:
    (content,) = Bank(iban=OTHER_IBAN).book(transfer(100, "RE-1"))
    session.commit()
    before = row_counts(session)
    report = refusal(session, content, act)
    file = require_nothing_but_the_bytes(session, before, content)
    assert (file.refusal_code, report.refusal.code, report.imported) == (
        "unknown_account", "unknown_account", 0,
    )  # fmt: skip
    assert OTHER_IBAN not in str(file.refusal)
    recorded = session.scalars(select(AuditRecord).where(AuditRecord.object_id == file.id)).all()
    assert [record.action for record in recorded] == ["statement_file.refused"]

    _, account = second_creditor(books)
    again = take_in(session, content, act)
    session.commit()
    session.refresh(file)
    assert (again.file_id, again.duplicate, again.imported) == (file.id, False, 1)
    assert (file.state, file.refusal, file.refusal_code) == ("imported", None, None)
    assert bank_balance(session, account) == START + 100


def test_an_unknown_account_is_opened_when_that_is_wished(session: Session, books: Books, act: Act) -> None:
    (content,) = Bank(iban=OTHER_IBAN).book(transfer(100, "RE-1"))
    report = importing.import_file(
        session, content, name="x.xml", act=act, wishes=Wishes(open_accounts_of=books.creditor.id)
    )
    session.commit()
    account = creditors.find_bank_account(session, iban=OTHER_IBAN, other_number=None, currency="EUR")
    assert (report.refusal, report.imported) == (None, 1)
    assert account is not None
    assert (account.creditor_id, account.currency) == (books.creditor.id, "EUR")
    assert bank_balance(session, account) == START + 100


def test_an_account_without_iban_is_known_by_its_number(session: Session, books: Books, act: Act) -> None:
    content = camt.camt053([camt.credit(100)], other_account="4711-08", opening=0)
    report = importing.import_file(
        session, content, name="x.xml", act=act, wishes=Wishes(open_accounts_of=books.creditor.id)
    )
    session.commit()
    assert (report.refusal, report.imported) == (None, 1)
    found = session.scalars(select(BankAccount).where(BankAccount.other_number == "4711-08")).one()
    assert bank_balance(session, found) == 100


def test_accounts_are_opened_for_a_creditor_there_is_only(session: Session, books: Books, act: Act) -> None:
    (content,) = Bank(iban=OTHER_IBAN).book(transfer(100, "RE-1"))
    with pytest.raises(CreditorNotFound):
        importing.import_file(
            session, content, name="x.xml", act=act, wishes=Wishes(open_accounts_of="crd_nobody")
        )


@pytest.mark.race
def test_eight_hands_open_the_same_account_and_it_is_opened_once(
    session: Session, books: Books, act: Act, engine: Engine
) -> None:
    files = Bank(iban=OTHER_IBAN).book(
        *(transfer(100, "RE", day=date(2026, 11, day)) for day in range(2, 10))
    )
    owner = books.creditor.id
    session.commit()
    done = at_once(
        engine,
        [
            lambda one, file=file: (
                importing.import_file(
                    one, file, name="x", act=act, wishes=Wishes(open_accounts_of=owner)
                ).refusal
            )
            for file in files
        ],
    )
    assert done == [None] * 8
    account = session.scalars(select(BankAccount).where(BankAccount.iban == OTHER_IBAN)).one()
    assert bank_balance(session, account) == START + 800
    assert {statement.gap_minor for statement in statements_of(session)} == {None}


@pytest.mark.parametrize(
    ("where", "broken"),
    [
        ("in the middle", lambda content: content[: len(content) // 2]),
        ("at the last tag", lambda content: content.rstrip()[:-4]),
        ("in all amounts", lambda content: content.replace(b'Ccy="EUR">', b'Ccy="EUR">O')),
        ("in a date", lambda content: content.replace(b"2026-11-17", b"2026-11-31")),
        ("in a balance", lambda content: re.sub(rb"(<Bal>.*?)<Amt", rb"\1<Bmt", content, flags=re.DOTALL)),
    ],
)
def test_of_a_broken_file_nothing_is_kept_but_its_bytes_and_the_reason(
    session: Session, books: Books, act: Act, where: str, broken: object
) -> None:
    days = Bank().days(transfer(100, "RE-1", day=MONDAY), transfer(200, "RE-2", day=TUESDAY))
    whole = written(*days, message_id="ALL")
    content = broken(whole)
    assert content != whole
    session.commit()
    before = row_counts(session)
    report = refusal(session, content, act)
    file = require_nothing_but_the_bytes(session, before, content)
    assert (file.refusal_code, report.imported) == ("unreadable_file", 0)
    assert take_in(session, whole, act).imported == 2
    session.commit()


def test_a_file_that_is_no_statement_is_refused(session: Session, books: Books, act: Act) -> None:
    session.commit()
    before = row_counts(session)
    refusal(session, b"%PDF-1.7 something", act)
    assert (
        require_nothing_but_the_bytes(session, before, b"%PDF-1.7 something").refusal_code
        == "unreadable_file"
    )


def test_a_second_account_that_is_unknown_refuses_the_whole_file(
    session: Session, books: Books, act: Act
) -> None:
    (ours,) = Bank().days(transfer(100, "RE-1"))
    (theirs,) = Bank(iban=OTHER_IBAN).days(transfer(100, "RE-1"))
    content = written(ours, theirs, message_id="BOTH")
    session.commit()
    before = row_counts(session)
    refusal(session, content, act)
    require_nothing_but_the_bytes(session, before, content)


def test_a_line_without_any_date_is_refused_and_the_others_are_taken_in(
    session: Session, books: Books, act: Act
) -> None:
    content = camt.camt053(
        [replace(camt.credit(100), booked_on=None), camt.credit(30, booked_on=MONDAY)],
        opening=0, account=OUR_IBAN, from_on=MONDAY, to_on=TUESDAY,
    )  # fmt: skip
    report = importing.import_file(session, content, name="odd.xml", act=act)
    session.commit()
    assert (report.imported, report.known, report.refused) == (1, 0, 1)
    assert "Booking 1 is not taken in: It is booked, but has no date." in report.problems
    (statement,) = statements_of(session)
    assert (statement.balanced, statement.break_minor, statement.line_count) == (False, 100, 2)


def test_a_field_longer_than_any_banks_is_refused_with_its_place(
    session: Session, books: Books, act: Act
) -> None:
    for facts, name in (
        ({"end_to_end_id": "E" * 141}, "end to end id"),
        ({"name": "N" * 301}, "counterparty name"),
        ({"iban": "DE" + "1" * 63}, "counterparty account"),
    ):
        content = camt.camt053([camt.credit(1), camt.credit(100, **facts)], account=OUR_IBAN)
        report = refusal(session, content, act)
        assert report.refusal.code == "too_long"
        assert report.refusal.message.startswith(f"Line 2: the {name} is longer than ")
    content = camt.camt053([camt.credit(1)], account=OUR_IBAN, statement_id="S" * 101)
    assert refusal(session, content, act).refusal.code == "too_long"
    content = camt.camt053([camt.credit(1)], other_account="9" * 65)
    report = refusal(session, content, act, wishes=Wishes(open_accounts_of=books.creditor.id))
    assert report.refusal.message == "The statement: the account number is longer than 64 characters."
    session.commit()
    assert lines_of(session) == []


def test_more_than_all_the_money_there_is_is_refused(session: Session, books: Books, act: Act) -> None:
    entries = [camt.credit(10**14 - 1, bank_reference=str(number)) for number in range(1_100)]
    content = camt.camt053(entries, account=OUR_IBAN, closing=0)
    assert refusal(session, content, act).refusal.code == "too_large"
    session.commit()
    assert lines_of(session) == []


def test_a_statement_in_another_currency_than_its_account_is_refused(
    session: Session, books: Books, act: Act
) -> None:
    content = camt.camt053([camt.credit(100)], account=OUR_IBAN, currency="USD")
    assert refusal(session, content, act).refusal.code == "unknown_account"
    unnamed = content.replace(b"<Ccy>USD</Ccy>", b"")
    assert unnamed != content
    assert refusal(session, unnamed, act).refusal.code in {"unknown_account", "wrong_currency"}
    session.commit()
    assert (lines_of(session), bank_balance(session, books.account)) == ([], 0)
