"""The chain of statements of an account: whatever arrives in whatever order, nothing is doubled or forgotten."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from gateway.sandbox.camt053 import Statement
from ledger import creditors
from ledger.acts import Act
from ledger.models import BankAccount, Event
from reconciliation.models import StatementLine, StatementRecord
from tests.factories.bank import (
    START,
    Bank,
    bank_balance,
    lines_of,
    payment_out,
    statements_of,
    take_in,
    take_in_all,
    together,
    transfer,
    written,
)
from tests.factories.books import Books, debtor_iban

FIRST = date(2026, 11, 2)
MONDAY, TUESDAY, WEDNESDAY = (date(2026, 11, day) for day in (16, 17, 18))
DAYS = 8


@dataclass(frozen=True)
class Period:
    """A statement over the days `first` to `last` of an account, counted from zero."""

    first: int
    last: int


def open_account(books: Books, number: int) -> BankAccount:
    return creditors.open_bank_account(
        books.session, creditor_id=books.creditor.id, name=f"Account {number}", act=books.act,
        iban=debtor_iban(900_000 + number),
    )  # fmt: skip


def days_of(account: BankAccount, chance: Random) -> list[Statement]:
    """A day's statement for each of DAYS, with twins, some of them with money out."""
    entries = []
    for day in range(DAYS):
        booked = transfer(chance.randint(-900, 900) or 1, "Zahlung", day=FIRST + timedelta(days=day))
        entries += [booked] * chance.choice((1, 1, 2))
    return Bank(iban=str(account.iban), opening_minor=chance.randint(-5_000, 5_000)).days(*entries)


def missing_between(days: list[Statement], periods: list[Period]) -> list[int]:
    """What was booked on days that no period covers, for each run of them between covered days."""
    covered = {day for period in periods for day in range(period.first, period.last + 1)}
    runs, run = [], 0
    for day in range(min(covered), max(covered) + 1):
        if day in covered:
            runs.append(run)
            run = 0
        else:
            run += sum(entry.amount.minor for entry in days[day].entries)
    return [amount for amount in runs if amount]


@pytest.mark.parametrize("seed", range(6))
def test_statements_of_any_period_in_any_order_agree(
    session: Session, books: Books, act: Act, seed: int
) -> None:
    for number in range(8):
        chance = Random(100 * seed + number)
        account = open_account(books, number)
        days = days_of(account, chance)
        wanted = [
            Period(first, min(DAYS - 1, first + chance.choice((0, 0, 1, 2, 4))))
            for first in (chance.randrange(DAYS) for _ in range(chance.randint(1, 6)))
        ]
        for position, period in enumerate(wanted):
            statement = together(*days[period.first : period.last + 1])
            take_in(session, written(statement, message_id=f"M{number}-{position}"), act)
            session.commit()
            require_agreement(session, account, days, wanted[: position + 1], f"{seed}/{number}: {wanted}")


def require_agreement(
    session: Session, account: BankAccount, days: list[Statement], so_far: list[Period], scene: str
) -> None:
    """Each line once, the last closing balance at the bank, and gaps exactly where days are missing."""
    covered = {day for period in so_far for day in range(period.first, period.last + 1)}
    amounts = session.scalars(
        select(StatementLine.amount_minor).where(StatementLine.bank_account_id == account.id)
    )
    expected = [entry.amount.minor for day in covered for entry in days[day].entries]
    assert sorted(amounts) == sorted(expected), scene
    assert bank_balance(session, account) == days[max(covered)].closing.minor, scene
    gaps = session.scalars(
        select(StatementRecord.gap_minor)
        .where(StatementRecord.bank_account_id == account.id, StatementRecord.gap_minor.is_not(None))
        .order_by(StatementRecord.closes_on)
    )
    assert list(gaps) == missing_between(days, so_far), scene


def test_statements_that_follow_one_another_leave_no_gap(session: Session, books: Books, act: Act) -> None:
    bank = Bank()
    for day in (MONDAY, TUESDAY, WEDNESDAY):
        take_in_all(session, bank.book(transfer(100, "RE", day=day), payment_out(30, day=day)), act)
    session.commit()
    assert [statement.gap_minor for statement in statements_of(session)] == [None] * 3
    assert bank_balance(session, books.account) == START + 210


def test_a_missing_statement_is_told_as_a_gap_and_healed_when_it_arrives(
    session: Session, books: Books, act: Act
) -> None:
    first, missing, last = Bank().book(
        transfer(100, "RE-1", day=MONDAY), transfer(200, "RE-2", day=TUESDAY),
        transfer(400, "RE-3", day=WEDNESDAY),
    )  # fmt: skip
    take_in_all(session, [first, last], act)
    session.commit()
    before, after = statements_of(session)
    assert (before.gap_minor, after.gap_minor) == (None, 200)
    assert bank_balance(session, books.account) == START + 700
    (told,) = session.scalars(select(Event).where(Event.type == "statement.gap_found"))
    assert (told.object_id, told.data) == (
        after.id, {"gap_minor": 200, "currency": "EUR", "bank_account_id": books.account.id},
    )  # fmt: skip

    take_in(session, missing, act)
    session.commit()
    assert [statement.gap_minor for statement in statements_of(session)] == [None] * 3
    assert bank_balance(session, books.account) == START + 700
    assert session.scalar(select(func.count()).where(Event.type == "statement.gap_found")) == 1


def test_statements_may_arrive_in_any_order(session: Session, books: Books, act: Act) -> None:
    files = Bank().book(*(transfer(100 * day, "RE", day=date(2026, 11, day)) for day in range(9, 14)))
    for index in (3, 0, 4, 2, 1):
        take_in(session, files[index], act)
        session.commit()
    assert [statement.gap_minor for statement in statements_of(session)] == [None] * 5
    assert bank_balance(session, books.account) == START + 5_500


@pytest.mark.parametrize(
    "order",
    [
        ("week", "monday", "tuesday", "wednesday"),
        ("monday", "week", "wednesday", "tuesday"),
        ("tuesday", "week", "monday"),
        ("wednesday", "monday", "tuesday", "week"),
        ("late", "early"),
        ("early", "late"),
        ("late", "monday", "early"),
        ("late", "week", "early", "tuesday"),
    ],
)
def test_longer_and_shorter_statements_agree_whatever_comes_first(
    session: Session, books: Books, act: Act, order: tuple[str, ...]
) -> None:
    monday, tuesday, wednesday = Bank().days(
        transfer(100, "RE-1", day=MONDAY), transfer(200, "RE-2", day=TUESDAY),
        transfer(400, "RE-3", day=WEDNESDAY),
    )  # fmt: skip
    files = {
        "monday": monday, "tuesday": tuesday, "wednesday": wednesday,
        "week": together(monday, tuesday, wednesday), "early": together(monday, tuesday),
        "late": together(tuesday, wednesday),
    }  # fmt: skip
    for name in order:
        take_in(session, written(files[name]), act)
        session.commit()
    assert [line.amount_minor for line in lines_of(session)] == [100, 200, 400]
    assert {statement.gap_minor for statement in statements_of(session)} == {None}
    assert bank_balance(session, books.account) == START + 700


def test_two_statements_of_one_day_follow_their_numbers(session: Session, books: Books, act: Act) -> None:
    bank = Bank()
    files = [*bank.book(transfer(100, "morning")), *bank.book(transfer(200, "evening"))]
    for file in reversed(files):
        take_in(session, file, act)
    session.commit()
    assert [statement.gap_minor for statement in statements_of(session)] == [None, None]
    assert bank_balance(session, books.account) == START + 300
