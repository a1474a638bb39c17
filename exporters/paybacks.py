"""From a payback batch to its file: written and checked when it is drafted, let go when it is released."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.orm import Session

from exporters import payback_findings, payback_messages, stored_files
from exporters.debit_batches import BankWouldRefuse
from exporters.models import StoredFile
from exporters.pain007 import rules
from exporters.payback_findings import Severity
from exporters.told import require_told
from ledger import refunds
from ledger.acts import Act
from ledger.business_days import add_business_days
from mandates import payback_drafting, paybacks, reversals
from mandates.payback_drafting import RefundWishes
from mandates.payback_models import PaybackBatch, PaybackKind, ReversalReason
from mandates.rejections import DAYS_TO_WAIT


def draft_refunds(session: Session, wishes: RefundWishes, *, act: Act) -> tuple[PaybackBatch, StoredFile]:
    """A new batch of refunds with its pain.001. What speaks against it hinders the approval, not the draft.

    Raises what `mandates.payback_drafting.draft_refunds` raises, or Unwritable.
    """
    payback = payback_drafting.draft_refunds(session, wishes, act=act)
    return payback, _store(session, payback, act=act)


def draft_reversals(
    session: Session,
    *,
    debit_ids: Sequence[str] = (),
    batch_id: str | None = None,
    reason: ReversalReason,
    act: Act,
) -> tuple[PaybackBatch, StoredFile]:
    """A new batch of reversals with its pain.007, checked by our structural rules before it is stored.

    Raises what `mandates.payback_drafting.draft_reversals` raises, NotInFile, Unwritable or BankWouldRefuse.
    """
    payback = payback_drafting.draft_reversals(
        session, debit_ids=debit_ids, batch_id=batch_id, reason=reason, act=act
    )
    return payback, _store(session, payback, act=act)


def approve(session: Session, payback_id: str, *, act: Act) -> PaybackBatch:
    """A second person agrees to the batch and to exactly the file that is stored.

    Raises PaybackNotFound, SecondPersonNeeded, IllegalMove or BankWouldRefuse.
    """
    _lock_parts(session, payback_id)
    file = stored_files.of_payback(session, payback_id)
    payback = paybacks.approve(session, payback_id, sha256=file.sha256, act=act)
    _require_nothing_against(session, payback, act)
    return payback


def release(session: Session, payback_id: str, *, act: Act) -> tuple[PaybackBatch, StoredFile]:
    """Release a batch and its file together, once, if nothing has come up that speaks against it since.

    Raises PaybackNotFound, SecondPersonNeeded, IllegalMove, OtherFile, BankWouldRefuse, or what
    `stored_files.release` raises.
    """
    _lock_parts(session, payback_id)
    _require_nothing_against(session, paybacks.lock(session, payback_id), act)
    file = stored_files.of_payback(session, payback_id)
    payback = paybacks.release(session, payback_id, sha256=file.sha256, act=act)
    return payback, stored_files.release(session, file.id, act=act)


def discard(session: Session, payback_id: str, *, reason: str, act: Act) -> PaybackBatch:
    """Give up a batch that was not released. Raises PaybackNotFound or IllegalMove."""
    _lock_parts(session, payback_id)
    return paybacks.discard(session, payback_id, reason=reason, act=act)


def not_taken(session: Session, payback_id: str, *, reason: str, act: Act) -> PaybackBatch:
    """A person found that the bank never took a released file: what of it still waits is given up.

    The statements of its account must reach DAYS_TO_WAIT T2 days after its day. Raises MayHaveBeenTaken, or what
    `mandates.paybacks.not_taken` raises.
    """
    _lock_parts(session, payback_id)
    payback = paybacks.get(session, payback_id)
    day = payback.execute_on or (payback.released_at or act.at).date()
    until = add_business_days(day, DAYS_TO_WAIT)
    require_told(session, payback.bank_account_id, until, field="payback_id")
    return paybacks.not_taken(session, payback_id, reason=reason, act=act)


def _lock_parts(session: Session, payback_id: str) -> None:
    """Lock what a batch holds before the batch itself, in the order in which statements are matched."""
    paybacks.get(session, payback_id)
    refunds.lock(session, [refund.id for refund in paybacks.refunds_of(session, payback_id)])
    reversals.lock_debits(session, [debit.id for _, debit in reversals.of_payback(session, payback_id)])


def _store(session: Session, payback: PaybackBatch, *, act: Act) -> StoredFile:
    content = payback_messages.content_of(session, payback)
    if payback.kind == PaybackKind.REVERSALS:
        found = rules.check(content, today=act.today)
        if found:
            raise BankWouldRefuse(
                f"A bank would refuse the file ({len(found)} findings). First, at {found[0].path}: "
                f"{found[0].message}",
                findings=sorted({one.rule for one in found}),
            )
    return stored_files.store(
        session, content, kind=payback.kind, name=f"{payback.message_id}.xml", payback_id=payback.id, act=act
    )


def _require_nothing_against(session: Session, payback: PaybackBatch, act: Act) -> None:
    errors = [
        one for one in payback_findings.examine(session, payback, act=act) if one.severity == Severity.ERROR
    ]
    if errors:
        about = f" about {errors[0].object_id}" if errors[0].object_id else ""
        raise BankWouldRefuse(
            f"This cannot go to the bank ({len(errors)} findings). First{about}: {errors[0].message}",
            findings=sorted({one.rule for one in errors}),
        )
