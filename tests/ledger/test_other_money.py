"""Money of no customer: each kind has its account, and what was booked can be unbooked and booked again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from ledger import database, other_money
from ledger.acts import Act
from ledger.identifiers import new_id
from ledger.journal import BookedAlready, NotBooked
from ledger.models import AccountKind
from ledger.other_money import ACCOUNTS, OtherKind, OtherMoney
from tests.factories.books import Books
from tests.factories.money import balance_minor
from tests.ledger.conftest import broken_invariants


@pytest.fixture
def session(engine: Engine) -> Iterator[Session]:
    """No line stands behind this money, so the invariants that ask for one are left out."""
    with database.sessions(engine)() as session:
        yield session
        session.rollback()
    assert broken_invariants(engine) <= {"suspense_is_unexplained_lines", "other_money_is_matched"}


def _part(books: Books, kind: str, amount_minor: int, object_id: str | None = None) -> OtherMoney:
    return OtherMoney(
        kind=kind, creditor_id=books.creditor.id, currency="EUR", amount_minor=amount_minor,
        object_id=object_id or new_id("mat"), on=books.act.today,
    )  # fmt: skip


def _balances(books: Books) -> dict[AccountKind, int]:
    accounts = (*dict.fromkeys(ACCOUNTS.values()), AccountKind.SUSPENSE)
    return {kind: amount for kind in accounts if (amount := balance_minor(books, kind))}


def _entries(session: Session) -> list[tuple[str, date]]:
    rows = session.execute(text("SELECT kind, posted_on FROM journal_entries ORDER BY id"))
    return [(row.kind, row.posted_on) for row in rows]


@pytest.mark.parametrize("kind", OtherKind)
def test_what_went_out_is_borne_by_the_account_of_its_kind(
    session: Session, books: Books, act: Act, kind: OtherKind
) -> None:
    other_money.book(session, [_part(books, kind, -250)], act=act)
    session.commit()
    assert _balances(books) == {ACCOUNTS[kind]: 250, AccountKind.SUSPENSE: -250}


def test_both_legs_of_a_transfer_clear_each_other(session: Session, books: Books, act: Act) -> None:
    legs = [_part(books, "transfer", -50_000), _part(books, "transfer", 50_000)]
    other_money.book(session, legs[:1], act=act)
    assert _balances(books)[AccountKind.TRANSFER_CLEARING] == 50_000
    other_money.book(session, legs[1:], act=act)
    session.commit()
    assert _balances(books) == {}


def test_parts_of_one_kind_of_one_line_are_one_entry(session: Session, books: Books, act: Act) -> None:
    line = new_id("lin")
    parts = [
        _part(books, kind, -amount, line) for kind, amount in (("fee", 300), ("fee", 50), ("interest", 7))
    ]
    other_money.book(session, parts, act=act)
    session.commit()
    assert _balances(books) == {
        AccountKind.FEE: 350, AccountKind.INTEREST: 7, AccountKind.SUSPENSE: -357,
    }  # fmt: skip
    assert [kind for kind, _ in _entries(session)] == ["fee", "interest"]


def test_what_was_booked_is_unbooked_and_booked_again(session: Session, books: Books, act: Act) -> None:
    part = _part(books, "fee", -250)
    back = replace(part, on=date(2026, 11, 20))
    for _ in range(2):
        other_money.book(session, [part], act=act)
        assert _balances(books) == {AccountKind.FEE: 250, AccountKind.SUSPENSE: -250}
        other_money.unbook(session, [back], act=act)
        assert _balances(books) == {}
    session.commit()
    assert _entries(session) == [
        ("fee", part.on), ("fee_back", back.on), ("fee_2", part.on), ("fee_2_back", back.on),
    ]  # fmt: skip


def test_nothing_is_booked_twice_nor_unbooked_without_having_been_booked(
    session: Session, books: Books, act: Act
) -> None:
    part = _part(books, "fee", -250)
    with pytest.raises(NotBooked):
        other_money.unbook(session, [part], act=act)
    other_money.book(session, [part], act=act)
    with pytest.raises(BookedAlready):
        other_money.book(session, [part], act=act)
    other_money.unbook(session, [part], act=act)
    with pytest.raises(NotBooked):
        other_money.unbook(session, [part], act=act)
    other_money.book(session, [part], act=act)
    with pytest.raises(BookedAlready):
        other_money.book(session, [part], act=act)
    session.commit()
    assert _balances(books) == {AccountKind.FEE: 250, AccountKind.SUSPENSE: -250}


def test_nothing_is_nothing_and_an_unknown_kind_is_a_mistake_of_the_caller(
    session: Session, books: Books, act: Act
) -> None:
    other_money.book(session, [], act=act)
    other_money.unbook(session, [_part(books, "fee", 0)], act=act)
    with pytest.raises(ValueError, match="payment"):
        other_money.book(session, [_part(books, "payment", -1)], act=act)
    assert _entries(session) == []
