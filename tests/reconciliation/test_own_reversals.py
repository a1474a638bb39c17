"""Reversals of ours seen leaving the account: the invoice reopens once, however the bank books it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from credit_control import gate
from ledger import journal
from ledger.acts import Act
from ledger.journal import Place
from ledger.models import AccountKind, Event, Payment
from mandates import reversals
from mandates.models import Debit
from mandates.payback_models import DebitReversal, ReversalReason
from reconciliation.models import Match, MatchPart
from tests.factories import camt
from tests.factories.bank import lines_of, match, take_in
from tests.factories.books import OUR_IBAN, Books
from tests.factories.collecting import (
    OTHER_IBAN,
    at_once,
    events,
    invoice_of,
    reload,
    scheduled,
    second_creditor,
    sent,
)
from tests.factories.paying import bank_of
from tests.factories.paying_back import collected, reversed_at_bank, reversing

FRIDAY, MONDAY = date(2026, 11, 20), date(2026, 11, 23)
REVERSAL = camt.Entry(amount=0, code="PMNT/IDDT/RCDD")


def booked(amount: int, *, code: str = "PMNT/IDDT/RCDD", on: date = FRIDAY, **facts: object) -> camt.Entry:
    """A charge for a reversal, given without a sign."""
    return camt.debit(amount, entry=replace(REVERSAL, code=code), booked_on=on, **facts)


def came_back(debit: Debit, *, reason: str = "MD06") -> camt.Entry:
    """The debtor's bank takes a collection back."""
    return replace(
        camt.returned(debit.amount_minor, reason=reason, end_to_end_id=debit.end_to_end_id), booked_on=FRIDAY
    )


def statement(books: Books, *entries: camt.Entry, **about: object) -> bytes:
    bank = bank_of(books)
    facts = {
        "account": OUR_IBAN, "opening": bank.balance.minor, "from_on": FRIDAY, "to_on": FRIDAY,
        "sequence": str(bank.sequence), "statement_id": f"S{bank.sequence}",
    } | about  # fmt: skip
    return camt.camt053(entries, **facts)


def waiting(session: Session) -> list[str]:
    return sorted(str(line.waiting_because) for line in lines_of(session) if line.state == "unexplained")


def suspense(session: Session, books: Books) -> int:
    return journal.balance_minor(session, Place(books.creditor.id, AccountKind.SUSPENSE, "EUR"))


@pytest.mark.parametrize("code", ["PMNT/IDDT/RCDD", "PMNT/IDDT/PRDD", "PMNT/IDDT/OTHR"])
@pytest.mark.parametrize("named_by_us", [False, True])
def test_a_reversal_reopens_the_invoice_by_what_was_collected(
    session: Session, books: Books, act: Act, code: str, named_by_us: bool
) -> None:
    _, (wrong, right) = collected(books, 7_197, 12_000)
    payback, _ = reversed_at_bank(books, [wrong], reason=ReversalReason.DUPLICATE)
    reversal = session.scalars(select(DebitReversal)).one()
    name = reversal.reference if named_by_us else wrong.end_to_end_id
    take_in(session, statement(books, booked(7_197, code=code, end_to_end_id=name)), act)
    report = match(session, act)
    session.commit()

    assert (dict(report.by_rule), waiting(session)) == ({"own_reversal": 1}, [])
    reload(session, wrong, right, payback, reversal)
    assert (wrong.state, wrong.reason_code, right.state) == ("refunded", "AM05", "collected")
    assert (wrong.failed_on, wrong.next_step) == (FRIDAY, "operations")
    assert wrong.followed_up == "We gave it back ourselves: it is not tried again before a person says so."
    assert invoice_of(session, wrong).open_minor == 7_197
    assert invoice_of(session, wrong).collection_status == "overdue"
    assert invoice_of(session, right).open_minor == 0
    payment = session.get_one(Payment, wrong.payment_id, populate_existing=True)
    assert (payment.state, payment.returned_minor) == ("refunded", 7_197)
    assert suspense(session, books) == 0
    assert (payback.state, reversal.state) == ("booked", "booked")
    (line,) = (line for line in lines_of(session) if line.amount_minor == -7_197)
    made = session.scalars(select(Match).where(Match.line_id == line.id)).one()
    assert (line.state, made.rule) == ("returned_debit", "own_reversal")
    assert made.evidence == [
        f"We asked the bank to give debit {wrong.id} back: reversal {reversal.id}, AM05."
    ]
    part = session.scalars(select(MatchPart).where(MatchPart.match_id == made.id)).one()
    assert (part.kind, part.object_id, part.amount_minor) == ("returned_debit", wrong.id, -7_197)


