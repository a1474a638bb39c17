"""However the bank books a batch - net, gross, over several blocks, against our flag - every cent is explained."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway.sandbox.bank import Booking
from ledger import creditors
from ledger.acts import Act
from ledger.models import AccountKind, Payment
from mandates import batches
from mandates.models import Batch, Debit
from reconciliation.models import Match, MatchPart
from tests.factories import camt
from tests.factories.answering import THURSDAY, Answers, answers, single, taken_back
from tests.factories.bank import lines_of, match, take_in_all
from tests.factories.books import Books
from tests.factories.collecting import invoice_of, reload, scheduled, sent
from tests.factories.paying import bank_of

MONDAY = date(2026, 11, 23)


def parts(session: Session) -> list[tuple[str, int]]:
    """Kind and amount of every part of every match."""
    rows = session.scalars(select(MatchPart).order_by(MatchPart.id))
    return [(part.kind, part.amount_minor) for part in rows]


def require_settled(world: Answers, *, states: list[str], open_minor: list[int]) -> None:
    """Nothing waits, suspense and clearing are empty, and each invoice is open by what was not collected."""
    assert world.waiting() == []
    assert world.states() == states
    assert [invoice_of(world.session, debit).open_minor for debit in world.debits] == open_minor
    assert world.balance(AccountKind.SUSPENSE) == 0
    assert world.balance(AccountKind.REJECT_CLEARING) == 0
    paid = world.session.query(Payment).where(Payment.state == "provisional")
    assert sorted(one.amount_minor for one in paid) == sorted(
        debit.amount_minor for debit in world.debits if debit.state == "collected"
    )


# --- a bank that does not book as our flag asks ---


@pytest.mark.parametrize(("asked", "booking"), [(True, Booking.SINGLE), (False, Booking.BATCH)])
def test_a_bank_that_ignores_our_flag_is_read_all_the_same(
    session: Session, books: Books, act: Act, asked: bool, booking: Booking
) -> None:
    books.account.batch_booking = asked
    debits = [scheduled(books, amount) for amount in (100, 200, 400)]
    batch, message = sent(books)
    (block,) = batches.blocks_of(session, batch.id)
    assert block.batch_booking is asked
    take_in_all(session, bank_of(books).answer(message, booking=booking), act)
    assert match(session, act).waiting.total() == 0
    session.commit()
    reload(session, batch, *debits)
    assert ([debit.state for debit in debits], batch.state) == (["collected"] * 3, "booked")


# --- rejects that are netted out of the lump ---


@pytest.mark.parametrize("report_first", [True, False])
def test_a_lump_without_the_rejected_ones_is_read_once_the_report_is_there(
    books: Books, report_first: bool
) -> None:
    world = answers(books, 12_000, 700, 300)
    files = [world.rejects(world.debits[1]), world.statement(world.lump(12_300))]
    for content in files if report_first else reversed(files):
        world.take_in(content)
    require_settled(world, states=["collected", "rejected", "collected"], open_minor=[0, 700, 0])
    assert world.batch.state == "booked"


def test_without_a_report_a_short_lump_waits(books: Books) -> None:
    """That one of 7.00 EUR is missing is what a clerk would see, but the bank has not said so."""
    world = answers(books, 12_000, 700, 300)
    world.take_in(world.statement(world.lump(12_300)))
    (because,) = world.waiting()
    assert "its open debits add up to 130.00 EUR, the amount is 123.00 EUR" in because
    assert world.states() == ["submitted"] * 3


# --- rejects that are credited and booked against ---


@pytest.mark.parametrize("order", [(0, 1, 2), (0, 2, 1), (1, 0, 2), (1, 2, 0), (2, 0, 1), (2, 1, 0)])
@pytest.mark.parametrize("itemised", [True, False])
def test_a_gross_lump_and_the_booking_against_it_leave_nothing(
    books: Books, order: tuple[int, ...], itemised: bool
) -> None:
    """Report, gross lump and counter-booking in every order: the customer's invoice is open, nobody paid twice."""
    world = answers(books, 12_000, 700, 300)
    refused = world.debits[1]
    lump = world.lump(13_000, itemised=world.debits if itemised else ())
    against = taken_back(refused, reason="AC04")
    files = [world.rejects(refused), world.statement(lump), world.statement(against)]
    for place in order:
        world.take_in(files[place])
    state = "rejected" if order.index(0) < order.index(1) else "returned"
    require_settled(world, states=["collected", state, "collected"], open_minor=[0, 700, 0])
    assert refused.reason_code == "AC04"
    assert world.batch.state == "booked"


