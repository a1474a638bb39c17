"""Refunds: unallocated money on its way back to the customer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from ledger import journal, outbox, payments, states
from ledger.acts import Act
from ledger.banking import Bic, Iban
from ledger.database import among
from ledger.errors import Conflict, NotFound, Rejected
from ledger.identifiers import new_id
from ledger.journal import Booking, Place
from ledger.models import AccountKind, Refund
from ledger.money import Money
from ledger.states import RefundState
from ledger.texts import checked_text


class RefundNotFound(NotFound):
    """There is no such refund."""


class NotEnoughLeft(Conflict):
    """Only what is unallocated of a payment can be refunded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Payee:
    """Who gets a refund: a name of at most 70 characters, a compact IBAN, and a BIC where one is known."""

    name: str
    iban: str
    bic: str | None = None

    @classmethod
    def parse(cls, *, name: str, iban: str, bic: str | None = None) -> Payee:
        """A payee whose account can exist. Raises UnreadableText, InvalidIban or InvalidBic."""
        checked_text(name, field="payee_name", longest=70)
        return cls(
            name=name,
            iban=Iban.parse(iban, field="payee_iban").compact,
            bic=None if bic is None else Bic.parse(bic, field="payee_bic").compact,
        )


def request(
    session: Session,
    *,
    payment_id: str,
    amount_minor: int,
    reason: str,
    payee: Payee | None = None,
    act: Act,
) -> Refund:
    """Set `amount_minor` of a payment aside to be sent back to `payee`; it cannot be allocated any more.

    Without a payee it cannot be put into a payback batch, and leaves by a transfer that somebody else makes.
    Raises PaymentNotFound, UnreadableText, Rejected for an amount that is not above zero, NotHeld or NotEnoughLeft.
    """
    checked_text(reason, field="reason", longest=200)
    if amount_minor <= 0:
        raise Rejected("A refund is above zero.", field="amount_minor")
    payment = payments.lock(session, [payment_id])[payment_id]
    payments.require_held(payment.id, payment.state)
    payments.require_arrived(payment)
    if amount_minor > payment.unallocated_minor:
        left = Money(payment.unallocated_minor, payment.currency)
        raise NotEnoughLeft(f"Payment {payment_id} has {left} left.", field="amount_minor")
    refund_id = new_id("ref")
    refund = Refund(
        id=refund_id, creditor_id=payment.creditor_id, payment_id=payment_id, currency=payment.currency,
        amount_minor=amount_minor, state=RefundState.REQUESTED,
        end_to_end_id=f"REF{refund_id.removeprefix('ref_').upper()}", reason=reason,
        payee_name=payee and payee.name, payee_iban=payee and payee.iban, payee_bic=payee and payee.bic,
        requested_on=act.today, created_at=act.at,
    )  # fmt: skip
    session.add(refund)
    session.flush()
    session.expire(payment)
    states.born(session, [refund_id], RefundState.REQUESTED, noun="refund", act=act, reason=reason)
    journal.post(session, [_requested_booking(refund)], act=act)
    return refund


def get(session: Session, refund_id: str) -> Refund:
    """Raises RefundNotFound."""
    found = session.get(Refund, refund_id)
    if found is None:
        raise RefundNotFound(f"There is no refund {refund_id[:40]}.", field="refund_id")
    return found


def lock(session: Session, refund_ids: Sequence[str]) -> dict[str, Refund]:
    """The refunds, locked in id order until the transaction ends. Raises RefundNotFound."""
    rows = session.scalars(
        select(Refund)
        .where(among(Refund.id, refund_ids))
        .order_by(Refund.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    found = {refund.id: refund for refund in rows}
    for wanted in refund_ids:
        if wanted not in found:
            raise RefundNotFound(f"There is no refund {wanted[:40]}.", field="refund_id")
    return found


def cancel(session: Session, refund_id: str, *, reason: str, cause: str, act: Act) -> Refund:
    """The money does not leave: the payment has it again. Raises RefundNotFound or IllegalMove.

    Whoever calls this knows that no file with the refund is at the bank any more.
    """
    payment = payments.lock(session, [get(session, refund_id).payment_id]).popitem()[1]
    refund = lock(session, [refund_id])[refund_id]
    states.move(session, states.REFUND, [refund_id], RefundState.CANCELLED, act=act, reason=reason)
    session.expire(payment)
    journal.post(session, [_cancelled_booking(refund, act.today)], act=act)
    data = {
        "payment_id": refund.payment_id, "amount_minor": refund.amount_minor, "currency": refund.currency,
    }  # fmt: skip
    outbox.emit(
        session,
        outbox.NewEvent(
            type="refund.cancelled", object_id=refund_id, act=act, cause=cause, parent=refund.payment_id,
            data=data,
        ),
    )  # fmt: skip
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


def _cancelled_booking(refund: Refund, on: date) -> Booking:
    return Booking(
        kind="refund_cancelled", object_id=refund.id, posted_on=on,
        debit=Place(refund.creditor_id, AccountKind.REFUND_CLEARING, refund.currency),
        credit=Place(refund.creditor_id, AccountKind.UNAPPLIED, refund.currency),
        amount_minor=refund.amount_minor,
    )  # fmt: skip


def _requested_booking(refund: Refund) -> Booking:
    return Booking(
        kind="refund", object_id=refund.id, posted_on=refund.requested_on,
        debit=Place(refund.creditor_id, AccountKind.UNAPPLIED, refund.currency),
        credit=Place(refund.creditor_id, AccountKind.REFUND_CLEARING, refund.currency),
        amount_minor=refund.amount_minor,
    )  # fmt: skip
