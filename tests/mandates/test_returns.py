"""What the bank does with debits: collected money, money that comes back, and the day it is final.

Payments come out of suspense, where a statement puts them first; without one these tests are not committed.
"""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from sqlalchemy.orm import Session

from ledger import allocations, credit_notes, grants, invoices, journal, payments, refunds, states
from ledger.acts import Act
from ledger.credit_notes import CreditNoteFacts
from ledger.journal import Place
from ledger.models import AccountKind, Allocation, AllocationKind, Payment
from ledger.payments import StillAllocated
from ledger.states import IllegalMove
from mandates import batches, named, returns
from mandates.models import Batch, Debit, Scheme
from mandates.named import Due, Named
from mandates.returns import Credit, reversible_until
from mandates.states import DEBIT
from tests.factories.books import Books
from tests.factories.collecting import (
    days_later,
    invoice_of,
    on,
    refused,
    released,
    reload,
    schedule,
    scheduled,
)
from tests.factories.paying import pay

THURSDAY = date(2026, 11, 19)


def collected(books: Books, *debits: Debit, day: date = THURSDAY) -> list[Payment]:
    """The debits go out in one batch and the bank credits them on `day`."""
    released(books)
    credits_ = [
        Credit(debit=debit, on=day, decided_by="payment_block", evidence=("The bank says so.",))
        for debit in debits
    ]
    made = returns.collect(books.session, credits_, act=books.act)
    books.session.flush()
    books.session.expire_all()
    return [payments.get(books.session, made[debit.id]) for debit in debits]


def give_back(books: Books, debit: Debit, code: str | None, *, day: date = date(2026, 11, 24)) -> None:
    returns.give_back(books.session, [debit], on=day, reason_code=code, act=on(books.act, day))
    books.session.flush()
    books.session.expire_all()


def balance(books: Books, kind: AccountKind) -> int:
    return journal.balance_minor(books.session, Place(books.creditor.id, kind, "EUR"))


def test_a_collected_debit_is_a_provisional_payment_of_its_invoice(session: Session, books: Books) -> None:
    debit = scheduled(books, 12_000)
    (payment,) = collected(books, debit)
    assert (payment.amount_minor, payment.allocated_minor, payment.unallocated_minor) == (12_000, 12_000, 0)
    assert (payment.state, payment.method, payment.reference) == (
        "provisional", "direct_debit", debit.end_to_end_id,
    )  # fmt: skip
    invoice = invoice_of(session, debit)
    assert payment.customer_id == invoice.customer_id
    assert payment.bank_account_id == books.account.id
    assert (payment.received_on, payment.reversible_until) == (THURSDAY, date(2027, 1, 18))
    assert (invoice.open_minor, invoice.collection_status, invoice.hold) == (0, "paid_provisional", None)
    assert (debit.state, debit.payment_id) == ("collected", payment.id)
    (allocation,) = session.query(Allocation)
    assert (allocation.amount_minor, allocation.decided_by) == (12_000, "payment_block")
    assert (allocation.allocated_on, allocation.evidence) == (THURSDAY, ["The bank says so."])
    assert (balance(books, AccountKind.RECEIVABLE), balance(books, AccountKind.SUSPENSE)) == (0, 12_000)


def test_many_debits_are_collected_in_one_go_each_with_its_own_payment(
    session: Session, books: Books
) -> None:
    debits = [scheduled(books, 100 * number) for number in range(1, 21)]
    made = collected(books, *debits)
    assert [payment.amount_minor for payment in made] == [100 * number for number in range(1, 21)]
    assert {invoice_of(session, debit).collection_status for debit in debits} == {"paid_provisional"}
    (batch,) = session.query(Batch)
    assert batch.state == "booked"
    assert returns.collect(session, [], act=books.act) == {}


def test_a_debit_is_collected_once(session: Session, books: Books, act: Act) -> None:
    debit, unsent = scheduled(books), scheduled(books, collect_on=date(2026, 12, 1))
    released(books, collect_until=THURSDAY)
    credit = Credit(debit=debit, on=THURSDAY, decided_by="test", evidence=())
    returns.collect(session, [credit], act=act)
    for wrong in (debit, unsent):
        with refused(session, IllegalMove):
            returns.collect(
                session, [Credit(debit=wrong, on=THURSDAY, decided_by="test", evidence=())], act=act
            )
    assert session.query(Payment).count() == 1


