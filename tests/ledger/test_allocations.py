"""Allocations: every cent of a payment is given once, and comes back exactly."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from ledger import allocations, creditors, invoices, payments
from ledger.allocations import AllocationNotFound, Incompatible, InvoiceCancelled, OverAllocated
from ledger.errors import NotFound, Rejected
from ledger.invoices import InvoiceFacts, InvoiceNotFound
from ledger.models import AccountKind, Allocation, Method, Payment
from ledger.payments import NotHeld, PaymentNotFound, Receipt
from ledger.states import PaymentState
from ledger.texts import UnreadableText
from tests.factories.books import Books
from tests.factories.money import allocate, balance_minor, credit_note, receive, wish


def _reverse(books: Books, *allocation_ids: str, because: str = "matched wrongly") -> list[Allocation]:
    return allocations.reverse(
        books.session, allocation_ids, because=because, on=date(2026, 11, 20), act=books.act,
        cause="match.undone",
    )  # fmt: skip


def _events(session: Session, object_id: str) -> list[tuple[str, dict[str, Any]]]:
    rows = session.execute(
        text("SELECT type, data FROM events WHERE object_id = :id ORDER BY sequence"), {"id": object_id}
    )
    return [(row.type, row.data) for row in rows]


def _amounts(session: Session, *payment_ids: str) -> list[tuple[int, int]]:
    """(allocated, unallocated) of each payment, as the database has it."""
    session.expire_all()
    found = [payments.get(session, one) for one in payment_ids]
    return [(payment.allocated_minor, payment.unallocated_minor) for payment in found]


@pytest.mark.parametrize("spoken_for", [0, 5_000, 12_000], ids=["nothing", "too little", "all"])
def test_whatever_is_said_to_be_given_at_birth_what_is_allocated_counts(
    session: Session, books: Books, spoken_for: int
) -> None:
    invoice = books.invoice(10_000)
    receipt = Receipt(
        creditor_id=books.creditor.id, bank_account_id=books.account.id, customer_id=None,
        method=Method.TRANSFER, currency="EUR", amount_minor=12_000, received_on=books.act.today,
    )  # fmt: skip
    cause: dict[str, Any] = {"act": books.act, "cause": "line.matched"}
    (payment_id,) = payments.receive(session, [receipt], spoken_for=[spoken_for], **cause)
    wanted = [wish(books, payment_id, invoice.id, 4_000), wish(books, payment_id, invoice.id, 6_000)]
    allocations.allocate(session, wanted, received={payment_id: receipt}, **cause)
    assert (invoice.open_minor, invoice.collection_status) == (0, "paid")
    assert _amounts(session, payment_id) == [(10_000, 2_000)]


def test_a_paid_invoice_is_closed_and_its_payment_used_up(session: Session, books: Books) -> None:
    invoice = books.invoice(12_000)
    (payment_id,) = receive(books, 12_000)
    (given,) = allocate(books, (payment_id, invoice.id, 12_000))
    assert (invoice.open_minor, invoice.collection_status) == (0, "paid")
    session.commit()
    assert _amounts(session, payment_id) == [(12_000, 0)]
    assert balance_minor(books, AccountKind.RECEIVABLE) == 0
    assert balance_minor(books, AccountKind.UNAPPLIED) == 0
    kept = allocations.get(session, given)
    assert (kept.kind, kept.amount_minor, kept.currency, kept.decided_by) == (
        "payment",
        12_000,
        "EUR",
        "treasury",
    )
    assert kept.evidence == ["A clerk said so."]
    assert kept.allocated_on == books.act.today
    assert _events(session, payment_id)[1:] == [
        ("payment.allocated", {"invoice_id": invoice.id, "amount_minor": 12_000, "currency": "EUR"})
    ]


def test_underpaid_invoice_stays_open(session: Session, books: Books) -> None:
    invoice = books.invoice(12_000)
    (payment_id,) = receive(books, 11_999)
    allocate(books, (payment_id, invoice.id, 11_999))
    session.commit()
    assert (invoice.open_minor, invoice.collection_status) == (1, "partly_paid")
    assert balance_minor(books, AccountKind.RECEIVABLE) == 1


def test_what_is_overpaid_stays_on_the_payment(session: Session, books: Books) -> None:
    invoice = books.invoice(12_000)
    (payment_id,) = receive(books, 12_345)
    allocate(books, (payment_id, invoice.id, 12_000))
    session.commit()
    assert _amounts(session, payment_id) == [(12_000, 345)]
    assert balance_minor(books, AccountKind.UNAPPLIED) == -345


def test_an_invoice_paid_with_money_that_may_go_back_is_paid_provisionally(
    session: Session, books: Books
) -> None:
    invoice = books.invoice(12_000)
    sure, unsure = (*receive(books, 6_000), *receive(books, 6_000, reversible_until=date(2027, 1, 15)))
    allocate(books, (sure, invoice.id, 6_000), (unsure, invoice.id, 6_000))
    assert invoice.collection_status == "paid_provisional"
    payments.settle(session, [unsure], act=books.act)
    invoices.refresh(session, [invoice.id], act=books.act, cause="debit.settled")
    session.commit()
    assert invoice.collection_status == "paid"


def test_several_wishes_are_granted_together(session: Session, books: Books) -> None:
    """Two payments and three invoices, one of them paid by both."""
    one, two, three = (books.invoice(total) for total in (5_000, 8_000, 2_000))
    first, second = receive(books, 10_000, 6_000)
    made = allocate(
        books,
        (first, one.id, 5_000),
        (first, two.id, 5_000),
        (second, two.id, 3_000),
        (second, three.id, 1_500),
    )
    session.commit()
    assert len(set(made)) == 4
    assert [allocations.get(session, given).amount_minor for given in made] == [5_000, 5_000, 3_000, 1_500]
    assert _amounts(session, first, second) == [(10_000, 0), (4_500, 1_500)]
    assert [invoice.open_minor for invoice in (one, two, three)] == [0, 0, 500]
    assert [invoice.collection_status for invoice in (one, two, three)] == ["paid", "paid", "partly_paid"]


def test_no_wish_is_no_allocation(session: Session, books: Books) -> None:
    assert allocate(books) == []


def test_a_credit_note_and_a_payment_close_an_invoice_together(session: Session, books: Books) -> None:
    customer = books.customer()
    invoice = books.invoice(12_000, customer=customer)
    note = credit_note(books, 2_000, customer=customer)
    (payment_id,) = receive(books, 10_000)
    of_note, _ = allocate(books, (note.id, invoice.id, 2_000), (payment_id, invoice.id, 10_000))
    session.commit()
    assert (invoice.open_minor, invoice.collection_status, note.open_minor) == (0, "paid", 0)
    kept = allocations.get(session, of_note)
    assert (kept.kind, kept.payment_id, kept.credit_note_id) == ("credit_note", None, note.id)
    assert balance_minor(books, AccountKind.RECEIVABLE) == 0
    assert balance_minor(books, AccountKind.UNAPPLIED) == 0


def test_a_credit_note_alone_can_close_an_invoice(session: Session, books: Books) -> None:
    customer = books.customer()
    invoice = books.invoice(2_000, customer=customer)
    note = credit_note(books, 2_000, customer=customer)
    (given,) = allocate(books, (note.id, invoice.id, 2_000))
    session.commit()
    assert invoice.collection_status == "paid"
    _reverse(books, given)
    session.commit()
    assert (invoice.open_minor, invoice.collection_status, note.open_minor) == (2_000, "overdue", 2_000)


def _refused(
    books: Books, wanted: list[tuple[str, str, int]], error: type[Exception], field: str | None
) -> str:
    """The refusal's words; nothing may have changed."""
    books.session.commit()
    with pytest.raises(error) as refused:
        allocate(books, *wanted)
    assert getattr(refused.value, "field", None) == field
    books.session.commit()
    assert books.session.execute(text("SELECT count(*) FROM allocations")).scalar_one() == 0
    return str(refused.value)