@pytest.mark.parametrize("reason", list(ReversalReason))
def test_what_we_gave_back_is_not_collected_again_by_itself(
    session: Session, books: Books, act: Act, reason: ReversalReason
) -> None:
    _, (wrong,) = collected(books, 7_197)
    reversed_at_bank(books, [wrong], reason=reason)
    take_in(session, statement(books, booked(7_197, end_to_end_id=wrong.end_to_end_id)), act)
    match(session, act)
    session.commit()
    (held,) = gate.may_debit(session, [invoice_of(session, wrong)]).values()
    assert not held.allowed


def test_a_reversal_is_told_with_its_reason_and_what_it_opens(
    session: Session, books: Books, act: Act
) -> None:
    _, (debit,) = collected(books, 7_197)
    payback, _ = reversed_at_bank(books, [debit], reason=ReversalReason.DUPLICATE)
    take_in(session, statement(books, booked(7_197, end_to_end_id=debit.end_to_end_id)), act)
    match(session, act)
    session.commit()
    query = select(Event).where(Event.object_id == debit.id, Event.type == "debit.refunded")
    told = session.scalars(query).one()
    assert (told.cause, told.origin, told.reason_code, told.parent) == (
        "reversal.booked", "bank", "AM05", debit.invoice_id,
    )  # fmt: skip
    assert events(session, payback.id) == ["payback.approved", "payback.released", "payback.booked"]


@pytest.mark.parametrize("name", ["message", "block", "parts"])
def test_a_lump_is_all_reversals_of_its_file_or_block(
    session: Session, books: Books, act: Act, name: str
) -> None:
    _, debits = collected(books, 7_197, 12_000)
    payback, said = reversed_at_bank(books, debits)
    entry = {
        "message": camt.Entry(amount=-19_197, code="PMNT/IDDT/RCDD", batch=(None, payback.message_id, 2)),
        "block": camt.Entry(
            amount=-19_197, code="PMNT/IDDT/PRDD", batch=(said.blocks[0].payment_information_id, None, 2)
        ),
        "parts": camt.Entry(
            amount=-19_197, code="PMNT/IDDT/RCDD",
            parts=tuple(
                camt.Part(amount=-debit.amount_minor, end_to_end_id=debit.end_to_end_id) for debit in debits
            ),
        ),
    }[name]  # fmt: skip
    take_in(session, statement(books, replace(entry, booked_on=FRIDAY)), act)
    report = match(session, act)
    session.commit()
    assert (dict(report.by_rule), waiting(session)) == ({"own_reversal": 1}, [])
    reload(session, payback, *debits)
    assert ({debit.state for debit in debits}, payback.state) == ({"refunded"}, "booked")
    assert [invoice_of(session, debit).open_minor for debit in debits] == [7_197, 12_000]
    assert suspense(session, books) == 0


def test_a_lump_of_another_sum_waits(session: Session, books: Books, act: Act) -> None:
    _, debits = collected(books, 7_197, 12_000)
    payback, _ = reversed_at_bank(books, debits)
    entry = camt.Entry(
        amount=-19_198, booked_on=FRIDAY, code="PMNT/IDDT/RCDD", batch=(None, payback.message_id, 2)
    )
    take_in(session, statement(books, entry), act)
    match(session, act)
    session.commit()
    assert waiting(session) == ["Our reversals that it names add up to 191.97 EUR, the amount is 191.98 EUR."]
    reload(session, *debits)
    assert {debit.state for debit in debits} == {"collected"}


