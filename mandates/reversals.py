"""Reversals: collections of ours that we give back ourselves, ordered by a pain.007 (EPC016-06, section 4.3.5)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from ledger import allocations, outbox, payments, states
from ledger.acts import Act
from ledger.business_days import add_business_days, roll_forward
from ledger.database import among, violated
from ledger.errors import Conflict
from ledger.identifiers import new_id
from ledger.states import PaymentState
from mandates.debits import DebitNotFound
from mandates.models import Debit
from mandates.payback_models import DebitReversal, ReversalReason
from mandates.reason_codes import NextStep
from mandates.returns import sent_back_minor
from mandates.states import DEBIT, REVERSAL, DebitState, ReversalState

# EPC016-06 and EPC222-07 (2025), section 4.3: a creditor's reversal is settled five T2 days after the due date, at
# the latest.
REVERSAL_DAYS = 5

WHAT_HAPPENS = "We gave it back ourselves: it is not tried again before a person says so."

# A business debit is settled three days after its due date, while it can still be reversed.
REVERSIBLE = (DebitState.SUBMITTED, DebitState.COLLECTED, DebitState.SETTLED)
_ON_ITS_WAY = (ReversalState.BATCHED, ReversalState.SENT)


class NotReversible(Conflict):
    """This debit cannot be reversed, now or any more."""


class AlreadyReversed(Conflict):
    """A debit is reversed once."""


def last_day(collect_on: date) -> date:
    """The last T2 day on which the reversal of a collection due on `collect_on` can be settled."""
    return add_business_days(roll_forward(collect_on), REVERSAL_DAYS)


def why_not(debit: Debit, today: date, sent_back: int = 0) -> str | None:
    """Why a debit cannot be reversed on `today`, as a sentence; None if it can.

    `sent_back` is what was refunded of its payment, in minor units.
    """
    name = f"Debit {debit.id}"
    if debit.state not in REVERSIBLE:
        return f"{name} is {debit.state}: there is nothing to reverse."
    if today < debit.collect_on:
        return f"{name} is collected on {debit.collect_on.isoformat()}: before that day the bank is asked to cancel it."
    if today > last_day(debit.collect_on):
        return (
            f"{name} could be reversed until {last_day(debit.collect_on).isoformat()}: make a refund instead."
        )
    if sent_back:
        return f"{name} was refunded, or is about to be: a reversal would give the money back twice."
    return None


def lock_debits(session: Session, debit_ids: Iterable[str]) -> list[Debit]:
    """The debits, locked in id order, and after them their payments. Raises DebitNotFound."""
    wanted = sorted(set(debit_ids))
    query = (
        select(Debit)
        .where(among(Debit.id, wanted))
        .order_by(Debit.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    found = list(session.scalars(query))
    missing = sorted(set(wanted) - {debit.id for debit in found})
    if missing:
        raise DebitNotFound(f"There is no debit {missing[0][:40]}.", field="debit_ids")
    payments.lock(session, sorted({debit.payment_id for debit in found if debit.payment_id is not None}))
    return found


def require_reversible(session: Session, debits: Sequence[Debit], *, today: date) -> None:
    """Raises NotReversible, naming the first of the locked `debits` that cannot be reversed and why."""
    sent_back = sent_back_minor(session, debits)
    for debit in debits:
        why = why_not(debit, today, sent_back.get(debit.id, 0))
        if why is not None:
            raise NotReversible(why, field="debit_ids")


def order(
    session: Session, debits: Sequence[Debit], *, payback_id: str, reason: ReversalReason, act: Act
) -> None:
    """A reversal of each of the locked `debits`, in the new payback batch. Raises AlreadyReversed."""
    rows = [
        {
            "id": reversal_id, "debit_id": debit.id, "payback_id": payback_id, "reason": str(reason),
            "state": str(ReversalState.BATCHED), "created_at": act.at,
            "reference": f"RVS{reversal_id.removeprefix('rvs_').upper()}",
        }
        for debit in debits
        for reversal_id in [new_id("rvs")]
    ]  # fmt: skip
    try:
        session.execute(insert(DebitReversal), rows)
    except IntegrityError as error:
        if violated(error) != "uq_debit_reversals_one_standing":
            raise
        raise AlreadyReversed("One of the debits is being reversed already.", field="debit_ids") from error
    ids = [str(row["id"]) for row in rows]
    states.born(session, ids, ReversalState.BATCHED, noun="reversal", act=act, reason=str(reason))


def of_payback(session: Session, payback_id: str) -> list[tuple[DebitReversal, Debit]]:
    """The reversals of a payback batch with their debits, in the order of the debits' ids."""
    rows = session.execute(
        select(DebitReversal, Debit)
        .join(Debit, Debit.id == DebitReversal.debit_id)
        .where(DebitReversal.payback_id == payback_id)
        .order_by(Debit.id)
    )
    return [(reversal, debit) for reversal, debit in rows]


