"""A person splits a line over invoices, with credit notes, discounts, fees and write-offs; nothing is guessed."""

from __future__ import annotations

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from ledger import credit_notes, journal
from ledger.acts import Act
from ledger.allocations import Incompatible, OverAllocated
from ledger.credit_notes import CreditNoteFacts
from ledger.customers import CustomerNotFound
from ledger.grants import NoReason
from ledger.invoices import InvoiceNotFound
from ledger.journal import Place
from ledger.models import AccountKind, Allocation, AllocationKind, CreditNote, Customer, Payment
from reconciliation import by_hand, undoing, waiting_lines
from reconciliation.by_hand import LineNotWaiting, SumsDiffer, WrongShare
from reconciliation.models import Match, PayerMemory
from reconciliation.transfers.reading import Reading, Share
from tests.factories.books import Books
from tests.factories.collecting import refused, reload
from tests.factories.paying import received
from tests.factories.proposing import pays
from tests.factories.undo import figures


def note_of(books: Books, customer: Customer, amount_minor: int) -> CreditNote:
    facts = CreditNoteFacts(
        creditor_id=books.creditor.id, customer_id=customer.id, number="GS-1", currency="EUR",
        total_minor=amount_minor, issued_on=books.act.today,
    )  # fmt: skip
    return credit_notes.issue(books.session, facts, act=books.act)


def balance(books: Books, kind: AccountKind) -> int:
    return journal.balance_minor(books.session, Place(books.creditor.id, kind, "EUR"))


def test_one_line_pays_three_invoices_with_note_discount_fee_and_write_off(
    session: Session, books: Books, act: Act
) -> None:
    customer = books.customer()
    one, two, three = (books.invoice(amount, customer=customer) for amount in (10_000, 20_000, 30_000))
    note = note_of(books, customer, 5_000)
    line = received(books, 50_000)
    shares = (
        pays(one, 9_800), Share(one.id, AllocationKind.DISCOUNT, 200),
        pays(two, 15_000), Share(two.id, AllocationKind.CREDIT_NOTE, 5_000, note.id),
        pays(three, 24_000), Share(three.id, AllocationKind.FEE, 500),
        Share(three.id, AllocationKind.WRITE_OFF, 700, reason="a kept box of screws"),
    )  # fmt: skip
    match_id = by_hand.split(session, line_id=line.id, reading=Reading(customer.id, shares, 1_200), act=act)
    session.commit()
    reload(session, one, two, three, note, line)
    assert [bill.open_minor for bill in (one, two, three)] == [0, 0, 4_800]
    assert (note.open_minor, line.state, line.held_by) == (0, "partly_matched", "treasury")
    payment = session.scalars(select(Payment)).one()
    assert (payment.amount_minor, payment.allocated_minor, payment.unallocated_minor) == (
        50_000, 48_800, 1_200,
    )  # fmt: skip
    assert session.scalars(waiting_lines.payments_of(line.id)).all() == [payment.id]
    assert session.get_one(Match, match_id).evidence == ["A person decided."]
    given = session.scalars(select(Allocation)).all()
    assert len(given) == 7
    beside = {one.kind: one.beside_payment_id for one in given if one.kind not in ("payment", "credit_note")}
    assert beside == dict.fromkeys(("discount", "fee", "write_off"), payment.id)
    assert [one.reason for one in given if one.kind == "write_off"] == ["a kept box of screws"]
    assert (balance(books, AccountKind.DISCOUNT), balance(books, AccountKind.WRITE_OFF)) == (200, 700)
    assert (balance(books, AccountKind.SUSPENSE), balance(books, AccountKind.UNAPPLIED)) == (0, -1_200)


@pytest.mark.parametrize(
    ("paid", "on_account", "says"),
    [
        (9_000, 0, "Shares and the part on account come to 90.00 EUR, the line to 100.00 EUR: 10.00 EUR are not "
         "accounted for."),
        (10_000, 1, "Shares and the part on account come to 100.01 EUR, the line to 100.00 EUR: that is 0.01 EUR "
         "too much."),
    ],
)  # fmt: skip
def test_what_stays_on_account_is_said_and_never_guessed(
    session: Session, books: Books, act: Act, paid: int, on_account: int, says: str
) -> None:
    invoice = books.invoice(20_000)
    line = received(books, 10_000)
    reading = Reading(invoice.customer_id, (pays(invoice, paid),), on_account)
    with refused(session, SumsDiffer, "on_account_minor") as caught:
        by_hand.split(session, line_id=line.id, reading=reading, act=act)
    assert caught.value.message == says
    session.commit()
    assert session.query(Payment).count() == 0


