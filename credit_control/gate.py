"""The one decision: may this invoice be debited now, and if not, why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from ledger.database import among
from ledger.models import CreditNote, Customer, Invoice, Payment, StateChange
from ledger.states import CollectionStatus
from mandates import reversals, terms
from mandates.models import Debit, Mandate, MandateAmendment
from mandates.reason_codes import NextStep, look_up
from mandates.states import FAILED, MandateState

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


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether an invoice may be debited; `reasons` say why not, in words."""

    allowed: bool
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Failure:
    """A debit of an invoice that failed and that no person has cleared; `mended` when its cause is gone since.

    Mended are data that were amended after it, and a mandate that a person has resumed.
    """

    code: str | None
    step: NextStep
    mandate_id: str
    mended: bool = False
    waits: bool = False  # its second try is still to be decided about


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is known of an invoice: its status, its failed debits in order, and what its customer and creditor say.

    `mandate_id` is the mandate that is to be used, None while that is open. `most_retries` is the creditor's.
    `being_reversed` is whether we are giving a debit of it back, which the bank has not booked yet. With `money_waits`
    the customer has paid or been credited something that is given to no invoice yet.
    """

    status: CollectionStatus
    failed: tuple[Failure, ...] = ()
    mandate_id: str | None = None
    most_retries: int = terms.DEFAULT.most_retries
    stopped_because: str | None = None
    following_up: bool = False
    being_reversed: bool = False
    money_waits: bool = False


def may_debit(
    session: Session,
    invoices: Sequence[Invoice],
    *,
    mandate_of: Mapping[str, str] | None = None,
    following_up: bool = False,
) -> dict[str, Decision]:
    """A decision for each invoice id, from its status, its customer, and how earlier debits of it ended.

    `mandate_of` tells by invoice id which mandate is to be used. A debit that failed and is to be tried again waits
    for that; only who does it asks with `following_up`.
    """
    failures = _failures(session, [invoice.id for invoice in invoices])
    stopped = _stopped(session, [invoice.customer_id for invoice in invoices])
    reversing = reversals.invoices_being_reversed(session, [invoice.id for invoice in invoices])
    waiting = _money_waiting(session, [invoice for invoice in invoices if failures.get(invoice.id)])
    most = {one: terms.of(session, one).most_retries for one in {it.creditor_id for it in invoices}}
    return {
        invoice.id: decide(
            Facts(
                status=CollectionStatus(invoice.collection_status),
                failed=tuple(failures.get(invoice.id, ())),
                following_up=following_up,
                money_waits=(invoice.creditor_id, invoice.customer_id) in waiting,
                mandate_id=(mandate_of or {}).get(invoice.id),
                most_retries=most[invoice.creditor_id],
                stopped_because=stopped.get(invoice.customer_id),
                being_reversed=invoice.id in reversing,
            )
        )
        for invoice in invoices
    }


def decide(facts: Facts) -> Decision:
    """The decision for one invoice."""
    reasons = []
    if facts.status in _NOT_NOW:
        reasons.append(_NOT_NOW[facts.status])
    if facts.stopped_because is not None:
        reasons.append(f"nothing of this customer happens by itself: {facts.stopped_because}")
    if facts.being_reversed:
        reasons.append("a debit of it is being given back")
    if facts.failed:
        last = facts.failed[-1]
        if last.waits and not facts.following_up:
            reasons.append("its last debit failed and is about to be tried again")
        elif not _may_follow(last, facts.mandate_id):
            row = look_up(last.code)
            meaning = row.meaning[0].lower() + row.meaning[1:].removesuffix(".")
            reasons.append(f"its last debit came back with {row.code}, {meaning}")
        if len(facts.failed) > facts.most_retries:
            reasons.append(_too_many(len(facts.failed)))
        if facts.money_waits:
            reasons.append("money of the customer waits to be given to an invoice")
    return Decision(not reasons, tuple(reasons))


def _too_many(count: int) -> str:
    return "a debit of it has failed" if count == 1 else f"{count} debits of it have failed"


def _may_follow(last: Failure, mandate_id: str | None) -> bool:
    """Whether another debit may follow by itself; what lay in one mandate does not speak against another one."""
    if last.step == NextStep.RETRY:
        return True
    if last.step in (NextStep.DATA, NextStep.STOP, NextStep.END):
        return last.mended or mandate_id not in (None, last.mandate_id)
    return False


def _stopped(session: Session, customer_ids: Sequence[str]) -> dict[str, str]:
    rows = session.execute(
        select(Customer.id, Customer.automatic_stopped_because).where(
            among(Customer.id, customer_ids), Customer.automatic_stopped_because.is_not(None)
        )
    )
    return {row[0]: str(row[1]) for row in rows}


def _money_waiting(session: Session, held: Sequence[Invoice]) -> set[tuple[str, str]]:
    """Creditor and customer of those with a payment or credit note that is not used up.

    While nobody has said what it is for, a new debit might take the same money a second time.
    """
    customers = {invoice.customer_id for invoice in held}
    payments = session.execute(
        select(Payment.creditor_id, Payment.customer_id)
        .where(among(Payment.customer_id, customers), Payment.unallocated_minor > 0)
        .distinct()
    )
    notes = session.execute(
        select(CreditNote.creditor_id, CreditNote.customer_id)
        .where(among(CreditNote.customer_id, customers), CreditNote.open_minor > 0)
        .distinct()
    )
    return {(row[0], str(row[1])) for row in (*payments, *notes)}


def _failures(session: Session, invoice_ids: Sequence[str]) -> dict[str, list[Failure]]:
    """By invoice, the failed debits in order since a person last cleared one."""
    rows = session.execute(
        select(
            Debit.id, Debit.invoice_id, Debit.reason_code, Debit.next_step, Debit.mandate_id, Debit.cleared_at,
            Debit.followed_up_at,
            Mandate.state.label("mandate_state"),
        )
        .join(Mandate, Mandate.id == Debit.mandate_id)
        .where(among(Debit.invoice_id, invoice_ids), Debit.state.in_(FAILED))
        .order_by(Debit.id)
    ).all()  # fmt: skip
    amended = _amended_since(session, [row.id for row in rows if row.next_step == NextStep.DATA])
    found: dict[str, list[Failure]] = {}
    for row in rows:
        if row.cleared_at is not None:
            found[row.invoice_id] = []
        else:
            found.setdefault(row.invoice_id, []).append(_failure(row, row.id in amended))
    return found


def _failure(row: Any, amended: bool) -> Failure:
    step = NextStep(row.next_step) if row.next_step else look_up(row.reason_code).step
    # Failures from before next steps were taken down have suspended nothing: an active mandate says nothing then.
    resumed = row.next_step == NextStep.STOP and row.mandate_state == MandateState.ACTIVE
    waits = row.next_step == NextStep.RETRY and row.followed_up_at is None
    return Failure(row.reason_code, step, row.mandate_id, amended or resumed, waits)


# When a debit failed.
FAILED_AT = (
    select(func.max(StateChange.at))
    .where(StateChange.object_id == Debit.id, StateChange.to_state.in_(FAILED))
    .correlate(Debit)
    .scalar_subquery()
)


# A wrong account is mended by another account only, whatever else of the mandate changed.
ACCOUNT_IS_ANOTHER = or_(
    Debit.reason_code.is_distinct_from("AC01"), Mandate.iban.is_distinct_from(Debit.debtor_iban)
)


def _amended_since(session: Session, debit_ids: Sequence[str]) -> set[str]:
    """Those of these failed debits whose mandate was amended after they failed."""
    rows = session.scalars(
        select(Debit.id)
        .join(MandateAmendment, MandateAmendment.mandate_id == Debit.mandate_id)
        .join(Mandate, Mandate.id == Debit.mandate_id)
        .where(among(Debit.id, debit_ids), MandateAmendment.amended_at > FAILED_AT, ACCOUNT_IS_ANOTHER)
    )
    return set(rows)
