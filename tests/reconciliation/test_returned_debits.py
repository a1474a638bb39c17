"""Debits that come back: the invoice reopens by what was collected, the fee is ours, and once is enough."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway.sandbox.bank import Booking
from ledger import allocations, journal, refunds
from ledger.acts import Act
from ledger.journal import Place
from ledger.models import AccountKind, Payment
from ledger.money import Money
from mandates import returns
from mandates.models import Debit
from reconciliation.models import Match, MatchPart
from tests.factories import camt
from tests.factories.bank import lines_of, match, take_in, take_in_all
from tests.factories.books import OUR_IBAN, Books
from tests.factories.collecting import (
    OTHER_IBAN,
    days_later,
    invoice_of,
    reload,
    schedule,
    scheduled,
    second_creditor,
    sent,
)
from tests.factories.paying import bank_of, pay

THURSDAY, TUESDAY = date(2026, 11, 19), date(2026, 11, 24)
FEE = 300  # what the simulated bank keeps


def balance(session: Session, books: Books, kind: AccountKind) -> int:
    return journal.balance_minor(session, Place(books.creditor.id, kind, "EUR"))


def collected(session: Session, books: Books, *amounts: int) -> list[Debit]:
    """Debits that went out and were credited."""
    debits = [scheduled(books, amount) for amount in amounts]
    _, message = sent(books)
    take_in_all(session, bank_of(books).answer(message), books.act)
    match(session, books.act)
    session.commit()
    reload(session, *debits)
    assert {debit.state for debit in debits} == {"collected"}
    return debits


def came_back(debit: Debit, *, charges: int = FEE, reason: str = "AC04", **facts: object) -> camt.Entry:
    made = camt.returned(
        debit.amount_minor, reason=reason, charges=charges, end_to_end_id=debit.end_to_end_id, **facts
    )
    return replace(made, booked_on=TUESDAY)


def statement(books: Books, *entries: camt.Entry, **about: object) -> bytes:
    bank = bank_of(books)
    facts = {
        "account": OUR_IBAN, "opening": bank.balance.minor, "from_on": TUESDAY, "to_on": TUESDAY,
        "sequence": str(bank.sequence), "statement_id": f"S{bank.sequence}",
    } | about  # fmt: skip
    return camt.camt053(entries, **facts)


def waiting(session: Session) -> list[str]:
    return sorted(str(line.waiting_because) for line in lines_of(session) if line.state == "unexplained")


@pytest.mark.parametrize("booking", [Booking.BATCH, Booking.SINGLE])
def test_a_return_reopens_the_invoice_and_its_fee_is_booked_apart(
    session: Session, books: Books, act: Act, booking: Booking
) -> None:
    back, kept = scheduled(books, 7_197), scheduled(books, 12_000)
    _, message = sent(books)
    files = bank_of(books).answer(message, outcomes={back.end_to_end_id: "AM04"}, booking=booking)
    take_in_all(session, files, act)
    report = match(session, act)
    session.commit()

    assert report.waiting.total() == 0
    assert report.by_rule["returned_debit"] == 1
    (line,) = (line for line in lines_of(session) if line.state == "returned_debit")
    assert (line.amount_minor, line.original_minor, line.charges_minor) == (-7_497, 7_197, FEE)
    reload(session, back, kept)
    assert (back.state, back.reason_code, kept.state) == ("returned", "AM04", "collected")
    assert invoice_of(session, back).open_minor == 7_197
    assert invoice_of(session, back).collection_status == "overdue"
    assert invoice_of(session, kept).open_minor == 0
    payment = session.get_one(Payment, back.payment_id, populate_existing=True)
    assert (payment.state, payment.returned_minor) == ("returned", 7_197)
    assert balance(session, books, AccountKind.FEE) == FEE
    assert balance(session, books, AccountKind.SUSPENSE) == 0
    made = session.scalars(select(Match).where(Match.line_id == line.id)).one()
    assert made.evidence == [
        f"Debit {back.id} came back: AM04, Not enough money on the account.",
        "The bank kept 3.00 EUR as its fee.",
    ]
    parts = session.scalars(select(MatchPart).where(MatchPart.match_id == made.id).order_by(MatchPart.id))
    assert [(part.kind, part.object_id, part.amount_minor) for part in parts] == [
        ("returned_debit", back.id, -7_197), ("fee", back.id, -FEE),
    ]  # fmt: skip


def test_a_return_without_fee_leaves_no_fee(session: Session, books: Books, act: Act) -> None:
    debit = scheduled(books, 12_000)
    _, message = sent(books)
    files = bank_of(books).answer(message, outcomes={debit.end_to_end_id: "AC04"}, return_fee=Money(0, "EUR"))
    take_in_all(session, files, act)
    match(session, act)
    session.commit()
    assert waiting(session) == []
    assert balance(session, books, AccountKind.FEE) == 0
    assert invoice_of(session, debit).open_minor == 12_000


@pytest.mark.parametrize(
    ("outcome", "state"), [("MD06", "refunded"), ("MD01", "returned"), ("AC04:reject", "returned")]
)
def test_a_refund_a_late_claim_and_a_booked_reject_come_back_too(
    session: Session, books: Books, act: Act, outcome: str, state: str
) -> None:
    debit = scheduled(books, 12_000)
    _, message = sent(books)
    files = bank_of(books).answer(message, outcomes={debit.end_to_end_id: outcome})
    take_in_all(session, files, act)
    match(session, act)
    session.commit()
    reload(session, debit)
    assert waiting(session) == []
    assert (debit.state, debit.reason_code) == (state, outcome[:4])
    payment = session.get_one(Payment, debit.payment_id, populate_existing=True)
    assert payment.state == state
    assert invoice_of(session, debit).open_minor == 12_000


def test_a_return_that_arrives_before_its_collection_waits_for_it(
    session: Session, books: Books, act: Act
) -> None:
    debit = scheduled(books, 12_000)
    _, message = sent(books)
    credited, returned = bank_of(books).answer(message, outcomes={debit.end_to_end_id: "AM04"})
    take_in(session, returned, act)
    match(session, act)
    session.commit()
    assert waiting(session) == [f"Debit {debit.id} comes back, but its collection has not been booked yet."]
    assert invoice_of(session, debit).collection_status == "collecting"
    take_in(session, credited, act)
    match(session, act)
    session.commit()
    reload(session, debit)
    assert (waiting(session), debit.state) == ([], "returned")
    assert invoice_of(session, debit).open_minor == 12_000


def test_collection_and_return_on_one_statement_are_both_applied(
    session: Session, books: Books, act: Act
) -> None:
    debit = scheduled(books, 12_000)
    sent(books)
    credit = camt.credit(12_000, end_to_end_id=debit.end_to_end_id, booked_on=TUESDAY)
    take_in(session, statement(books, came_back(debit), credit), act)
    report = match(session, act)
    session.commit()
    assert dict(report.by_rule) == {"own_end_to_end_id": 1, "returned_debit": 1}
    reload(session, debit)
    assert debit.state == "returned"


def test_a_second_return_of_a_debit_waits(session: Session, books: Books, act: Act) -> None:
    (debit,) = collected(session, books, 12_000)
    entry = came_back(debit)
    take_in(session, statement(books, entry, replace(entry, bank_reference="AGAIN")), act)
    report = match(session, act)
    session.commit()
    assert (report.by_rule["returned_debit"], waiting(session)) == (
        1, [f"Debit {debit.id} comes back, but it came back already."],
    )  # fmt: skip
    assert invoice_of(session, debit).open_minor == 12_000
    assert balance(session, books, AccountKind.FEE) == FEE


def test_a_partly_paid_invoice_reopens_by_the_debit_only(session: Session, books: Books, act: Act) -> None:
    invoice, mandate = books.collectable(12_000)
    pay(books, invoice, 2_000)
    debit = schedule(books, invoice, mandate)
    _, message = sent(books)
    files = bank_of(books).answer(message, outcomes={debit.end_to_end_id: "AM04"})
    take_in_all(session, files, act)
    match(session, act)
    session.commit()
    reload(session, invoice)
    assert (invoice.open_minor, invoice.collection_status) == (10_000, "partly_paid")


def test_several_returns_in_one_booking_are_all_given_back(session: Session, books: Books, act: Act) -> None:
    first, second, kept = collected(session, books, 100, 200, 400)
    parts = tuple(came_back(debit, charges=0).parts[0] for debit in (first, second))
    lump = camt.Entry(amount=-300, booked_on=TUESDAY, code="PMNT/IDDT/UPDD", parts=parts)
    take_in(session, statement(books, lump), act)
    match(session, act)
    session.commit()
    reload(session, first, second, kept)
    assert waiting(session) == []
    assert (first.state, second.state, kept.state) == ("returned", "returned", "collected")
    (line,) = (line for line in lines_of(session) if line.state == "returned_debit")
    assert len(line.details) == 2


def test_a_batch_of_returns_is_given_back_whole_or_not_at_all(
    session: Session, books: Books, act: Act
) -> None:
    (debit,) = collected(session, books, 100)
    ours = came_back(debit, charges=0).parts[0]
    foreign = replace(ours, end_to_end_id="SOMEBODY-ELSE")
    nameless = replace(ours, end_to_end_id=None)
    batches_ = {
        (ours, foreign): "Not every part of this batch of returns is a debit of ours.",
        (ours, nameless): "Not every part of this batch of returns names one debit.",
        (ours, ours): "Not every part of this batch of returns names one debit.",
    }
    for parts, because in batches_.items():
        lump = camt.Entry(
            amount=-200, booked_on=TUESDAY, code="PMNT/IDDT/UPDD", parts=parts,
            bank_reference=f"LUMP-{len(lines_of(session))}",
        )  # fmt: skip
        take_in(session, statement(books, lump), act)
        match(session, act)
        session.commit()
        assert because in waiting(session)
    reload(session, debit)
    assert debit.state == "collected"


def test_a_return_of_another_amount_than_collected_waits(session: Session, books: Books, act: Act) -> None:
    (debit,) = collected(session, books, 12_000)
    other = camt.returned(11_000, end_to_end_id=debit.end_to_end_id)
    take_in(session, statement(books, replace(other, booked_on=TUESDAY)), act)
    match(session, act)
    session.commit()
    assert waiting(session) == [f"Debit {debit.id} was 120.00 EUR; the bank speaks of 110.00 EUR."]


def test_a_bank_that_takes_less_than_it_says_it_returns_waits_for_a_person(
    session: Session, books: Books, act: Act
) -> None:
    (debit,) = collected(session, books, 12_000)
    part = replace(came_back(debit, charges=0).parts[0], amount=-11_000, original=12_000)
    entry = camt.Entry(amount=-11_000, booked_on=TUESDAY, code="PMNT/IDDT/UPDD", parts=(part,))
    take_in(session, statement(books, entry), act)
    match(session, act)
    session.commit()
    assert waiting(session) == ["The bank takes back less than it returns."]


def test_a_return_told_without_its_original_is_told_by_its_charges(
    session: Session, books: Books, act: Act
) -> None:
    (debit,) = collected(session, books, 12_000)
    part = replace(came_back(debit).parts[0], original=None)
    entry = camt.Entry(amount=-12_300, booked_on=TUESDAY, code="PMNT/IDDT/UPDD", parts=(part,))
    take_in(session, statement(books, entry), act)
    match(session, act)
    session.commit()
    assert (waiting(session), balance(session, books, AccountKind.FEE)) == ([], FEE)


def test_a_return_in_the_banks_own_words_is_a_return(session: Session, books: Books, act: Act) -> None:
    (debit,) = collected(session, books, 12_000)
    content = statement(books, came_back(debit, reason="AC04"))
    told = content.replace(b"<Cd>AC04</Cd>", b"<Prtry>Konto nicht gefunden oder erloschen</Prtry>")
    assert told != content
    take_in(session, told, act)
    match(session, act)
    session.commit()
    reload(session, debit)
    assert (waiting(session), debit.state, debit.reason_code) == ([], "returned", "NARR")


def test_a_return_on_another_creditors_account_is_not_ours(session: Session, books: Books, act: Act) -> None:
    (debit,) = collected(session, books, 12_000)
    second_creditor(books)
    take_in(session, statement(books, came_back(debit), account=OTHER_IBAN), act)
    match(session, act)
    session.commit()
    assert waiting(session) == ["Money went out, and no return or refund of ours explains it."]
    reload(session, debit)
    assert debit.state == "collected"


def test_a_debit_that_we_refunded_in_part_ourselves_waits_for_a_person(
    session: Session, books: Books, act: Act
) -> None:
    (debit,) = collected(session, books, 12_000)
    (standing,) = allocations.standing_of(session, [str(debit.payment_id)])
    allocations.reverse(session, [standing.id], because="mistake", on=act.today, act=act, cause="test")
    refunds.request(session, payment_id=str(debit.payment_id), amount_minor=2_000, reason="goodwill", act=act)
    take_in(session, statement(books, came_back(debit)), act)
    match(session, act)
    session.commit()
    assert waiting(session) == [f"Debit {debit.id} comes back, but 20.00 EUR of it were refunded already."]


def test_a_settled_debit_can_still_come_back(session: Session, books: Books, act: Act) -> None:
    (debit,) = collected(session, books, 12_000)
    returns.settle(session, act=days_later(act, 100))
    session.commit()
    take_in(session, statement(books, came_back(debit, reason="MD01")), act)
    match(session, act)
    session.commit()
    reload(session, debit)
    assert (waiting(session), debit.state) == ([], "returned")
    assert invoice_of(session, debit).open_minor == 12_000


def test_an_invoice_that_came_back_can_be_collected_again(session: Session, books: Books, act: Act) -> None:
    invoice, mandate = books.collectable(12_000)
    debit = schedule(books, invoice, mandate)
    _, message = sent(books)
    files = bank_of(books).answer(message, outcomes={debit.end_to_end_id: "AM04"})
    take_in_all(session, files, act)
    match(session, act)
    again = schedule(books, invoice, mandate, collect_on=date(2026, 12, 1))
    _, message = sent(books)
    take_in_all(session, bank_of(books).answer(message), act)
    match(session, act)
    session.commit()
    reload(session, invoice, debit, again)
    assert (debit.state, again.state, invoice.collection_status) == (
        "returned", "collected", "paid_provisional",
    )  # fmt: skip
    assert waiting(session) == []
