"""After a failed debit: the one that may be tried again is scheduled anew, and of every other it is said why not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from credit_control import collecting, gate
from ledger import audit, invoices
from ledger.acts import Act
from ledger.business_days import roll_forward
from ledger.errors import Conflict
from ledger.models import Invoice
from ledger.states import CollectionStatus
from ledger.texts import checked_text
from mandates import debits, lifecycle, terms
from mandates.collectable import MandateNotActive, Wish
from mandates.models import Debit, Mandate, MandateAmendment
from mandates.reason_codes import NextStep
from mandates.states import FAILED, DebitState, MandateState

CHUNK = 200
LONGEST = 300  # what is written down of a decision


class NotFailed(Conflict):
    """Only a debit that failed can be tried again or cleared."""


class ClearedAlready(Conflict):
    """A person has cleared this failed debit already."""


class TriedAgainAlready(Conflict):
    """A failed debit is tried again once; after that its second try is the one to look at."""


@dataclass
class FollowUpReport:
    """What became of failed debits: by id the new debit, or the reason why there is none."""

    retried: dict[str, str] = field(default_factory=dict)
    left: dict[str, str] = field(default_factory=dict)

    @property
    def looked_at(self) -> int:
        return len(self.retried) + len(self.left)


def follow_up(session: Session, *, act: Act, limit: int = CHUNK) -> FollowUpReport:
    """Decide about the next failed debits, each once: those to be retried, and those whose data were mended since.

    The debits are locked in id order, those that another worker holds are passed over. The gate decides; what it
    allows is scheduled on the same mandate for what is open now, `retry_after_days` after the failure or when bank
    and notice allow, and announced like any other debit. Gives `looked_at` 0 at the end.
    """
    failed = _lock_waiting(session, limit)
    report = FollowUpReport()
    if not failed:
        return report
    held = invoices.lock(session, [debit.invoice_id for debit in failed])
    reasons = _reasons(session, failed, held)
    allowed = [debit for debit in failed if debit.id not in reasons]
    wishes = [_wish(session, debit) for debit in allowed]
    for debit, outcome in zip(allowed, debits.schedule_many(session, wishes, act=act), strict=True):
        if outcome.debit_id is not None:
            report.retried[debit.id] = outcome.debit_id
        elif outcome.refusal is not None:
            reasons[debit.id] = outcome.refusal.message.removesuffix(".")
    report.left = {debit.id: reasons[debit.id] for debit in failed if debit.id in reasons}
    for debit in failed:
        debit.followed_up_at, debit.followed_up = act.at, _told(debit, report)
        audit.record(session, "debit.followed_up", debit.id, act=act, retried_as=report.retried.get(debit.id))
    session.flush()
    return report


def retry(
    session: Session,
    debit_id: str,
    *,
    because: str,
    mandate_id: str | None = None,
    collect_on: date | None = None,
    act: Act,
) -> Debit:
    """A person has a failed debit tried again, on its mandate or another one, whatever its reason code says.

    The failure is cleared with it. Raises DebitNotFound, NotFailed, ClearedAlready, TriedAgainAlready,
    GateSaysNo for what a person cannot overrule here, or what `mandates.debits.schedule` raises.
    """
    failed = clear(session, debit_id, because=because, act=act)
    later = session.scalars(
        select(Debit.id).where(Debit.retry_of == debit_id, Debit.state != DebitState.CANCELLED)
    ).first()
    if later is not None:
        raise TriedAgainAlready(
            f"Debit {debit_id} was tried again already, as {later}. If that one failed too, name it instead.",
            field="debit_id",
        )
    invoice = invoices.get(session, failed.invoice_id)
    chosen = mandate_id or _usable_mandate(session, failed, invoice)
    collecting.ask_gate(session, invoice, chosen)
    wish = Wish(invoice_id=invoice.id, mandate_id=chosen, collect_on=collect_on, retry_of=debit_id)
    return debits.schedule(session, wish, act=act)


def clear(session: Session, debit_id: str, *, because: str, act: Act) -> Debit:
    """A person found that a failed debit no longer speaks against collecting; its dispute is over.

    Failures of the invoice before it are forgiven too. Raises DebitNotFound, NotFailed or ClearedAlready.
    """
    checked_text(because, field="because", longest=200)
    debits.get(session, debit_id)
    failed = session.scalars(
        select(Debit).where(Debit.id == debit_id).with_for_update().execution_options(populate_existing=True)
    ).one()
    if failed.state not in FAILED:
        raise NotFailed(f"Debit {debit_id} is {failed.state}; it has not failed.", field="debit_id")
    if failed.cleared_at is not None:
        raise ClearedAlready(f"Debit {debit_id} was cleared already.", field="debit_id")
    failed.cleared_at = act.at
    failed.followed_up_at, failed.followed_up = act.at, f"Cleared by a person: {because}"[:LONGEST]
    audit.record(session, "debit.cleared", debit_id, act=act, why=because)
    session.flush()
    (invoice,) = invoices.lock(session, [failed.invoice_id]).values()
    if invoice.hold == CollectionStatus.DISPUTED:
        invoices.hold(session, [invoice.id], None, act=act, cause="debit.cleared")
    return failed


def _lock_waiting(session: Session, limit: int) -> list[Debit]:
    """Failed debits nobody decided about: all to be retried, and those with wrong data once these were mended."""
    mended = select(MandateAmendment.id).where(
        MandateAmendment.mandate_id == Debit.mandate_id,
        MandateAmendment.amended_at > gate.FAILED_AT,
        Mandate.id == Debit.mandate_id,
        gate.ACCOUNT_IS_ANOTHER,
    )
    query = (
        select(Debit)
        .where(
            Debit.failed_on.is_not(None),
            Debit.followed_up_at.is_(None),
            (Debit.next_step == NextStep.RETRY) | ((Debit.next_step == NextStep.DATA) & mended.exists()),
        )
        .order_by(Debit.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    )
    return list(session.scalars(query))


def _reasons(session: Session, failed: Sequence[Debit], held: Mapping[str, Invoice]) -> dict[str, str]:
    """By debit, why it is not tried again, as the gate says."""
    mandate_of = {debit.invoice_id: debit.mandate_id for debit in failed}
    decisions = gate.may_debit(session, list(held.values()), mandate_of=mandate_of, following_up=True)
    return {
        debit.id: "; ".join(decisions[debit.invoice_id].reasons)
        for debit in failed
        if not decisions[debit.invoice_id].allowed
    }


def _wish(session: Session, debit: Debit) -> Wish:
    days = timedelta(days=terms.of(session, debit.creditor_id).retry_after_days)
    failed_on = debit.failed_on or debit.collect_on
    return Wish(
        invoice_id=debit.invoice_id, mandate_id=debit.mandate_id, not_before=roll_forward(failed_on + days),
        retry_of=debit.id, attempt=debit.attempt + 1,
    )  # fmt: skip


def _told(debit: Debit, report: FollowUpReport) -> str:
    if debit.id in report.retried:
        return f"Tried again as {report.retried[debit.id]}."
    return f"Not tried again: {report.left[debit.id]}."[:LONGEST]


def _usable_mandate(session: Session, failed: Debit, invoice: Invoice) -> str:
    """The mandate of the failed debit while it is active, else the customer's newest active one."""
    own = lifecycle.get(session, failed.mandate_id)
    if own.state == MandateState.ACTIVE:
        return own.id
    other = lifecycle.active_for(session, creditor_id=invoice.creditor_id, customer_id=invoice.customer_id)
    if other is None:
        raise MandateNotActive(
            f"Mandate {own.id} is {own.state}, and the customer has no other.", field="mandate_id"
        )
    return other.id