def paybacks_sent(session: Session, debit_ids: Iterable[str]) -> set[str]:
    """The payback batches at the bank that reverse one of these debits."""
    rows = session.scalars(
        select(DebitReversal.payback_id).where(
            among(DebitReversal.debit_id, debit_ids), DebitReversal.state == ReversalState.SENT
        )
    )
    return set(rows)


def being_reversed(session: Session, debit_ids: Iterable[str]) -> set[str]:
    """Which of these debits we are giving back: no refund of their payment, and no other collection, may be made."""
    rows = session.scalars(
        select(DebitReversal.debit_id).where(
            among(DebitReversal.debit_id, debit_ids), DebitReversal.state.in_(_ON_ITS_WAY)
        )
    )
    return set(rows)


def payments_being_reversed(session: Session, payment_ids: Iterable[str]) -> set[str]:
    """Which of these payments we are giving back by a reversal of their debit."""
    rows = session.scalars(
        select(Debit.payment_id)
        .join(DebitReversal, DebitReversal.debit_id == Debit.id)
        .where(among(Debit.payment_id, payment_ids), DebitReversal.state.in_(_ON_ITS_WAY))
    )
    return {str(payment_id) for payment_id in rows}


def invoices_being_reversed(session: Session, invoice_ids: Iterable[str]) -> set[str]:
    """Of which of these invoices we are giving a debit back."""
    rows = session.scalars(
        select(Debit.invoice_id)
        .join(DebitReversal, DebitReversal.debit_id == Debit.id)
        .where(among(Debit.invoice_id, invoice_ids), DebitReversal.state.in_(_ON_ITS_WAY))
    )
    return set(rows)


def book(session: Session, booked: Sequence[tuple[DebitReversal, Debit]], *, on: date, act: Act) -> None:
    """The bank took these reversals off our account: each invoice is open again by what was collected, once.

    The mistake was ours: nothing follows by itself, and the debit is not tried again before a person has said so.
    The debits are locked by the caller. Raises IllegalMove when a reversal was not sent, or a debit is not
    collected (any more), and StillAllocated when a part of its payment was sent back already.
    """
    states.move(session, REVERSAL, [reversal.id for reversal, _ in booked], ReversalState.BOOKED, act=act)
    for reason in sorted({reversal.reason for reversal, _ in booked}):
        debits = [debit for reversal, debit in booked if reversal.reason == reason]
        _give_back(session, debits, reason, on=on, act=act)
    for reversal, debit in booked:
        debit.reason_code, debit.failed_on, debit.next_step = reversal.reason, on, NextStep.OPERATIONS
        debit.followed_up_at, debit.followed_up = act.at, WHAT_HAPPENS
        _emit(session, reversal, debit, act=act)


def reject(session: Session, reversal: DebitReversal, debit: Debit, *, code: str, act: Act) -> None:
    """The bank does not reverse this debit, which is locked by the caller. Raises IllegalMove if it was not sent."""
    states.move(
        session,
        REVERSAL,
        [reversal.id],
        ReversalState.CANCELLED,
        act=act,
        reason=f"rejected by the bank: {code}",
    )
    outbox.emit(
        session,
        outbox.NewEvent(
            type="reversal.rejected", object_id=reversal.id, act=act, origin="bank", reason_code=code, parent=debit.id,
            data={"debit_id": debit.id, "amount_minor": debit.amount_minor, "currency": debit.currency},
        ),
    )  # fmt: skip


def _give_back(session: Session, debits: Sequence[Debit], reason: str, *, on: date, act: Act) -> None:
    states.move(
        session,
        DEBIT,
        [debit.id for debit in debits],
        DebitState.REFUNDED,
        act=act,
        reason=f"reversed: {reason}",
    )
    payment_ids = [str(debit.payment_id) for debit in debits]
    payments.lock(session, payment_ids)
    standing = [one.id for one in allocations.standing_of(session, payment_ids)]
    allocations.reverse(
        session, standing, because=f"debit reversed: {reason}", on=on, act=act, cause="debit.refunded",
        reason_code=reason,
    )  # fmt: skip
    payments.take_back(
        session,
        payment_ids,
        PaymentState.REFUNDED,
        on=on,
        act=act,
        reason_code=reason,
        cause="debit.refunded",
    )


def _emit(session: Session, reversal: DebitReversal, debit: Debit, *, act: Act) -> None:
    data = {
        "invoice_id": debit.invoice_id, "mandate_id": debit.mandate_id, "reversal_id": reversal.id,
        "amount_minor": debit.amount_minor, "currency": debit.currency,
        "next_step": str(NextStep.OPERATIONS), "what_happens": WHAT_HAPPENS,
    }  # fmt: skip
    outbox.emit(
        session,
        outbox.NewEvent(
            type="debit.refunded", object_id=debit.id, act=act, origin="bank", cause="reversal.booked",
            reason_code=reversal.reason, parent=debit.invoice_id, data=data,
        ),
    )  # fmt: skip
