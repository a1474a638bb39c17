"""Allocations: which part of a payment or credit note closes which part of an invoice, and how all are reversed."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Any

from sqlalchemy import or_, select, text
from sqlalchemy.orm import Session

from ledger import allocation_bookings, audit, invoices, journal, outbox, payments
from ledger.acts import Act
from ledger.database import among, copy_rows, expire_rows
from ledger.errors import Conflict, NotFound, Rejected
from ledger.identifiers import new_id
from ledger.models import Allocation, AllocationKind, CreditNote, Invoice
from ledger.payments import Receipt
from ledger.states import CollectionStatus, PaymentState
from ledger.texts import checked_text


class AllocationNotFound(NotFound):
    """There is no such allocation, or it was reversed already."""


class OverAllocated(Conflict):
    """More would be allocated than the payment, credit note or invoice has left."""


class Incompatible(Rejected):
    """A payment and an invoice of different creditors or currencies do not belong together."""


class InvoiceCancelled(Conflict):
    """Nothing is allocated to a cancelled invoice."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """Give `amount_minor` (above zero) of a payment or credit note to an invoice.

    `source_id` is the payment's or credit note's id; `decided_by` a rule's name or a person; `evidence` the
    reasons as sentences. A credit note that was netted by a payment names it as `beside_payment_id`.
    """

    source_id: str
    invoice_id: str
    amount_minor: int
    allocated_on: date
    decided_by: str
    evidence: tuple[str, ...] = ()
    beside_payment_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Side:
    """A payment, credit note or invoice as it is while it is locked; what is left or open in minor units."""

    id: str
    creditor_id: str
    currency: str
    left_minor: int
    state: str | None = None
    customer_id: str | None = None


def allocate(
    session: Session,
    wishes: Sequence[Wish],
    *,
    act: Act,
    cause: str,
    received: Mapping[str, Receipt] = MappingProxyType({}),
) -> list[str]:
    """Allocate all `wishes` or none, one id each in the order given.

    Payments, then credit notes, then invoices are locked, each in id order, so that every euro is given once
    whoever else allocates at the same time. What was `received`, by payment, in this very transaction, with what
    the wishes take of it already counted, is neither locked nor read. Raises OverAllocated, Incompatible, NotHeld,
    InvoiceCancelled, Rejected or the nouns' NotFound; nothing is changed then.
    """
    if not wishes:
        return []
    session.flush()
    sources = _lock_sources(session, wishes, received)
    targets = _lock_targets(session, wishes)
    _require_room(wishes, sources, targets)
    rows = [_row(wish, sources[wish.source_id], act) for wish in wishes]
    _tell(
        session,
        [(row[0], wish) for row, wish in zip(rows, wishes, strict=True)],
        sources,
        act=act,
        cause=cause,
    )
    given, insecure = _given(wishes, sources)
    invoices.refresh(session, list(targets), act=act, cause=cause, given=given, insecure=insecure)
    copy_rows(session, "allocations", _COLUMNS, rows)
    for table, ids in (("payments", sources), ("credit_notes", sources), ("invoices", targets)):
        expire_rows(session, table, ids)
    return [row[0] for row in rows]


def _given(wishes: Sequence[Wish], sources: Mapping[str, _Side]) -> tuple[dict[str, int], set[str]]:
    """What each invoice gets in minor units, and which get money that may still be taken back."""
    given: dict[str, int] = defaultdict(int)
    for wish in wishes:
        given[wish.invoice_id] += wish.amount_minor
    provisional = {
        wish.invoice_id for wish in wishes if sources[wish.source_id].state == PaymentState.PROVISIONAL
    }
    return given, provisional


def reverse(
    session: Session,
    allocation_ids: Sequence[str],
    *,
    because: str,
    on: date,
    act: Act,
    cause: str,
    reason_code: str | None = None,
) -> list[Allocation]:
    """Take allocations of any kind back: source and invoice have their parts again, and the invoices' status follows.

    Raises AllocationNotFound when one does not stand any more, or UnreadableText for the reason.
    """
    checked_text(because, field="because", longest=200)
    standing = _lock_standing(session, allocation_ids)
    for allocation in standing:
        allocation.reversed_at = act.at
        allocation.reversed_because = because
        audit.record(
            session, "allocation.reversed", allocation.id, act=act, why=because,
            amount_minor=allocation.amount_minor,
        )  # fmt: skip
        if allocation.payment_id is not None:
            _emit(
                session, "payment.unallocated", allocation.payment_id, allocation.invoice_id,
                allocation.amount_minor, allocation.currency, act=act, cause=cause, reason_code=reason_code,
            )  # fmt: skip
    session.flush()
    creditors = _creditors(session, standing)
    booked = [
        allocation_bookings.booking(
            allocation_id=allocation.id, kind=allocation.kind, creditor_id=creditors[allocation.invoice_id],
            currency=allocation.currency, amount_minor=allocation.amount_minor, on=on, reversal=True,
        )
        for allocation in standing
        if allocation.kind in allocation_bookings.BEARERS
    ]  # fmt: skip
    journal.post(session, booked, act=act)
    touched = sorted({allocation.invoice_id for allocation in standing})
    _expire_parts(session, standing)
    invoices.refresh(session, touched, act=act, cause=cause, reason_code=reason_code)
    return standing


def get(session: Session, allocation_id: str) -> Allocation:
    """Raises AllocationNotFound."""
    found = session.get(Allocation, allocation_id)
    if found is None:
        raise AllocationNotFound(f"There is no allocation {allocation_id[:40]}.", field="allocation_id")
    return found


def standing_of(session: Session, payment_ids: Sequence[str]) -> list[Allocation]:
    """The allocations that stand of these payments and beside them, in id order."""
    theirs = or_(among(Allocation.payment_id, payment_ids), among(Allocation.beside_payment_id, payment_ids))
    return list(
        session.scalars(
            select(Allocation).where(theirs, Allocation.reversed_at.is_(None)).order_by(Allocation.id)
        )
    )


def _lock_sources(
    session: Session, wishes: Sequence[Wish], received: Mapping[str, Receipt]
) -> dict[str, _Side]:
    wanted = {wish.source_id for wish in wishes}
    wanted |= {wish.beside_payment_id for wish in wishes if wish.beside_payment_id is not None}
    sources = {one: _new(one, receipt) for one, receipt in received.items() if one in wanted}
    held = wanted - sources.keys()
    for query, ids in (
        (_LOCK_PAYMENTS, {one for one in held if one.startswith("pay_")}),
        (_LOCK_CREDIT_NOTES, {one for one in held if not one.startswith("pay_")}),
    ):
        if ids:
            rows = session.execute(query, {"ids": sorted(ids)})
            sources.update((row.id, _Side(**row._mapping)) for row in rows)
    for one in sorted(wanted - sources.keys()):
        if one.startswith("pay_"):
            raise payments.PaymentNotFound(f"There is no payment {one[:40]}.", field="payment_id")
        raise NotFound(f"There is no payment or credit note {one[:40]}.", field="source_id")
    return sources


def _new(payment_id: str, receipt: Receipt) -> _Side:
    return _Side(
        id=payment_id, creditor_id=receipt.creditor_id, currency=receipt.currency,
        left_minor=receipt.amount_minor, state=receipt.state, customer_id=receipt.customer_id,
    )  # fmt: skip


def _lock_targets(session: Session, wishes: Sequence[Wish]) -> dict[str, _Side]:
    wanted = sorted({wish.invoice_id for wish in wishes})
    rows = session.execute(_LOCK_INVOICES, {"ids": wanted})
    targets = {row.id: _Side(**row._mapping) for row in rows}
    for one in wanted:
        if one not in targets:
            raise invoices.InvoiceNotFound(f"There is no invoice {one[:40]}.", field="invoice_id")
    return targets


_LOCK_PAYMENTS = text(
    "SELECT id, creditor_id, currency, unallocated_minor AS left_minor, state, customer_id FROM payments "
    "WHERE id = ANY(:ids) ORDER BY id FOR UPDATE"
)
_LOCK_CREDIT_NOTES = text(
    "SELECT id, creditor_id, currency, open_minor AS left_minor, customer_id FROM credit_notes "
    "WHERE id = ANY(:ids) ORDER BY id FOR UPDATE"
)
_LOCK_INVOICES = text(
    "SELECT id, creditor_id, currency, open_minor AS left_minor, collection_status AS state, customer_id "
    "FROM invoices WHERE id = ANY(:ids) ORDER BY id FOR UPDATE"
)


def _lock_credit_notes(session: Session, ids: Sequence[str]) -> dict[str, CreditNote]:
    rows = session.scalars(
        select(CreditNote)
        .where(among(CreditNote.id, ids))
        .order_by(CreditNote.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    found = {note.id: note for note in rows}
    for wanted in ids:
        if wanted not in found:
            raise NotFound(f"There is no payment or credit note {wanted[:40]}.", field="source_id")
    return found


def _require_room(wishes: Sequence[Wish], sources: Mapping[str, _Side], targets: Mapping[str, _Side]) -> None:
    left = {source_id: source.left_minor for source_id, source in sources.items()}
    open_minor = {invoice_id: target.left_minor for invoice_id, target in targets.items()}
    for wish in wishes:
        _require_fitting(wish, sources[wish.source_id], targets[wish.invoice_id])
        if wish.beside_payment_id is not None:
            _require_same_books(sources[wish.beside_payment_id], targets[wish.invoice_id])
        left[wish.source_id] -= wish.amount_minor
        open_minor[wish.invoice_id] -= wish.amount_minor
        if left[wish.source_id] < 0:
            raise OverAllocated(f"{wish.source_id} has not that much left.", field="amount_minor")
        if open_minor[wish.invoice_id] < 0:
            raise OverAllocated(f"Invoice {wish.invoice_id} has not that much open.", field="amount_minor")


def _require_fitting(wish: Wish, source: _Side, target: _Side) -> None:
    """Raises unless this source may pay for this invoice at all, whatever is left of both."""
    checked_text(wish.decided_by, field="decided_by", longest=100)
    if wish.amount_minor <= 0:
        raise Rejected("An allocation is above zero.", field="amount_minor")
    _require_same_books(source, target)
    if source.state is not None:
        payments.require_held(source.id, source.state)
        if wish.beside_payment_id is not None:
            raise Rejected("Money stands beside no other money.", field="beside_payment_id")
    elif source.customer_id != target.customer_id:
        raise Incompatible(f"{source.id} was given to another customer than {target.id}.", field="invoice_id")
    if target.state == CollectionStatus.CANCELLED:
        raise InvoiceCancelled(f"Invoice {target.id} is cancelled.", field="invoice_id")


def _require_same_books(source: _Side, target: _Side) -> None:
    if (source.creditor_id, source.currency) != (target.creditor_id, target.currency):
        raise Incompatible(
            f"{source.id} and {target.id} are of different creditors or currencies.", field="invoice_id"
        )


def _row(wish: Wish, source: _Side, act: Act) -> tuple[Any, ...]:
    is_payment = source.state is not None
    kind = AllocationKind.PAYMENT if is_payment else AllocationKind.CREDIT_NOTE
    payment_id, credit_note_id = (source.id, None) if is_payment else (None, source.id)
    return (
        new_id("all"), str(kind), payment_id, credit_note_id, wish.beside_payment_id, wish.invoice_id,
        source.currency, wish.amount_minor, wish.allocated_on, wish.decided_by, json.dumps(wish.evidence), act.at,
    )  # fmt: skip


_COLUMNS = (
    "id", "kind", "payment_id", "credit_note_id", "beside_payment_id", "invoice_id",
    "currency", "amount_minor", "allocated_on", "decided_by", "evidence", "created_at",
)  # fmt: skip


def _tell(
    session: Session,
    numbered: Sequence[tuple[str, Wish]],
    sources: Mapping[str, _Side],
    *,
    act: Act,
    cause: str,
) -> None:
    """Journal, audit and events of new allocations. A credit note lies in the receivable already: no booking."""
    bookings = []
    for allocation_id, wish in numbered:
        source = sources[wish.source_id]
        audit.record(
            session, "allocation.created", allocation_id, act=act, source=wish.source_id,
            invoice=wish.invoice_id, amount_minor=wish.amount_minor, decided_by=wish.decided_by,
        )  # fmt: skip
        if source.state is not None:
            bookings.append(
                allocation_bookings.booking(
                    allocation_id=allocation_id, kind=AllocationKind.PAYMENT, creditor_id=source.creditor_id,
                    currency=source.currency, amount_minor=wish.amount_minor, on=wish.allocated_on,
                )
            )  # fmt: skip
            _emit(
                session, "payment.allocated", source.id, wish.invoice_id,
                wish.amount_minor, source.currency, act=act, cause=cause,
            )  # fmt: skip
    journal.post(session, bookings, act=act)


def _emit(
    session: Session,
    kind: str,
    payment_id: str,
    invoice_id: str,
    amount_minor: int,
    currency: str,
    *,
    act: Act,
    cause: str,
    reason_code: str | None = None,
) -> None:
    data = {"invoice_id": invoice_id, "amount_minor": amount_minor, "currency": currency}
    outbox.emit(
        session,
        outbox.NewEvent(
            type=kind, object_id=payment_id, act=act, cause=cause, reason_code=reason_code, data=data
        ),
    )


def _lock_standing(session: Session, allocation_ids: Sequence[str]) -> list[Allocation]:
    """The standing allocations, after payments and then invoices were locked in id order."""
    wanted = set(allocation_ids)
    _lock_parts(session, session.scalars(select(Allocation).where(among(Allocation.id, wanted))).all())
    standing = session.scalars(
        select(Allocation)
        .where(among(Allocation.id, wanted), Allocation.reversed_at.is_(None))
        .order_by(Allocation.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).all()
    if len(standing) != len(wanted):
        missing = min(wanted - {allocation.id for allocation in standing})
        raise AllocationNotFound(f"Allocation {missing[:40]} does not stand.", field="allocation_id")
    return list(standing)


def _lock_parts(session: Session, found: Sequence[Allocation]) -> None:
    theirs = (one.payment_id or one.beside_payment_id for one in found)
    payments.lock(session, [payment_id for payment_id in theirs if payment_id is not None])
    _lock_credit_notes(session, [one.credit_note_id for one in found if one.credit_note_id is not None])
    invoices.lock(session, [one.invoice_id for one in found])


def _creditors(session: Session, standing: Sequence[Allocation]) -> dict[str, str]:
    wanted = (allocation.invoice_id for allocation in standing)
    rows = session.execute(select(Invoice.id, Invoice.creditor_id).where(among(Invoice.id, wanted)))
    return {row[0]: row[1] for row in rows}


def _expire_parts(session: Session, standing: Sequence[Allocation]) -> None:
    """Sums kept by triggers are read anew."""
    expire_rows(session, "payments", [one.payment_id for one in standing if one.payment_id is not None])
    expire_rows(
        session, "credit_notes", [one.credit_note_id for one in standing if one.credit_note_id is not None]
    )
    expire_rows(session, "invoices", [one.invoice_id for one in standing])
