"""A rule that is tried says what it would take and from whom, and writes nothing."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from ledger.acts import Act
from reconciliation.line_rules import trying
from reconciliation.line_rules.trying import TooManyDays, Trial
from tests.factories.bank import DAY, match, row_counts
from tests.factories.books import Books
from tests.factories.line_rules import Account, booking, draft, of

ALL = of("text", "contains", "zahlung")


def tried(books: Books, *conditions: dict[str, object], days: int = 30) -> Trial:
    return trying.try_out(
        books.session, creditor_id=books.creditor.id, draft=draft("other", *(conditions or (ALL,))), days=days,
        act=books.act,
    )  # fmt: skip


def test_it_counts_what_it_would_take_and_shows_what_is_explained_otherwise_today(
    session: Session, books: Books, act: Act
) -> None:
    books.invoice(12_000, number="RE-2026-0815")
    Account(books).book(
        booking(12_000, "Zahlung RE-2026-0815", code="PMNT/RCDT/ESCT", name="Erika Beispiel"),
        booking(-500, "Zahlung Miete"),
        booking(-7, "Porto"),
    )
    match(session, act)
    session.commit()
    before = row_counts(session)
    trial = tried(books)
    assert (trial.count, dict(trial.sums), trial.waiting, trial.explained_otherwise) == (
        2, {"EUR": 11_500}, 1, 1,
    )  # fmt: skip
    (otherwise,) = trial.otherwise
    assert (otherwise.amount_minor, otherwise.state, otherwise.counterparty_name) == (
        12_000, "matched", "Erika Beispiel",
    )  # fmt: skip
    assert otherwise.matched_by is not None
    assert {line.amount_minor for line in trial.lines} == {12_000, -500}
    assert (trial.complete, trial.looked_at) == (True, 3)
    session.commit()
    assert row_counts(session) == before


def test_only_the_last_days_are_looked_at(books: Books) -> None:
    Account(books).book(
        booking(-1, "Zahlung", day=DAY - timedelta(days=31)),
        booking(-2, "Zahlung", day=DAY - timedelta(days=30)),
    )
    assert tried(books).count == 1
    assert tried(books, days=31).count == 2
    for days in (0, 367):
        with pytest.raises(TooManyDays):
            tried(books, days=days)


def test_it_shows_a_hundred_and_counts_all(books: Books) -> None:
    Account(books).book(*(booking(-amount, f"Zahlung {amount}") for amount in range(1, 106)))
    trial = tried(books)
    assert (trial.count, len(trial.lines)) == (105, 100)


def test_it_says_when_there_is_more_than_it_looks_at(books: Books, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trying, "MOST_LOOKED_AT", 2)
    Account(books).book(*(booking(-amount, f"Zahlung {amount}") for amount in range(1, 4)))
    trial = tried(books)
    assert (trial.complete, trial.looked_at, trial.count) == (False, 2, 2)


def test_lines_that_no_rule_would_be_asked_about_are_not_counted(session: Session, books: Books) -> None:
    Account(books).book(booking(-1, "Zahlung"))
    assert tried(books, of("text", "contains", "Miete")).count == 0
