"""Grants: what closes a part of an invoice without money, as a discount, a write-off or a bank's fee that we bear."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy.orm import Session

from ledger import allocation_bookings, audit, invoices, journal, outbox, payments
from ledger.acts import Act
from ledger.allocations import Incompatible, InvoiceCancelled, OverAllocated
from ledger.database import copy_rows
from ledger.errors import Rejected
from ledger.identifiers import new_id
from ledger.models import AllocationKind, Invoice, Payment
from ledger.states import CollectionStatus
from ledger.texts import checked_text

KINDS = frozenset({AllocationKind.DISCOUNT, AllocationKind.WRITE_OFF, AllocationKind.FEE})


class NoReason(Rejected):
    """A write-off says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """Close `amount_minor` (above zero) of an invoice without money; `kind` is one of KINDS.

    `beside_payment_id` is the payment with which it was granted, and goes back with it; `decided_by` a rule's name or
    a person, `evidence` the reasons as sentences. A write-off must have a `reason`, others may.
    """

    invoice_id: str
    kind: AllocationKind
    amount_minor: int
    granted_on: date
    decided_by: str
    evidence: tuple[str, ...] = ()
    beside_payment_id: str | None = None
    reason: str | None = None


def grant(session: Session, grants: Sequence[Grant], *, act: Act, cause: str) -> list[str]:
    """Allocations of all `grants` or none, one id each in the order given; they are reversed as all allocations are.

    The payments beside which they stand are locked, then the invoices, each in id order. Raises OverAllocated,
    Incompatible, NotHeld, InvoiceCancelled, NoReason, Rejected, UnreadableText, PaymentNotFound or InvoiceNotFound;
    nothing is changed then. Raises ValueError for a kind that needs money or a credit note.
    """
    if not grants:
        return []
    for one in grants:
        _require_sound(one)
    session.flush()
    beside = payments.lock(session, [one.beside_payment_id for one in grants if one.beside_payment_id])
    targets = invoices.lock(session, [one.invoice_id for one in grants])
    _require_room(grants, beside, targets)
    rows = [_row(one, targets[one.invoice_id], act) for one in grants]
    columns = tuple(rows[0])
    copy_rows(session, "allocations", columns, ([row[column] for column in columns] for row in rows))
    numbered = [(str(row["id"]), one) for row, one in zip(rows, grants, strict=True)]
    _tell(session, numbered, targets, act=act, cause=cause)
    for target in targets.values():
        session.expire(target)
    invoices.refresh(session, list(targets), act=act, cause=cause)
    return [allocation_id for allocation_id, _ in numbered]


def _require_sound(one: Grant) -> None:
    if one.kind not in KINDS:
        raise ValueError(f"{one.kind} does not close an invoice without money")
    if one.amount_minor <= 0:
        raise Rejected("A grant is above zero.", field="amount_minor")
    checked_text(one.decided_by, field="decided_by", longest=100)
    if one.reason is not None:
        checked_text(one.reason, field="reason", longest=200)
    elif one.kind == AllocationKind.WRITE_OFF:
        raise NoReason("A write-off needs a reason.", field="reason")


def _require_room(
    grants: Sequence[Grant], beside: Mapping[str, Payment], targets: Mapping[str, Invoice]
) -> None:
    open_minor = {invoice_id: invoice.open_minor for invoice_id, invoice in targets.items()}
    for one in grants:
        target = targets[one.invoice_id]
        if target.collection_status == CollectionStatus.CANCELLED:
            raise InvoiceCancelled(f"Invoice {target.id} is cancelled.", field="invoice_id")
        if one.beside_payment_id is not None:
            _require_fitting(beside[one.beside_payment_id], target)
        open_minor[one.invoice_id] -= one.amount_minor
        if open_minor[one.invoice_id] < 0:
            raise OverAllocated(f"Invoice {one.invoice_id} has not that much open.", field="amount_minor")


def _require_fitting(payment: Payment, target: Invoice) -> None:
    payments.require_held(payment.id, payment.state)
    if (payment.creditor_id, payment.currency) != (target.creditor_id, target.currency):
        raise Incompatible(
            f"{payment.id} and {target.id} are of different creditors or currencies.", field="invoice_id"
        )


def _row(one: Grant, target: Invoice, act: Act) -> dict[str, object]:
    return {
        "id": new_id("all"),
        "kind": str(one.kind),
        "beside_payment_id": one.beside_payment_id,
        "invoice_id": one.invoice_id,
        "currency": target.currency,
        "amount_minor": one.amount_minor,
        "reason": one.reason,
        "allocated_on": one.granted_on,
        "decided_by": one.decided_by,
        "evidence": json.dumps(one.evidence),
        "created_at": act.at,
    }


def _tell(
    session: Session,
    numbered: Sequence[tuple[str, Grant]],
    targets: Mapping[str, Invoice],
    *,
    act: Act,
    cause: str,
) -> None:
    """Journal, audit, and an event for each write-off."""
    bookings = []
    for allocation_id, one in numbered:
        target = targets[one.invoice_id]
        audit.record(
            session, "allocation.created", allocation_id, act=act, why=one.reason, kind=str(one.kind),
            invoice=one.invoice_id, beside=one.beside_payment_id, amount_minor=one.amount_minor,
            decided_by=one.decided_by,
        )  # fmt: skip
        bookings.append(
            allocation_bookings.booking(
                allocation_id=allocation_id, kind=one.kind, creditor_id=target.creditor_id,
                currency=target.currency, amount_minor=one.amount_minor, on=one.granted_on,
            )
        )  # fmt: skip
        if one.kind == AllocationKind.WRITE_OFF:
            data = {
                "allocation_id": allocation_id, "amount_minor": one.amount_minor, "currency": target.currency,
            }  # fmt: skip
            outbox.emit(
                session,
                outbox.NewEvent(
                    type="invoice.written_off", object_id=one.invoice_id, act=act, cause=cause, data=data
                ),
            )
    journal.post(session, bookings, act=act)