def test_a_payment_is_not_given_away_twice(session: Session, books: Books) -> None:
    one, two = books.invoice(12_000), books.invoice(12_000)
    (payment_id,) = receive(books, 12_000)
    said = _refused(
        books, [(payment_id, one.id, 12_000), (payment_id, two.id, 1)], OverAllocated, "amount_minor"
    )
    assert said == f"{payment_id} has not that much left."


def test_an_invoice_is_not_paid_twice(session: Session, books: Books) -> None:
    invoice = books.invoice(12_000)
    first, second = receive(books, 12_000, 12_000)
    wanted = [(first, invoice.id, 12_000), (second, invoice.id, 1)]
    said = _refused(books, wanted, OverAllocated, "amount_minor")
    assert said == f"Invoice {invoice.id} has not that much open."


def test_a_credit_note_is_not_given_away_twice(session: Session, books: Books) -> None:
    customer = books.customer()
    invoice = books.invoice(12_000, customer=customer)
    note = credit_note(books, 2_000, customer=customer)
    said = _refused(books, [(note.id, invoice.id, 2_001)], OverAllocated, "amount_minor")
    assert said == f"{note.id} has not that much left."


@pytest.mark.parametrize("amount_minor", [0, -1])
def test_an_allocation_is_above_zero(session: Session, books: Books, amount_minor: int) -> None:
    invoice = books.invoice(12_000)
    (payment_id,) = receive(books, 12_000)
    said = _refused(books, [(payment_id, invoice.id, amount_minor)], Rejected, "amount_minor")
    assert said == "An allocation is above zero."


