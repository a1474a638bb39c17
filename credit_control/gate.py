"""The one decision: may this invoice be debited now, and if not, why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from ledger.models import Invoice
from ledger.states import CollectionStatus
from mandates.models import Debit
from mandates.reason_codes import NextStep, look_up
from mandates.states import DebitState

MOST_ATTEMPTS = 3  # debits of one invoice that may fail before a person must look

_NOT_NOW = {
    CollectionStatus.COLLECTING: "it is being collected already",
    CollectionStatus.DISPUTED: "the customer disputes it",
    CollectionStatus.PROMISED: "the customer has promised to pay",
    CollectionStatus.IN_PLAN: "it is paid by a plan",
    CollectionStatus.CANCELLED: "it is cancelled",
    CollectionStatus.WRITTEN_OFF: "it is written off",
    CollectionStatus.PAID: "it is paid",
    CollectionStatus.PAID_PROVISIONAL: "it is paid",
}
_FAILED = (DebitState.REJECTED, DebitState.RETURNED, DebitState.REFUNDED)


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether an invoice may be debited; `reasons` say why not, in words."""

    allowed: bool
    reasons: tuple[str, ...] = ()


def may_debit(session: Session, invoices: Sequence[Invoice]) -> dict[str, Decision]:
    """A decision for each invoice id, from its status and from how earlier debits of it ended."""
    failures = _failures(session, [invoice.id for invoice in invoices])
    return {
        invoice.id: decide(CollectionStatus(invoice.collection_status), failures.get(invoice.id, []))
        for invoice in invoices
    }


def decide(status: CollectionStatus, failed: Sequence[str | None]) -> Decision:
    """The decision for an invoice in `status`; `failed` are the reason codes of its failed debits in order."""
    reasons = []
    if status in _NOT_NOW:
        reasons.append(_NOT_NOW[status])
    if failed:
        last = look_up(failed[-1])
        if last.step != NextStep.RETRY:
            meaning = last.meaning[0].lower() + last.meaning[1:].removesuffix(".")
            reasons.append(f"its last debit came back with {last.code}, {meaning}")
        if len(failed) >= MOST_ATTEMPTS:
            reasons.append(f"{len(failed)} debits of it have failed")
    return Decision(not reasons, tuple(reasons))


def _failures(session: Session, invoice_ids: Sequence[str]) -> dict[str, list[str | None]]:
    rows = session.execute(
        select(Debit.invoice_id, Debit.reason_code)
        .where(Debit.invoice_id.in_(invoice_ids), Debit.state.in_(_FAILED))
        .order_by(Debit.id)
    )
    found: dict[str, list[str | None]] = {}
    for invoice_id, code in rows:
        found.setdefault(invoice_id, []).append(code)
    return found