@pytest.mark.parametrize("order", [(0, 1, 2), (0, 2, 1), (1, 0, 2), (1, 2, 0), (2, 0, 1), (2, 1, 0)])
def test_one_booking_against_several_rejected_ones_is_told_by_the_report(
    session: Session, books: Books, order: tuple[int, ...]
) -> None:
    world = answers(books, 12_000, 700, 300, 50)
    refused = world.debits[1:3]
    against = replace(camt.lump(-1_000, payment_information_id=world.block, count=2), booked_on=THURSDAY)
    files = [
        world.rejects(*refused, code="AM04"), world.statement(world.lump(13_050)), world.statement(against),
    ]  # fmt: skip
    for place in order:
        world.take_in(files[place])
    state = "rejected" if order.index(0) < order.index(1) else "returned"
    require_settled(world, states=["collected", state, state, "collected"], open_minor=[0, 700, 300, 0])
    assert [debit.reason_code for debit in refused] == ["AM04", "AM04"]
    if state == "rejected":
        assert sorted(parts(session)) == [
            ("payment", 50), ("payment", 12_000), ("rejected_debit", -700), ("rejected_debit", -300),
            ("rejected_debit", 300), ("rejected_debit", 700),
        ]  # fmt: skip


def test_what_a_gross_lump_credits_of_rejected_ones_is_said_and_is_no_payment(
    session: Session, books: Books
) -> None:
    world = answers(books, 12_000, 700)
    world.take_in(world.rejects(world.debits[1]), world.statement(world.lump(12_700)))
    assert world.states() == ["collected", "rejected"]
    assert session.query(Payment).count() == 1
    (made,) = session.scalars(select(Match))
    assert made.evidence == [
        f"The bank names our payment block {world.block}.",
        "Its 1 open debits are in it.",
        "So are 1 that the bank rejected, of 7.00 EUR: it takes them back apart.",
    ]
    assert world.balance(AccountKind.REJECT_CLEARING) == -700
    assert world.balance(AccountKind.SUSPENSE) == 0


def test_a_block_that_is_rejected_as_a_whole_and_credited_all_the_same(books: Books) -> None:
    world = answers(books, 12_000, 700)
    world.take_in(world.report(status="RJCT", code="DT01"), world.statement(world.lump(12_700)))
    against = replace(camt.lump(-12_700, payment_information_id=world.block), booked_on=THURSDAY)
    world.take_in(world.statement(against))
    require_settled(world, states=["rejected"] * 2, open_minor=[12_000, 700])
    assert world.batch.state == "rejected"


def test_a_rejected_debit_that_is_credited_by_itself_is_taken_back_by_itself(books: Books) -> None:
    world = answers(books, 12_000)
    (debit,) = world.debits
    world.take_in(world.rejects(debit), world.statement(single(debit)))
    assert world.balance(AccountKind.REJECT_CLEARING) == -12_000
    again = world.statement(replace(single(debit), bank_reference="AGAIN"))
    world.take_in(again)
    assert world.waiting() == [f"The EndToEndId is that of debit {debit.id}, which is rejected."]
    world.take_in(world.statement(taken_back(debit), taken_back(debit, bank_reference="TWICE")))
    assert sorted(world.waiting()) == [
        f"Debit {debit.id} comes back, but it came back already.",
        f"The EndToEndId is that of debit {debit.id}, which is rejected.",
    ]
    assert world.balance(AccountKind.REJECT_CLEARING) == 0