def test_a_split_that_cannot_be_carried_out_changes_nothing(session: Session, books: Books, act: Act) -> None:
    customer = books.customer()
    invoice, others = books.invoice(10_000, customer=customer), books.invoice(10_000)
    note = note_of(books, customer, 500)
    line = received(books, 10_000)
    paid = pays(invoice, 10_000)
    wrong = [
        ((pays(invoice, 9_900), Share(invoice.id, AllocationKind.WRITE_OFF, 100)), 100, NoReason, "reason"),
        ((paid, Share(invoice.id, AllocationKind.DISCOUNT, 1)), 0, OverAllocated, "amount_minor"),
        ((paid, Share(others.id, AllocationKind.CREDIT_NOTE, 500, note.id)), 0, Incompatible, "invoice_id"),
        ((pays(invoice, 9_400), Share(invoice.id, AllocationKind.CREDIT_NOTE, 501, note.id)), 600, OverAllocated,
         "amount_minor"),
        ((Share(invoice.id, AllocationKind.CREDIT_NOTE, 500),), 10_000, WrongShare, "credit_note_id"),
        ((Share(invoice.id, AllocationKind.PAYMENT, 10_000, note.id),), 0, WrongShare, "credit_note_id"),
        ((pays(invoice, 10_001),), -1, WrongShare, "on_account_minor"),
        ((Share(invoice.id, AllocationKind.DISCOUNT, -1), paid), 0, WrongShare, "amount_minor"),
        ((Share("inv_nothing", AllocationKind.PAYMENT, 10_000),), 0, InvoiceNotFound, "invoice_id"),
    ]  # fmt: skip
    for shares, on_account, error, field in wrong:
        with refused(session, error, field):
            reading = Reading(customer.id, shares, on_account)
            by_hand.split(session, line_id=line.id, reading=reading, act=act)
    with refused(session, CustomerNotFound, "customer_id"):
        by_hand.split(session, line_id=line.id, reading=Reading("cus_nobody", (paid,)), act=act)
    session.commit()
    reload(session, line, invoice, note)
    assert (line.state, line.held_at, invoice.open_minor, note.open_minor) == ("new", None, 10_000, 500)
    assert (session.query(Payment).count(), session.query(Match).count()) == (0, 0)


def test_money_put_on_account_waits_for_its_customers_word(session: Session, books: Books, act: Act) -> None:
    customer, line = books.customer(), received(books, 7_000)
    by_hand.put_on_account(session, line_id=line.id, customer_id=customer.id, act=act)
    session.commit()
    reload(session, line)
    payment = session.scalars(select(Payment)).one()
    assert (payment.customer_id, payment.unallocated_minor) == (customer.id, 7_000)
    assert (line.state, line.held_by) == ("matched", "treasury")
    with refused(session, LineNotWaiting, "line_id") as caught:
        by_hand.put_on_account(session, line_id=line.id, customer_id=customer.id, act=act)
    assert caught.value.message == f"Line {line.id} is matched and does not wait: undo that first."


def test_a_decision_teaches_who_paid(session: Session, books: Books, act: Act) -> None:
    customer, line = books.customer(), received(books, 7_000)
    by_hand.put_on_account(session, line_id=line.id, customer_id=customer.id, act=act)
    session.commit()
    learnt = session.scalars(select(PayerMemory)).all()
    assert {(one.kind, one.customer_id) for one in learnt} == {
        ("account", customer.id), ("name", customer.id),
    }  # fmt: skip


def test_every_decision_is_audited_with_who_decided(session: Session, books: Books, act: Act) -> None:
    line = received(books, 7_000)
    by_hand.put_on_account(session, line_id=line.id, customer_id=books.customer().id, act=act)
    session.commit()
    said = session.scalars(text("SELECT body FROM audit_records WHERE body LIKE '%statement_line.decided%'"))
    (body,) = said.all()
    assert f'"actor":"{act.actor}"' in body
    assert f'"object":"{line.id}"' in body


def test_an_undone_split_leaves_the_books_as_they_were(session: Session, books: Books, act: Act) -> None:
    customer = books.customer()
    invoice = books.invoice(10_000, customer=customer)
    note = note_of(books, customer, 1_000)
    line = received(books, 9_000)
    before = figures(session)
    shares = (
        pays(invoice, 8_500), Share(invoice.id, AllocationKind.CREDIT_NOTE, 1_000, note.id),
        Share(invoice.id, AllocationKind.DISCOUNT, 200),
        Share(invoice.id, AllocationKind.WRITE_OFF, 300, reason="a kept box of screws"),
    )  # fmt: skip
    by_hand.split(session, line_id=line.id, reading=Reading(customer.id, shares, 500), act=act)
    session.commit()
    undoing.undo_line(session, line.id, because="another customer's", act=act)
    session.commit()
    assert figures(session) == before
    reload(session, note, invoice)
    assert (note.open_minor, invoice.open_minor) == (1_000, 10_000)
