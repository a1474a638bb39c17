"""What stands in the way of an undo, said in one sentence with what has to be done first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sqlalchemy import select
from sqlalchemy.orm import Session

from ledger.models import Method, Payment, Refund
from ledger.money import Money
from ledger.states import PaymentState, RefundState
from reconciliation.models import MatchPart, PartKind, StatementLine
from reconciliation.statement import LineStatus

# The bank's bookings about our own debits and refunds say what did happen: there is nothing to decide otherwise.
_FACTS = {
    PartKind.RETURNED_DEBIT: (
        "The line returns debit {id}: that money is gone, whatever we say. If the bank was wrong, it credits it anew "
        "and that line is matched."
    ),
    PartKind.REJECTED_DEBIT: (
        "The line credits debit {id}, which the bank rejected, or takes it back: no customer's money stays of it."
    ),
    PartKind.REFUND: (
        "The line is refund {id} leaving the account: that money is gone. If it comes back, that is a line of its own."
    ),
}
_TAKEN = (
    "The line is what the bank took for debit {id}, and may be charged on to its customer. To bear "
    "it after all, give a credit note on the invoice that charges it."
)
_COLLECTED = (
    "Payment {id} is the money of a debit of ours that the line credits. To give it to another invoice, reverse its "
    "allocation; to give it back, ask for a refund or a reversal of the debit."
)
_REQUESTED = "Refund {id} of {amount} was asked for out of payment {payment}: cancel it first."
_PAID = (
    "Refund {id} of {amount} has left out of payment {payment}. Reverse the payment's allocations instead, and give "
    "what is left of it to the right invoices."
)
_GONE = "Payment {id} is {state}: the bank took its money back by another line."


def find(session: Session, parts: Iterable[MatchPart], held: Mapping[str, Payment]) -> str | None:
    """Why a match of these parts cannot be undone; `held` are its payments, locked."""
    for part in parts:
        if part.kind in _FACTS:
            return _FACTS[PartKind(part.kind)].format(id=part.object_id)
        if part.kind in (PartKind.FEE, PartKind.INTEREST) and part.object_id is not None:
            return _TAKEN.format(id=part.object_id)
        if part.kind == PartKind.PAYMENT:
            reason = _of_payment(session, held[str(part.object_id)])
            if reason is not None:
                return reason
    return None


def _of_payment(session: Session, payment: Payment) -> str | None:
    if payment.method == Method.DIRECT_DEBIT:
        return _COLLECTED.format(id=payment.id)
    if payment.state not in (PaymentState.PROVISIONAL, PaymentState.FINAL):
        return _GONE.format(id=payment.id, state=payment.state)
    if not payment.refunded_minor:
        return None
    refund = session.scalars(
        select(Refund)
        .where(Refund.payment_id == payment.id, Refund.state != RefundState.CANCELLED)
        .order_by(Refund.state.desc(), Refund.id)
        .limit(1)
    ).one()
    said = _REQUESTED if refund.state == RefundState.REQUESTED else _PAID
    return said.format(id=refund.id, amount=Money(refund.amount_minor, refund.currency), payment=payment.id)


def never_money(line: StatementLine, currency: str) -> str | None:
    """Why an ignored line was not set aside by anybody's decision; `currency` is that of its account."""
    if line.status != LineStatus.BOOKED:
        return "The bank has not booked the line, so there is no money to decide about."
    if line.currency != currency:
        return "The line is in another currency than its account."
    return None if line.amount_minor else "No money moved."
