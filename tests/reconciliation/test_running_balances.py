"""Two payments that look the same are two; one that is told twice is one: the balances after them tell."""

from __future__ import annotations

from datetime import date

from sqlalchemy.orm import Session

from ledger.acts import Act
from tests.factories import camt
from tests.factories.bank import bank_balance, lines_of, statements_of, take_in
from tests.factories.books import OUR_IBAN, Books

DAY = date(2026, 11, 17)
TWIN = camt.credit(990, name="Anna Beispiel", remittance="Beitrag", booked_on=DAY)
OTHER = camt.credit(40, name="Otto Muster", remittance="Spende", booked_on=DAY)
BACK = camt.debit(990, name="Anna Beispiel", remittance="zurueck", booked_on=DAY)


def piece(*entries: camt.Entry, opening: int, number: int, day: date = DAY) -> bytes:
    closing = opening + sum(entry.amount for entry in entries)
    return camt.camt053(
        entries, account=OUR_IBAN, statement_id=f"S-{number}", sequence=None, from_on=None, to_on=None,
        balances=(("OPBD", opening, day, "EUR"), ("CLBD", closing, day, "EUR")),
    )  # fmt: skip


MORNING = piece(TWIN, opening=0, number=1)
NOON = piece(OTHER, opening=990, number=2)
EVENING = piece(TWIN, opening=1_030, number=3)
WHOLE = piece(TWIN, OTHER, TWIN, opening=0, number=4)


def amounts(session: Session) -> list[int]:
    return [line.amount_minor for line in lines_of(session)]


def take(session: Session, act: Act, *files: bytes) -> None:
    for number, content in enumerate(files):
        take_in(session, content, act, name=f"{number}.xml")
    session.commit()


def test_equal_payments_in_two_statements_of_a_day_are_two(session: Session, books: Books, act: Act) -> None:
    take(session, act, MORNING, piece(TWIN, opening=990, number=2))
    assert (amounts(session), bank_balance(session, books.account)) == ([990, 990], 1_980)
    assert [statement.gap_minor for statement in statements_of(session)] == [None, None]
    assert [(one.new_count, one.known_count) for one in statements_of(session)] == [(1, 0), (1, 0)]


def test_the_order_in_which_they_come_does_not_matter(session: Session, books: Books, act: Act) -> None:
    take(session, act, EVENING, MORNING)
    assert amounts(session) == [990]  # until the piece between them comes, nothing proves that they are two
    take(session, act, NOON)
    assert (amounts(session), bank_balance(session, books.account)) == ([40, 990, 990], 2_020)
    assert [statement.gap_minor for statement in statements_of(session)] == [None, None, None]


def test_a_statement_of_the_whole_day_repeats_all_of_them(session: Session, books: Books, act: Act) -> None:
    take(session, act, MORNING, NOON, EVENING, WHOLE)
    assert (amounts(session), bank_balance(session, books.account)) == ([40, 990, 990], 2_020)
    assert [(one.new_count, one.known_count) for one in statements_of(session)][-1] == (0, 3)


def test_the_pieces_of_a_known_day_bring_nothing_new(session: Session, books: Books, act: Act) -> None:
    take(session, act, WHOLE, EVENING, MORNING, NOON)
    assert (amounts(session), bank_balance(session, books.account)) == ([40, 990, 990], 2_020)
    assert {statement.gap_minor for statement in statements_of(session)} == {None}


def test_the_same_statement_with_another_name_is_the_same(session: Session, books: Books, act: Act) -> None:
    take(session, act, MORNING, piece(TWIN, opening=0, number=9))
    assert (amounts(session), bank_balance(session, books.account)) == ([990], 990)


def test_a_payment_that_went_back_and_came_again_is_three_bookings(
    session: Session, books: Books, act: Act
) -> None:
    take(
        session,
        act,
        piece(TWIN, BACK, TWIN, opening=0, number=1),
        piece(TWIN, BACK, TWIN, opening=0, number=2),
    )
    assert (amounts(session), bank_balance(session, books.account)) == ([-990, 990, 990], 990)


def test_statements_that_list_a_day_in_another_order_bring_nothing_twice(
    session: Session, books: Books, act: Act
) -> None:
    take(session, act, WHOLE, piece(OTHER, TWIN, TWIN, opening=0, number=5))
    assert (amounts(session), bank_balance(session, books.account)) == ([40, 990, 990], 2_020)
    assert {statement.gap_minor for statement in statements_of(session)} == {None}


def test_a_line_that_is_missing_is_a_gap_and_not_a_twin(session: Session, books: Books, act: Act) -> None:
    take(session, act, MORNING, EVENING)
    assert amounts(session) == [990]
    gaps = [statement.gap_minor for statement in statements_of(session) if statement.gap_minor is not None]
    assert len(gaps) == 1
    assert bank_balance(session, books.account) == 2_020
