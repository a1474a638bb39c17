"""Taking in statement files: each booking once, whole files or nothing, and balances that prove themselves."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from sqlalchemy import Engine, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from ledger import journal
from ledger.acts import Act
from ledger.database import violated
from ledger.journal import Place
from ledger.models import AccountKind
from reconciliation import importing
from reconciliation.models import StatementFile, StatementLine
from tests.factories import camt
from tests.factories.bank import (
    START,
    Bank,
    bank_balance,
    lines_of,
    payment_out,
    row_counts,
    statements_of,
    take_in,
    take_in_all,
    together,
    transfer,
    written,
)
from tests.factories.books import OUR_IBAN, Books
from tests.factories.collecting import OTHER_IBAN, at_once, events, second_creditor

MONDAY, TUESDAY, WEDNESDAY = (date(2026, 11, day) for day in (16, 17, 18))


def suspense(session: Session, books: Books) -> int:
    return journal.balance_minor(session, Place(books.creditor.id, AccountKind.SUSPENSE, "EUR"))


def test_every_line_is_stored_and_posted_and_the_bank_balance_is_the_closing_balance(
    session: Session, books: Books, act: Act
) -> None:
    (content,) = Bank().book(transfer(12_000, "RE-1"), transfer(455, "RE-2"), payment_out(3_000, "Miete"))
    report = take_in(session, content, act, name="today.xml")
    session.commit()

    assert (report.imported, report.known, report.duplicate, report.problems) == (3, 0, False, ())
    assert (report.format, report.name) == ("camt.053.001.08", "today.xml")
    assert [(line.amount_minor, line.state) for line in lines_of(session)] == [
        (-3_000, "new"), (455, "new"), (12_000, "new"),
    ]  # fmt: skip
    (statement,) = statements_of(session)
    assert report.statement_ids == (statement.id,)
    assert (statement.opening_minor, statement.closing_minor, statement.booked_minor) == (
        START, 1_009_455, 9_455,
    )  # fmt: skip
    assert (statement.balanced, statement.gap_minor, statement.problems) == (True, None, [])
    assert (statement.line_count, statement.new_count, statement.known_count) == (3, 3, 0)
    assert (statement.sequence_number, statement.closes_on) == (1, act.today)
    assert bank_balance(session, books.account) == 1_009_455
    assert suspense(session, books) == -9_455
    brought = Place(books.creditor.id, AccountKind.BROUGHT_FORWARD, "EUR", books.account.id)
    assert journal.balance_minor(session, brought) == -START
    assert events(session, statement.id) == ["statement.imported"]
    (file,) = session.scalars(select(StatementFile))
    assert (file.content, file.state, file.received_by) == (content, "imported", "treasury")


def test_a_line_keeps_what_the_bank_says_of_it(session: Session, books: Books, act: Act) -> None:
    entry = transfer(12_000, "Rechnung RE-1", end_to_end_id="E2E-7", bank_reference="REF-9")
    (content,) = Bank().book(entry)
    take_in(session, content, act)
    session.commit()
    (line,) = lines_of(session)
    assert (line.amount_minor, line.currency, line.booked_on, line.valued_on) == (
        12_000, "EUR", act.today, act.today,
    )  # fmt: skip
    assert (line.counterparty_name, line.counterparty_account) == (
        entry.counterparty.name, entry.counterparty.iban,
    )  # fmt: skip
    assert (line.remittance, line.end_to_end_id, line.bank_reference) == ("Rechnung RE-1", "E2E-7", "REF-9")
    assert (line.transaction_code, line.status, line.position) == ("PMNT/RCDT/ESCT", "booked", 1)
    assert (line.reversal, line.return_reason, line.takes_back, line.details) == (False, None, False, [])


def test_many_lines_are_stored_in_pieces_as_if_in_one(
    session: Session, books: Books, act: Act, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "CHUNK", 3)
    (content,) = Bank().book(*(transfer(number, f"RE-{number}") for number in range(1, 11)))
    report = take_in(session, content, act)
    session.commit()
    assert report.imported == 10
    assert [line.position for line in lines_of(session)] == list(range(1, 11))
    assert bank_balance(session, books.account) == START + 55


def test_a_statement_without_lines_is_a_statement(session: Session, books: Books, act: Act) -> None:
    take_in(session, camt.camt053(opening=500, account=OUR_IBAN), act)
    session.commit()
    assert (bank_balance(session, books.account), lines_of(session)) == (500, [])


def test_only_booked_lines_are_money(session: Session, books: Books, act: Act) -> None:
    content = camt.camt053(
        [camt.credit(100), camt.pending(camt.credit(7_000)), replace(camt.credit(900), status="INFO")],
        opening=0, account=OUR_IBAN,
    )  # fmt: skip
    report = take_in(session, content, act)
    session.commit()
    assert report.imported == 3
    found = {line.amount_minor: (line.state, line.status) for line in lines_of(session)}
    assert found == {100: ("new", "booked"), 7_000: ("ignored", "pending"), 900: ("ignored", "info")}
    assert (bank_balance(session, books.account), suspense(session, books)) == (100, -100)


def test_an_announced_line_is_money_once_it_is_booked(session: Session, books: Books, act: Act) -> None:
    entry = camt.credit(7_000, remittance="RE-1", booked_on=WEDNESDAY)
    about = {"account": OUR_IBAN, "from_on": WEDNESDAY, "to_on": WEDNESDAY, "opening": 0}
    take_in(session, camt.camt053([replace(entry, status="PDNG")], **about, statement_id="A"), act)
    assert bank_balance(session, books.account) == 0
    take_in(session, camt.camt053([entry], **about, statement_id="B"), act)
    session.commit()
    assert bank_balance(session, books.account) == 7_000
    (line,) = lines_of(session)
    assert (line.state, line.status, line.waiting_because) == ("new", "booked", None)


def test_a_line_of_nothing_waits_for_nobody(session: Session, books: Books, act: Act) -> None:
    take_in(session, camt.camt053([camt.credit(0), camt.credit(5)], opening=0, account=OUR_IBAN), act)
    session.commit()
    assert {line.amount_minor: line.state for line in lines_of(session)} == {0: "ignored", 5: "new"}


def test_a_statement_that_does_not_add_up_is_recorded_with_the_difference(
    session: Session, books: Books, act: Act
) -> None:
    content = camt.camt053([camt.credit(100)], opening=1_000, closing=1_150, account=OUR_IBAN)
    report = take_in(session, content, act)
    session.commit()
    (statement,) = statements_of(session)
    assert statement.balanced is False
    assert statement.closing_minor - statement.opening_minor - statement.booked_minor == 50
    assert any("0.50" in problem for problem in statement.problems)
    assert report.problems == tuple(statement.problems)
    assert bank_balance(session, books.account) == 1_150


def test_the_same_bytes_change_nothing_whatever_they_are_called(
    session: Session, books: Books, act: Act
) -> None:
    (content,) = Bank().book(transfer(12_000, "RE-1"), transfer(455, "RE-2"))
    first = take_in(session, content, act, name="a.xml")
    session.commit()
    before = row_counts(session)
    for name in ("a.xml", "renamed.xml"):
        again = take_in(session, content, act, name=name)
        session.commit()
        assert (again.duplicate, again.file_id, again.imported) == (True, first.file_id, 0)
    assert row_counts(session) == before


@pytest.mark.race
def test_eight_hands_import_the_same_file_and_it_is_imported_once(
    session: Session, books: Books, act: Act, engine: Engine
) -> None:
    (content,) = Bank().book(*(transfer(number, f"RE-{number}") for number in range(1, 31)))
    session.commit()
    done = at_once(
        engine,
        [lambda one: importing.import_file(one, content, name="x.xml", act=act).duplicate] * 8,
    )
    assert sorted(done) == [False] + [True] * 7
    assert len(lines_of(session)) == 30
    assert bank_balance(session, books.account) == START + sum(range(1, 31))


@pytest.mark.race
def test_overlapping_files_imported_at_once_keep_each_line_once(
    session: Session, books: Books, act: Act, engine: Engine
) -> None:
    days = Bank().days(
        *(transfer(number, f"RE-{number}", day=day) for number in range(1, 11) for day in (MONDAY, TUESDAY))
    )
    week = written(together(*days))
    files = [written(days[0]), written(days[1]), week, written(days[0], days[1], message_id="BOTH")] * 2
    session.commit()
    done = at_once(
        engine,
        [
            lambda one, file=file: importing.import_file(one, file, name="x", act=act).refusal
            for file in files
        ],
    )
    assert done == [None] * 8
    assert len(lines_of(session)) == 20
    assert bank_balance(session, books.account) == START + 110


def test_another_file_with_the_same_bookings_keeps_each_line_once(
    session: Session, books: Books, act: Act
) -> None:
    days = Bank().days(
        transfer(100, "RE-1", day=MONDAY), transfer(200, "RE-2", day=TUESDAY),
        transfer(400, "RE-3", day=WEDNESDAY),
    )  # fmt: skip
    take_in_all(session, [written(day) for day in days[:2]], act)
    report = take_in(session, written(together(*days)), act)
    session.commit()
    assert (report.imported, report.known) == (1, 2)
    assert [line.amount_minor for line in lines_of(session)] == [100, 200, 400]
    assert [statement.gap_minor for statement in statements_of(session)] == [None, None, None]
    assert bank_balance(session, books.account) == START + 700


def test_real_twins_of_one_day_stay_two_also_when_another_file_brings_them_again(
    session: Session, books: Books, act: Act
) -> None:
    twin = camt.credit(5_000, name="Erika", remittance="RE-1", booked_on=MONDAY)
    about = {"account": OUR_IBAN, "from_on": MONDAY, "opening": 0}
    first = take_in(session, camt.camt053([twin, twin], to_on=MONDAY, **about), act)
    assert first.imported == 2
    more = [twin, twin, camt.credit(70, booked_on=TUESDAY)]
    again = take_in(session, camt.camt053(more, to_on=TUESDAY, statement_id="WEEK", **about), act)
    session.commit()
    assert (again.imported, again.known) == (1, 2)
    assert [line.amount_minor for line in lines_of(session)] == [5_000, 5_000, 70]
    assert bank_balance(session, books.account) == 10_070


def test_a_third_twin_that_a_later_file_brings_is_new(session: Session, books: Books, act: Act) -> None:
    twin = camt.credit(5_000, remittance="RE-1", booked_on=MONDAY)
    about = {"account": OUR_IBAN, "from_on": MONDAY, "to_on": MONDAY, "opening": 0}
    take_in(session, camt.camt053([twin, twin], **about), act)
    again = take_in(session, camt.camt053([twin, twin, twin], statement_id="LATER", **about), act)
    session.commit()
    assert (again.imported, again.known) == (1, 2)
    assert bank_balance(session, books.account) == 15_000


def test_several_statements_and_accounts_in_one_file(session: Session, books: Books, act: Act) -> None:
    _, other_account = second_creditor(books)
    ours, theirs = Bank(), Bank(iban=OTHER_IBAN, opening_minor=0)
    days = ours.days(transfer(100, "RE-1", day=MONDAY), transfer(200, "RE-2", day=TUESDAY))
    other_days = theirs.days(transfer(100, "RE-1", day=MONDAY))
    content = written(days[0], other_days[0], days[1], message_id="ALL")
    report = take_in(session, content, act)
    session.commit()
    assert (report.imported, len(report.statement_ids)) == (3, 3)
    assert bank_balance(session, books.account) == START + 300
    assert bank_balance(session, other_account) == 100


def test_a_foreign_line_on_an_account_is_kept_and_not_counted(
    session: Session, books: Books, act: Act
) -> None:
    content = camt.camt053(
        [camt.credit(100), replace(camt.credit(900), currency="USD")], account=OUR_IBAN, opening=0,
        closing=100,
    )  # fmt: skip
    take_in(session, content, act)
    session.commit()
    assert {line.amount_minor: line.state for line in lines_of(session)} == {100: "new", 900: "ignored"}
    assert bank_balance(session, books.account) == 100


def test_a_name_that_no_database_takes_is_no_reason_to_refuse_a_file(
    session: Session, books: Books, act: Act
) -> None:
    (content,) = Bank().book(transfer(100, "RE-1"))
    take_in(session, content, act, name="\0" + "x" * 400)
    session.commit()
    (file,) = session.scalars(select(StatementFile))
    assert file.name == "x" * 255


def test_the_bytes_of_a_statement_file_cannot_be_changed(session: Session, books: Books, act: Act) -> None:
    (content,) = Bank().book(transfer(100, "RE-1"))
    take_in(session, content, act)
    session.commit()
    with pytest.raises(IntegrityError) as caught:
        session.execute(text("UPDATE statement_files SET content = 'x'"))
    assert violated(caught.value) == "statement_files_bytes_stay"
    session.rollback()
    assert session.query(StatementLine).count() == 1
    assert session.scalars(select(StatementFile)).one().content == content


def test_money_out_of_an_overdrawn_account_is_below_zero(session: Session, books: Books, act: Act) -> None:
    (content,) = Bank(opening_minor=-5_000).book(payment_out(2_500, "Miete"))
    take_in(session, content, act)
    session.commit()
    (statement,) = statements_of(session)
    assert (statement.opening_minor, statement.closing_minor) == (-5_000, -7_500)
    assert bank_balance(session, books.account) == -7_500