def test_francs_pay_no_euros(session: Session, books: Books) -> None:
    invoice = books.invoice(12_000)
    (payment_id,) = receive(books, 12_000, currency="CHF")
    said = _refused(books, [(payment_id, invoice.id, 1)], Incompatible, "invoice_id")
    assert said == f"{payment_id} and {invoice.id} are of different creditors or currencies."


def test_money_of_one_creditor_pays_no_invoice_of_another(session: Session, books: Books) -> None:
    other = creditors.create(session, name="Zweite GmbH", country="DE", act=books.act)
    facts = InvoiceFacts(
        creditor_id=other.id, customer_id=books.customer().id, number="RE-1", currency="EUR", total_minor=12_000,
        issued_on=books.act.today, due_on=books.act.today,
    )  # fmt: skip
    invoice = invoices.issue(session, facts, act=books.act)
    (payment_id,) = receive(books, 12_000)
    _refused(books, [(payment_id, invoice.id, 1)], Incompatible, "invoice_id")


def test_a_credit_note_pays_only_its_own_customers_invoices(session: Session, books: Books) -> None:
    invoice = books.invoice(12_000)
    note = credit_note(books, 2_000, customer=books.customer("Max Mustermann"))
    said = _refused(books, [(note.id, invoice.id, 2_000)], Incompatible, "invoice_id")
    assert said == f"{note.id} was given to another customer than {invoice.id}."


def test_somebody_else_may_pay_an_invoice(session: Session, books: Books) -> None:
    invoice = books.invoice(12_000)
    (payment_id,) = receive(books, 12_000, customer=books.customer("Max Mustermann"))
    allocate(books, (payment_id, invoice.id, 12_000))
    session.commit()
    assert invoice.collection_status == "paid"


