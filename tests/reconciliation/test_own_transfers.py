"""Transfers between own accounts: both legs are matched at once, each naming the other, or both wait and say why."""

from __future__ import annotations

import random

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from ledger.acts import Act
from ledger.models import AccountKind
from reconciliation.models import Match, MatchPart, StatementLine
from reconciliation.transfers import finding
from tests.factories import camt
from tests.factories.bank import lines_of, match
from tests.factories.books import OUR_IBAN, Books
from tests.factories.collecting import OTHER_IBAN, second_creditor
from tests.factories.line_rules import SAVINGS_IBAN, Account, of, rule, second_account, stranger, to
from tests.factories.money import balance_minor

NOT_YET = 'It is a transfer to or from our account "{}". The other leg has not come yet.'


def waits(session: Session) -> set[str | None]:
    return {line.waiting_because for line in lines_of(session) if line.state == "unexplained"}


def clearing(books: Books) -> int:
    return balance_minor(books, AccountKind.TRANSFER_CLEARING)


@pytest.mark.parametrize("main_first", [True, False])
@pytest.mark.parametrize("limit", [1, 2_000])
def test_both_legs_are_matched_at_once_and_name_each_other(
    session: Session, books: Books, act: Act, *, main_first: bool, limit: int
) -> None:
    second_account(books)
    deliveries = [
        lambda: Account(books).book(to(SAVINGS_IBAN, -50_000, text="Uebertrag")),
        lambda: Account(books, SAVINGS_IBAN).book(to(OUR_IBAN, 50_000, days=1, text="Uebertrag")),
    ]
    for deliver in deliveries if main_first else reversed(deliveries):
        deliver()
    report = match(session, act, limit=limit)
    session.commit()
    assert (waits(session), clearing(books), balance_minor(books, AccountKind.SUSPENSE)) == (set(), 0, 0)
    assert dict(report.by_rule) == {"own_transfer": 2}
    out, back = lines_of(session)
    made = {match.line_id: match for match in session.scalars(select(Match))}
    parts = {part.match_id: part for part in session.scalars(select(MatchPart))}
    assert {
        line_id: (parts[one.id].kind, parts[one.id].object_id, parts[one.id].amount_minor)
        for line_id, one in made.items()
    } == {out.id: ("transfer", back.id, -50_000), back.id: ("transfer", out.id, 50_000)}
    assert made[out.id].evidence == [
        'The other leg was booked on 2026-11-19 on our account "Savings".',
        "It is the same amount with the opposite sign.",
        "Each leg names the account of the other one.",
    ]


def test_one_leg_waits_until_the_other_has_come(session: Session, books: Books, act: Act) -> None:
    second_account(books)
    Account(books).book(to(SAVINGS_IBAN, -50_000))
    match(session, act)
    session.commit()
    assert waits(session) == {NOT_YET.format("Savings")}
    Account(books, SAVINGS_IBAN).book(to(OUR_IBAN, 50_000))
    match(session, act)
    session.commit()
    assert (waits(session), clearing(books)) == (set(), 0)


def test_a_leg_that_names_nobody_is_the_other_one(session: Session, books: Books, act: Act) -> None:
    second_account(books)
    Account(books).book(to(SAVINGS_IBAN, -50_000, text="Uebertrag"))
    Account(books, SAVINGS_IBAN).book(to(None, 50_000, text="SVWZ+ Uebertrag", name="MUSTER ENERGIE"))
    match(session, act)
    session.commit()
    assert (waits(session), clearing(books)) == (set(), 0)
    evidence = session.scalars(select(Match.evidence)).first()
    assert evidence is not None
    assert "One leg names the account of the other one, and none names a third." in evidence


@pytest.mark.parametrize(
    "back",
    [
        to(stranger(), 50_000, name="Max Mustermann"),
        to(None, 50_000, name="Max Mustermann"),
        to(None, 50_000, text="RE-2026-0815"),
        to(OUR_IBAN, 49_999),
        to(OUR_IBAN, 50_000, days=6),
    ],
    ids=["third account", "third name", "other text", "other amount", "too late"],
)
def test_what_does_not_fit_is_not_the_other_leg(
    session: Session, books: Books, act: Act, back: camt.Entry
) -> None:
    second_account(books)
    Account(books).book(to(SAVINGS_IBAN, -50_000, text="Uebertrag"))
    Account(books, SAVINGS_IBAN).book(back)
    match(session, act)
    session.commit()
    assert {line.state for line in lines_of(session)} == {"unexplained"}
    assert NOT_YET.format("Savings") in waits(session)