def test_of_rejected_ones_that_fit_in_several_ways_none_is_taken(books: Books) -> None:
    """One of two equal rejects is in the lump, and nothing says which."""
    world = answers(books, 12_000, 700, 700)
    world.take_in(world.rejects(*world.debits[1:]), world.statement(world.lump(12_700)))
    assert world.waiting() == [
        f"The bank names our payment block {world.block}, and its amount can be read in several ways."
    ]
    assert world.states() == ["submitted", "rejected", "rejected"]
    itemised = world.statement(replace(world.lump(12_700, itemised=world.debits[:2]), bank_reference="X"))
    world.take_in(itemised)
    assert world.states() == ["collected", "rejected", "rejected"]


def test_only_some_of_the_rejected_ones_may_be_in_the_lump(books: Books) -> None:
    """Rejected before the cut-off: netted out. Rejected after it: credited, and booked against."""
    world = answers(books, 12_000, 700, 300)
    early, late = world.debits[1:]
    world.take_in(world.rejects(early, late), world.statement(world.lump(12_300)))
    assert world.balance(AccountKind.REJECT_CLEARING) == -300
    world.take_in(world.statement(taken_back(late)))
    require_settled(world, states=["collected", "rejected", "rejected"], open_minor=[0, 700, 300])


# --- lumps over several blocks ---


def two_days(books: Books, *amounts: int) -> tuple[Batch, list[Debit], list[str]]:
    """A batch with a block for each amount: the first due on Thursday, the second on Monday, by turns."""
    days = [date(2026, 11, day) for day in (19, 23, 24, 25)]
    debits = [scheduled(books, amount, collect_on=day) for amount, day in zip(amounts, days, strict=False)]
    batch, _ = sent(books)
    books.session.commit()
    reload(books.session, *debits)
    names = {block.id: block.payment_information_id for block in batches.blocks_of(books.session, batch.id)}
    return batch, debits, [names[str(debit.block_id)] for debit in debits]


def world_of(books: Books, batch: Batch, debits: list[Debit]) -> Answers:
    return Answers(books.session, books, batch, debits)


@pytest.mark.parametrize("named", ["file", "block and file", "block"])
def test_a_lump_over_all_blocks_of_a_file(session: Session, books: Books, named: str) -> None:
    batch, debits, blocks = two_days(books, 100, 200, 400)
    world = world_of(books, batch, debits)
    entry = camt.lump(
        700, payment_information_id=blocks[0] if "block" in named else None,
        message_id=batch.message_id if "file" in named else None, booked_on=THURSDAY,
    )  # fmt: skip
    world.take_in(world.statement(entry))
    require_settled(world, states=["collected"] * 3, open_minor=[0, 0, 0])
    (made,) = session.scalars(select(Match))
    assert made.evidence == [
        f"The bank names our file {batch.message_id}.", "The 3 blocks' 3 open debits add up to the amount.",
    ]  # fmt: skip
    assert world.batch.state == "booked"


def test_a_lump_over_some_blocks_is_read_where_there_is_one_way_only(books: Books) -> None:
    batch, debits, _ = two_days(books, 100, 200, 400)
    world = world_of(books, batch, debits)
    entry = camt.lump(600, payment_information_id=None, message_id=batch.message_id, booked_on=THURSDAY)
    world.take_in(world.statement(entry))
    assert (world.waiting(), world.states()) == ([], ["submitted", "collected", "collected"])
    rest = camt.lump(100, payment_information_id=None, message_id=batch.message_id, booked_on=MONDAY)
    world.take_in(world.statement(rest))
    require_settled(world, states=["collected"] * 3, open_minor=[0, 0, 0])


