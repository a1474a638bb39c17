"""What the bank refuses before it collects: debits are rejected, their invoices free again; batches follow."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from ledger import invoices, outbox, states
from ledger.acts import Act
from ledger.business_days import add_business_days
from ledger.database import among
from ledger.errors import Conflict
from mandates import batches, failures, paybacks, reversals
from mandates.models import Batch, Debit, Mandate, MandateType, PaymentBlock
from mandates.states import BATCH, DEBIT, MANDATE, BatchState, DebitState, MandateState

DAYS_TO_WAIT = 3  # T2 days after a collection date, by when its credit stands on a statement


class NothingWaits(Conflict):
    """Everything in the batch has its end already."""


class TooSoon(Conflict):
    """The bank may still book what was handed in."""


def reject(
    session: Session, refused: Sequence[Debit], *, on: date, reason_code: str | None, act: Act
) -> None:
    """The bank refused submitted debits: no money moved, and each invoice can be collected otherwise again.

    A one-off mandate that only such a debit had used up serves again. What follows is `failures.note`'s; the batches
    are left to `note_answers`.
    Raises IllegalMove when one of the debits is not submitted (any more).
    """
    if not refused:
        return
    invoices.lock(session, [debit.invoice_id for debit in refused])
    ids = [debit.id for debit in refused]
    states.move(session, DEBIT, ids, DebitState.REJECTED, act=act, reason=reason_code)
    _free_one_off_mandates(session, refused, act)
    invoices.hold(session, [debit.invoice_id for debit in refused], None, act=act, cause="debit.rejected")
    failures.note(session, refused, on=on, reason_code=reason_code, act=act)
    paybacks.note_done(session, reversals.paybacks_sent(session, ids), act=act)


def not_taken(session: Session, batch_id: str, *, reason: str, act: Act) -> Batch:
    """A person found that the bank never took a released file, or a part of it: what still waits is given up.

    Nobody says so before the money would have been here: DAYS_TO_WAIT T2 days after the last collection date. The
    debits are cancelled, and their invoices can be collected again. Raises BatchNotFound, SecondPersonNeeded,
    NothingWaits, or TooSoon.
    """
    batch = batches.lock(session, batch_id)
    batches.require_second_person(batch, act)
    waiting = [one for one in batches.debits_of(session, batch_id) if one.state == DebitState.SUBMITTED]
    if not waiting:
        raise NothingWaits(f"No debit of batch {batch_id} waits for the bank.", field="batch_id")
    first = add_business_days(max(one.collect_on for one in waiting), DAYS_TO_WAIT)
    if act.today < first:
        raise TooSoon(
            f"The bank may still book it; this can be said from {first.isoformat()} on.", field="batch_id"
        )
    invoices.lock(session, [debit.invoice_id for debit in waiting])
    ids = [debit.id for debit in waiting]
    states.move(session, DEBIT, ids, DebitState.CANCELLED, act=act, reason=reason)
    _free_one_off_mandates(session, waiting, act)
    invoices.hold(session, [debit.invoice_id for debit in waiting], None, act=act, cause="debit.cancelled")
    paybacks.note_done(session, reversals.paybacks_sent(session, ids), act=act)
    if len(waiting) == batch.debit_count:
        states.move(session, BATCH, [batch_id], BatchState.REJECTED, act=act, reason=reason)
        _emit_batch(session, batch, BatchState.REJECTED, 0, act, origin="duecourse")
    else:
        batches.note_booked(session, [str(one.block_id) for one in waiting], act=act)
    return batch


def note_answers(
    session: Session, batch_ids: Iterable[str], *, accepted: Iterable[str] = (), act: Act
) -> None:
    """Let batches become what the bank's answers make of them, once the debits it refused are rejected.

    One without any debit left is rejected, one that lost some is partly so, and of the others those that the bank
    has `accepted` are accepted. What is booked or closed stays so. The batches are locked in id order.
    """
    held = session.scalars(
        select(Batch)
        .where(among(Batch.id, batch_ids))
        .order_by(Batch.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).all()
    refused = _refused_count(session, [batch.id for batch in held])
    taken = set(accepted)
    for batch in held:
        to = _answered(batch, refused.get(batch.id, 0), is_accepted=batch.id in taken)
        if to is not None and batch.state in BATCH.before(to):
            states.move(session, BATCH, [batch.id], to, act=act)
            _emit_batch(session, batch, to, refused.get(batch.id, 0), act)
    blocks = select(PaymentBlock.id).where(among(PaymentBlock.batch_id, (batch.id for batch in held)))
    batches.note_booked(session, session.scalars(blocks).all(), act=act)


def _answered(batch: Batch, refused: int, *, is_accepted: bool) -> BatchState | None:
    if refused:
        return BatchState.REJECTED if refused == batch.debit_count else BatchState.PARTLY_REJECTED
    return BatchState.ACCEPTED if is_accepted else None


def _refused_count(session: Session, batch_ids: Sequence[str]) -> dict[str, int]:
    rows = session.execute(
        select(PaymentBlock.batch_id, func.count())
        .join(Debit, Debit.block_id == PaymentBlock.id)
        .where(among(PaymentBlock.batch_id, batch_ids), Debit.state == DebitState.REJECTED)
        .group_by(PaymentBlock.batch_id)
    )
    return {row[0]: row[1] for row in rows}


def _free_one_off_mandates(session: Session, refused: Sequence[Debit], act: Act) -> None:
    """A one-off mandate is used up by a collection, and there was none."""
    used = session.scalars(
        select(Mandate.id)
        .where(
            among(Mandate.id, (debit.mandate_id for debit in refused)),
            Mandate.type == MandateType.ONE_OFF,
            Mandate.state == MandateState.CONSUMED,
        )
        .order_by(Mandate.id)
        .with_for_update()
    ).all()
    states.move(session, MANDATE, used, MandateState.ACTIVE, act=act, reason="its debit was rejected")


def _emit_batch(
    session: Session, batch: Batch, to: BatchState, refused: int, act: Act, *, origin: str = "bank"
) -> None:
    data = {
        "debit_count": batch.debit_count, "rejected_count": refused, "total_minor": batch.total_minor,
        "currency": batch.currency,
    }  # fmt: skip
    outbox.emit(
        session,
        outbox.NewEvent(type=f"batch.{to}", object_id=batch.id, act=act, origin=origin, data=data),
    )
