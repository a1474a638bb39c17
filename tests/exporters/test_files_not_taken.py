"""A released file that never reached the bank is given up only where the statements prove that no money came."""

from __future__ import annotations

from datetime import date

from sqlalchemy.orm import Session

from exporters import debit_batches, paybacks
from exporters.told import MayHaveBeenTaken
from ledger.acts import Act
from ledger.states import IllegalMove
from mandates import batches
from mandates.paybacks import SecondPersonNeeded
from tests.factories import camt, paying_back
from tests.factories.bank import match, take_in
from tests.factories.books import OUR_IBAN, Books
from tests.factories.collecting import on, refused, reload, second
from tests.factories.paying import bank_of
from tests.factories.paying_back import reversed_at_bank, submitted

DUE, LATE = date(2026, 11, 19), date(2026, 11, 24)
WHY = "the upload had failed"


def told(books: Books, *entries: camt.Entry, until: date = LATE) -> None:
    """A statement of our account that reaches `until`, matched."""
    bank = bank_of(books)
    content = camt.camt053(
        entries, account=OUR_IBAN, opening=bank.balance.minor, from_on=DUE, to_on=until,
        sequence=str(bank.sequence), statement_id=f"S{bank.sequence}",
    )  # fmt: skip
    take_in(books.session, content, books.act)
    match(books.session, books.act)


def test_without_statements_up_to_the_collection_nobody_knows_that_no_money_came(
    session: Session, books: Books, act: Act
) -> None:
    batch, (debit,) = submitted(books, 7_197)
    late = second(on(act, LATE))
    with refused(session, MayHaveBeenTaken, "batch_id"):
        debit_batches.not_taken(session, batch.id, reason=WHY, act=late)
    told(books)
    debit_batches.not_taken(session, batch.id, reason=WHY, act=late)
    session.commit()
    reload(session, batch, debit)
    assert (batch.state, debit.state) == ("rejected", "cancelled")


def test_a_line_that_names_a_debit_and_waits_must_be_decided_first(
    session: Session, books: Books, act: Act
) -> None:
    batch, (debit, _) = submitted(books, 7_197, 12_000)
    told(books, camt.credit(7_000, end_to_end_id=debit.end_to_end_id))
    with refused(session, MayHaveBeenTaken, "batch_id"):
        debit_batches.not_taken(session, batch.id, reason=WHY, act=second(on(act, LATE)))
    reload(session, debit)
    assert debit.state == "submitted"
    session.commit()


def test_a_lump_that_names_a_block_and_waits_must_be_decided_first(
    session: Session, books: Books, act: Act
) -> None:
    batch, _ = submitted(books, 7_197, 12_000)
    (block,) = batches.blocks_of(session, batch.id)
    told(books, camt.lump(15_000, payment_information_id=block.payment_information_id))
    with refused(session, MayHaveBeenTaken, "batch_id"):
        debit_batches.not_taken(session, batch.id, reason=WHY, act=second(on(act, LATE)))
    session.commit()


def test_reversals_of_what_was_never_taken_are_not_waited_for(
    session: Session, books: Books, act: Act
) -> None:
    batch, debits = submitted(books, 7_197)
    payback, _ = reversed_at_bank(books, debits)
    told(books)
    debit_batches.not_taken(session, batch.id, reason=WHY, act=second(on(act, LATE)))
    session.commit()
    reload(session, payback)
    assert payback.state == "booked"


def test_refunds_of_a_file_that_the_bank_never_took_can_be_drafted_again(
    session: Session, books: Books, act: Act
) -> None:
    refund = paying_back.refund(books)
    payback = paying_back.released(books, [refund])
    third = second(on(act, LATE))
    with refused(session, MayHaveBeenTaken, "payback_id"):
        paybacks.not_taken(session, payback.id, reason=WHY, act=third)
    told(books, until=date(2026, 11, 30))
    with refused(session, SecondPersonNeeded):
        paybacks.not_taken(session, payback.id, reason=WHY, act=on(act, LATE))
    paybacks.not_taken(session, payback.id, reason=WHY, act=third)
    again = paying_back.drafted(books, [refund])
    session.commit()
    reload(session, payback, refund)
    assert (payback.state, refund.state, again.total_minor) == ("rejected", "requested", refund.amount_minor)
    with refused(session, IllegalMove):
        paybacks.not_taken(session, payback.id, reason=WHY, act=third)
