"""Refunds: unallocated money on its way back to the customer."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from ledger import journal, outbox, payments, states
from ledger.acts import Act
from ledger.database import among
from ledger.errors import Conflict, Rejected
from ledger.identifiers import new_id
from ledger.journal import Booking, Place
from ledger.models import AccountKind, Refund
from ledger.money import Money
from ledger.states import RefundState
from ledger.texts import checked_text


class NotEnoughLeft(Conflict):
    """Only what is unallocated of a payment can be refunded."""


def request(session: Session, *, payment_id: str, amount_minor: int, reason: str, act: Act) -> Refund:
    """Set `amount_minor` of a payment aside to be sent back; it cannot be allocated any more.

    Raises PaymentNotFound, UnreadableText, Rejected for an amount that is not above zero, NotHeld or NotEnoughLeft.
    """
    checked_text(reason, field="reason", longest=200)
    if amount_minor <= 0:
        raise Rejected("A refund is above zero.", field="amount_minor")
    payment = payments.lock(session, [payment_id])[payment_id]
    payments.require_held(payment)
    if amount_minor > payment.unallocated_minor:
        left = Money(payment.unallocated_minor, payment.currency)
        raise NotEnoughLeft(f"Payment {payment_id} has {left} left.", field="amount_minor")
    refund_id = new_id("ref")
    refund = Refund(
        id=refund_id, creditor_id=payment.creditor_id, payment_id=payment_id, currency=payment.currency,
        amount_minor=amount_minor, state=RefundState.REQUESTED,
        end_to_end_id=f"REF{refund_id.removeprefix('ref_').upper()}", reason=reason,
        requested_on=act.today, created_at=act.at,
    )  # fmt: skip
    session.add(refund)
    session.flush()
    session.expire(payment)
    states.born(session, [refund_id], RefundState.REQUESTED, noun="refund", act=act, reason=reason)
    journal.post(session, [_requested_booking(refund)], act=act)
    return refund


def find_requested(session: Session, end_to_end_ids: Sequence[str]) -> dict[str, Refund]:
    """The refunds waiting to be seen on a statement, by the EndToEndId they carry."""
    rows = session.scalars(
        select(Refund).where(
            among(Refund.end_to_end_id, end_to_end_ids), Refund.state == RefundState.REQUESTED
        )
    )
    return {refund.end_to_end_id: refund for refund in rows}


def paid(session: Session, refund: Refund, *, on: date, act: Act) -> None:
    """A statement shows the refund leaving: it is paid, and clears what was set aside. Raises IllegalMove."""
    states.move(session, states.REFUND, [refund.id], RefundState.PAID, act=act)
    journal.post(
        session,
        [
            Booking(
                kind="refund_paid", object_id=refund.id, posted_on=on,
                debit=Place(refund.creditor_id, AccountKind.REFUND_CLEARING, refund.currency),
                credit=Place(refund.creditor_id, AccountKind.SUSPENSE, refund.currency),
                amount_minor=refund.amount_minor,
            )
        ],
        act=act,
    )  # fmt: skip
    outbox.emit(
        session,
        outbox.NewEvent(
            type="payment.refunded", object_id=refund.payment_id, act=act, origin="bank", cause="refund.paid",
            data={"refund_id": refund.id, "amount_minor": refund.amount_minor, "currency": refund.currency},
        ),
    )  # fmt: skip


def _requested_booking(refund: Refund) -> Booking:
    return Booking(
        kind="refund", object_id=refund.id, posted_on=refund.requested_on,
        debit=Place(refund.creditor_id, AccountKind.UNAPPLIED, refund.currency),
        credit=Place(refund.creditor_id, AccountKind.REFUND_CLEARING, refund.currency),
        amount_minor=refund.amount_minor,
    )  # fmt: skip
