"""Undo: an allocation, a line or an import is taken back, and the books are as they were before."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from ledger import allocations, other_money, recorded_payments, refunds
from ledger.acts import Act
from ledger.models import AllocationKind, Method, Payment
from ledger.other_money import OtherMoney
from ledger.recorded_payments import Given, Told
from ledger.texts import UnreadableText
from reconciliation import by_hand, matching, undoing
from reconciliation.by_hand import Share
from reconciliation.models import LineState, Match, PartKind, StatementLine
from reconciliation.outcomes import Explained, Part
from reconciliation.transfers import reading
from reconciliation.transfers.reading import Reading
from reconciliation.undoing import CannotUndo, MatchNotFound
from tests.factories import money
from tests.factories.answering import answers, single, taken_back
from tests.factories.archives import zipped
from tests.factories.bank import match, payment_out, take_in, transfer
from tests.factories.books import Books
from tests.factories.collecting import events, refused, reload, scheduled, second
from tests.factories.granting import grant
from tests.factories.paying import bank_of, received
from tests.factories.undo import figures

WHY = "it was somebody else's money"


def match_of(session: Session, line: StatementLine) -> Match:
    return session.scalars(select(Match).where(Match.line_id == line.id, Match.undone_at.is_(None))).one()


def paid(books: Books, line: StatementLine, customer_id: str, *shares: Share) -> Payment:
    return by_hand.record_payment(
        books.session, line_id=line.id, customer_id=customer_id, shares=shares, act=books.act
    )


def explained(books: Books, line: StatementLine, kind: PartKind, object_id: str | None = None) -> None:
    """Let a line be other money, as a rule does."""
    booked = OtherMoney(
        kind=kind, creditor_id=books.creditor.id, currency=line.currency, amount_minor=line.amount_minor,
        object_id=line.id, on=line.booked_on,
    )  # fmt: skip
    other_money.book(books.session, [booked], act=books.act)
    outcome = Explained(
        rule="written", state=LineState.MATCHED, parts=(Part(kind, line.amount_minor, object_id),),
        evidence=("The rule says so.",),
    )  # fmt: skip
    matching.apply_by_hand(books.session, line, outcome, act=books.act)


def test_an_undone_payment_leaves_the_books_as_they_were(session: Session, books: Books, act: Act) -> None:
    customer = books.customer()
    first, later = (books.invoice(amount, customer=customer) for amount in (4_000, 5_000))
    line = received(books, 10_000)
    before = figures(session)
    payment = paid(books, line, customer.id, Share(first.id, 3_900))
    grant(books, first, AllocationKind.DISCOUNT, 100, beside_payment_id=payment.id)
    money.allocate(books, (payment.id, later.id, 2_500))
    session.commit()
    made = match_of(session, line)
    done = undoing.undo_match(session, made.id, because=WHY, act=second(act))
    session.commit()
    assert figures(session) == before
    (undone,) = done.undone
    assert (undone.match_id, undone.line_id, undone.payment_ids) == (made.id, line.id, (payment.id,))
    assert len(undone.allocation_ids) == 3
    reload(session, line, made, payment)
    assert (line.state, line.held_by, line.waiting_because) == (
        "unexplained", "second treasurer", f"What it was matched to was undone: {WHY}",
    )  # fmt: skip
    assert (made.undone_by, made.undone_because, payment.state) == ("second treasurer", WHY, "cancelled")
    assert events(session, payment.id)[-1] == "payment.cancelled"


def test_a_netted_credit_note_is_given_back_with_the_line(session: Session, books: Books, act: Act) -> None:
    customer = books.customer()
    invoice, note = (
        books.invoice(10_000, customer=customer),
        money.credit_note(books, 4_000, customer=customer),
    )
    line = received(books, 6_000)
    before = figures(session)
    payment = paid(books, line, customer.id, Share(invoice.id, 6_000))
    netted = replace(money.wish(books, note.id, invoice.id, 4_000), beside_payment_id=payment.id)
    allocations.allocate(session, [netted], act=act, cause="line.matched")
    session.commit()
    undoing.undo_line(session, line.id, because=WHY, act=act)
    session.commit()
    assert figures(session) == before


def test_a_split_is_undone_with_all_that_it_closed(session: Session, books: Books, act: Act) -> None:
    customer = books.customer()
    invoice, note = (
        books.invoice(10_000, customer=customer),
        money.credit_note(books, 4_000, customer=customer),
    )
    line = received(books, 6_500)
    before = figures(session)
    shares = (
        reading.Share(invoice.id, AllocationKind.PAYMENT, 5_800),
        reading.Share(invoice.id, AllocationKind.CREDIT_NOTE, 4_000, credit_note_id=note.id),
        reading.Share(invoice.id, AllocationKind.DISCOUNT, 200),
    )
    by_hand.split(session, line_id=line.id, reading=Reading(customer.id, shares, 700), act=act)
    session.commit()
    reload(session, line, invoice)
    assert (line.state, invoice.open_minor) == ("partly_matched", 0)
    (undone,) = undoing.undo_line(session, line.id, because=WHY, act=act).undone
    session.commit()
    assert (figures(session), len(undone.allocation_ids)) == (before, 3)


def test_what_a_person_undid_nothing_automatic_decides_until_it_is_released(
    session: Session, books: Books, act: Act
) -> None:
    invoice = books.invoice(8_000)
    line = received(books, 8_000, invoice.number)
    assert match(session, act).by_rule
    undoing.undo_line(session, line.id, because=WHY, act=act)
    session.commit()
    before = figures(session)
    assert match(session, act).by_rule == {}
    assert figures(session) == before
    undoing.release(session, line.id, act=act)
    session.commit()
    undoing.release(session, line.id, act=act)
    assert match(session, act).by_rule
    session.commit()
    reload(session, line, invoice)
    assert (line.state, line.held_at, invoice.collection_status) == ("matched", None, "paid")


def test_what_a_person_decided_no_run_touches(session: Session, books: Books, act: Act) -> None:
    named, meant = books.invoice(8_000), books.invoice(8_000)
    line = received(books, 8_000, named.number)
    paid(books, line, meant.customer_id, Share(meant.id, 8_000))
    session.commit()
    before = figures(session)
    match(session, act)
    session.commit()
    assert figures(session) == before


def test_undoing_twice_changes_nothing_more(session: Session, books: Books, act: Act) -> None:
    line = received(books, 5_000)
    paid(books, line, books.customer().id)
    made = match_of(session, line)
    undoing.undo_match(session, made.id, because=WHY, act=act)
    session.commit()
    before = figures(session)
    assert undoing.undo_match(session, made.id, because="once more", act=act).undone == ()
    assert undoing.undo_line(session, line.id, because="once more", act=act).undone == ()
    session.commit()
    assert figures(session) == before
    assert made.undone_because == WHY


def test_an_undone_line_can_be_decided_and_undone_again(session: Session, books: Books, act: Act) -> None:
    line, customer = received(books, 5_000), books.customer()
    before = figures(session)
    for kind in (PartKind.FEE, PartKind.PAYMENT, PartKind.FEE):
        if kind == PartKind.PAYMENT:
            paid(books, line, customer.id)
        else:
            explained(books, line, kind)
        session.commit()
        undoing.undo_line(session, line.id, because=WHY, act=act)
        session.commit()
        assert figures(session) == before


def test_money_that_is_to_go_back_is_kept_first(session: Session, books: Books, act: Act) -> None:
    line = received(books, 5_000)
    before = figures(session)
    payment = paid(books, line, books.customer().id)
    refund = refunds.request(session, payment_id=payment.id, amount_minor=2_000, reason="too much", act=act)
    session.commit()
    with refused(session, CannotUndo, "match_id") as caught:
        undoing.undo_line(session, line.id, because=WHY, act=act)
    assert caught.value.message == (
        f"Refund {refund.id} of 20.00 EUR was asked for out of payment {payment.id}: cancel it first."
    )
    refunds.cancel(session, refund.id, reason="no", cause="test", act=act)
    undoing.undo_line(session, line.id, because=WHY, act=act)
    session.commit()
    assert figures(session) == before


def test_money_that_has_left_cannot_be_undone(session: Session, books: Books, act: Act) -> None:
    line = received(books, 5_000)
    payment = paid(books, line, books.customer().id)
    refund = refunds.request(session, payment_id=payment.id, amount_minor=2_000, reason="too much", act=act)
    take_in(
        session,
        bank_of(books).book(payment_out(2_000, day=act.today, end_to_end_id=refund.end_to_end_id))[0],
        act,
    )
    assert match(session, act).by_rule == {"own_refund": 1}
    session.commit()
    with refused(session, CannotUndo, "match_id") as caught:
        undoing.undo_line(session, line.id, because=WHY, act=act)
    assert f"Refund {refund.id} of 20.00 EUR has left" in caught.value.message
    leaving = session.scalars(select(StatementLine).where(StatementLine.amount_minor == -2_000)).one()
    with refused(session, CannotUndo, "match_id") as caught:
        undoing.undo_line(session, leaving.id, because=WHY, act=act)
    assert caught.value.message.startswith(f"The line is refund {refund.id} leaving the account")


def test_what_happened_to_our_debits_is_no_decision_of_anybody(
    session: Session, books: Books, act: Act
) -> None:
    world = answers(books, 4_000, 5_000)
    world.take_in(world.statement(*(single(debit) for debit in world.debits)))
    world.take_in(world.statement(taken_back(world.debits[0])))
    lines = session.scalars(select(StatementLine).order_by(StatementLine.id)).all()
    told = []
    for line in lines:
        with refused(session, CannotUndo, "match_id") as caught:
            undoing.undo_line(session, line.id, because=WHY, act=act)
        told.append(caught.value.message)
    assert len([one for one in told if "is the money of a debit of ours" in one]) == 2
    assert len([one for one in told if one.startswith("The line returns debit")]) == 1


@pytest.mark.parametrize(
    "kind", [PartKind.FEE, PartKind.INTEREST, PartKind.PAYOUT, PartKind.TAX, PartKind.SALARY, PartKind.OTHER]
)
def test_other_money_is_in_suspense_again(session: Session, books: Books, act: Act, kind: PartKind) -> None:
    line = received(books, 5_000)
    before = figures(session)
    explained(books, line, kind)
    session.commit()
    assert figures(session) != before
    undoing.undo_line(session, line.id, because=WHY, act=act)
    session.commit()
    assert figures(session) == before


def test_what_the_bank_took_for_a_debit_stays_with_it(session: Session, books: Books, act: Act) -> None:
    line, debit = received(books, 5_000), scheduled(books)
    explained(books, line, PartKind.FEE, debit.id)
    session.commit()
    with refused(session, CannotUndo, "match_id") as caught:
        undoing.undo_line(session, line.id, because=WHY, act=act)
    assert caught.value.message.startswith(f"The line is what the bank took for debit {debit.id}")


def test_a_transfer_is_undone_with_its_other_leg(session: Session, books: Books, act: Act) -> None:
    take_in(
        session, bank_of(books).book(payment_out(5_000, day=act.today), transfer(5_000, day=act.today))[0], act
    )  # fmt: skip
    there, here = session.scalars(select(StatementLine).order_by(StatementLine.position)).all()
    before = figures(session)
    explained(books, there, PartKind.TRANSFER, here.id)
    explained(books, here, PartKind.TRANSFER, there.id)
    session.commit()
    for line in (there, here):
        done = undoing.undo_line(session, line.id, because=WHY, act=act)
        assert {one.line_id for one in done.undone} == {there.id, here.id}
        assert figures(session) == before
        session.rollback()


def test_a_recorded_payment_is_in_transit_again_and_keeps_what_it_gives(
    session: Session, books: Books, act: Act
) -> None:
    invoice = books.invoice(5_000)
    told = Told(
        creditor_id=books.creditor.id, customer_id=invoice.customer_id, method=Method.TRANSFER,
        currency="EUR", amount_minor=5_000, received_on=act.today,
    )  # fmt: skip
    payment = recorded_payments.record(
        session, told, given=[Given(invoice_id=invoice.id, amount_minor=5_000)], act=act
    )
    line = received(books, 5_000)
    before = figures(session)
    recorded_payments.meet(session, {payment.id: line.booked_on}, act=act, cause="line.matched")
    outcome = Explained(
        rule="recorded", state=LineState.MATCHED, parts=(Part(PartKind.PAYMENT, 5_000, payment.id),), evidence=()
    )  # fmt: skip
    matching.apply_by_hand(session, line, outcome, act=act)
    session.commit()
    (undone,) = undoing.undo_line(session, line.id, because=WHY, act=act).undone
    session.commit()
    assert (figures(session), undone.allocation_ids) == (before, ())
    reload(session, payment)
    assert (payment.state, payment.met_at, payment.allocated_minor) == ("provisional", None, 5_000)


def test_an_import_is_undone_as_far_as_it_can_be(session: Session, books: Books, act: Act) -> None:
    invoices = [books.invoice(amount) for amount in (4_000, 5_000, 6_000)]
    content = bank_of(books).book(
        *(
            transfer(invoice.total_minor, invoice.number, day=act.today, payer=number)
            for number, invoice in enumerate(invoices)
        )
    )[0]
    file_id = take_in(session, content, act).file_id
    session.commit()
    before = figures(session)
    assert match(session, act).by_rule.total() == 3
    kept = session.scalars(select(Payment).where(Payment.amount_minor == 6_000)).one()
    allocation = allocations.standing_of(session, [kept.id])[0]
    allocations.reverse(session, [allocation.id], because="x", on=act.today, act=act, cause="test")
    refund = refunds.request(session, payment_id=kept.id, amount_minor=1, reason="x", act=act)
    done = undoing.undo_import(session, file_id, because=WHY, act=act)
    session.commit()
    (stands,) = done.refused
    assert (len(done.undone), refund.id in stands.because) == (2, True)
    refunds.cancel(session, refund.id, reason="no", cause="test", act=act)
    assert len(undoing.undo_import(session, file_id, because=WHY, act=act).undone) == 1
    session.commit()
    assert figures(session) == before


def test_an_archive_is_undone_with_the_files_in_it(session: Session, books: Books, act: Act) -> None:
    bank, invoices = bank_of(books), [books.invoice(amount) for amount in (4_000, 5_000)]
    entries = [transfer(one.total_minor, one.number, day=act.today) for one in invoices]
    members = [(f"{place}.xml", bank.book(entry)[0]) for place, entry in enumerate(entries)]
    report = take_in(session, zipped(*members), act, name="november.zip")
    match(session, act)
    session.commit()
    done = undoing.undo_import(session, report.file_id, because=WHY, act=act)
    session.commit()
    assert len(done.undone) == 2


def test_an_ignored_line_waits_again(session: Session, books: Books, act: Act) -> None:
    line = received(books, 5_000)
    before = figures(session)
    ignored = Explained(rule="ignored", state=LineState.IGNORED, parts=(), evidence=("Not ours.",))
    matching.apply_by_hand(session, line, ignored, act=act)
    session.commit()
    undoing.undo_line(session, line.id, because=WHY, act=act)
    session.commit()
    reload(session, line)
    assert (line.state, figures(session)) == ("unexplained", before)


def test_one_allocation_is_taken_back_and_its_money_stays_put(
    session: Session, books: Books, act: Act
) -> None:
    invoice = books.invoice(8_000)
    line = received(books, 8_000, invoice.number)
    match(session, act)
    payment = session.scalars(select(Payment)).one()
    (allocation,) = allocations.standing_of(session, [payment.id])
    undoing.undo_allocation(session, allocation.id, because=WHY, act=act)
    session.commit()
    match(session, act)
    session.commit()
    reload(session, line, payment, invoice)
    assert (line.held_by, payment.unallocated_minor, invoice.open_minor) == ("treasury", 8_000, 8_000)


def test_what_is_not_there_or_has_no_reason_is_refused(session: Session, books: Books, act: Act) -> None:
    with refused(session, MatchNotFound, "match_id"):
        undoing.undo_match(session, "mat_0", because=WHY, act=act)
    line = received(books, 5_000)
    paid(books, line, books.customer().id)
    with refused(session, UnreadableText, "because"):
        undoing.undo_line(session, line.id, because=" ", act=act)
    session.commit()