def test_what_the_invoice_no_longer_needs_stays_on_the_payment(session: Session, books: Books) -> None:
    debit = scheduled(books, 12_000)
    released(books)
    pay(books, invoice_of(session, debit), 9_000)
    credit = Credit(debit=debit, on=THURSDAY, decided_by="test", evidence=())
    made = returns.collect(session, [credit], act=books.act)
    session.flush()
    session.expire_all()
    payment = payments.get(session, made[debit.id])
    assert (payment.allocated_minor, payment.unallocated_minor) == (3_000, 9_000)
    assert invoice_of(session, debit).collection_status == "paid_provisional"


def test_a_returned_debit_reopens_its_invoice_by_exactly_what_was_collected(
    session: Session, books: Books
) -> None:
    debit = scheduled(books, 12_000)
    (payment,) = collected(books, debit)
    give_back(books, debit, "AM04")
    invoice = invoice_of(session, debit)
    assert (invoice.open_minor, invoice.collection_status) == (12_000, "overdue")
    assert (debit.state, debit.reason_code) == ("returned", "AM04")
    assert (payment.state, payment.returned_minor, payment.unallocated_minor) == ("returned", 12_000, 0)
    assert (balance(books, AccountKind.RECEIVABLE), balance(books, AccountKind.UNAPPLIED)) == (12_000, 0)
    (allocation,) = session.query(Allocation)
    assert allocation.reversed_because == "debit came back: AM04"


def test_a_partly_paid_invoice_reopens_by_the_debit_only(session: Session, books: Books) -> None:
    invoice, mandate = books.collectable(12_000)
    pay(books, invoice, 2_000)
    debit = schedule(books, invoice, mandate)
    collected(books, debit)
    give_back(books, debit, "AC04")
    assert invoice_of(session, debit).open_minor == 10_000
    assert invoice_of(session, debit).collection_status == "partly_paid"


@pytest.mark.parametrize(
    ("code", "state", "kind", "step"),
    [
        ("AM04", "returned", "debit.returned", "retry"),
        ("MD06", "refunded", "debit.refunded", "dispute"),
        ("XX99", "returned", "debit.returned", "dispute"),
        (None, "returned", "debit.returned", "dispute"),
    ],
)
def test_a_refund_is_told_from_a_return_and_both_say_what_follows(
    session: Session, books: Books, code: str | None, state: str, kind: str, step: str
) -> None:
    debit = scheduled(books, 12_000)
    (payment,) = collected(books, debit)
    give_back(books, debit, code)
    assert (debit.state, payment.state, debit.reason_code) == (state, state, code)
    pending = [event for event in session.info["events"] if event.object_id == debit.id]
    assert (pending[-1].type, pending[-1].reason_code) == (kind, code)
    assert pending[-1].data["next_step"] == step
    assert pending[-1].data["amount_minor"] == 12_000


def test_a_debit_comes_back_once(session: Session, books: Books, act: Act) -> None:
    debit = scheduled(books)
    collected(books, debit)
    give_back(books, debit, "AM04")
    for code in ("AM04", "MD06"):
        with refused(session, IllegalMove):
            returns.give_back(session, [debit], on=act.today, reason_code=code, act=act)
    assert invoice_of(session, debit).open_minor == 12_000


def test_a_debit_that_was_not_collected_does_not_come_back(session: Session, books: Books, act: Act) -> None:
    debit = scheduled(books)
    released(books)
    with refused(session, IllegalMove):
        returns.give_back(session, [debit], on=act.today, reason_code="AM04", act=act)


def test_an_allocation_moved_to_another_invoice_is_taken_back_from_there(
    session: Session, books: Books, act: Act
) -> None:
    debit = scheduled(books, 12_000)
    (payment,) = collected(books, debit)
    (standing,) = allocations.standing_of(session, [payment.id])
    allocations.reverse(session, [standing.id], because="mistake", on=act.today, act=act, cause="test")
    other = books.invoice(5_000)
    allocations.allocate(
        session,
        [
            allocations.Wish(
                source_id=payment.id, invoice_id=other.id, amount_minor=5_000, allocated_on=act.today,
                decided_by="treasury",
            )
        ],
        act=act,
        cause="test",
    )  # fmt: skip
    give_back(books, debit, "AM04")
    assert (other.open_minor, invoice_of(session, debit).open_minor) == (5_000, 12_000)
    assert payment.returned_minor == 12_000


