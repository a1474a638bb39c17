"""Every invariant of statements and matches notices when its fact is broken behind the product's back."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from sqlalchemy import Engine, select, text
from sqlalchemy.orm import Session

from reconciliation import by_hand, importing, payer_memory, undoing
from reconciliation.by_hand import Share
from reconciliation.invariants import INVARIANTS
from reconciliation.models import Match, StatementLine
from reconciliation.statement import Party
from tests.factories import camt
from tests.factories.bank import START, Bank, match, payment_out, take_in_all, transfer
from tests.factories.books import OUR_IBAN, Books
from tests.factories.collecting import require_breach, scheduled, sent
from tests.factories.line_rules import SAVINGS_IBAN, Account, second_account, to
from tests.factories.pain002 import report

_BANK = "SELECT id FROM accounts WHERE kind = 'bank'"
_SUSPENSE = "SELECT id FROM accounts WHERE kind = 'suspense'"
_CLEARING = "SELECT id FROM accounts WHERE kind = 'reject_clearing'"
_BROUGHT = "SELECT id FROM accounts WHERE kind = 'brought_forward'"

BROKEN: tuple[tuple[str, str], ...] = (
    ("bank_is_closing_balance", f"UPDATE postings SET amount_minor = 1 WHERE account_id IN ({_BANK})"),
    ("bank_is_closing_balance", "UPDATE statements SET closing_minor = closing_minor + 1"),
    ("brought_forward_is_explained", f"DELETE FROM postings WHERE account_id IN ({_BROUGHT})"),
    (
        "gaps_are_recorded",
        "UPDATE statements SET gap_minor = 5 WHERE gap_minor IS NOT NULL",
    ),
    (
        "breaks_are_recorded",
        "UPDATE statements SET opening_minor = 5, closing_minor = 6 WHERE sequence_number = 1",
    ),
    ("breaks_are_recorded", "UPDATE statements SET balanced = false"),
    ("suspense_is_unexplained_lines", f"DELETE FROM postings WHERE account_id IN ({_SUSPENSE})"),
    (
        "suspense_is_unexplained_lines",
        "UPDATE statement_lines SET state = 'unexplained' WHERE state = 'matched'",
    ),
    (
        "suspense_is_unexplained_lines",
        "DELETE FROM statement_lines WHERE state = 'unexplained'",
    ),
    ("matches_account_for_their_lines", "DELETE FROM match_parts WHERE kind = 'fee'"),
    ("matches_account_for_their_lines", "UPDATE match_parts SET amount_minor = amount_minor + 1"),
    ("matches_account_for_their_lines", "UPDATE matches SET undone_at = now()"),
    (
        "matches_account_for_their_lines",
        "UPDATE statement_lines SET state = 'matched' WHERE state = 'unexplained'",
    ),
    ("payments_of_lines_are_matched_once", "UPDATE payments SET state = 'final' WHERE state = 'cancelled'"),
    ("payments_of_lines_are_matched_once", "UPDATE matches SET undone_at = now() WHERE rule = 'by_hand'"),
    ("cancelled_payments_give_nothing", "UPDATE allocations SET reversed_at = NULL"),
    ("memories_decide_for_their_creditor", "DELETE FROM payer_memories"),
    ("memories_decide_for_their_creditor", "UPDATE payer_memories SET creditor_id = 'crd_0'"),
    ("booked_lines_are_posted", f"DELETE FROM postings WHERE account_id IN ({_BANK}) AND amount_minor = 700"),
    ("booked_lines_are_posted", "UPDATE statement_lines SET provisional = true WHERE state = 'matched'"),
    ("other_money_is_matched", "UPDATE match_parts SET kind = 'payout' WHERE kind = 'fee'"),
    ("other_money_is_matched", "UPDATE accounts SET kind = 'payout_clearing' WHERE kind = 'fee'"),
    (
        "transfers_have_two_legs",
        "UPDATE match_parts SET object_id = NULL WHERE kind = 'transfer' AND amount_minor > 0",
    ),
    (
        "transfers_have_two_legs",
        "UPDATE matches SET undone_at = now() WHERE rule = 'own_transfer' AND evidence::text LIKE '%Main%'",
    ),
    ("rejected_debits_are_told", "DELETE FROM status_report_items"),
    ("rejected_debits_are_told", "UPDATE debits SET state = 'rejected' WHERE state = 'returned'"),
    ("reject_clearing_is_what_goes_back", f"DELETE FROM postings WHERE account_id IN ({_CLEARING})"),
    ("reject_clearing_is_what_goes_back", "DELETE FROM match_parts WHERE kind = 'rejected_debit'"),
    ("status_reports_are_complete", "DELETE FROM status_report_items WHERE position = 1"),
    ("status_reports_are_complete", "UPDATE status_report_items SET outcome = 'noted'"),
    ("status_reports_are_complete", "UPDATE status_reports SET item_count = 0"),
    ("lumps_are_their_parts", "UPDATE statement_lines SET amount_minor = amount_minor + 1 WHERE provisional"),
    ("every_line_is_accounted_for", "DELETE FROM line_sightings WHERE position = 1"),
    ("every_line_is_accounted_for", "UPDATE statements SET line_count = line_count + 1"),
    ("every_line_is_accounted_for", "UPDATE statements SET new_count = 0, known_count = line_count"),
    ("statement_files_unchanged", "UPDATE statement_files SET content = content || '\\x20'::bytea"),
    ("statement_files_unchanged", "UPDATE statement_files SET sha256 = reverse(sha256)"),
)


def itemised() -> list[bytes]:
    """Two notifications and the lump that they make up, long before the rest."""
    singles = [
        camt.credit(amount, entry=camt.Entry(amount=0, bank_reference="LUMP-00001")) for amount in (40, 2)
    ]
    lump = camt.lump(42, payment_information_id="P-1", count=2)
    return [
        camt.camt_file("camt.054", [camt.Stated(entries=tuple(singles), account=OUR_IBAN)]),
        camt.camt053([replace(lump, bank_reference="LUMP-00001")], account=OUR_IBAN, opening=START - 42),
    ]


@pytest.fixture
def world(session: Session, books: Books) -> None:
    """A collection with a return, one that was rejected and credited, two transfers, one between
    own accounts, and a gap in the statements."""
    rejected = scheduled(books, 1_100)
    batch, _ = sent(books)
    answer = report(status="RJCT", code="DT01", original_message_id=batch.message_id)
    importing.import_file(session, answer, name="answer.xml", act=books.act)
    debit = scheduled(books, 12_000)
    _, message = sent(books)
    books.invoice(700, number="RE-77")
    bank = Bank()
    first = bank.book(
        transfer(700, "RE-77"), transfer(1_100, end_to_end_id=rejected.end_to_end_id),
        transfer(41, "Spende", day=date(2026, 11, 17)),
        replace(payment_out(20), counterparty=Party(iban=SAVINGS_IBAN)),
    )  # fmt: skip
    rest = bank.answer(message, outcomes={debit.end_to_end_id: "AM04"})
    bank.book(transfer(55, day=date(2026, 12, 29)))
    last = bank.book(transfer(99, day=date(2026, 12, 30)))
    second_account(books)
    Account(books, SAVINGS_IBAN).book(to(OUR_IBAN, 20))
    take_in_all(session, [*first, *rest, *last, *itemised()], books.act)
    match(session, books.act)
    decided_twice(books)
    session.commit()


def decided_twice(books: Books) -> None:
    """A line that a person gave to one customer, undid, and gave to another by what is known of its payer."""
    query = select(StatementLine).where(StatementLine.remittance == "Spende")
    line = books.session.scalars(query).one()
    wrong = books.invoice(41)
    by_hand.record_payment(
        books.session, line_id=line.id, customer_id=wrong.customer_id, shares=[Share(wrong.id, 41)], act=books.act
    )  # fmt: skip
    undoing.undo_line(books.session, line.id, because="somebody else's", act=books.act)
    right = books.customer("Muster AG")
    by_hand.record_payment(books.session, line_id=line.id, customer_id=right.id, act=books.act)
    memory = payer_memory.teach(
        books.session,
        creditor_id=books.creditor.id,
        customer_id=right.id,
        name="Max Mustermann",
        act=books.act,
    )
    made = select(Match.id).where(Match.line_id == line.id, Match.undone_at.is_(None))
    payer_memory.used(books.session, [(books.session.scalars(made).one(), memory.id)])


def test_every_breach_is_noticed(session: Session, world: None, engine: Engine) -> None:
    assert {name for name, _ in BROKEN} == {invariant.name for invariant in INVARIANTS}
    for name, statement in BROKEN:
        require_breach(engine, INVARIANTS, name, statement)


def test_the_gap_of_the_missing_statement_is_part_of_what_is_brought_forward(
    session: Session, books: Books, world: None
) -> None:
    gaps = session.execute(text("SELECT gap_minor FROM statements WHERE gap_minor IS NOT NULL")).scalars()
    assert list(gaps) == [55]
    (invariant,) = (one for one in INVARIANTS if one.name == "brought_forward_is_explained")
    assert session.execute(text(invariant.sql)).one() == (1_100_013, 0)
