"""Writing lines into the books: what is posted where, on which day, and what no column can hold."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from ledger.acts import Act
from ledger.models import Account, JournalEntry, Posting
from ledger.money import Money
from reconciliation.booking import Run, StatementWriter, WrongCurrency
from reconciliation.models import StatementFile, StatementLine
from reconciliation.statement import Account as Named
from reconciliation.statement import Balance, Header, Line, LineStatus, Party, Statement
from tests.factories.books import OUR_IBAN, Books
from tests.factories.collecting import refused

DAY = date(2026, 11, 17)


def writer(session: Session, books: Books, act: Act, **header: object) -> StatementWriter:
    """A writer of one statement of the company's account."""
    file = StatementFile(
        id="sfl_test", name="x", content=b"x", sha256="0" * 64, size=1, state="imported", received_at=act.at,
        received_by="test",
    )  # fmt: skip
    session.merge(file)
    plain = {
        "format": "test", "statement_id": "S1", "sequence": "0012",
        "account": Named(iban=OUR_IBAN, currency="EUR"), "from_on": DAY, "to_on": DAY,
    }  # fmt: skip
    said = Header(**(plain | header))
    return StatementWriter(session, "sfl_test", said, books.account, Run(), act)


def closed(made: StatementWriter, opening: int, closing: int, *, currency: str = "EUR") -> Statement:
    return Statement(
        header=Header(
            format="test", statement_id="S1", sequence="0012", account=Named(iban=OUR_IBAN, currency="EUR")
        ),
        currency=currency,
        opening=Balance(amount=Money(opening, currency), on=DAY, kind="OPBD"),
        closing=Balance(amount=Money(closing, currency), on=DAY, kind="CLBD"),
        booked=Money(made.record.booked_minor, currency), booked_count=0, lines=made.record.line_count,
    )  # fmt: skip


def line(minor: int, **facts: object) -> Line:
    return Line(**({"amount": Money(minor, "EUR"), "booked_on": DAY, "position": 1} | facts))


def postings(session: Session) -> list[tuple[str, date, str, int]]:
    rows = session.execute(
        select(JournalEntry.kind, JournalEntry.posted_on, Account.kind, Posting.amount_minor)
        .join(Posting, Posting.entry_id == JournalEntry.id)
        .join(Account, Account.id == Posting.account_id)
        .order_by(Posting.id)
    )
    return [tuple(row) for row in rows]


def test_every_booked_line_moves_between_bank_and_suspense_on_its_day(
    session: Session, books: Books, act: Act
) -> None:
    made = writer(session, books, act)
    later = date(2026, 11, 18)
    made.add(
        [
            line(100), line(-30, booked_on=None, valued_on=later, position=2),
            line(900, status=LineStatus.PENDING, position=3),
        ]
    )  # fmt: skip
    assert postings(session) == [
        ("statement_line", DAY, "bank", 100), ("statement_line", DAY, "suspense", -100),
        ("statement_line", later, "bank", -30), ("statement_line", later, "suspense", 30),
    ]  # fmt: skip
    record = made.record
    assert (record.booked_minor, record.line_count, record.new_count, record.known_count) == (70, 3, 3, 0)
    assert (record.sequence, record.sequence_number, record.currency) == ("0012", 12, "EUR")


def test_a_sequence_that_is_no_number_is_kept_as_it_is(session: Session, books: Books, act: Act) -> None:
    for sequence, number in (("12/1", None), (None, None), ("9" * 18, 10**18 - 1), ("9" * 19, None)):
        record = writer(session, books, act, sequence=sequence).record
        assert (record.sequence, record.sequence_number) == (sequence, number)


def test_a_line_without_date_that_is_no_money_has_the_day_of_its_statement(
    session: Session, books: Books, act: Act
) -> None:
    headers = ({}, {"to_on": None}, {"from_on": None, "to_on": None})
    for number, header in enumerate(headers):
        announced = line(900 + number, booked_on=None, status=LineStatus.PENDING)
        writer(session, books, act, **header).add([announced])
    query = select(StatementLine.booked_on).order_by(StatementLine.amount_minor)
    assert session.scalars(query).all() == [DAY, DAY, act.today]


def test_the_day_a_statement_closes_is_that_of_its_balance_or_else_of_its_last_line(
    session: Session, books: Books, act: Act
) -> None:
    made = writer(session, books, act, from_on=None, to_on=None)
    made.add([line(100, booked_on=date(2026, 11, 10)), line(50, booked_on=date(2026, 11, 12), position=2)])
    said = closed(made, 0, 150)
    made.finish(said)
    assert (made.record.closes_on, made.record.balanced) == (DAY, True)
    undated = Balance(amount=Money(150, "EUR"), on=None, kind="CLBD")
    made.finish(replace(said, closing=undated))
    assert made.record.closes_on == date(2026, 11, 12)


def test_a_statement_in_another_currency_than_its_account_is_refused(
    session: Session, books: Books, act: Act
) -> None:
    made = writer(session, books, act)
    with refused(session, WrongCurrency):
        made.finish(closed(made, 0, 0, currency="USD"))


def test_texts_that_fit_exactly_are_stored(session: Session, books: Books, act: Act) -> None:
    made = writer(session, books, act, statement_id="S" * 100, sequence="7" * 40)
    longest = line(
        1, end_to_end_id="E" * 140, remittance="R" * 5_000, bank_reference="B" * 140,
        counterparty=Party(name="N" * 300, iban="I" * 64, bic="C" * 40), transaction_code="T" * 60,
    )  # fmt: skip
    made.add([longest])
    found = session.scalars(select(StatementLine)).one()
    assert (found.remittance, found.counterparty_name) == ("R" * 5_000, "N" * 300)