def test_money_we_refunded_ourselves_is_told_before_a_debit_comes_back(
    session: Session, books: Books, act: Act
) -> None:
    debit = scheduled(books, 12_000)
    (payment,) = collected(books, debit)
    assert returns.sent_back_minor(session, [debit]) == {}
    (standing,) = allocations.standing_of(session, [payment.id])
    allocations.reverse(session, [standing.id], because="mistake", on=act.today, act=act, cause="test")
    refunds.request(session, payment_id=payment.id, amount_minor=2_000, reason="goodwill", act=act)
    assert returns.sent_back_minor(session, [debit]) == {debit.id: 2_000}
    with refused(session, StillAllocated):
        returns.give_back(session, [debit], on=act.today, reason_code="AM04", act=act)


@pytest.mark.parametrize(
    ("scheme", "collected_on", "last_day"),
    [
        (Scheme.CORE, date(2026, 11, 19), date(2027, 1, 18)),  # 8 weeks: Thursday 14 January, two bank days
        (Scheme.CORE, date(2026, 10, 30), date(2026, 12, 30)),  # 8 weeks: 25 December, rolls to Monday 28
        (Scheme.CORE, date(2027, 1, 29), date(2027, 4, 1)),  # 8 weeks: Good Friday, rolls to Tuesday 30
        (Scheme.B2B, date(2026, 11, 19), date(2026, 11, 24)),  # three bank days over the weekend
        (Scheme.B2B, date(2026, 12, 23), date(2026, 12, 29)),
        (Scheme.B2B, date(2026, 11, 21), date(2026, 11, 26)),
    ],
)
def test_a_collection_can_be_taken_back_until_its_window_closes(
    scheme: Scheme, collected_on: date, last_day: date
) -> None:
    assert reversible_until(scheme, collected_on) == last_day


def test_money_is_final_on_the_day_after_its_window_and_not_before(
    session: Session, books: Books, act: Act
) -> None:
    debit = scheduled(books, 12_000)
    (payment,) = collected(books, debit)
    assert returns.settle(session, act=on(act, date(2027, 1, 18))) == 0
    assert invoice_of(session, debit).collection_status == "paid_provisional"
    assert returns.settle(session, act=on(act, date(2027, 1, 19))) == 1
    session.flush()
    session.expire_all()
    assert (debit.state, payment.state) == ("settled", "final")
    assert invoice_of(session, debit).collection_status == "paid"
    assert returns.settle(session, act=days_later(act, 400)) == 0


def test_business_debits_are_final_after_three_bank_days_while_core_ones_wait(
    session: Session, books: Books, act: Act
) -> None:
    firm = books.customer("Beispiel AG")
    business = schedule(books, books.invoice(900, customer=firm), books.mandate(firm, scheme=Scheme.B2B))
    released(books, scheme=Scheme.B2B)
    core = scheduled(books, 500)
    released(books)
    returns.collect(
        session,
        [Credit(debit=one, on=THURSDAY, decided_by="test", evidence=()) for one in (business, core)],
        act=act,
    )
    assert returns.settle(session, act=on(act, date(2026, 11, 25))) == 1
    session.flush()
    session.expire_all()
    assert (business.state, core.state) == ("settled", "collected")


def test_a_claim_without_mandate_takes_back_even_settled_money(
    session: Session, books: Books, act: Act
) -> None:
    debit = scheduled(books, 12_000)
    (payment,) = collected(books, debit)
    returns.settle(session, act=days_later(act, 100))
    give_back(books, debit, "MD01", day=act.today + timedelta(days=300))
    assert (debit.state, payment.state) == ("returned", "returned")
    assert invoice_of(session, debit).open_minor == 12_000


def test_banks_names_lead_to_our_debits_only(session: Session, books: Books) -> None:
    debit, other = scheduled(books), scheduled(books)
    batch = released(books)
    (block,) = {one.block_id for one in (debit, other)}
    (name,) = (one.payment_information_id for one in batches.blocks_of(session, batch.id) if one.id == block)
    found = named.find(
        session,
        end_to_end_ids=[debit.end_to_end_id, "SOMEBODY-ELSE", debit.end_to_end_id.lower()],
        payment_information_ids=[name, "PI-NOBODY"],
    )
    reload(session, debit, other)
    assert set(found.by_end_to_end_id) == {debit.end_to_end_id, other.end_to_end_id}
    assert set(found.by_block) == {name}
    assert list(found.by_block[name].debits) == sorted([debit, other], key=lambda one: one.id)
    assert found.by_message == {batch.message_id: [found.by_block[name]]}
    assert found.by_due == {Due(books.account.id, debit.collect_on): [found.by_block[name]]}
    assert named.find(session) == Named()