@pytest.mark.parametrize(
    ("source", "target", "error", "field"),
    [
        ("pay_nobody", None, PaymentNotFound, "payment_id"),
        ("cdn_nobody", None, NotFound, "source_id"),
        (None, "inv_nobody", InvoiceNotFound, "invoice_id"),
    ],
)
def test_what_nobody_knows_is_not_allocated(
    session: Session, books: Books, source: str | None, target: str | None, error: type[Exception], field: str
) -> None:
    invoice = books.invoice(12_000)
    (payment_id,) = receive(books, 12_000)
    _refused(books, [(source or payment_id, target or invoice.id, 1)], error, field)


def test_money_that_is_not_here_pays_nothing(session: Session, books: Books) -> None:
    invoice = books.invoice(12_000)
    (payment_id,) = receive(books, 12_000)
    for state in (PaymentState.PENDING, PaymentState.CANCELLED, PaymentState.RETURNED):
        session.execute(text("UPDATE payments SET state = :state"), {"state": str(state)})
        with pytest.raises(NotHeld, match=f"Payment {payment_id} is {state}: its money is not here"):
            allocate(books, (payment_id, invoice.id, 1))


def test_a_cancelled_invoice_is_not_paid(session: Session, books: Books) -> None:
    invoice = books.invoice(12_000)
    (payment_id,) = receive(books, 12_000)
    session.execute(text("UPDATE invoices SET collection_status = 'cancelled'"))
    with pytest.raises(InvoiceCancelled, match=f"Invoice {invoice.id} is cancelled"):
        allocate(books, (payment_id, invoice.id, 1))


@pytest.mark.parametrize("decided_by", ["", "x" * 101])
def test_an_allocation_says_who_decided_it(session: Session, books: Books, decided_by: str) -> None:
    invoice = books.invoice(12_000)
    (payment_id,) = receive(books, 12_000)
    nameless = replace(wish(books, payment_id, invoice.id, 1), decided_by=decided_by)
    with pytest.raises(UnreadableText) as refused:
        allocations.allocate(session, [nameless], act=books.act, cause="line.matched")
    assert refused.value.field == "decided_by"


def test_reversing_reopens_exactly_what_was_given(session: Session, books: Books) -> None:
    """Two payments paid it; one of them comes back."""
    invoice = books.invoice(12_000)
    first, second = receive(books, 7_000, 9_000)
    one, two = allocate(books, (first, invoice.id, 7_000), (second, invoice.id, 5_000))
    session.commit()
    (reversed_one,) = _reverse(books, one)
    session.commit()
    assert (invoice.open_minor, invoice.collection_status) == (7_000, "partly_paid")
    assert _amounts(session, first, second) == [(0, 7_000), (5_000, 4_000)]
    assert (reversed_one.reversed_at, reversed_one.reversed_because) == (books.act.at, "matched wrongly")
    assert balance_minor(books, AccountKind.RECEIVABLE) == 7_000
    assert balance_minor(books, AccountKind.UNAPPLIED) == -11_000
    assert [standing.id for standing in allocations.standing_of(session, [first, second])] == [two]
    assert _events(session, first)[-1] == (
        "payment.unallocated", {"invoice_id": invoice.id, "amount_minor": 7_000, "currency": "EUR"},
    )  # fmt: skip
    booked = session.execute(text("SELECT posted_on FROM journal_entries WHERE kind = 'allocation_reversed'"))
    assert booked.scalar_one() == date(2026, 11, 20)


def test_money_given_back_can_be_given_again(session: Session, books: Books) -> None:
    wrong, right = books.invoice(12_000), books.invoice(12_000)
    (payment_id,) = receive(books, 12_000)
    _reverse(books, *allocate(books, (payment_id, wrong.id, 12_000)))
    allocate(books, (payment_id, right.id, 12_000))
    session.commit()
    assert (wrong.open_minor, right.open_minor) == (12_000, 0)
    assert (wrong.collection_status, right.collection_status) == ("overdue", "paid")