def test_a_lump_that_two_choices_of_blocks_make_up_waits(books: Books) -> None:
    batch, debits, _ = two_days(books, 100, 200, 300)
    world = world_of(books, batch, debits)
    entry = camt.lump(300, payment_information_id=None, message_id=batch.message_id, booked_on=THURSDAY)
    world.take_in(world.statement(entry))
    assert world.waiting() == [
        f"The bank names our file {batch.message_id}, and its amount can be read in several ways."
    ]
    assert world.states() == ["submitted"] * 3


def test_the_number_of_bookings_decides_between_choices_of_blocks(books: Books) -> None:
    batch, debits, _ = two_days(books, 100, 200, 300)
    world = world_of(books, batch, debits)
    entry = camt.lump(
        300, payment_information_id=None, message_id=batch.message_id, count=2, booked_on=THURSDAY
    )
    world.take_in(world.statement(entry))
    assert (world.waiting(), world.states()) == ([], ["collected", "collected", "submitted"])


def test_a_lump_that_names_another_block_than_what_it_is_made_of_waits(books: Books) -> None:
    batch, debits, blocks = two_days(books, 100, 200, 400)
    world = world_of(books, batch, debits)
    entry = camt.lump(600, payment_information_id=blocks[0], message_id=batch.message_id, booked_on=THURSDAY)
    world.take_in(world.statement(entry))
    assert len(world.waiting()) == 1
    assert world.states() == ["submitted"] * 3


# --- lumps that name nothing ---


def nameless(
    amount: int, *, code: str = "PMNT/IDDT/ESDD", booked_on: date = THURSDAY, **facts: object
) -> camt.Entry:
    return camt.Entry(amount=amount, booked_on=booked_on, code=code, **facts)  # type: ignore[arg-type]


def test_a_lump_of_direct_debits_that_names_nothing_is_told_by_day_and_amount(
    session: Session, books: Books
) -> None:
    core = answers(books, 100, 200)
    other = answers(books, 700)
    core.take_in(core.statement(nameless(1_000)))
    assert (core.states(), other.states(), core.waiting()) == (["collected"] * 2, ["collected"], [])
    (made,) = session.scalars(select(Match))
    assert made.evidence == [
        "It credits direct debits, and 2 of our blocks are due that day.",
        "Their 3 open debits add up to the amount.",
    ]


@pytest.mark.parametrize(
    "entry",
    [
        nameless(300, code="PMNT/RCDT/ESCT"),
        nameless(300, booked_on=MONDAY),
        nameless(299),
    ],
)
def test_money_of_another_kind_day_or_amount_is_not_taken_for_a_lump(books: Books, entry: camt.Entry) -> None:
    world = answers(books, 100, 200)
    world.take_in(world.statement(entry, day=entry.booked_on or THURSDAY))
    assert world.waiting() == ["Neither a reference of ours nor an invoice number stands in it."]
    assert world.states() == ["submitted"] * 2


def test_a_nameless_lump_that_fits_two_blocks_waits(books: Books) -> None:
    world, other = answers(books, 300), answers(books, 300)
    world.take_in(world.statement(nameless(300)))
    assert world.waiting() == [
        "Debits of ours that are due that day make up the amount, but in several ways."
    ]
    assert (world.states(), other.states()) == (["submitted"], ["submitted"])


def test_a_nameless_lump_comes_after_those_that_name_their_block(books: Books) -> None:
    """On one statement: the named one takes its block, and the other one is what is left."""
    world, other = answers(books, 300), answers(books, 300)
    world.take_in(world.statement(nameless(300), world.lump(300)))
    assert (world.waiting(), world.states(), other.states()) == ([], ["collected"], ["collected"])
    assert {line.state for line in lines_of(books.session)} == {"batch_booking"}


def test_a_nameless_lump_on_another_account_is_not_ours(session: Session, books: Books) -> None:
    world = answers(books, 300)
    books.session.commit()
    content = world.statement(nameless(300)).replace(b"DE02120300000000202051", b"DE89370400440532013000")
    creditors.open_bank_account(
        session, creditor_id=books.creditor.id, name="Other", iban="DE89370400440532013000", act=books.act
    )
    world.take_in(content)
    assert world.states() == ["submitted"]