def test_blocks_are_found_by_their_file_and_by_where_they_are_due(session: Session, books: Books) -> None:
    debit, later = scheduled(books), scheduled(books, collect_on=date(2026, 11, 24))
    batch = released(books)
    reload(session, debit, later)
    due = Due(books.account.id, debit.collect_on)
    by_file = named.find(session, message_ids=[batch.message_id])
    assert sorted(len(block.debits) for block in by_file.by_message[batch.message_id]) == [1, 1]
    assert named.find(session, due=[due]).by_due[due][0].debits == (debit,)
    assert named.find(session, due=[Due(books.account.id, date(2026, 11, 25))]) == Named()
    states.move(session, DEBIT, [debit.id], "cancelled", act=books.act)
    assert due not in named.find(session, due=[due]).by_due


@pytest.mark.parametrize(
    ("scheme", "collected_on", "last_day"),
    [
        # 8 weeks, then two bank days: over Christmas, New Year and Easter.
        (Scheme.CORE, date(2026, 10, 28), date(2026, 12, 28)),  # Wednesday 23 December; 24 and 28 follow
        (Scheme.CORE, date(2026, 10, 29), date(2026, 12, 29)),  # Thursday 24 December; 28 and 29 follow
        (Scheme.CORE, date(2026, 11, 4), date(2027, 1, 4)),  # Wednesday 30 December; 31 and 4 January follow
        (Scheme.CORE, date(2026, 11, 5), date(2027, 1, 5)),  # Thursday 31 December; 4 and 5 January follow
        (Scheme.CORE, date(2026, 11, 6), date(2027, 1, 6)),  # New Year rolls to Monday 4; 5 and 6 follow
        (Scheme.CORE, date(2027, 1, 27), date(2027, 3, 30)),  # Wednesday 24 March; 25 and Tuesday 30 follow
        (Scheme.CORE, date(2027, 1, 28), date(2027, 3, 31)),  # Maundy Thursday; 30 and 31 follow
        (Scheme.B2B, date(2026, 12, 22), date(2026, 12, 28)),  # 23, 24, 28
        (Scheme.B2B, date(2026, 12, 24), date(2026, 12, 30)),  # 28, 29, 30
        (Scheme.B2B, date(2026, 12, 30), date(2027, 1, 5)),  # 31, 4, 5
        (
            Scheme.B2B,
            date(2027, 3, 24),
            date(2027, 3, 31),
        ),  # 25, 30, 31: Good Friday and Easter Monday are closed
        (Scheme.B2B, date(2027, 3, 25), date(2027, 4, 1)),
    ],
)
def test_collected_money_becomes_final_by_itself_the_day_after_and_not_before_across_the_feasts(
    session: Session, books: Books, act: Act, scheme: Scheme, collected_on: date, last_day: date
) -> None:
    assert reversible_until(scheme, collected_on) == last_day
    customer = books.customer("Beispiel AG")
    debit = schedule(books, books.invoice(900, customer=customer), books.mandate(customer, scheme=scheme))
    released(books, scheme=scheme)
    made = returns.collect(
        session, [Credit(debit=debit, on=collected_on, decided_by="test", evidence=())], act=act
    )
    assert payments.get(session, made[debit.id]).reversible_until == last_day
    assert returns.settle(session, act=on(act, last_day)) == 0
    assert invoice_of(session, debit).collection_status == "paid_provisional"
    assert returns.settle(session, act=on(act, last_day + timedelta(days=1))) == 1
    assert invoice_of(session, debit).collection_status == "paid"


def test_a_business_debit_knows_no_refund_and_what_a_bank_books_all_the_same_is_a_return_in_dispute(
    session: Session, books: Books, act: Act
) -> None:
    firm = books.customer("Beispiel AG")
    business = schedule(books, books.invoice(900, customer=firm), books.mandate(firm, scheme=Scheme.B2B))
    released(books, scheme=Scheme.B2B)
    (core,) = [scheduled(books, 500)]
    released(books)
    both = [Credit(debit=one, on=THURSDAY, decided_by="test", evidence=()) for one in (business, core)]
    returns.collect(session, both, act=act)
    returns.give_back(session, [business, core], on=act.today, reason_code="MD06", act=act)
    reload(session, business, core)
    assert (business.state, core.state) == ("returned", "refunded")
    assert (business.next_step, invoice_of(session, business).collection_status) == ("dispute", "disputed")
    (said,) = [one for one in session.info["events"] if one.type == "debit.returned"]
    assert said.data["why"].endswith("A business debit knows no refund (EPC222-07): ask the bank.")
    assert invoice_of(session, business).open_minor == 900


