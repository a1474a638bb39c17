"""Every invariant of mandates notices when its fact is broken behind the product's back."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from credit_control import follow_ups
from mandates import batches, terms
from mandates.invariants import INVARIANTS
from mandates.models import AnnouncedBy, MandateType
from reconciliation import importing
from tests.factories.bank import match, take_in_all
from tests.factories.books import Books
from tests.factories.collecting import require_breach, schedule, scheduled, second, sent
from tests.factories.notices import ERIKA, all_sent, announcing, debit_of
from tests.factories.pain002 import report
from tests.factories.paying import bank_of

BROKEN: dict[str, tuple[str, ...]] = {
    "one_live_debit_per_invoice": (
        "DROP INDEX uq_debits_one_live_per_invoice",
        "UPDATE debits SET invoice_id = (SELECT invoice_id FROM debits WHERE state = 'batched') "
        "WHERE state = 'scheduled'",
    ),
    "collecting_means_a_live_debit": ("UPDATE invoices SET hold = NULL WHERE hold = 'collecting'",),
    "collected_debits_have_payments": ("UPDATE debits SET payment_id = NULL WHERE state = 'collected'",),
    "rejected_debits_are_no_money": (
        "UPDATE debits SET payment_id = (SELECT max(id) FROM payments) WHERE state = 'rejected'",
    ),
    "batches_add_up": ("UPDATE batches SET total_minor = total_minor - 1 WHERE state = 'booked'",),
    "two_persons_release": (
        "ALTER TABLE batches DROP CONSTRAINT ck_batches_two_persons",
        "UPDATE batches SET approved_by = drafted_by WHERE released_at IS NOT NULL",
    ),
    "debits_rest_on_mandates": (
        "UPDATE mandates SET signed_on = '2026-12-24' FROM debits WHERE mandate_id = mandates.id",
    ),
    "one_off_mandates_serve_once": (
        "UPDATE debits SET mandate_id = (SELECT id FROM mandates WHERE type = 'one_off') "
        "WHERE state = 'batched'",
    ),
    "debits_announced_in_time": ("UPDATE pre_notifications SET noticed_on = noticed_on + 1",),
    "notices_unchanged": ("UPDATE pre_notifications SET content = content || 'x'",),
    "scheduled_debits_can_be_drawn": (
        "UPDATE mandates SET state = 'suspended' FROM debits "
        "WHERE mandate_id = mandates.id AND debits.state = 'scheduled'",
    ),
    "failures_are_followed_up_once": (
        "DROP INDEX uq_debits_retry_of",
        "UPDATE debits SET retry_of = (SELECT id FROM debits WHERE state = 'returned'), attempt = 2 "
        "WHERE state = 'scheduled' AND retry_of IS NULL",
    ),
    "failures_have_a_next_step": ("UPDATE debits SET next_step = NULL WHERE state = 'returned'",),
    "debit_history_tells_the_state": ("UPDATE debits SET state = 'cancelled' WHERE state = 'scheduled'",),
}

# Other ways to break the same facts.
ALSO_BROKEN: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("collecting_means_a_live_debit", ("UPDATE invoices SET hold = 'collecting' WHERE hold IS NULL",)),
    (
        "collected_debits_have_payments",
        ("UPDATE payments SET amount_minor = amount_minor + 1 WHERE method = 'direct_debit'",),
    ),
    (
        "collected_debits_have_payments",
        ("UPDATE debits SET state = 'collected' WHERE state = 'returned'",),
    ),
    ("rejected_debits_are_no_money", ("UPDATE debits SET failed_on = NULL",)),
    ("rejected_debits_are_no_money", ("UPDATE mandates SET state = 'consumed' WHERE state = 'active'",)),
    ("batches_add_up", ("UPDATE debits SET amount_minor = amount_minor + 1 WHERE state = 'batched'",)),
    ("batches_add_up", ("UPDATE payment_blocks SET debit_count = debit_count + 1",)),
    ("batches_add_up", ("DELETE FROM debits WHERE state = 'collected'",)),
    ("two_persons_release", ("UPDATE batches SET released_by = NULL WHERE released_at IS NOT NULL",)),
    (
        "two_persons_release",
        ("UPDATE batches SET released_at = NULL, released_by = NULL WHERE state = 'booked'",),
    ),
    (
        "debits_rest_on_mandates",
        ("UPDATE invoices SET customer_id = (SELECT max(id) FROM customers) WHERE open_minor = 0",),
    ),
    ("debits_announced_in_time", ("DELETE FROM pre_notifications",)),
    ("debits_announced_in_time", ("UPDATE pre_notifications SET amount_minor = amount_minor - 1",)),
    ("debits_announced_in_time", ("UPDATE pre_notifications SET collect_on = collect_on + 1",)),
    ("debits_announced_in_time", ("UPDATE debits SET notice_days = 2 WHERE notice_days = 1",)),
    ("notices_unchanged", ("UPDATE pre_notifications SET content = NULL, sha256 = NULL",)),
    ("debit_history_tells_the_state", ("UPDATE pre_notifications SET state = 'superseded'",)),
    (
        "scheduled_debits_can_be_drawn",
        ("UPDATE customers SET automatic_stopped_at = now(), automatic_stopped_because = 'asked'",),
    ),
    ("failures_are_followed_up_once", ("UPDATE debits SET attempt = 3 WHERE retry_of IS NOT NULL",)),
    (
        "failures_are_followed_up_once",
        ("UPDATE debits SET followed_up_at = NULL, followed_up = NULL WHERE state = 'returned'",),
    ),
    (
        "failures_are_followed_up_once",
        (
            "UPDATE debits SET retry_of = (SELECT id FROM debits WHERE state = 'collected') "
            "WHERE retry_of IS NOT NULL",
        ),
    ),
    ("failures_have_a_next_step", ("UPDATE debits SET next_step = 'stop' WHERE state = 'collected'",)),
    ("failures_have_a_next_step", ("UPDATE debits SET followed_up = NULL WHERE state = 'returned'",)),
    ("debit_history_tells_the_state", ("UPDATE mandates SET state = 'expired'",)),
    ("debit_history_tells_the_state", ("UPDATE batches SET state = 'closed'",)),
    ("debit_history_tells_the_state", ("DELETE FROM state_changes WHERE to_state = 'consumed'",)),
)


@pytest.fixture
def world(session: Session, books: Books) -> None:
    """A booked batch of an announced, returned debit and another, a rejected one, a draft, a retry, and a new one."""
    scheduled(books, 1_100)
    rejected, _ = sent(books)
    answer = report(status="RJCT", code="DT01", original_message_id=rejected.message_id)
    importing.import_file(session, answer, name="answer.xml", act=books.act)
    announcing(books, days=1)
    customer = books.customer(email=ERIKA)
    mandate = books.mandate(customer, type=MandateType.ONE_OFF)
    schedule(books, books.invoice(900, customer=customer), mandate)
    returned = debit_of(books)
    all_sent(session, act=books.act)
    _, message = sent(books)
    terms.change(session, books.creditor.id, announced_by=AnnouncedBy.ERP, act=books.act)
    bank = bank_of(books)
    take_in_all(session, bank.answer(message, outcomes={returned.end_to_end_id: "AM04"}), books.act)
    match(session, books.act)
    scheduled(books, 500)
    batches.draft(session, creditor_id=books.creditor.id, act=second(books.act))
    scheduled(books, 700)
    session.commit()
    follow_ups.follow_up(session, act=books.act)
    session.commit()


def test_every_invariant_is_broken_here() -> None:
    assert set(BROKEN) == {invariant.name for invariant in INVARIANTS}


def test_every_breach_is_noticed(session: Session, world: None, engine: Engine) -> None:
    for name, statements in (*BROKEN.items(), *ALSO_BROKEN):
        require_breach(engine, INVARIANTS, name, *statements)
    assert session.execute(text("SELECT count(*) FROM debits")).scalar_one() == 6
