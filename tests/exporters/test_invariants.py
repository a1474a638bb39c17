"""Every invariant of files that leave notices when its fact is broken behind the product's back."""

from __future__ import annotations

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from exporters import paybacks
from exporters.invariants import INVARIANTS
from tests.factories import paying_back
from tests.factories.books import Books
from tests.factories.collecting import drafted, require_breach, scheduled, sent

BROKEN: tuple[tuple[str, str], ...] = (
    ("stored_files_unchanged", "UPDATE stored_files SET content = content || '\\x20'::bytea"),
    ("stored_files_unchanged", "UPDATE stored_files SET sha256 = repeat('0', 64)"),
    (
        "released_batches_have_released_files",
        "UPDATE stored_files SET released_at = NULL, released_by = NULL",
    ),
    ("released_batches_have_released_files", "UPDATE stored_files SET released_at = now()"),
    ("released_batches_have_released_files", "DELETE FROM stored_files WHERE released_at IS NOT NULL"),
    ("released_batches_have_released_files", "UPDATE batches SET released_at = now()"),
    (
        "released_paybacks_have_released_files",
        "UPDATE stored_files SET released_at = NULL, released_by = NULL",
    ),
    ("released_paybacks_have_released_files", "UPDATE payback_batches SET released_at = now()"),
    ("released_paybacks_have_released_files", "DELETE FROM stored_files WHERE payback_id IS NOT NULL"),
    ("paybacks_add_up", "UPDATE payback_batches SET total_minor = total_minor + 1"),
    ("paybacks_add_up", "UPDATE payback_batches SET part_count = part_count + 1 WHERE kind = 'pain.007'"),
    ("paybacks_add_up", "UPDATE refunds SET amount_minor = amount_minor - 1"),
    ("paybacks_add_up", "DELETE FROM payback_refunds"),
    (
        "refunds_leave_in_one_payback",
        "DROP INDEX uq_payback_refunds_one_standing; UPDATE payback_refunds SET given_back_at = NULL",
    ),
    ("refunds_leave_in_one_payback", "UPDATE payback_batches SET state = 'closed'"),
    ("two_persons_pay_back", "UPDATE payback_batches SET approved_by = NULL"),
    ("two_persons_pay_back", "UPDATE payback_batches SET state = 'booked'"),
    (
        "two_persons_pay_back",
        "ALTER TABLE payback_batches DROP CONSTRAINT ck_payback_batches_two_persons; "
        "UPDATE payback_batches SET released_by = drafted_by",
    ),
    ("nothing_goes_back_twice", "UPDATE debit_reversals SET state = 'booked'"),
    (
        "nothing_goes_back_twice",
        "UPDATE payments SET allocated_minor = 0, refunded_minor = 1 WHERE method = 'direct_debit'",
    ),
    (
        "payback_history_tells_the_state",
        "UPDATE payback_batches SET state = 'accepted' WHERE state = 'released'",
    ),
    ("payback_history_tells_the_state", "UPDATE debit_reversals SET state = 'cancelled'"),
)


def test_every_breach_is_noticed(session: Session, books: Books, engine: Engine) -> None:
    scheduled(books)
    sent(books)
    scheduled(books)
    drafted(books)
    _, debits = paying_back.collected(books, 12_000)
    paying_back.reversed_at_bank(books, debits)
    waiting = [paying_back.refund(books)]
    given_up = paying_back.drafted(books, waiting)
    paybacks.discard(session, given_up.id, reason="wrong day", act=books.act)
    paying_back.released(books, waiting)
    paying_back.drafted(books, [paying_back.refund(books)])
    session.commit()
    assert {name for name, _ in BROKEN} == {invariant.name for invariant in INVARIANTS}
    for name, statement in BROKEN:
        require_breach(engine, INVARIANTS, name, statement)
