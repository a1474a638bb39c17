"""What a bank takes for a debit that comes back - within the booking or apart, fee or interest - is told apart."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from ledger.models import AccountKind
from mandates.models import Debit
from reconciliation.models import Match, MatchPart, StatementLine
from tests.factories import camt
from tests.factories.answering import THURSDAY, Answers, answers, single, taken_back
from tests.factories.bank import lines_of, match, take_in
from tests.factories.books import Books
from tests.factories.collecting import invoice_of

TUESDAY = date(2026, 11, 24)


def charge(
    debit: Debit | None, amount: int = 300, *, code: str = "ACMT/MDOP/CHRG", **facts: object
) -> camt.Entry:
    """A booking of its own by which the bank takes something."""
    name = None if debit is None else debit.end_to_end_id
    reference = facts.pop("bank_reference", None)
    part = camt.Part(amount=-amount, end_to_end_id=name, **facts)  # type: ignore[arg-type]
    return camt.Entry(
        amount=-amount,
        booked_on=TUESDAY,
        code=code,
        parts=(part,),
        bank_reference=reference,  # type: ignore[arg-type]
    )


def collected(books: Books, *amounts: int) -> Answers:
    world = answers(books, *amounts)
    world.take_in(world.statement(*(single(debit) for debit in world.debits)))
    assert set(world.states()) == {"collected"}
    return world


def costs(world: Answers) -> tuple[int, int, int]:
    """What is on the accounts of fees and of interest, and in suspense."""
    return (
        world.balance(AccountKind.FEE), world.balance(AccountKind.INTEREST),
        world.balance(AccountKind.SUSPENSE),
    )  # fmt: skip


def parts_of(session: Session, kind: str) -> list[tuple[str | None, int]]:
    rows = session.scalars(select(MatchPart).where(MatchPart.kind == kind).order_by(MatchPart.id))
    return [(part.object_id, part.amount_minor) for part in rows]


def test_fee_and_interest_within_a_return_are_booked_apart(session: Session, books: Books) -> None:
    world = collected(books, 7_197)
    (debit,) = world.debits
    made = camt.returned(7_197, reason="AM04", charges=300, interest=12, end_to_end_id=debit.end_to_end_id)
    world.take_in(world.statement(replace(made, booked_on=TUESDAY), day=TUESDAY))
    assert (world.waiting(), world.states(), costs(world)) == ([], ["returned"], (300, 12, 0))
    (line,) = (line for line in lines_of(session) if line.state == "returned_debit")
    assert (line.amount_minor, line.original_minor, line.charges_minor, line.interest_minor) == (
        -7_509, 7_197, 312, 12,
    )  # fmt: skip
    assert (parts_of(session, "fee"), parts_of(session, "interest")) == (
        [(debit.id, -300)],
        [(debit.id, -12)],
    )
    made_ = session.scalars(select(Match).where(Match.line_id == line.id)).one()
    assert made_.evidence[-2:] == [
        "The bank kept 3.00 EUR as its fee.", "The bank kept 0.12 EUR as interest.",
    ]  # fmt: skip


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 0, 2), (1, 2, 0)])
def test_fee_and_interest_booked_by_themselves_belong_to_their_debit_in_any_order(
    session: Session, books: Books, order: tuple[int, ...]
) -> None:
    world = collected(books, 12_000)
    (debit,) = world.debits
    entries = (
        taken_back(debit, on=TUESDAY), charge(debit, 350), charge(debit, 7, code="ACMT/MDOP/INTR"),
    )  # fmt: skip
    for place in order:
        world.take_in(world.statement(entries[place], day=TUESDAY))
    assert (world.waiting(), world.states(), costs(world)) == ([], ["returned"], (350, 7, 0))
    assert invoice_of(session, debit).open_minor == 12_000
    assert (parts_of(session, "fee"), parts_of(session, "interest")) == ([(debit.id, -350)], [(debit.id, -7)])


def test_a_fee_that_shares_the_banks_reference_with_a_return_is_its_fee(
    session: Session, books: Books
) -> None:
    world = collected(books, 12_000)
    (debit,) = world.debits
    back = replace(taken_back(debit, on=TUESDAY), bank_reference="RUECK-4711-0001")
    world.take_in(world.statement(charge(None, 350, bank_reference="RUECK-4711-0001"), day=TUESDAY))
    assert world.waiting() == [
        "It is a fee of the bank, and a return that it belongs to may still come: it is booked from 2026-11-27 on."
    ]
    world.take_in(world.statement(back, day=TUESDAY))
    world.take_in(world.statement(day=TUESDAY))
    assert (world.waiting(), costs(world)) == ([], (350, 0, 0))
    assert parts_of(session, "fee") == [(debit.id, -350)]


def test_a_fee_without_any_name_is_not_that_of_a_debit(session: Session, books: Books) -> None:
    world = collected(books, 12_000)
    world.take_in(world.statement(charge(None, 350), day=TUESDAY))
    assert (world.waiting(), costs(world)) == ([], (350, 0, 0))
    assert parts_of(session, "fee") == [(None, -350)]


def test_money_out_that_names_a_debit_but_is_neither_charge_nor_its_amount_waits(books: Books) -> None:
    world = collected(books, 12_000)
    (debit,) = world.debits
    world.take_in(world.statement(charge(debit, 350, code="PMNT/ICDT/ESCT"), day=TUESDAY))
    assert world.waiting() == [f"Debit {debit.id} was 120.00 EUR; the bank speaks of 3.50 EUR."]
    assert world.states() == ["collected"]


def test_the_fee_of_a_rejected_debit_is_a_fee_too(books: Books) -> None:
    world = answers(books, 12_000)
    world.take_in(world.rejects(world.debits[0]), world.statement(charge(world.debits[0], 90), day=TUESDAY))
    assert (world.waiting(), costs(world)) == ([], (90, 0, 0))


def test_a_batch_of_returns_with_fees_tells_what_is_whose(session: Session, books: Books) -> None:
    world = collected(books, 100, 200, 400)
    first, other, _ = world.debits
    parts = tuple(taken_back(debit, charges=300).parts[0] for debit in (first, other))
    lump = camt.Entry(amount=-900, booked_on=TUESDAY, code="PMNT/IDDT/UPDD", parts=parts)
    world.take_in(world.statement(lump, day=TUESDAY))
    assert (world.waiting(), world.states(), costs(world)) == (
        [],
        ["returned", "returned", "collected"],
        (600, 0, 0),
    )
    assert parts_of(session, "returned_debit") == [(first.id, -100), (other.id, -200)]
    assert parts_of(session, "fee") == [(first.id, -300), (other.id, -300)]


def test_the_fee_of_each_part_follows_from_what_was_collected_of_it(session: Session, books: Books) -> None:
    world = collected(books, 100, 200)
    amounts = (150, 250)  # each part with its fee, which is not told apart
    parts = [
        replace(taken_back(debit).parts[0], amount=-amount)
        for debit, amount in zip(world.debits, amounts, strict=True)
    ]
    lump = camt.Entry(amount=-400, booked_on=TUESDAY, code="PMNT/IDDT/UPDD", parts=tuple(parts))
    world.take_in(world.statement(lump, day=TUESDAY))
    assert (world.waiting(), world.states(), costs(world)) == ([], ["returned"] * 2, (100, 0, 0))
    assert parts_of(session, "fee") == [(debit.id, -50) for debit in world.debits]


def test_a_return_that_stands_in_an_earlier_chunk_than_its_credit_is_applied_in_one_go(
    session: Session, books: Books
) -> None:
    """Lines are decided in chunks; here each is one, and the credit comes last."""
    world = answers(books, 12_000, 700)
    first, other = world.debits
    content = world.statement(
        taken_back(first), taken_back(other), single(first), single(other), day=THURSDAY
    )
    take_in(session, content, books.act)
    report = match(session, books.act, limit=1)
    session.commit()
    assert (world.states(), world.waiting(), report.waiting.total()) == (["returned"] * 2, [], 0)
    assert report.looked_at == 4
    assert session.query(StatementLine).where(StatementLine.state == "unexplained").count() == 0
