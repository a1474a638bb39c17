"""Money back in tests: refunds with their payees, reversals of what was collected, and their batches."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from sqlalchemy.orm import Session

from exporters import paybacks, stored_files
from exporters.pain007 import reader
from exporters.pain007.message import ReversalMessage
from gateway.sandbox.bank import Booking
from ledger import allocations
from ledger.acts import Act
from ledger.models import Payment, Refund
from mandates.models import Batch, Debit
from mandates.payback_drafting import RefundWishes
from mandates.payback_models import PaybackBatch, ReversalReason
from reconciliation import by_hand, refund_orders
from tests.factories.bank import match, take_in_all
from tests.factories.books import Books
from tests.factories.collecting import days_later, on, reload, scheduled, second, sent
from tests.factories.paying import bank_of, received

COLLECTED_ON = date(2026, 11, 19)  # the first day on which a debit of the tests' today is collected


def paid(books: Books, amount_minor: int = 12_000) -> Payment:
    """A transfer of a customer that nobody has allocated."""
    customer = books.customer()
    return by_hand.record_payment(
        books.session, line_id=received(books, amount_minor).id, customer_id=customer.id, act=books.act
    )


def refund(
    books: Books, amount_minor: int = 3_100, *, payment: Payment | None = None, **facts: object
) -> Refund:
    """A part of a payment asked back, to whom it came from."""
    payment = payment or paid(books, amount_minor + 1_000)
    return refund_orders.request(
        books.session, payment_id=payment.id, amount_minor=amount_minor, reason="paid twice", act=books.act,
        **facts,  # type: ignore[arg-type]
    )  # fmt: skip


def drafted(
    books: Books, refunds: Sequence[Refund], *, act: Act | None = None, **wishes: object
) -> PaybackBatch:
    """A batch of refunds with its file."""
    return paybacks.draft_refunds(
        books.session, RefundWishes(refund_ids=[one.id for one in refunds], **wishes), act=act or books.act  # type: ignore[arg-type]
    )[0]  # fmt: skip


def released(books: Books, refunds: Sequence[Refund], **wishes: object) -> PaybackBatch:
    """A batch of refunds at the bank, by the hands of two."""
    return let_go(books.session, drafted(books, refunds, **wishes), second(books.act))


def let_go(session: Session, payback: PaybackBatch, act: Act) -> PaybackBatch:
    """Approve and release as somebody."""
    paybacks.approve(session, payback.id, act=act)
    return paybacks.release(session, payback.id, act=act)[0]


def content_of(session: Session, payback: PaybackBatch) -> bytes:
    """The file of a payback batch."""
    return stored_files.content_of(session, stored_files.of_payback(session, payback.id).id)


def submitted(books: Books, *amounts: int) -> tuple[Batch, list[Debit]]:
    """Debits of one file that the bank has."""
    debits = [scheduled(books, amount) for amount in amounts]
    batch, _ = sent(books)
    reload(books.session, *debits)
    return batch, debits


def collected(books: Books, *amounts: int) -> tuple[Batch, list[Debit]]:
    """Debits of one file that were credited on COLLECTED_ON."""
    debits = [scheduled(books, amount) for amount in amounts]
    batch, message = sent(books)
    take_in_all(books.session, bank_of(books).answer(message, booking=Booking.BATCH), books.act)
    match(books.session, books.act)
    reload(books.session, batch, *debits)
    return batch, debits


def on_the_day(books: Books, days: int = 0) -> Act:
    """The treasurer at nine on the day of the collection, or so many calendar days later."""
    return days_later(on(books.act, COLLECTED_ON), days)


def reversing(
    books: Books,
    debits: Sequence[Debit],
    *,
    reason: ReversalReason = ReversalReason.BY_CREDITOR,
    days: int = 0,
) -> PaybackBatch:
    """A draft of reversals, made on the day of the collection or later."""
    return paybacks.draft_reversals(
        books.session, debit_ids=[debit.id for debit in debits], reason=reason, act=on_the_day(books, days)
    )[0]


def reversed_at_bank(
    books: Books, debits: Sequence[Debit], **wishes: object
) -> tuple[PaybackBatch, ReversalMessage]:
    """Reversals that the bank has, and what their file says."""
    payback = let_go(books.session, reversing(books, debits, **wishes), second(on_the_day(books)))  # type: ignore[arg-type]
    return payback, reader.read(content_of(books.session, payback))


def free(books: Books, debit: Debit) -> Payment:
    """The payment of a collected debit, taken off its invoice, as when the customer has paid otherwise."""
    session, payment_id = books.session, str(debit.payment_id)
    standing = [one.id for one in allocations.standing_of(session, [payment_id])]
    allocations.reverse(
        session, standing, because="paid by transfer", on=books.act.today, act=books.act, cause="test"
    )
    return session.get_one(Payment, payment_id, populate_existing=True)