def test_a_transfer_that_came_meanwhile_is_not_touched_by_a_return(
    session: Session, books: Books, act: Act
) -> None:
    """The customer paid while the debit was on its way: what the debit did not pay stays paid."""
    debit = scheduled(books, 12_000)
    released(books)
    paid = pay(books, invoice_of(session, debit), 9_000)
    credit = Credit(debit=debit, on=THURSDAY, decided_by="test", evidence=())
    returns.collect(session, [credit], act=act)
    session.flush()
    session.expire_all()
    give_back(books, debit, "AM04")
    invoice = invoice_of(session, debit)
    assert (invoice.open_minor, invoice.collection_status) == (3_000, "partly_paid")
    session.refresh(paid)
    assert (paid.state, paid.allocated_minor) == ("final", 9_000)


def test_a_return_of_a_debit_that_a_transfer_made_needless_reopens_nothing(
    session: Session, books: Books, act: Act
) -> None:
    debit = scheduled(books, 12_000)
    released(books)
    pay(books, invoice_of(session, debit), 12_000)
    credit = Credit(debit=debit, on=THURSDAY, decided_by="test", evidence=())
    returns.collect(session, [credit], act=act)
    session.flush()
    session.expire_all()
    give_back(books, debit, "MD06")
    invoice = invoice_of(session, debit)
    assert (invoice.open_minor, invoice.collection_status, invoice.hold) == (0, "paid", None)
    assert balance(books, AccountKind.UNAPPLIED) == 0


def test_a_credit_note_given_meanwhile_stays_and_the_rest_is_open(
    session: Session, books: Books, act: Act
) -> None:
    invoice, mandate = books.collectable(12_000)
    debit = schedule(books, invoice, mandate)
    (payment,) = collected(books, debit)
    note = credit_notes.issue(
        session,
        CreditNoteFacts(
            creditor_id=books.creditor.id, customer_id=invoice.customer_id, number="GS-1", currency="EUR",
            total_minor=2_000, issued_on=act.today,
        ),
        act=act,
    )  # fmt: skip
    (standing,) = allocations.standing_of(session, [payment.id])
    allocations.reverse(session, [standing.id], because="credit note", on=act.today, act=act, cause="test")
    for source, amount in ((note.id, 2_000), (payment.id, 10_000)):
        wish = allocations.Wish(
            source_id=source, invoice_id=invoice.id, amount_minor=amount, allocated_on=act.today,
            decided_by="treasury",
        )  # fmt: skip
        allocations.allocate(session, [wish], act=act, cause="test")
    give_back(books, debit, "AM04")
    shown = invoice_of(session, debit)
    assert (shown.open_minor, shown.collection_status) == (10_000, "partly_paid")
    assert payment.returned_minor == 12_000


def test_a_part_that_was_written_off_meanwhile_stays_written_off_and_what_came_back_is_open(
    session: Session, books: Books, act: Act
) -> None:
    invoice, mandate = books.collectable(12_000)
    pay(books, invoice, 2_000)
    debit = schedule(books, invoice, mandate)
    (payment,) = collected(books, debit)
    (standing,) = allocations.standing_of(session, [payment.id])
    allocations.reverse(session, [standing.id], because="mistake", on=act.today, act=act, cause="test")
    given_up = grants.Grant(
        invoice_id=invoice.id, kind=AllocationKind.WRITE_OFF, amount_minor=4_000, granted_on=act.today,
        decided_by="treasury", reason="not worth it",
    )  # fmt: skip
    grants.grant(session, [given_up], act=act, cause="test")
    wish = allocations.Wish(
        source_id=payment.id, invoice_id=invoice.id, amount_minor=6_000, allocated_on=act.today,
        decided_by="treasury",
    )  # fmt: skip
    allocations.allocate(session, [wish], act=act, cause="test")
    give_back(books, debit, "MD06")
    shown = invoice_of(session, debit)
    assert (shown.open_minor, shown.collection_status, shown.hold) == (6_000, "disputed", "disputed")


def test_an_invoice_tells_the_latest_day_on_which_its_money_may_be_taken_back(
    session: Session, books: Books, act: Act
) -> None:
    invoice, mandate = books.collectable(12_000)
    pay(books, invoice, 2_000)
    debit = schedule(books, invoice, mandate)
    assert invoices.reversible_until(session, [invoice.id]) == {}
    collected(books, debit)
    assert invoices.reversible_until(session, [invoice.id, books.invoice().id]) == {
        invoice.id: date(2027, 1, 18)
    }
    returns.settle(session, act=on(act, date(2027, 1, 19)))
    assert invoices.reversible_until(session, [invoice.id]) == {}
