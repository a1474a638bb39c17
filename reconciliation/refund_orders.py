"""Asking for a refund, and giving it up: who gets the money, and that it is not on its way back already."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from ledger import payments, refunds
from ledger.acts import Act
from ledger.errors import Conflict, Rejected
from ledger.models import Method, Payment, Refund
from ledger.refunds import Payee
from mandates import paybacks, reversals
from mandates.models import Debit, Mandate
from mandates.payback_drafting import InBatch
from reconciliation.models import Match, MatchPart, PartKind, StatementLine


class BeingReversed(Conflict):
    """We are giving this payment back already, by reversing its debit."""


class PayeeNeeded(Rejected):
    """Nobody knows who gets this refund: name and account of the payee are needed."""


def request(
    session: Session,
    *,
    payment_id: str,
    amount_minor: int,
    reason: str,
    payee: Payee | None = None,
    act: Act,
) -> Refund:
    """Set money of a payment aside for `payee`, or for whom it came from where that is certain.

    Raises PayeeNeeded, BeingReversed, or what `refunds.request` raises.
    """
    payment = payments.lock(session, [payment_id])[payment_id]
    if reversals.payments_being_reversed(session, [payment_id]):
        raise BeingReversed(f"Payment {payment_id} is being given back by a reversal.", field="payment_id")
    payee = payee or payer_of(session, payment)
    if payee is None:
        raise PayeeNeeded(
            "Nobody knows for certain who paid this: say who gets the refund, with name and IBAN.",
            field="payee_iban",
        )
    return refunds.request(
        session, payment_id=payment_id, amount_minor=amount_minor, reason=reason, payee=payee, act=act
    )


def cancel(session: Session, refund_id: str, *, reason: str, act: Act) -> Refund:
    """Give up a refund that has not left and is in no payback batch; the payment has its money again.

    Raises RefundNotFound, InBatch or IllegalMove.
    """
    payments.lock(session, [refunds.get(session, refund_id).payment_id])
    refunds.lock(session, [refund_id])
    holder = paybacks.batch_holding(session, refund_id)
    if holder is not None:
        raise InBatch(f"Refund {refund_id} is in payback batch {holder}: discard that first.")
    return refunds.cancel(session, refund_id, reason=reason, cause="refund.given_up", act=act)


def payer_of(session: Session, payment: Payment) -> Payee | None:
    """Who paid: a debit's debtor as its mandate names them, or the counterpart of the one line behind a transfer.

    None where several lines or none are behind it, or the line lacks a name or an IBAN that can exist.
    """
    if payment.method == Method.DIRECT_DEBIT:
        return _debtor(session, payment)
    lines = session.scalars(
        select(StatementLine)
        .join(Match, Match.line_id == StatementLine.id)
        .join(MatchPart, MatchPart.match_id == Match.id)
        .where(
            MatchPart.kind == PartKind.PAYMENT, MatchPart.object_id == payment.id, Match.undone_at.is_(None)
        )
        .distinct()
        .limit(2)
    ).all()
    return _counterpart(lines[0]) if len(lines) == 1 else None


def _debtor(session: Session, payment: Payment) -> Payee | None:
    mandate = session.scalars(
        select(Mandate).join(Debit, Debit.mandate_id == Mandate.id).where(Debit.payment_id == payment.id)
    ).first()
    return None if mandate is None else _payee(mandate.debtor_name, mandate.iban, mandate.bic)


def _counterpart(line: StatementLine) -> Payee | None:
    return _payee(line.counterparty_name, line.counterparty_account, line.counterparty_bic)


def _payee(name: str | None, iban: str | None, bic: str | None) -> Payee | None:
    """A payee of what others wrote; without a BIC that can exist it is left out, it is seldom needed."""
    if name is None or iban is None:
        return None
    try:
        payee = Payee.parse(name=name[:70], iban=iban)
    except Rejected:
        return None
    try:
        return Payee.parse(name=name[:70], iban=iban, bic=bic)
    except Rejected:
        return payee
