"""Matching as a whole: rules in order, chunk after chunk, by many hands, again and again, to the same books."""

from __future__ import annotations

from functools import partial
from itertools import count
from random import Random

import pytest
from sqlalchemy import Engine, func, select, text
from sqlalchemy.orm import Session

from gateway.sandbox.bank import Booking
from gateway.sandbox.entries import Entry
from ledger import journal
from ledger.acts import Act
from ledger.journal import Place
from ledger.models import AccountKind, Invoice, Payment
from mandates.models import Debit
from reconciliation import matching
from reconciliation.matching import MatchReport
from reconciliation.models import Match, StatementLine
from tests.factories.bank import (
    Bank,
    lines_of,
    match,
    payment_out,
    row_counts,
    take_in,
    take_in_all,
    transfer,
)
from tests.factories.books import Books
from tests.factories.collecting import (
    approved,
    at_once,
    days_later,
    release,
    reload,
    schedule,
    scheduled,
    second,
    sent,
)

NOTHING = "Neither a reference of ours nor an invoice number stands in it."
OUT = "Money went out, and no return or refund of ours explains it."


def day_of_business(session: Session, books: Books, numbers: count[int]) -> list[Entry]:
    """Transfers of every kind: paid exactly, twice, too little, for nothing known, and money out."""
    made = [books.invoice(1_000 * size, number=f"N-{next(numbers):04d}") for size in range(1, 7)]
    entries = [transfer(invoice.total_minor, f"Re {invoice.number}") for invoice in made[:4]]
    entries += [transfer(made[0].total_minor, f"Re {made[0].number} nochmal", payer=7)]
    entries += [transfer(made[4].total_minor - 1, f"Re {made[4].number}", payer=8)]
    entries += [transfer(777, "Spende"), payment_out(333, "Miete")]
    session.commit()
    return entries


def state_of_the_books(session: Session, books: Books) -> dict[str, object]:
    """Amounts by state: what a clerk would compare, apart from ids."""
    session.expire_all()
    accounts = {
        kind: journal.balance_minor(session, Place(books.creditor.id, kind, "EUR"))
        for kind in (AccountKind.SUSPENSE, AccountKind.RECEIVABLE, AccountKind.UNAPPLIED, AccountKind.FEE)
    }
    return {
        "lines": sorted((line.amount_minor, line.state) for line in lines_of(session)),
        "reasons": sorted((line.amount_minor, str(line.waiting_because)) for line in lines_of(session)),
        "invoices": sorted(
            (invoice.number, invoice.open_minor, invoice.collection_status)
            for invoice in session.scalars(select(Invoice))
        ),
        "debits": sorted((debit.amount_minor, debit.state) for debit in session.scalars(select(Debit))),
        "payments": sorted(
            (payment.amount_minor, payment.state, payment.unallocated_minor)
            for payment in session.scalars(select(Payment))
        ),
    } | accounts


def test_a_report_counts_what_was_decided_and_why_the_rest_waits(
    session: Session, books: Books, act: Act
) -> None:
    take_in_all(session, Bank().book(*day_of_business(session, books, count(1))), act)
    report = match(session, act, limit=3)
    session.commit()
    assert report.looked_at == 8
    assert dict(report.by_rule) == {"invoice_number": 4}
    assert report.waiting.total() == 4
    assert (report.waiting[NOTHING], report.waiting[OUT]) == (1, 1)
    assert report.last_line_id == max(line.id for line in lines_of(session))
    assert matching.match_chunk(session, act=act, after=report.last_line_id) == MatchReport()


def test_matching_again_changes_nothing(session: Session, books: Books, act: Act) -> None:
    debits = [scheduled(books, 12_000), scheduled(books, 700)]
    _, message = sent(books)
    bank = Bank()
    take_in_all(session, bank.answer(message, outcomes={debits[0].end_to_end_id: "AM04"}), act)
    again = transfer(700, end_to_end_id=debits[1].end_to_end_id)
    take_in_all(session, bank.book(*day_of_business(session, books, count(1)), again, again), act)
    match(session, act)
    session.commit()
    before, counts = state_of_the_books(session, books), row_counts(session)
    for days in (0, 1):
        report = match(session, days_later(act, days))
        session.commit()
        assert (report.looked_at, dict(report.by_rule)) == (6, {})
        assert (state_of_the_books(session, books), row_counts(session)) == (before, counts)


