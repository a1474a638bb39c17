"""Letting a batch go, once: whatever its file says must still be true at that moment."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from ledger import cut_offs, invoices, outbox, states
from ledger.acts import Act
from ledger.database import among
from ledger.errors import Conflict
from ledger.models import BankAccount
from mandates import batches, pre_notifications
from mandates.collectable import ENDED
from mandates.models import Batch, Debit, Mandate, MandateType
from mandates.states import BATCH, DEBIT, MANDATE, BatchState, DebitState, MandateState


class TooLate(Conflict):
    """A collection date of the batch can no longer be met: discard it and draft it again."""


class MandateGone(Conflict):
    """A mandate of the batch is no longer active: take its debits out, or discard the batch."""


class MandateChanged(Conflict):
    """A mandate, or the creditor, is no longer what the file says: discard the batch and draft it again."""


class InvoiceChanged(Conflict):
    """What is open on an invoice of the batch has changed: discard the batch and draft it again."""


def release(session: Session, batch_id: str, *, act: Act) -> Batch:
    """Send the batch on its way, once: its debits are submitted, one-off mandates consumed.

    Raises BatchNotFound, SecondPersonNeeded, IllegalMove, TooLate, InvoiceChanged, MandateChanged, MandateGone or
    NoticeMissing.
    """
    batch = batches.lock(session, batch_id)
    batches.require_second_person(batch, act)
    states.move(session, BATCH, [batch_id], BatchState.RELEASED, act=act, reason=batches.persons(batch))
    content = batches.debits_of(session, batch_id)
    _require_in_time(session, batch, content, act)
    _require_unchanged(session, content)
    _require_same_facts(session, batch_id)
    pre_notifications.require_out(session, content)
    _use_mandates(session, content, act=act)
    states.move(
        session, DEBIT, [debit.id for debit in content], DebitState.SUBMITTED, act=act, reason=batch_id
    )
    batch.released_by, batch.released_at = act.actor, act.at
    batches.emit(session, batch, "batch.released", act)
    for debit in content:
        data = {
            "invoice_id": debit.invoice_id,
            "amount_minor": debit.amount_minor,
            "currency": debit.currency,
        }
        outbox.emit(
            session,
            outbox.NewEvent(
                type="debit.submitted", object_id=debit.id, act=act, cause="batch.released",
                parent=batch_id, data=data,
            ),
        )  # fmt: skip
    return batch


def _require_in_time(session: Session, batch: Batch, content: Sequence[Debit], act: Act) -> None:
    account = session.get_one(BankAccount, batch.bank_account_id)
    earliest = cut_offs.earliest(cut_offs.of(account), act.at)
    late = min(content, key=lambda debit: debit.collect_on)
    if late.collect_on < earliest:
        raise TooLate(
            f"A collection on {late.collect_on.isoformat()} is no longer possible, the first date is "
            f"{earliest.isoformat()}. Discard the batch and draft it again."
        )


def _require_same_facts(session: Session, batch_id: str) -> None:
    """Mandates are locked, so that what the file says of them stays true until the release has happened."""
    session.execute(text(_LOCK_MANDATES), {"batch": batch_id})
    changed = session.execute(text(_CHANGED), {"batch": batch_id}).first()
    if changed is not None:
        raise MandateChanged(
            f"Mandate {changed.id}, or the creditor, has changed since the file was written. "
            "Discard the batch and draft it again."
        )


_LOCK_MANDATES = """
SELECT mandates.id FROM mandates WHERE id IN (
    SELECT debits.mandate_id FROM debits JOIN payment_blocks ON payment_blocks.id = debits.block_id
    WHERE payment_blocks.batch_id = :batch
) ORDER BY mandates.id FOR UPDATE
"""
_CHANGED = """
SELECT mandates.id FROM debits
JOIN payment_blocks ON payment_blocks.id = debits.block_id
JOIN mandates ON mandates.id = debits.mandate_id JOIN creditors ON creditors.id = debits.creditor_id
WHERE payment_blocks.batch_id = :batch
AND (
    debits.debtor_iban, debits.debtor_name, debits.mandate_reference, debits.creditor_identifier, debits.creditor_name
) IS DISTINCT FROM (
    mandates.iban, mandates.debtor_name, mandates.reference, creditors.creditor_identifier, creditors.name
)
ORDER BY mandates.id LIMIT 1
"""


def _require_unchanged(session: Session, content: Sequence[Debit]) -> None:
    held = invoices.lock(session, [debit.invoice_id for debit in content])
    for debit in content:
        invoice = held[debit.invoice_id]
        if invoice.open_minor != debit.amount_minor or invoice.collection_status in ENDED:
            raise InvoiceChanged(
                f"What is open on invoice {invoice.id} has changed. Discard the batch and draft it again."
            )


def _use_mandates(session: Session, content: Sequence[Debit], *, act: Act) -> None:
    used = session.scalars(
        select(Mandate)
        .where(among(Mandate.id, (debit.mandate_id for debit in content)))
        .order_by(Mandate.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).all()
    for mandate in used:
        if mandate.state != MandateState.ACTIVE:
            raise MandateGone(
                f"Mandate {mandate.id} is {mandate.state}. Discard the batch and draft it again."
            )
    last = {debit.mandate_id: debit.collect_on for debit in sorted(content, key=lambda one: one.collect_on)}
    for mandate in used:
        mandate.last_collection_on = last[mandate.id]
    session.flush()
    one_off = [mandate.id for mandate in used if mandate.type == MandateType.ONE_OFF]
    states.move(session, MANDATE, one_off, MandateState.CONSUMED, act=act, reason="one-off, released")
