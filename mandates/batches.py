"""Batches: scheduled debits put together for one file, approved by a second person, released once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from ledger import creditors, invoices, outbox, states
from ledger.acts import Act
from ledger.database import among
from ledger.errors import Conflict, NotFound, Rejected
from ledger.models import BankAccount
from mandates import drafting, terms
from mandates.collectable import ENDED, earliest_collection
from mandates.models import Batch, Debit, Mandate, MandateType, PaymentBlock, Scheme
from mandates.states import BATCH, DEBIT, MANDATE, BatchState, DebitState, MandateState


class BatchNotFound(NotFound):
    """There is no such batch."""


class NothingToCollect(Rejected):
    """There is no scheduled debit for this batch."""


class SecondPersonNeeded(Conflict):
    """Who drafted or last edited a batch can neither approve nor release it."""


class TooLate(Conflict):
    """A collection date of the batch can no longer be met: discard it and draft it again."""


class MandateGone(Conflict):
    """A mandate of the batch is no longer active: discard the batch and draft it again."""


class InvoiceChanged(Conflict):
    """What is open on an invoice of the batch has changed: discard the batch and draft it again."""


def draft(
    session: Session,
    *,
    creditor_id: str,
    scheme: Scheme = Scheme.CORE,
    collect_until: date | None = None,
    act: Act,
) -> Batch:
    """Put the creditor's scheduled debits of one scheme, up to `collect_until`, into a new batch.

    Only one batch of a creditor is drafted at a time (advisory lock). Debits whose invoice or mandate has
    changed since are cancelled instead; dates that can no longer be met move to the first possible one.
    Raises CreditorNotFound or NothingToCollect.
    """
    creditors.get(session, creditor_id)
    session.execute(
        text("SELECT pg_advisory_xact_lock(hashtextextended('batch:' || :creditor_id, 0))"),
        {"creditor_id": creditor_id},
    )
    chosen = drafting.choose(session, creditor_id, scheme, collect_until, act=act)
    if not chosen:
        raise NothingToCollect(f"No {scheme} debit is scheduled.", field="creditor_id")
    account = session.get_one(BankAccount, chosen[0].bank_account_id)
    one_person = not terms.of(session, creditor_id).two_persons
    batch = drafting.new_batch(account, scheme, chosen, one_person=one_person, act=act)
    session.add(batch)
    session.flush()
    states.born(session, [batch.id], BatchState.DRAFT, noun="batch", act=act)
    drafting.put_into_blocks(session, batch, chosen)
    states.move(session, DEBIT, [debit.id for debit in chosen], DebitState.BATCHED, act=act, reason=batch.id)
    return batch


def get(session: Session, batch_id: str) -> Batch:
    """Raises BatchNotFound."""
    found = session.get(Batch, batch_id)
    if found is None:
        raise BatchNotFound(f"There is no batch {batch_id[:40]}.", field="batch_id")
    return found


def approve(session: Session, batch_id: str, *, act: Act) -> Batch:
    """A second person agrees to the batch. Raises BatchNotFound, SecondPersonNeeded or IllegalMove."""
    batch = _lock(session, batch_id)
    _require_second_person(batch, act)
    states.move(session, BATCH, [batch_id], BatchState.APPROVED, act=act)
    batch.approved_by, batch.approved_at = act.actor, act.at
    _emit(session, batch, "batch.approved", act)
    return batch


def release(session: Session, batch_id: str, *, act: Act) -> Batch:
    """Send the batch on its way, once: its debits are submitted, one-off mandates consumed.

    Raises BatchNotFound, SecondPersonNeeded, IllegalMove, TooLate, InvoiceChanged or MandateGone.
    """
    batch = _lock(session, batch_id)
    _require_second_person(batch, act)
    states.move(session, BATCH, [batch_id], BatchState.RELEASED, act=act)
    content = debits_of(session, batch_id)
    _require_in_time(content, act.today)
    _require_unchanged(session, content)
    _use_mandates(session, content, act=act)
    states.move(
        session, DEBIT, [debit.id for debit in content], DebitState.SUBMITTED, act=act, reason=batch_id
    )
    batch.released_by, batch.released_at = act.actor, act.at
    _emit(session, batch, "batch.released", act)
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


def discard(session: Session, batch_id: str, *, reason: str, act: Act) -> Batch:
    """Give up a batch that was not released; its debits are scheduled again.

    Raises BatchNotFound or IllegalMove.
    """
    batch = _lock(session, batch_id)
    if batch.state == BatchState.APPROVED:
        states.move(session, BATCH, [batch_id], BatchState.DRAFT, act=act, reason="approval withdrawn")
    states.move(session, BATCH, [batch_id], BatchState.CLOSED, act=act, reason=reason)
    content = debits_of(session, batch_id)
    states.move(session, DEBIT, [debit.id for debit in content], DebitState.SCHEDULED, act=act, reason=reason)
    for debit in content:
        debit.block_id = None
    session.flush()
    return batch


def blocks_of(session: Session, batch_id: str) -> list[PaymentBlock]:
    """The payment blocks of a batch, in id order."""
    return list(
        session.scalars(
            select(PaymentBlock).where(PaymentBlock.batch_id == batch_id).order_by(PaymentBlock.id)
        )
    )


def debits_of(session: Session, batch_id: str) -> list[Debit]:
    """The debits of a batch, in id order."""
    return list(
        session.scalars(
            select(Debit)
            .join(PaymentBlock, PaymentBlock.id == Debit.block_id)
            .where(PaymentBlock.batch_id == batch_id)
            .order_by(Debit.id)
        )
    )


def note_booked(session: Session, block_ids: Sequence[str], *, act: Act) -> None:
    """Mark the batches of these blocks as booked once none of their debits waits for the bank any more.

    The batches are locked, so that of two who book the last blocks at once the second one sees both.
    """
    touched = select(PaymentBlock.batch_id).where(among(PaymentBlock.id, block_ids))
    session.execute(select(Batch.id).where(Batch.id.in_(touched)).order_by(Batch.id).with_for_update())
    waiting = text(
        """
        SELECT DISTINCT batches.id FROM batches
        JOIN payment_blocks AS touched ON touched.batch_id = batches.id
        WHERE touched.id = ANY(:blocks) AND batches.state IN ('released', 'accepted', 'partly_rejected')
        AND NOT EXISTS (
            SELECT 1 FROM payment_blocks JOIN debits ON debits.block_id = payment_blocks.id
            WHERE payment_blocks.batch_id = batches.id AND debits.state = 'submitted'
        )
        """
    )
    done = list(session.scalars(waiting, {"blocks": sorted(set(block_ids))}))
    states.move(session, BATCH, done, BatchState.BOOKED, act=act)
    for batch_id in done:
        _emit(session, get(session, batch_id), "batch.booked", act)


def _lock(session: Session, batch_id: str) -> Batch:
    get(session, batch_id)
    return session.scalars(
        select(Batch).where(Batch.id == batch_id).with_for_update().execution_options(populate_existing=True)
    ).one()


def _require_second_person(batch: Batch, act: Act) -> None:
    if not batch.one_person and act.actor in (batch.drafted_by, batch.edited_by):
        raise SecondPersonNeeded("Who drafted or last edited a batch can neither approve nor release it.")


def _require_in_time(content: Sequence[Debit], today: date) -> None:
    earliest = earliest_collection(today)
    late = min(content, key=lambda debit: debit.collect_on)
    if late.collect_on < earliest:
        raise TooLate(
            f"A collection on {late.collect_on.isoformat()} is no longer possible, the first date is "
            f"{earliest.isoformat()}. Discard the batch and draft it again."
        )


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


def _emit(session: Session, batch: Batch, kind: str, act: Act) -> None:
    data = {"debit_count": batch.debit_count, "total_minor": batch.total_minor, "currency": batch.currency}
    outbox.emit(session, outbox.NewEvent(type=kind, object_id=batch.id, act=act, data=data))