def test_an_allocation_is_reversed_once(session: Session, books: Books) -> None:
    invoice = books.invoice(12_000)
    (payment_id,) = receive(books, 12_000)
    given = allocate(books, (payment_id, invoice.id, 12_000))
    _reverse(books, *given)
    session.commit()
    with pytest.raises(AllocationNotFound, match=f"Allocation {given[0]} does not stand"):
        _reverse(books, *given)
    session.commit()
    assert invoice.open_minor == 12_000
    assert _amounts(session, payment_id) == [(0, 12_000)]


def test_one_that_does_not_stand_keeps_all_from_being_reversed(session: Session, books: Books) -> None:
    invoice = books.invoice(12_000)
    (payment_id,) = receive(books, 12_000)
    (given,) = allocate(books, (payment_id, invoice.id, 12_000))
    session.commit()
    with pytest.raises(AllocationNotFound, match="Allocation all_nobody does not stand"):
        _reverse(books, given, "all_nobody")
    session.commit()
    assert invoice.open_minor == 0
    with pytest.raises(AllocationNotFound, match="There is no allocation all_nobody"):
        allocations.get(session, "all_nobody")


@pytest.mark.parametrize("because", ["", "x" * 201])
def test_a_reversal_has_a_readable_reason(session: Session, books: Books, because: str) -> None:
    invoice = books.invoice(12_000)
    (payment_id,) = receive(books, 12_000)
    given = allocate(books, (payment_id, invoice.id, 12_000))
    with pytest.raises(UnreadableText):
        _reverse(books, *given, because=because)
    session.commit()
    assert invoice.open_minor == 0


def test_the_sums_follow_whoever_writes_allocations(session: Session, books: Books) -> None:
    """The database adds up by itself: two rows inserted and one reversed by hand, past all code."""
    invoice = books.invoice(12_000)
    (payment_id,) = receive(books, 12_000)
    insert = text(
        "INSERT INTO allocations (id, kind, payment_id, invoice_id, currency, amount_minor, allocated_on, "
        "decided_by, evidence, created_at) "
        "VALUES (:id, 'payment', :payment, :invoice, 'EUR', :amount, now(), 'hand', '[]', now())"
    )
    rows = [{"id": f"all_{amount}", "amount": amount} for amount in (3_000, 4_000)]
    session.execute(insert, [{**row, "payment": payment_id, "invoice": invoice.id} for row in rows])
    assert _amounts(session, payment_id) == [(7_000, 5_000)]
    session.execute(text("UPDATE allocations SET reversed_at = now() WHERE id = 'all_3000'"))
    assert _amounts(session, payment_id) == [(4_000, 8_000)]
    assert session.get_one(Payment, payment_id).allocated_minor == 4_000
    assert invoices.get(session, invoice.id).open_minor == 8_000


@pytest.mark.parametrize(
    ("change", "constraint"),
    [
        ("UPDATE allocations SET amount_minor = 1", "allocations_only_reverse"),
        ("UPDATE allocations SET payment_id = 'pay_other'", "allocations_only_reverse"),
        ("UPDATE allocations SET decided_by = 'nobody'", "allocations_only_reverse"),
        ("DELETE FROM allocations", "allocations_append_only"),
    ],
)
def test_an_allocation_is_only_ever_reversed(
    session: Session, books: Books, change: str, constraint: str
) -> None:
    (payment_id,) = receive(books, 12_000)
    allocate(books, (payment_id, books.invoice(12_000).id, 12_000))
    with pytest.raises(IntegrityError) as refused:
        session.execute(text(change))
    assert refused.value.orig is not None
    assert refused.value.orig.diag.constraint_name == constraint  # type: ignore[attr-defined]


def test_a_reversal_is_not_taken_back_by_hand(session: Session, books: Books) -> None:
    (payment_id,) = receive(books, 12_000)
    _reverse(books, *allocate(books, (payment_id, books.invoice(12_000).id, 12_000)))
    with pytest.raises(IntegrityError, match="an allocation can only be reversed, once"):
        session.execute(text("UPDATE allocations SET reversed_at = NULL"))
