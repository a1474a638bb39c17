"""Payback batches: refunds or reversals put together for one file, approved by a second person, released once."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import select, text, update
from sqlalchemy.orm import Session

from ledger import outbox, states
from ledger.acts import Act
from ledger.database import among
from ledger.errors import Conflict, NotFound
from ledger.models import Refund
from ledger.states import RefundState
from mandates import reversals
from mandates.payback_models import PaybackBatch, PaybackRefund
from mandates.states import PAYBACK, REVERSAL, PaybackState, ReversalState

ONE_PERSON = "one person alone may send it: the creditor's terms demand no second one"


class PaybackNotFound(NotFound):
    """There is no such payback batch."""


class SecondPersonNeeded(Conflict):
    """Who drafted a payback batch can neither approve nor release it."""


class OtherFile(Conflict):
    """The file is not the one that was approved."""


def get(session: Session, payback_id: str) -> PaybackBatch:
    """Raises PaybackNotFound."""
    found = session.get(PaybackBatch, payback_id)
    if found is None:
        raise PaybackNotFound(f"There is no payback batch {payback_id[:40]}.", field="payback_id")
    return found


def persons(payback: PaybackBatch) -> str | None:
    """What the history says of a batch that one person alone may send."""
    return ONE_PERSON if payback.one_person else None


def lock(session: Session, payback_id: str) -> PaybackBatch:
    """The payback batch, locked until the transaction ends. Raises PaybackNotFound."""
    get(session, payback_id)
    return session.scalars(
        select(PaybackBatch)
        .where(PaybackBatch.id == payback_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()


def refunds_of(session: Session, payback_id: str) -> list[Refund]:
    """The refunds of a payback batch that was not discarded, in id order."""
    return list(
        session.scalars(
            select(Refund)
            .join(PaybackRefund, PaybackRefund.refund_id == Refund.id)
            .where(PaybackRefund.payback_id == payback_id, PaybackRefund.given_back_at.is_(None))
            .order_by(Refund.id)
        )
    )


def batch_holding(session: Session, refund_id: str) -> str | None:
    """The id of the payback batch that holds a refund, if one does."""
    return session.scalars(
        select(PaybackRefund.payback_id).where(
            PaybackRefund.refund_id == refund_id, PaybackRefund.given_back_at.is_(None)
        )
    ).first()


def approve(session: Session, payback_id: str, *, sha256: str, act: Act) -> PaybackBatch:
    """A second person agrees to the batch and to the file with this hash.

    Raises PaybackNotFound, SecondPersonNeeded or IllegalMove.
    """
    payback = lock(session, payback_id)
    _require_second_person(payback, act)
    states.move(session, PAYBACK, [payback_id], PaybackState.APPROVED, act=act, reason=persons(payback))
    payback.approved_by, payback.approved_at, payback.approved_sha256 = act.actor, act.at, sha256
    _emit(session, payback, "payback.approved", act)
    return payback


def release(session: Session, payback_id: str, *, sha256: str, act: Act) -> PaybackBatch:
    """Send the batch on its way, once, if its file still has the hash that was approved.

    Raises PaybackNotFound, SecondPersonNeeded, IllegalMove or OtherFile.
    """
    payback = lock(session, payback_id)
    _require_second_person(payback, act)
    states.move(session, PAYBACK, [payback_id], PaybackState.RELEASED, act=act, reason=persons(payback))
    if payback.approved_sha256 != sha256:
        raise OtherFile(f"The file of payback batch {payback_id} is not the one that was approved.")
    payback.released_by, payback.released_at = act.actor, act.at
    ordered = [reversal.id for reversal, _ in reversals.of_payback(session, payback_id)]
    states.move(session, REVERSAL, ordered, ReversalState.SENT, act=act, reason=payback_id)
    _emit(session, payback, "payback.released", act)
    return payback


def discard(session: Session, payback_id: str, *, reason: str, act: Act) -> PaybackBatch:
    """Give up a batch that was not released; its refunds and debits can be drafted again.

    Raises PaybackNotFound or IllegalMove.
    """
    payback = lock(session, payback_id)
    if payback.state == PaybackState.APPROVED:
        states.move(session, PAYBACK, [payback_id], PaybackState.DRAFT, act=act, reason="approval withdrawn")
    states.move(session, PAYBACK, [payback_id], PaybackState.CLOSED, act=act, reason=reason)
    session.execute(
        update(PaybackRefund)
        .where(PaybackRefund.payback_id == payback_id, PaybackRefund.given_back_at.is_(None))
        .values(given_back_at=act.at)
    )
    ordered = [reversal.id for reversal, _ in reversals.of_payback(session, payback_id)]
    states.move(session, REVERSAL, ordered, ReversalState.CANCELLED, act=act, reason=reason)
    session.flush()
    return payback


def not_taken(session: Session, payback_id: str, *, reason: str, act: Act) -> PaybackBatch:
    """A person found that the bank never took a released file, or a part of it: what still waits is given up.

    Its refunds can be drafted again, and reversals that still wait are cancelled. Raises PaybackNotFound,
    SecondPersonNeeded, or IllegalMove for a batch that was not released or has its end.
    """
    payback = lock(session, payback_id)
    _require_second_person(payback, act)
    waiting = session.scalars(
        select(PaybackRefund)
        .join(Refund, Refund.id == PaybackRefund.refund_id)
        .where(PaybackRefund.payback_id == payback_id, Refund.state == RefundState.REQUESTED)
    ).all()
    sent = [one.id for one, _ in reversals.of_payback(session, payback_id) if one.state == ReversalState.SENT]
    everything = len(waiting) + len(sent) == payback.part_count
    to = PaybackState.REJECTED if everything else PaybackState.BOOKED
    states.move(session, PAYBACK, [payback_id], to, act=act, reason=reason)
    for one in waiting:
        one.given_back_at = act.at
    states.move(session, REVERSAL, sent, ReversalState.CANCELLED, act=act, reason=reason)
    session.flush()
    _emit(session, payback, f"payback.{to}", act)
    return payback


def note_accepted(session: Session, payback_id: str, *, act: Act) -> None:
    """The bank has taken the file of a released batch; of any other, nothing changes."""
    payback = lock(session, payback_id)
    if payback.state == PaybackState.RELEASED:
        states.move(session, PAYBACK, [payback_id], PaybackState.ACCEPTED, act=act)
        _emit(session, payback, "payback.accepted", act, origin="bank")


def note_done(session: Session, payback_ids: Iterable[str], *, act: Act) -> None:
    """End the batches of which nothing waits for the bank any more: booked, or rejected when nothing left.

    The batches are locked, so that of two who see the last parts at once the second one sees both. A reversal
    of a debit that the bank returned meanwhile is not waited for.
    """
    wanted = sorted(set(payback_ids))
    session.flush()
    session.execute(
        select(PaybackBatch.id)
        .where(among(PaybackBatch.id, wanted))
        .order_by(PaybackBatch.id)
        .with_for_update()
    )
    rows = session.execute(text(_DONE), {"ids": wanted}).all()
    for to in (PaybackState.BOOKED, PaybackState.REJECTED):
        done = [row.id for row in rows if row.left == (to == PaybackState.BOOKED)]
        states.move(session, PAYBACK, done, to, act=act)
        for payback_id in done:
            _emit(session, get(session, payback_id), f"payback.{to}", act, origin="bank")


_DONE = """
SELECT id, EXISTS (
    SELECT 1 FROM payback_refunds JOIN refunds ON refunds.id = payback_refunds.refund_id
    WHERE payback_id = paybacks.id AND refunds.state = 'paid'
) OR EXISTS (
    SELECT 1 FROM debit_reversals WHERE payback_id = paybacks.id AND state IN ('booked', 'sent')
) AS left
FROM payback_batches AS paybacks
WHERE id = ANY(:ids) AND state IN ('released', 'accepted')
AND NOT EXISTS (
    SELECT 1 FROM payback_refunds JOIN refunds ON refunds.id = payback_refunds.refund_id
    WHERE payback_id = paybacks.id AND refunds.state = 'requested'
)
AND NOT EXISTS (
    SELECT 1 FROM debit_reversals JOIN debits ON debits.id = debit_reversals.debit_id
    WHERE payback_id = paybacks.id AND debit_reversals.state = 'sent'
    AND debits.state IN ('submitted', 'collected', 'settled')
)
ORDER BY id
"""


def _require_second_person(payback: PaybackBatch, act: Act) -> None:
    if not payback.one_person and act.actor == payback.drafted_by:
        raise SecondPersonNeeded("Who drafted a payback batch can neither approve nor release it.")


def _emit(session: Session, payback: PaybackBatch, kind: str, act: Act, *, origin: str = "duecourse") -> None:
    data = {
        "kind": payback.kind, "part_count": payback.part_count, "total_minor": payback.total_minor,
        "currency": payback.currency,
    }  # fmt: skip
    outbox.emit(session, outbox.NewEvent(type=kind, object_id=payback.id, act=act, origin=origin, data=data))
