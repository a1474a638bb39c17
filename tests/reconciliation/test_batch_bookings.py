"""Credits of our own debits: lumps and single bookings become payments, and nothing is credited twice."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway.sandbox.bank import Booking
from ledger import creditors
from ledger.acts import Act
from ledger.models import Allocation, Payment
from mandates import batches
from mandates.models import Batch, Debit
from reconciliation.models import Match, MatchPart, StatementLine
from reconciliation.statement import Batch as Lump
from tests.factories import camt
from tests.factories.bank import Bank, lines_of, match, take_in, take_in_all, transfer
from tests.factories.books import OUR_IBAN, Books
from tests.factories.collecting import (
    OTHER_IBAN,
    approved,
    invoice_of,
    release,
    reload,
    scheduled,
    second,
    second_creditor,
    sent,
)
from tests.factories.paying import bank_of

THURSDAY = date(2026, 11, 19)


def block_name(session: Session, batch: Batch) -> str:
    (block,) = batches.blocks_of(session, batch.id)
    return block.payment_information_id


def lump_of(
    debits: list[Debit], name: str, *, amount: int | None = None, itemised: bool = False
) -> camt.Entry:
    """One credit for a payment block, with its parts or without."""
    total = sum(debit.amount_minor for debit in debits) if amount is None else amount
    parts = [camt.Part(amount=debit.amount_minor, end_to_end_id=debit.end_to_end_id) for debit in debits]
    return camt.lump(
        total, payment_information_id=name, count=len(debits), parts=parts if itemised else (),
        booked_on=THURSDAY,
    )  # fmt: skip


def single(debit: Debit, *, amount: int | None = None) -> camt.Entry:
    found = debit.amount_minor if amount is None else amount
    return camt.credit(found, end_to_end_id=debit.end_to_end_id, booked_on=THURSDAY)


def statement(*entries: camt.Entry, number: int = 1, **about: object) -> bytes:
    facts = {"account": OUR_IBAN, "opening": 0, "from_on": THURSDAY, "to_on": THURSDAY} | about
    return camt.camt053(entries, statement_id=f"S{number}", sequence=str(number), **facts)


def outcomes(session: Session) -> dict[int, tuple[str, str | None]]:
    """State and reason to wait of each line, by its amount."""
    return {line.amount_minor: (line.state, line.waiting_because) for line in lines_of(session)}


def require_paid(session: Session, debits: list[Debit]) -> None:
    """Each debit became a payment of its own amount that pays its invoice."""
    reload(session, *debits)
    for debit in debits:
        payment = session.get_one(Payment, debit.payment_id, populate_existing=True)
        assert (debit.state, payment.amount_minor) == ("collected", debit.amount_minor)
        assert (payment.allocated_minor, payment.unallocated_minor) == (debit.amount_minor, 0)
        assert invoice_of(session, debit).collection_status == "paid_provisional"


def test_a_lump_pays_every_debit_of_its_block(session: Session, books: Books, act: Act) -> None:
    debits = [scheduled(books, amount) for amount in (12_000, 4_550, 1)]
    batch, message = sent(books)
    take_in_all(session, bank_of(books).answer(message), act)
    report = match(session, act)
    session.commit()

    assert (report.looked_at, dict(report.by_rule), dict(report.waiting)) == (1, {"payment_block": 1}, {})
    (line,) = lines_of(session)
    assert (line.amount_minor, line.state, line.waiting_because) == (16_551, "batch_booking", None)
    require_paid(session, debits)
    (made,) = session.scalars(select(Match))
    name = block_name(session, batch)
    assert made.evidence == [
        f"The bank names our payment block {name}.", "Its 3 open debits add up to the amount.",
    ]  # fmt: skip
    assert (made.rule, made.decided_by) == ("payment_block", "treasury")
    parts = session.scalars(select(MatchPart).where(MatchPart.match_id == made.id)).all()
    assert {(part.kind, part.object_id, part.amount_minor) for part in parts} == {
        ("payment", debit.payment_id, debit.amount_minor) for debit in debits
    }
    reload(session, batch)
    assert batch.state == "booked"


def test_single_credits_pay_one_debit_each(session: Session, books: Books, act: Act) -> None:
    debits = [scheduled(books, amount) for amount in (12_000, 12_000, 700)]
    batch, message = sent(books)
    take_in_all(session, bank_of(books).answer(message, booking=Booking.SINGLE), act)
    report = match(session, act)
    session.commit()
    assert dict(report.by_rule) == {"own_end_to_end_id": 3}
    assert {line.state for line in lines_of(session)} == {"matched"}
    require_paid(session, debits)
    reload(session, batch)
    assert batch.state == "booked"
    allocations = session.scalars(select(Allocation)).all()
    assert {one.decided_by for one in allocations} == {"own_end_to_end_id"}


def test_an_itemised_lump_is_told_by_its_parts(session: Session, books: Books, act: Act) -> None:
    first, left_out, last = (scheduled(books, amount) for amount in (100, 200, 400))
    batch, _ = sent(books)
    name = block_name(session, batch)
    take_in(session, statement(lump_of([first, last], name, itemised=True)), act)
    report = match(session, act)
    session.commit()
    assert dict(report.by_rule) == {"payment_block": 1}
    require_paid(session, [first, last])
    reload(session, left_out, batch)
    assert (left_out.state, batch.state) == ("submitted", "released")
    take_in(session, statement(single(left_out), number=2, opening=500), act)
    match(session, act)
    session.commit()
    require_paid(session, [left_out])
    reload(session, batch)
    assert batch.state == "booked"


def test_a_lump_that_names_no_block_is_told_by_its_parts(session: Session, books: Books, act: Act) -> None:
    debits = [scheduled(books, amount) for amount in (100, 200)]
    sent(books)
    entry = replace(lump_of(debits, "x", itemised=True), batch=None)
    take_in(session, statement(entry), act)
    assert dict(match(session, act).by_rule) == {"payment_block": 1}
    session.commit()
    require_paid(session, debits)


def test_a_block_is_credited_in_two_lumps_only_where_the_parts_say_so(
    session: Session, books: Books, act: Act
) -> None:
    debits = [scheduled(books, amount) for amount in (100, 200)]
    batch, _ = sent(books)
    name = block_name(session, batch)
    take_in(session, statement(lump_of(debits, name, amount=250)), act)
    match(session, act)
    session.commit()
    assert outcomes(session) == {
        250: (
            "unexplained",
            f"The bank names our payment block {name}, but its open debits add up to 3.00 EUR, "
            "the amount is 2.50 EUR, and the parts are not itemised.",
        )
    }
    reload(session, *debits)
    assert {debit.state for debit in debits} == {"submitted"}


def test_a_lump_with_a_part_that_is_not_ours_waits(session: Session, books: Books, act: Act) -> None:
    debit = scheduled(books, 100)
    sent(books)
    foreign = camt.Part(amount=50, end_to_end_id="SOMEBODY-ELSE")
    ours = camt.Part(amount=100, end_to_end_id=debit.end_to_end_id)
    twice = camt.lump(200, payment_information_id=None, parts=[ours, ours], booked_on=THURSDAY)
    mixed = camt.lump(150, payment_information_id=None, parts=[ours, foreign], booked_on=THURSDAY)
    short = camt.lump(
        130, payment_information_id=None, booked_on=THURSDAY,
        parts=[replace(ours, amount=80), replace(foreign, amount=50)],
    )  # fmt: skip
    take_in(session, statement(twice, mixed, short), act)
    match(session, act)
    session.commit()
    because = "The lump names debits of ours, but not all of its parts are debits that wait for it."
    assert set(outcomes(session).values()) == {("unexplained", because)}
    reload(session, debit)
    assert debit.state == "submitted"


def test_a_lump_that_comes_twice_is_credited_once(session: Session, books: Books, act: Act) -> None:
    debits = [scheduled(books, amount) for amount in (100, 200)]
    batch, _ = sent(books)
    name = block_name(session, batch)
    entry = lump_of(debits, name)
    take_in(session, statement(entry, replace(entry, bank_reference="AGAIN")), act)
    report = match(session, act)
    session.commit()
    assert (dict(report.by_rule), report.waiting.total()) == ({"payment_block": 1}, 1)
    because = f"The bank names our payment block {name}, but none of its debits waits for its money."
    assert sorted((line.state, line.waiting_because) for line in lines_of(session)) == [
        ("batch_booking", None), ("unexplained", because),
    ]  # fmt: skip
    require_paid(session, debits)
    assert session.query(Payment).count() == 2


def test_a_credit_of_another_amount_than_asked_for_waits(session: Session, books: Books, act: Act) -> None:
    debit = scheduled(books, 12_000)
    sent(books)
    take_in(session, statement(single(debit, amount=11_700)), act)
    match(session, act)
    session.commit()
    because = f"The EndToEndId is that of debit {debit.id}, but it asked for 120.00 EUR and the amount is 117.00 EUR."
    assert outcomes(session) == {11_700: ("unexplained", because)}


def test_a_second_credit_of_a_debit_waits(session: Session, books: Books, act: Act) -> None:
    debit = scheduled(books, 12_000)
    sent(books)
    again = replace(single(debit), bank_reference="AGAIN")
    take_in(session, statement(single(debit), again), act)
    match(session, act)
    session.commit()
    take_in(session, statement(replace(again, bank_reference="THIRD"), number=2, opening=24_000), act)
    match(session, act)
    session.commit()
    found = sorted(str(line.waiting_because) for line in lines_of(session))
    name = f"The EndToEndId is that of debit {debit.id}"
    assert found == ["None", f"{name}, which was credited already.", f"{name}, which was credited already."]
    assert session.query(Payment).count() == 1


def test_a_debit_that_was_never_sent_is_not_credited(session: Session, books: Books, act: Act) -> None:
    debit = scheduled(books, 12_000)
    session.commit()
    take_in(session, statement(single(debit)), act)
    match(session, act)
    session.commit()
    assert outcomes(session)[12_000] == (
        "unexplained", f"The EndToEndId is that of debit {debit.id}, which is scheduled.",
    )  # fmt: skip


def test_a_credit_on_another_creditors_account_is_not_ours(session: Session, books: Books, act: Act) -> None:
    debit = scheduled(books, 12_000)
    batch, _ = sent(books)
    second_creditor(books)
    name = block_name(session, batch)
    take_in(
        session,
        statement(single(debit), lump_of([debit], name, amount=12_001), account=OTHER_IBAN), act,
    )  # fmt: skip
    match(session, act)
    session.commit()
    nothing = ("unexplained", "Neither a reference of ours nor an invoice number stands in it.")
    assert outcomes(session) == {12_000: nothing, 12_001: nothing}
    reload(session, debit)
    assert debit.state == "submitted"


def test_a_credit_in_another_currency_is_not_ours(session: Session, books: Books, act: Act) -> None:
    debit = scheduled(books, 12_000)
    sent(books)
    creditors.open_bank_account(
        session, creditor_id=books.creditor.id, name="USD", iban=OTHER_IBAN, currency="USD", act=act
    )
    take_in(session, statement(single(debit), account=OTHER_IBAN, currency="USD"), act)
    match(session, act)
    session.commit()
    assert outcomes(session)[12_000][0] == "unexplained"
    reload(session, debit)
    assert debit.state == "submitted"


def test_money_that_is_taken_back_is_no_collection(session: Session, books: Books, act: Act) -> None:
    debit = scheduled(books, 12_000)
    sent(books)
    take_in(session, statement(replace(single(debit), is_reversal=True)), act)
    match(session, act)
    session.commit()
    because = "It takes an earlier booking back, and no debit or refund of ours explains it."
    assert outcomes(session) == {12_000: ("unexplained", because)}


def test_two_blocks_of_one_file_are_two_lumps(session: Session, books: Books, act: Act) -> None:
    early, late = scheduled(books, 100), scheduled(books, 200, collect_on=date(2026, 11, 23))
    batch, message = sent(books)
    files = bank_of(books).answer(message)
    assert len(files) == 2
    take_in(session, files[0], act)
    match(session, act)
    session.commit()
    reload(session, batch)
    assert batch.state == "released"
    require_paid(session, [early])
    take_in(session, files[1], act)
    match(session, act)
    session.commit()
    reload(session, batch)
    assert batch.state == "booked"
    require_paid(session, [late])


def test_a_statement_that_came_before_the_release_is_matched_after_it(
    session: Session, books: Books, act: Act
) -> None:
    debit = scheduled(books, 12_000)
    batch = approved(books)
    take_in(session, statement(lump_of([debit], block_name(session, batch))), act)
    assert match(session, act).waiting.total() == 1
    release(session, batch.id, act=second(act))
    assert dict(match(session, act).by_rule) == {"payment_block": 1}
    session.commit()
    require_paid(session, [debit])


@pytest.mark.parametrize("booking", [Booking.BATCH, Booking.SINGLE])
def test_what_the_bank_books_after_a_hundred_debits_pays_a_hundred_invoices(
    session: Session, books: Books, act: Act, booking: Booking
) -> None:
    debits = [scheduled(books, 1_000 + number) for number in range(100)]
    _, message = sent(books)
    take_in_all(session, bank_of(books).answer(message, booking=booking), act)
    match(session, act)
    session.commit()
    require_paid(session, debits)
    assert session.query(StatementLine).filter(StatementLine.state == "unexplained").count() == 0


def test_a_lump_that_shares_its_day_with_other_money(session: Session, books: Books, act: Act) -> None:
    debit, other = scheduled(books, 12_000), books.invoice(500, number="RE-77")
    batch, _ = sent(books)
    bank = Bank()
    entry = replace(
        transfer(12_000, day=THURSDAY),
        batch=Lump(payment_information_id=block_name(session, batch), count=1),
    )
    take_in_all(session, bank.book(transfer(500, "RE-77", day=THURSDAY), entry), act)
    report = match(session, act)
    session.commit()
    assert dict(report.by_rule) == {"payment_block": 1, "invoice_number": 1}
    require_paid(session, [debit])
    reload(session, other)
    assert (other.open_minor, other.collection_status) == (0, "paid")