def test_a_lump_with_a_part_that_is_none_of_ours_waits(session: Session, books: Books, act: Act) -> None:
    _, (debit,) = collected(books, 7_197)
    reversed_at_bank(books, [debit])
    parts = (
        camt.Part(amount=-7_197, end_to_end_id=debit.end_to_end_id),
        camt.Part(amount=-3, end_to_end_id="X"),
    )
    entry = camt.Entry(amount=-7_200, booked_on=FRIDAY, code="PMNT/IDDT/RCDD", parts=parts)
    take_in(session, statement(books, entry), act)
    match(session, act)
    session.commit()
    assert waiting(session) == ["Not every part of this lump is a reversal of ours."]


def test_two_charges_for_one_reversal_are_one_too_many(session: Session, books: Books, act: Act) -> None:
    _, (debit,) = collected(books, 7_197)
    reversed_at_bank(books, [debit])
    twice = [
        booked(7_197, end_to_end_id=debit.end_to_end_id, bank_reference=str(number)) for number in (1, 2)
    ]
    take_in(session, statement(books, *twice), act)
    match(session, act)
    session.commit()
    assert waiting(session) == [f"Debit {debit.id} is reversed, but its reversal was booked already."]
    assert invoice_of(session, debit).open_minor == 7_197
    take_in(
        session, statement(books, booked(7_197, end_to_end_id=debit.end_to_end_id, bank_reference="3")), act
    )
    match(session, act)
    session.commit()
    assert len(waiting(session)) == 2


def test_a_reversal_booked_before_its_collection_waits_for_it(
    session: Session, books: Books, act: Act
) -> None:
    debit = scheduled(books, 7_197)
    _, message = sent(books)
    reload(session, debit)
    reversed_at_bank(books, [debit])
    bank = bank_of(books)
    (credited,) = bank.answer(message)
    late = statement(
        books, booked(7_197, end_to_end_id=debit.end_to_end_id), opening=bank.balance.minor, sequence="9"
    )
    take_in(session, late, act)
    match(session, act)
    session.commit()
    assert waiting(session) == [f"Debit {debit.id} is reversed, but its collection has not been booked yet."]
    take_in(session, credited, act)
    match(session, act)
    session.commit()
    reload(session, debit)
    assert (waiting(session), debit.state) == ([], "refunded")
    assert invoice_of(session, debit).open_minor == 7_197


def test_a_return_by_the_bank_before_the_reversal_opens_the_invoice_once(
    session: Session, books: Books, act: Act
) -> None:
    _, (debit,) = collected(books, 7_197)
    payback, _ = reversed_at_bank(books, [debit])
    take_in(session, statement(books, came_back(debit)), act)
    assert dict(match(session, act).by_rule) == {"returned_debit": 1}
    late = booked(7_197, end_to_end_id=debit.end_to_end_id, on=MONDAY)
    take_in(session, statement(books, late, from_on=MONDAY, to_on=MONDAY), act)
    match(session, act)
    session.commit()
    assert waiting(session) == [
        f"Debit {debit.id} is reversed, but its bank had taken it back already: the money went twice."
    ]
    reload(session, debit, payback)
    assert (debit.state, debit.reason_code) == ("refunded", "MD06")
    assert invoice_of(session, debit).open_minor == 7_197
    assert suspense(session, books) == 7_197


def test_a_payback_batch_ends_when_the_bank_has_returned_all_that_it_would_have_reversed(
    session: Session, books: Books, act: Act
) -> None:
    _, (one, other) = collected(books, 7_197, 12_000)
    payback, _ = reversed_at_bank(books, [one, other])
    take_in(session, statement(books, came_back(one)), act)
    match(session, act)
    session.commit()
    reload(session, payback)
    assert payback.state == "released"
    take_in(session, statement(books, came_back(other, reason="AM04")), act)
    match(session, act)
    session.commit()
    reload(session, payback)
    assert payback.state == "booked"