def test_several_legs_that_fit_equally_are_left_to_a_person(session: Session, books: Books, act: Act) -> None:
    second_account(books)
    Account(books).book(to(SAVINGS_IBAN, -50_000))
    Account(books, SAVINGS_IBAN).book(to(OUR_IBAN, 50_000, days=1), to(OUR_IBAN, 50_000, days=2))
    match(session, act)
    session.commit()
    fits = 'It is a transfer to or from our account "{}", and several other legs fit equally well.'
    assert waits(session) == {fits.format("Savings"), fits.format("Main")}
    assert clearing(books) == 0


def test_between_accounts_of_different_creditors_nothing_is_paired(
    session: Session, books: Books, act: Act
) -> None:
    second_creditor(books)
    Account(books).book(to(OTHER_IBAN, -50_000))
    Account(books, OTHER_IBAN).book(to(OUR_IBAN, 50_000))
    match(session, act)
    session.commit()
    assert waits(session) == {
        'It went to account "Water" of another creditor of ours, so it is no transfer between own accounts.',
        finding.NOTHING_KNOWN,
    }


def test_money_of_a_sister_company_can_still_pay_an_invoice(session: Session, books: Books, act: Act) -> None:
    second_creditor(books)
    invoice = books.invoice(50_000, number="RE-2026-4711")
    Account(books).book(to(OTHER_IBAN, 50_000, text="RE-2026-4711"))
    match(session, act)
    session.commit()
    session.refresh(invoice)
    assert invoice.open_minor == 0


def test_an_account_in_another_currency_has_no_other_leg(session: Session, books: Books, act: Act) -> None:
    second_account(books, currency="CHF")
    Account(books).book(to(SAVINGS_IBAN, -50_000))
    Account(books, SAVINGS_IBAN, "CHF").book(to(OUR_IBAN, 50_000))
    match(session, act)
    session.commit()
    assert {line.state for line in lines_of(session)} == {"unexplained"}


def test_a_leg_that_a_person_holds_is_left_alone(session: Session, books: Books, act: Act) -> None:
    second_account(books)
    Account(books).book(to(SAVINGS_IBAN, -50_000))
    Account(books, SAVINGS_IBAN).book(to(OUR_IBAN, 50_000))
    held = update(StatementLine).where(StatementLine.amount_minor > 0)
    session.execute(held.values(held_at=act.at, held_by="treasury"))
    match(session, act)
    session.commit()
    assert {line.state for line in lines_of(session)} == {"unexplained", "new"}


def test_a_transfer_is_no_business_of_a_written_rule(session: Session, books: Books, act: Act) -> None:
    second_account(books)
    rule(books, "other", of("text", "contains", "Uebertrag"))
    Account(books).book(to(SAVINGS_IBAN, -50_000, text="Uebertrag"))
    match(session, act)
    session.commit()
    assert waits(session) == {NOT_YET.format("Savings")}


@pytest.mark.parametrize("seed", range(3))
def test_chunks_and_the_order_of_lines_do_not_matter(
    session: Session, books: Books, act: Act, seed: int
) -> None:
    """Two clear transfers, three that cannot be told apart, a stranger: each time the same legs are paired."""
    second_account(books)
    chance = random.Random(seed)
    mine = [
        to(SAVINGS_IBAN, -100), to(SAVINGS_IBAN, -200, days=1), to(SAVINGS_IBAN, -300),
        to(SAVINGS_IBAN, -300, days=1), to(stranger(), -400),
    ]  # fmt: skip
    other = [to(OUR_IBAN, 100, days=2), to(None, 200, days=1), to(OUR_IBAN, 300, days=3), to(None, 400)]
    chance.shuffle(mine)
    chance.shuffle(other)
    deliveries = [(Account(books), mine), (Account(books, SAVINGS_IBAN), other)]
    chance.shuffle(deliveries)
    for account, entries in deliveries:
        account.book(*entries)
    match(session, act, limit=chance.choice([1, 2, 3, 2_000]))
    session.commit()
    explained = [line.amount_minor for line in lines_of(session) if line.state == "matched"]
    assert sorted(explained) == [-200, -100, 100, 200]
    assert clearing(books) == 0
