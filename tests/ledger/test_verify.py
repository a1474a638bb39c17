"""Verification: whatever is wrong in the books is found, and called by its name."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from ledger import allocations, database, payments, recorded_payments, refunds
from ledger.acts import Act
from ledger.models import AllocationKind
from ledger.states import PaymentState
from ledger.verify import INVARIANTS, run
from tests.factories.books import Books
from tests.factories.granting import grant
from tests.factories.money import allocate, credit_note, receive, recorded
from tests.factories.tampering import tampering
from tests.ledger.conftest import broken_invariants

NEXT_YEAR = date(2027, 1, 15)


def _live(session: Session, act: Act) -> None:
    """A little of everything: paid, partly paid, netted, reopened, taken back, refunded, on its way back."""
    books = Books(session, act)
    customer = books.customer()
    paid, partly, netted, reopened, _open = (books.invoice(12_000, customer=customer) for _ in range(5))
    big, small, gone, twice = (
        *receive(books, 20_000, 5_000), *receive(books, 12_000, 9_000, reversible_until=NEXT_YEAR),
    )  # fmt: skip
    note, spare = credit_note(books, 2_000, customer=customer), credit_note(books, 700, customer=customer)
    allocate(books, (big, paid.id, 12_000), (small, partly.id, 5_000), (note.id, netted.id, 2_000))
    allocate(books, (big, netted.id, 3_000), (spare.id, netted.id, 500))
    taken = allocate(books, (gone, reopened.id, 12_000))
    allocations.reverse(session, taken, because="AC04", on=act.today, act=act, cause="debit.returned")
    payments.take_back(
        session,
        [gone],
        PaymentState.RETURNED,
        on=act.today,
        act=act,
        reason_code="AC04",
        cause="debit.returned",
    )
    written_off, discounted = (books.invoice(300, customer=customer) for _ in range(2))
    grant(books, written_off, AllocationKind.WRITE_OFF, 300)
    grant(books, discounted, AllocationKind.DISCOUNT, 100, beside_payment_id=small)
    grant(books, discounted, AllocationKind.FEE, 50)
    told = recorded(books, 800, customer=customer)
    recorded_payments.withdraw(session, recorded(books, 60, customer=customer).id, because="no", act=act)
    recorded_payments.meet(
        session, {recorded(books, 70, customer=customer).id: act.today}, act=act, cause="line.matched"
    )
    allocate(books, (told.id, partly.id, 100))
    left = refunds.request(session, payment_id=big, amount_minor=1_000, reason="paid twice", act=act)
    refunds.request(session, payment_id=big, amount_minor=2_500, reason="paid twice", act=act)
    refunds.paid(session, left, on=act.today, act=act)
    payments.settle(session, [twice], act=act)
    session.commit()


@pytest.fixture
def books_engine(engine: Engine, act: Act) -> Engine:
    """A database with lively books."""
    with database.sessions(engine)() as session:
        _live(session, act)
    return engine


def test_lively_books_are_in_order_and_add_up(books_engine: Engine) -> None:
    with database.sessions(books_engine)() as session:
        findings = {finding.invariant.name: finding for finding in run(session, INVARIANTS)}
    assert [name for name, finding in findings.items() if not finding.holds] == []
    # Five invoices of 120.00: open are 0 + 70.00 + 65.00 + 120.00 + 120.00, less 2.00 of a credit note, less 1.00 that
    # a recorded payment gives; of two invoices of 3.00 one is written off, and 1.50 of the other granted.
    # Of 200.00 + 50.00 + 90.00 that are here, 120.00 + 30.00 + 50.00 are given and 35.00 refunded; of 8.00 + 0.70 that
    # were recorded, 1.00 is given.
    assert {name: finding.figure for name, finding in findings.items()} == {
        "journal_balanced": 31,
        "receivables_are_open_invoices": 37_350,
        "unapplied_is_unallocated": 11_270,
        "refunds_set_aside": 2_500,
        "grants_are_booked": 450,
        "in_transit_is_recorded": 800,
        "invoices_not_over_allocated": 7,
        "payments_not_over_allocated": 7,
        "credit_notes_not_over_allocated": 2,
        "allocations_stay_in_currency": 10,
        "status_follows_amounts": 7,
        "history_tells_the_state": 16,
        "audit_chain_unbroken": 45,
        "events_in_order": 31,
    }


def test_books_without_anything_are_in_order(engine: Engine) -> None:
    with database.sessions(engine)() as session:
        findings = list(run(session, INVARIANTS))
    assert [(finding.figure, finding.breaches) for finding in findings] == [(0, 0)] * len(INVARIANTS)


_BOOK = (
    "INSERT INTO journal_entries (creditor_id, posted_on, kind, object_id, created_at) "
    "SELECT id, '2026-11-18', 'forged', 'nothing', now() FROM creditors; "
    "INSERT INTO postings (entry_id, account_id, amount_minor) "
    "SELECT journal_entries.id, accounts.id, CASE accounts.kind WHEN 'billed' THEN -1 ELSE 1 END "
    "FROM journal_entries, accounts "
    "WHERE journal_entries.kind = 'forged' AND accounts.kind IN ('billed', '{}')"
)
_BOTH_SIDES = "SET {0} = {0} + 1, {1} = {1} + 1 WHERE {1} > 0"

# What is done behind the back of the books, and which sentence it makes untrue: that one, and no other.
TAMPERINGS = [
    (
        "journal_balanced",
        "a posting is changed",
        "UPDATE postings SET amount_minor = amount_minor - 1 WHERE id = (SELECT min(postings.id) FROM postings "
        "JOIN accounts ON accounts.id = postings.account_id WHERE accounts.kind = 'billed')",
    ),
    (
        "journal_balanced",
        "a posting is lost",
        "DELETE FROM postings WHERE id = (SELECT min(postings.id) FROM postings "
        "JOIN accounts ON accounts.id = postings.account_id WHERE accounts.kind = 'billed')",
    ),
    (
        "journal_balanced",
        "an entry has no postings",
        _BOOK.split("; ", 1)[0],
    ),
    (
        "receivables_are_open_invoices",
        "a receivable without an invoice is booked",
        _BOOK.format("receivable"),
    ),
    (
        "receivables_are_open_invoices",
        "an invoice is dearer than it was booked",
        "UPDATE invoices SET total_minor = total_minor + 1 WHERE id = (SELECT max(id) FROM invoices)",
    ),
    (
        "receivables_are_open_invoices",
        "a credit note is smaller than it was booked",
        "UPDATE credit_notes SET total_minor = total_minor - 1 WHERE open_minor > 0",
    ),
    ("unapplied_is_unallocated", "money without a payment is booked", _BOOK.format("unapplied")),
    (
        "unapplied_is_unallocated",
        "a payment is larger than it was booked",
        "UPDATE payments SET amount_minor = amount_minor + 1 WHERE allocated_minor = 0 AND returned_minor = 0",
    ),
    ("refunds_set_aside", "a refund without a request is booked", _BOOK.format("refund_clearing")),
    (
        "grants_are_booked",
        "a discount is called a fee",
        "UPDATE allocations SET kind = 'fee' WHERE kind = 'discount'",
    ),
    ("grants_are_booked", "a discount of nothing is booked", _BOOK.format("discount")),
    ("grants_are_booked", "a write-off of nothing is booked", _BOOK.format("write_off")),
    ("in_transit_is_recorded", "money that nobody recorded is in transit", _BOOK.format("in_transit")),
    (
        "in_transit_is_recorded",
        "a payment is said to have met its line",
        "UPDATE payments SET met_at = now() WHERE recorded_at IS NOT NULL AND state = 'provisional'",
    ),
    (
        "invoices_not_over_allocated",
        "more is said to be paid of an invoice than was given",
        "UPDATE invoices " + _BOTH_SIDES.format("total_minor", "allocated_minor"),
    ),
    (
        "payments_not_over_allocated",
        "more of a payment is said to be given than was",
        "UPDATE payments "
        + _BOTH_SIDES.format("amount_minor", "allocated_minor")
        + " AND recorded_at IS NULL",
    ),
    (
        "payments_not_over_allocated",
        "more of a payment is said to be refunded than was",
        "UPDATE payments " + _BOTH_SIDES.format("amount_minor", "refunded_minor"),
    ),
    (
        "credit_notes_not_over_allocated",
        "more of a credit note is said to be given than was",
        "UPDATE credit_notes " + _BOTH_SIDES.format("total_minor", "allocated_minor"),
    ),
    (
        "allocations_stay_in_currency",
        "euros pay in francs",
        "UPDATE allocations SET currency = 'CHF' WHERE id = (SELECT min(id) FROM allocations)",
    ),
    (
        "allocations_stay_in_currency",
        "the payment is in francs, and so are all books about it",
        "UPDATE payments SET currency = 'CHF' WHERE method = 'transfer'; "
        "UPDATE accounts SET currency = 'CHF' WHERE kind IN ('unapplied', 'in_transit')",
    ),
    (
        "status_follows_amounts",
        "a paid invoice is called overdue",
        "INSERT INTO state_changes (object_id, to_state, at, actor) SELECT id, 'overdue', now(), 'x' FROM invoices "
        "WHERE collection_status = 'paid'; "
        "UPDATE invoices SET collection_status = 'overdue' WHERE collection_status = 'paid'",
    ),
    (
        "status_follows_amounts",
        "a write-off is called paid",
        "INSERT INTO state_changes (object_id, to_state, at, actor) SELECT id, 'paid', now(), 'x' FROM invoices "
        "WHERE collection_status = 'written_off'; "
        "UPDATE invoices SET collection_status = 'paid' WHERE collection_status = 'written_off'",
    ),
    (
        "status_follows_amounts",
        "an open invoice is called paid",
        "INSERT INTO state_changes (object_id, to_state, at, actor) SELECT id, 'paid', now(), 'x' FROM invoices "
        "WHERE collection_status = 'partly_paid'; "
        "UPDATE invoices SET collection_status = 'paid' WHERE collection_status = 'partly_paid'",
    ),
    (
        "history_tells_the_state",
        "a payment moves without a history",
        "UPDATE payments SET state = 'charged_back' WHERE state = 'returned'",
    ),
    (
        "history_tells_the_state",
        "a refund moves without a history",
        "DELETE FROM state_changes WHERE to_state = 'paid' AND left(object_id, 4) = 'ref_'",
    ),
    (
        "history_tells_the_state",
        "an invoice has lost its history",
        "DELETE FROM state_changes WHERE object_id = (SELECT max(id) FROM invoices)",
    ),
    (
        "audit_chain_unbroken",
        "a deed is changed",
        "UPDATE audit_records SET body = replace(body, 'treasury', 'nobody') WHERE seq = 3",
    ),
    (
        "audit_chain_unbroken",
        "the last deed is cut off",
        "DELETE FROM audit_records WHERE seq = (SELECT max(seq) FROM audit_records)",
    ),
    ("events_in_order", "an event is deleted", "DELETE FROM events WHERE position = 5"),
    (
        "events_in_order",
        "the last events are deleted",
        "DELETE FROM events WHERE position > 20",
    ),
    (
        "events_in_order",
        "two events are exchanged",
        "UPDATE events SET sequence = 9 WHERE sequence = 2 AND type = 'invoice.paid'",
    ),
    ("events_in_order", "the head is ahead", "UPDATE chain_head SET event_position = event_position + 1"),
]


@pytest.mark.parametrize(
    ("name", "change"),
    [(name, change) for name, _, change in TAMPERINGS],
    ids=[f"{name}: {what}" for name, what, _ in TAMPERINGS],
)
def test_what_is_wrong_is_called_by_its_name(books_engine: Engine, name: str, change: str) -> None:
    with tampering(books_engine) as tamper:
        for statement in change.split("; "):
            tamper(statement)
    assert broken_invariants(books_engine) - {"suspense_is_unexplained_lines"} == {name}


def test_every_invariant_was_seen_to_fail() -> None:
    assert {name for name, _, _ in TAMPERINGS} == {invariant.name for invariant in INVARIANTS}


def test_names_are_told_apart_and_sentences_are_whole() -> None:
    assert len({invariant.name for invariant in INVARIANTS}) == len(INVARIANTS)
    assert all(invariant.sentence.endswith(".") and invariant.unit for invariant in INVARIANTS)


def test_all_invariants_look_at_the_same_moment(engine: Engine, session: Session, books: Books) -> None:
    """An invoice that is committed while the books are being verified is not half in them."""
    books.invoice()
    session.commit()
    with database.sessions(engine)() as own:
        findings = run(own, INVARIANTS)
        first = next(findings)
        books.invoice()
        session.commit()
        figures = {finding.invariant.name: finding.figure for finding in findings}
    assert first.figure == 1
    assert (figures["receivables_are_open_invoices"], figures["status_follows_amounts"]) == (12_000, 1)
    with database.sessions(engine)() as own:
        now = {finding.invariant.name: finding.figure for finding in run(own, INVARIANTS)}
    assert (now["receivables_are_open_invoices"], now["status_follows_amounts"]) == (24_000, 2)


def test_a_breach_is_counted(books_engine: Engine) -> None:
    with tampering(books_engine) as tamper:
        tamper(
            "UPDATE allocations SET currency = 'CHF' WHERE payment_id IS NOT NULL OR credit_note_id IS NOT NULL"
        )
    with database.sessions(books_engine)() as session:
        (wrong,) = [finding for finding in run(session, INVARIANTS) if not finding.holds]
    assert (wrong.invariant.name, wrong.figure, wrong.breaches) == ("allocations_stay_in_currency", 10, 7)


def test_verifying_changes_nothing(books_engine: Engine) -> None:
    with database.sessions(books_engine)() as session:
        list(run(session, INVARIANTS))
        level = session.execute(text("SHOW transaction_isolation")).scalar_one()
        session.commit()
        after = session.execute(text("SHOW transaction_isolation")).scalar_one()
    assert (level, after) == ("repeatable read", "read committed")
