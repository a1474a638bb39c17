"""Other terms are tried on a month before they take effect: what they would decide otherwise, and nothing written."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from sqlalchemy import event
from sqlalchemy.orm import Session

from ledger.acts import Act
from ledger.models import Customer, Invoice
from reconciliation.transfers import dry_runs, terms
from reconciliation.transfers.certainty import STANDARD, Terms, UnreadableTerms
from reconciliation.transfers.dry_runs import Change, DryRun, TooManyLines
from tests.factories.bank import DAY, Bank, lines_of, match, row_counts, take_in_all, transfer
from tests.factories.books import Books, debtor_iban

SINCE, UNTIL = dry_runs.last_month(date(DAY.year + DAY.month // 12, DAY.month % 12 + 1, 1))


def _with(applied: bool, *names: str) -> Terms:
    rows = tuple(replace(row, applied=applied) if row.name in names else row for row in STANDARD)
    return Terms(rows=rows)


def _try(books: Books, wanted: Terms, *, since: date = SINCE, until: date = UNTIL) -> DryRun:
    return dry_runs.dry_run(books.session, books.creditor.id, wanted, since=since, until=until)


def _customer(books: Books, payer: int) -> Customer:
    """The customer whose account is that of payer number `payer` on a statement."""
    return books.customer(f"Max Mustermann {payer}", iban=debtor_iban(500_000 + payer))


def _invoice(books: Books, total_minor: int, customer: Customer, number: str) -> Invoice:
    return books.invoice(total_minor, customer=customer, number=number, due_on=DAY, issued_on=SINCE)


@pytest.fixture
def month(session: Session, books: Books, act: Act) -> list[Invoice]:
    """A credit that names its invoice, one that does not, and one of nobody we know; matched where it is certain."""
    made = [
        _invoice(books, 12_000, _customer(books, 1), "RE-2026-0815"),
        _invoice(books, 7_700, _customer(books, 2), "RE-2026-0816"),
    ]
    session.commit()
    entries = [
        transfer(12_000, "RE-2026-0815", payer=1),
        transfer(7_700, "Danke", payer=2),
        transfer(500, "Spende", payer=3),
    ]
    take_in_all(session, Bank().book(*entries), act)
    match(session, act)
    session.commit()
    return made


def test_terms_like_those_in_force_decide_nothing_otherwise(books: Books, month: list[Invoice]) -> None:
    run = _try(books, Terms())
    assert (run.matched_lines, run.waiting_lines, run.differences) == (2, 1, ())


def test_a_row_that_is_left_to_a_person_lets_what_it_matched_wait(books: Books, month: list[Invoice]) -> None:
    run = _try(books, _with(False, "account_and_amount"))
    (one,) = run.differences
    assert (one.change, one.is_matched, one.amount_minor) == (Change.WAITS, True, 7_700)
    assert one.before.row == one.after.row == "account_and_amount"
    assert one.before.applied is not None
    assert [share.invoice_id for share in one.before.applied.shares] == [month[1].id]
    assert one.after.because[0] == "Row account_and_amount is left to a person."
    assert run.count(Change.WAITS) == 1


def test_a_row_may_be_left_to_a_person_even_where_number_payer_and_amount_are_plain(
    books: Books, month: list[Invoice]
) -> None:
    names = [row.name for row in STANDARD if row.name.startswith(("invoice_number", "loose_number"))]
    run = _try(books, _with(False, *names))
    assert [(one.change, one.amount_minor) for one in run.differences] == [(Change.WAITS, 12_000)]


def test_a_row_that_is_applied_again_explains_what_waits(session: Session, books: Books, act: Act) -> None:
    terms.replace(session, books.creditor.id, _with(False, "account_and_amount"), act=act)
    _invoice(books, 7_700, _customer(books, 2), "RE-2026-0816")
    session.commit()
    take_in_all(session, Bank().book(transfer(7_700, "Danke", payer=2)), act)
    match(session, act)
    session.commit()
    (one,) = _try(books, Terms()).differences
    assert (one.change, one.is_matched) == (Change.APPLIED, False)
    assert one.after.row == "account_and_amount"
    assert "It comes from the customer's account." in one.after.because


def test_two_payments_of_one_customer_are_each_looked_at_alone(
    session: Session, books: Books, act: Act
) -> None:
    customer = _customer(books, 1)
    _invoice(books, 5_000, customer, "RE-2026-0815")
    session.commit()
    bank = Bank()
    take_in_all(session, bank.book(transfer(5_000, "Danke", payer=1)), act)
    match(session, act)
    _invoice(books, 5_000, customer, "RE-2026-0816")
    session.commit()
    take_in_all(session, bank.book(transfer(5_000, "nochmals Danke", payer=1)), act)
    match(session, act)
    session.commit()
    assert {line.state for line in lines_of(session)} == {"matched"}
    run = _try(books, _with(False, "account_and_amount"))
    assert [one.change for one in run.differences] == [Change.WAITS, Change.WAITS]


def test_nothing_is_written_by_a_dry_run(session: Session, books: Books, month: list[Invoice]) -> None:
    before = row_counts(session)
    said: list[str] = []
    event.listen(session.connection(), "before_cursor_execute", lambda *call: said.append(call[2]))
    _try(books, _with(False, "account_and_amount", "invoice_number"))
    assert [one for one in said if not one.lstrip().upper().startswith(("SELECT", "WITH"))] == []
    assert not any("FOR UPDATE" in one for one in said)
    assert row_counts(session) == before


def test_only_credits_of_the_period_are_looked_at(books: Books, month: list[Invoice]) -> None:
    run = _try(books, Terms(), since=date(2020, 1, 1), until=date(2020, 1, 31))
    assert (run.matched_lines, run.waiting_lines) == (0, 0)


def test_a_table_that_cannot_be_meant_is_not_tried(books: Books) -> None:
    with pytest.raises(UnreadableTerms):
        _try(books, Terms(grace_days=99))


def test_more_credits_than_a_dry_run_looks_at_are_refused(
    books: Books, month: list[Invoice], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dry_runs, "MOST_LINES", 2)
    with pytest.raises(TooManyLines, match="3 credits"):
        _try(books, Terms())


@pytest.mark.parametrize(
    ("today", "expected"),
    [
        (date(2026, 11, 27), (date(2026, 10, 1), date(2026, 10, 31))),
        (date(2026, 1, 1), (date(2025, 12, 1), date(2025, 12, 31))),
        (date(2024, 3, 31), (date(2024, 2, 1), date(2024, 2, 29))),
    ],
)
def test_last_month_ends_the_day_before_this_one_begins(today: date, expected: tuple[date, date]) -> None:
    assert dry_runs.last_month(today) == expected