@pytest.mark.parametrize("seed", range(3))
def test_the_order_of_the_lines_makes_no_difference_to_the_books(
    session: Session, books: Books, act: Act, engine: Engine, seed: int
) -> None:
    entries = day_of_business(session, books, count(1))
    Random(seed).shuffle(entries)
    take_in_all(session, Bank().book(*entries), act)
    match(session, act, limit=1 + seed * 2)
    session.commit()
    found = state_of_the_books(session, books)
    assert found["lines"] == [
        (-333, "unexplained"), (777, "unexplained"), (1_000, "matched"), (1_000, "proposed"),
        (2_000, "matched"), (3_000, "matched"), (4_000, "matched"), (4_999, "proposed"),
    ]  # fmt: skip
    assert found["payments"] == [(amount, "final", 0) for amount in (1_000, 2_000, 3_000, 4_000)]
    assert [status for _, _, status in found["invoices"]] == ["paid"] * 4 + ["overdue"] * 2
    assert found[AccountKind.SUSPENSE] == -(777 - 333 + 1_000 + 4_999)
    assert found[AccountKind.RECEIVABLE] == 11_000


def test_a_line_that_waited_is_explained_when_its_invoice_arrives(
    session: Session, books: Books, act: Act
) -> None:
    take_in_all(session, Bank().book(transfer(12_000, "RE-4711")), act)
    match(session, act)
    session.commit()
    (line,) = lines_of(session)
    assert (line.state, line.waiting_because) == ("unexplained", NOTHING)
    books.invoice(12_000, number="RE-4711")
    match(session, act)
    session.commit()
    reload(session, line)
    assert (line.state, line.waiting_because) == ("matched", None)


def test_the_reason_to_wait_follows_what_is_known_today(session: Session, books: Books, act: Act) -> None:
    take_in_all(session, Bank().book(transfer(12_000, "RE-4711")), act)
    match(session, act)
    books.invoice(500, number="RE-4711")
    match(session, act)
    session.commit()
    (line,) = lines_of(session)
    assert line.waiting_because == (
        "The text names invoice RE-4711. 115.00 EUR more than is open were paid; they stay on account. "
        "But: Neither the account nor the name is the customer's."
    )


def test_what_is_set_aside_or_explained_is_not_looked_at(session: Session, books: Books, act: Act) -> None:
    take_in_all(session, Bank().book(transfer(1, "a"), transfer(2, "b"), transfer(3, "c")), act)
    session.execute(text("UPDATE statement_lines SET state = 'ignored' WHERE amount_minor = 1"))
    session.execute(text("UPDATE statement_lines SET state = 'ignored' WHERE amount_minor = 2"))
    assert match(session, act).looked_at == 1
    session.commit()


def test_no_lines_are_no_work(session: Session, books: Books, act: Act) -> None:
    before = row_counts(session)
    assert match(session, act) == MatchReport()
    session.commit()
    assert row_counts(session)["matches"] == 0
    assert before["matches"] == 0


@pytest.mark.race
@pytest.mark.parametrize("hands", [2, 8])
def test_many_hands_match_at_once_and_each_line_is_explained_once(
    session: Session, books: Books, act: Act, engine: Engine, hands: int
) -> None:
    made = [books.invoice(100 + number, number=f"N-{number:04d}") for number in range(1, 81)]
    twice = [
        transfer(invoice.total_minor, f"Re {invoice.number}", payer=100 + 2 * place + again)
        for place, invoice in enumerate(made)
        for again in (0, 1)
    ]
    debits = [scheduled(books, 5_000 + number) for number in range(40)]
    _, message = sent(books)
    bank = Bank()
    for content in (*bank.book(*twice), *bank.answer(message, booking=Booking.SINGLE)):
        take_in(session, content, act)
    session.commit()

    def work(one: Session) -> int:
        return match(one, act, limit=7).by_rule.total()

    done = at_once(engine, [work] * hands)
    assert all(isinstance(result, int) for result in done)
    match(session, act)
    session.commit()
    assert session.scalar(select(func.count()).select_from(Match)) == 120
    assert session.scalar(select(func.count(Match.line_id.distinct()))) == 120
    assert session.scalar(select(func.count()).select_from(Payment)) == 120
    reload(session, *made, *debits)
    assert {invoice.collection_status for invoice in made} == {"paid"}
    assert {debit.state for debit in debits} == {"collected"}
    waiting = session.scalars(
        select(StatementLine.waiting_because).where(StatementLine.state == "proposed")
    ).all()
    assert len(waiting) == 80
    assert all("is paid already" in str(because) for because in waiting)


@pytest.mark.race
def test_hands_that_match_and_release_at_once_collect_no_paid_invoice(
    session: Session, books: Books, act: Act, engine: Engine
) -> None:
    invoice, mandate = books.collectable(12_000, number="RE-2026-77")
    debit = schedule(books, invoice, mandate)
    batch_id = approved(books).id
    take_in_all(session, Bank().book(transfer(12_000, "RE-2026-77")), act)
    session.commit()
    at_once(
        engine,
        [
            partial(release, batch_id=batch_id, act=second(act)),
            partial(matching.match_chunk, act=act),
        ],
    )
    reload(session, invoice, debit)
    assert invoice.open_minor == 0
    # Either the release came first, and the transfer paid an invoice that is being collected; or it was refused.
    assert debit.state in {"submitted", "batched"}
