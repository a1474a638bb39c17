"""The journal: every booking balances, nothing is booked twice, and nothing booked is ever changed."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import Any

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from ledger import creditors, database, journal
from ledger.acts import Act
from ledger.database import copy_rows, violated
from ledger.journal import Booking, Place
from ledger.models import AccountKind
from tests.factories.books import Books


def _place(books: Books, kind: AccountKind, currency: str = "EUR") -> Place:
    return Place(books.creditor.id, kind, currency)


def _bank(books: Books) -> Place:
    return Place(books.creditor.id, AccountKind.BANK, "EUR", books.account.id)


def _booking(books: Books, amount_minor: int, object_id: str = "lin_1", kind: str = "fee") -> Booking:
    return Booking(
        kind=kind, object_id=object_id, posted_on=books.act.today, amount_minor=amount_minor,
        debit=_place(books, AccountKind.BILLED), credit=_place(books, AccountKind.SUSPENSE),
    )  # fmt: skip


def _rows(session: Session, statement: str) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in session.execute(text(statement))]


def test_a_booking_takes_from_one_account_what_it_gives_to_the_other(session: Session, books: Books) -> None:
    journal.post(session, [_booking(books, 345)], act=books.act)
    assert journal.balance_minor(session, _place(books, AccountKind.BILLED)) == 345
    assert journal.balance_minor(session, _place(books, AccountKind.SUSPENSE)) == -345
    assert _rows(session, "SELECT kind, object_id, posted_on FROM journal_entries") == [
        ("fee", "lin_1", date(2026, 11, 18))
    ]
    assert _rows(session, "SELECT amount_minor FROM postings ORDER BY id") == [(345,), (-345,)]


def test_an_amount_below_zero_moves_the_other_way(session: Session, books: Books) -> None:
    journal.post(session, [_booking(books, -345)], act=books.act)
    assert journal.balance_minor(session, _place(books, AccountKind.BILLED)) == -345
    assert journal.balance_minor(session, _place(books, AccountKind.SUSPENSE)) == 345


def test_bookings_add_up(session: Session, books: Books) -> None:
    amounts = (1, 20, 300, 4_000)
    journal.post(session, [_booking(books, amount, f"lin_{amount}") for amount in amounts], act=books.act)
    journal.post(session, [_booking(books, -21, "lin_back")], act=books.act)
    assert journal.balance_minor(session, _place(books, AccountKind.BILLED)) == 4_300


def test_a_booking_of_nothing_is_left_out(session: Session, books: Books) -> None:
    journal.post(session, [_booking(books, 0)], act=books.act)
    journal.post(session, [], act=books.act)
    assert _rows(session, "SELECT count(*) FROM journal_entries") == [(0,)]


def test_an_account_that_was_never_used_stands_at_zero(session: Session, books: Books) -> None:
    assert journal.balance_minor(session, _bank(books)) == 0


def test_currencies_and_bank_accounts_have_books_of_their_own(session: Session, books: Books) -> None:
    francs = _place(books, AccountKind.SUSPENSE, "CHF")
    second = creditors.open_bank_account(
        session, creditor_id=books.creditor.id, name="Second", other_number="4711", act=books.act
    )
    other_bank = Place(books.creditor.id, AccountKind.BANK, "EUR", second.id)
    euros = _place(books, AccountKind.SUSPENSE)
    posted = [
        Booking(
            kind="line", object_id=f"lin_{number}", posted_on=books.act.today,
            debit=debit, credit=credit, amount_minor=amount,
        )
        for number, (debit, credit, amount) in enumerate(
            [(_bank(books), euros, 100), (other_bank, euros, 7), (_place(books, AccountKind.BILLED, "CHF"), francs, 30)]
        )
    ]  # fmt: skip
    journal.post(session, posted, act=books.act)
    balances = [journal.balance_minor(session, place) for place in (_bank(books), other_bank, euros, francs)]
    assert balances == [100, 7, -107, -30]


def test_the_same_thing_is_not_booked_twice(session: Session, books: Books) -> None:
    journal.post(session, [_booking(books, 345)], act=books.act)
    with pytest.raises(IntegrityError) as refused:
        journal.post(session, [_booking(books, 345)], act=books.act)
    assert violated(refused.value) == "uq_journal_entries_object_id_kind"


def test_another_kind_of_booking_of_the_same_thing_is_another_booking(session: Session, books: Books) -> None:
    journal.post(session, [_booking(books, 345), _booking(books, -345, kind="fee_returned")], act=books.act)
    assert journal.balance_minor(session, _place(books, AccountKind.BILLED)) == 0
    assert _rows(session, "SELECT count(*) FROM journal_entries") == [(2,)]


@pytest.mark.parametrize(
    ("debit", "credit"),
    [(345, -344), (345, 345), (345, None)],
    ids=["a cent is missing", "both sides debited", "one side only"],
)
def test_a_booking_that_does_not_balance_is_refused_by_the_database(
    session: Session, books: Books, debit: int, credit: int | None
) -> None:
    fee, suspense = _two_accounts(session, books)
    entry = _empty_entry(session, books)
    sides = [(entry, fee, debit)] + ([(entry, suspense, credit)] if credit is not None else [])
    with pytest.raises(IntegrityError) as refused:
        copy_rows(session, "postings", ("entry_id", "account_id", "amount_minor"), sides)
    assert violated(refused.value) == "postings_balanced"


def test_euros_do_not_balance_francs(session: Session, books: Books) -> None:
    _refuse_across(session, books, _place(books, AccountKind.BILLED, "CHF"))


def test_one_creditor_does_not_balance_another(session: Session, books: Books) -> None:
    other = creditors.create(session, name="Zweite Muster GmbH", country="DE", act=books.act)
    _refuse_across(session, books, Place(other.id, AccountKind.BILLED, "EUR"))


def _refuse_across(session: Session, books: Books, foreign: Place) -> None:
    booking = Booking(
        kind="fee", object_id="lin_1", posted_on=books.act.today, amount_minor=345,
        debit=foreign, credit=_place(books, AccountKind.SUSPENSE),
    )  # fmt: skip
    with pytest.raises(IntegrityError) as refused:
        journal.post(session, [booking], act=books.act)
    assert violated(refused.value) == "postings_balanced"


def test_a_posting_of_nothing_is_refused_by_the_database(session: Session, books: Books) -> None:
    fee, _ = _two_accounts(session, books)
    entry = _empty_entry(session, books)
    with pytest.raises(IntegrityError) as refused:
        copy_rows(session, "postings", ("entry_id", "account_id", "amount_minor"), [(entry, fee, 0)])
    assert violated(refused.value) == "ck_postings_amount_not_zero"


def _two_accounts(session: Session, books: Books) -> tuple[int, int]:
    journal.post(session, [_booking(books, 1, "lin_first")], act=books.act)
    fee, suspense = session.scalars(text("SELECT id FROM accounts ORDER BY kind")).all()
    return fee, suspense


def _empty_entry(session: Session, books: Books) -> int:
    made = session.execute(
        text(
            "INSERT INTO journal_entries (creditor_id, posted_on, kind, object_id, created_at) "
            "VALUES (:creditor, '2026-11-18', 'fee', 'lin_by_hand', now()) RETURNING id"
        ),
        {"creditor": books.creditor.id},
    )
    return int(made.scalar_one())


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE journal_entries SET posted_on = '2026-01-01'",
        "DELETE FROM journal_entries",
        "TRUNCATE journal_entries CASCADE",
        "UPDATE postings SET amount_minor = amount_minor * 10",
        "DELETE FROM postings",
        "TRUNCATE postings",
        "DELETE FROM accounts",
    ],
)
def test_what_is_booked_is_never_changed(session: Session, books: Books, change: str) -> None:
    journal.post(session, [_booking(books, 345)], act=books.act)
    with pytest.raises(IntegrityError) as refused:
        session.execute(text(change))
    assert violated(refused.value).endswith("_append_only")


@pytest.mark.race
def test_an_account_that_many_open_at_once_is_opened_once(
    engine: Engine, session: Session, books: Books, act: Act
) -> None:
    session.commit()
    start = threading.Barrier(8)

    def post(number: int) -> None:
        with database.sessions(engine)() as own:
            start.wait()
            journal.post(own, [_booking(books, 100 + number, f"lin_{number}")], act=act)
            own.commit()

    with ThreadPoolExecutor(8) as threads:
        for done in [threads.submit(post, number) for number in range(8)]:
            done.result(timeout=60)
    assert _rows(session, "SELECT kind FROM accounts ORDER BY kind") == [("billed",), ("suspense",)]
    assert journal.balance_minor(session, _place(books, AccountKind.BILLED)) == 828


def test_ten_thousand_bookings_go_in_one_call(session: Session, books: Books) -> None:
    many = [_booking(books, number, f"lin_{number}") for number in range(1, 10_001)]
    journal.post(session, many, act=books.act)
    assert journal.balance_minor(session, _place(books, AccountKind.BILLED)) == 50_005_000
    assert _rows(session, "SELECT count(*), sum(amount_minor) FROM postings") == [(20_000, 0)]