def test_a_return_by_the_bank_after_the_reversal_opens_nothing_a_second_time(
    session: Session, books: Books, act: Act
) -> None:
    _, (debit,) = collected(books, 7_197)
    reversed_at_bank(books, [debit])
    take_in(session, statement(books, booked(7_197, end_to_end_id=debit.end_to_end_id)), act)
    assert dict(match(session, act).by_rule) == {"own_reversal": 1}
    late = replace(came_back(debit), booked_on=MONDAY)
    take_in(session, statement(books, late, from_on=MONDAY, to_on=MONDAY), act)
    match(session, act)
    session.commit()
    assert waiting(session) == [f"Debit {debit.id} comes back, but it came back already."]
    assert invoice_of(session, debit).open_minor == 7_197


def test_the_fee_for_a_reversal_is_no_reversal(session: Session, books: Books, act: Act) -> None:
    _, (debit,) = collected(books, 7_197)
    reversed_at_bank(books, [debit])
    fee = booked(300, code="ACMT/MDOP/CHRG", end_to_end_id=debit.end_to_end_id)
    take_in(session, statement(books, fee), act)
    match(session, act)
    session.commit()
    reload(session, debit)
    assert debit.state == "collected"
    assert not any("reversal" in why for why in waiting(session))


def test_a_draft_of_a_reversal_explains_no_line(session: Session, books: Books, act: Act) -> None:
    _, (debit,) = collected(books, 7_197)
    reversing(books, [debit])
    take_in(session, statement(books, booked(7_197, end_to_end_id="RVS" + "0" * 26)), act)
    match(session, act)
    session.commit()
    reload(session, debit)
    assert debit.state == "collected"
    assert [one.state for one in session.scalars(select(DebitReversal))] == ["batched"]


def test_a_line_on_the_account_of_another_company_is_none_of_ours(
    session: Session, books: Books, act: Act
) -> None:
    _, (debit,) = collected(books, 7_197)
    reversed_at_bank(books, [debit])
    second_creditor(books)
    entry = booked(7_197, end_to_end_id=debit.end_to_end_id)
    take_in(session, camt.camt053([entry], account=OTHER_IBAN, opening=100_000), act)
    match(session, act)
    session.commit()
    reload(session, debit)
    assert debit.state == "collected"


def test_who_asks_is_told_which_debits_are_being_reversed(session: Session, books: Books, act: Act) -> None:
    _, (wrong, right) = collected(books, 7_197, 12_000)
    reversed_at_bank(books, [wrong])
    ids = [wrong.id, right.id]
    assert reversals.being_reversed(session, ids) == {wrong.id}
    payments = [str(wrong.payment_id), str(right.payment_id)]
    assert reversals.payments_being_reversed(session, payments) == {wrong.payment_id}
    take_in(session, statement(books, booked(7_197, end_to_end_id=wrong.end_to_end_id)), act)
    match(session, act)
    session.commit()
    assert reversals.being_reversed(session, ids) == set()


@pytest.mark.race
def test_a_return_and_a_reversal_at_once_take_the_money_of_one(
    session: Session, books: Books, act: Act, engine: Engine
) -> None:
    _, (debit,) = collected(books, 7_197)
    reversed_at_bank(books, [debit])
    take_in(
        session,
        statement(books, booked(7_197, end_to_end_id=debit.end_to_end_id), came_back(debit)),
        act,
    )
    session.commit()
    done = at_once(engine, [lambda one: match(one, act, limit=1).by_rule.total()] * 8)
    assert sum(int(count) for count in done if isinstance(count, int)) == 1
    reload(session, debit)
    assert (debit.state, invoice_of(session, debit).open_minor) == ("refunded", 7_197)
    assert len(waiting(session)) == 1
