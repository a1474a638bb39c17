"""What a failed debit does at once: the next step is chosen by its reason code, and mandate and invoice follow."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from ledger import customers, invoices, outbox
from ledger.acts import Act
from ledger.database import among, expire_rows
from ledger.models import Invoice
from ledger.states import CollectionStatus
from mandates import debits, effects, reason_policies, suspending, terms
from mandates.collectable import ENDED
from mandates.models import Debit, Mandate
from mandates.reason_codes import REFUNDS, NextStep, ReasonCode, look_up
from mandates.states import FAILED, LIVE, MANDATE, DebitState, MandateState

# Queued with the failure, worked on by credit_control.follow_ups, which asks the gate for each new debit.
JOB = "follow_up_debits"

_WAITING = frozenset({NextStep.RETRY, NextStep.DATA})


@dataclass(frozen=True, slots=True)
class Consequence:
    """What follows from one failed debit: the step, what happens in words, and why this and nothing else."""

    step: NextStep
    row: ReasonCode
    why: str
    suspends: bool = False  # the mandate rests, whatever the step

    @property
    def what_happens(self) -> str:
        told = effects.of(self.row, self.step).debit
        return f"{told} The mandate is suspended." if self.suspends else told

    def as_data(self) -> dict[str, str]:
        """What an event tells of it."""
        return {
            "reason": self.row.meaning, "next_step": str(self.step), "what_happens": self.what_happens,
            "why": self.why,
        }  # fmt: skip


def note(session: Session, failed: Sequence[Debit], *, on: date, reason_code: str | None, act: Act) -> None:
    """Choose what follows from debits that have just moved to rejected, returned or refunded, and begin with it.

    In this transaction the debits are marked and told by an event each; mandates are suspended or cancelled with
    what is scheduled on them, disputed invoices held, and after a death everything automatic of the customer stops.
    A retry is left to JOB, which is queued if there is one to decide. The invoices must be open again already.
    """
    if not failed:
        return
    row = look_up(reason_code)
    mandates = _lock_mandates(session, (debit.mandate_id for debit in failed))
    chosen = _choose(session, failed, mandates, row, act)
    for debit in failed:
        debit.reason_code = reason_code
        _mark(debit, chosen[debit.id], on, act)
        outbox.emit(session, _event(debit, chosen[debit.id], reason_code, act))
    session.flush()
    _touch_mandates(session, failed, mandates, chosen, row, act)
    if row.deceased:
        _stop_customers(session, mandates.values(), row, act)
    _hold_disputed(session, [debit for debit in failed if _is_disputed(chosen[debit.id])], row, act)
    if any(one.step == NextStep.RETRY for one in chosen.values()):
        outbox.defer(session, JOB, lock=JOB)


_FORGIVE = text(
    """
    UPDATE mandates SET failures_in_a_row = least(failures_in_a_row, (
        SELECT count(*) FROM debits WHERE debits.mandate_id = mandates.id AND debits.id > good.debit_id
        AND debits.failed_on IS NOT NULL AND debits.next_step <> 'operations'
    )) FROM (
        SELECT mandate_id, max(id) AS debit_id FROM debits WHERE id = ANY(:ids) GROUP BY mandate_id
    ) AS good
    WHERE mandates.id = good.mandate_id AND failures_in_a_row > 0
    """
)


def forgive(session: Session, settled: Sequence[Debit]) -> None:
    """The money of these debits stays: failures of earlier debits on their mandates no longer count in a row."""
    session.flush()
    session.execute(_FORGIVE, {"ids": sorted(debit.id for debit in settled)})
    expire_rows(session, "mandates", {debit.mandate_id for debit in settled}, ("failures_in_a_row",))


def _choose(
    session: Session,
    failed: Sequence[Debit],
    mandates: Mapping[str, Mandate],
    row: ReasonCode,
    act: Act,
) -> dict[str, Consequence]:
    """The consequence of each debit; the failures in a row of their mandates are counted on the way."""
    own = reason_policies.steps(session, {debit.creditor_id for debit in failed})
    before = _same_failures(session, failed, row)
    found = {}
    for debit in failed:
        chosen = own.get((debit.creditor_id, row.code))
        why = _why(row, chosen)
        if row.code in REFUNDS and debit.state != DebitState.REFUNDED:
            why = f"{why} A business debit knows no refund (EPC222-07): ask the bank."
        one = _after_limit(row, chosen or row.step, why, before[debit.invoice_id])
        if row.blames_account and one.step != NextStep.OPERATIONS:
            mandate = mandates[debit.mandate_id]
            mandate.failures_in_a_row += 1
            most = terms.of(session, debit.creditor_id).most_failures
            one = _after_failures(one, mandate.failures_in_a_row, most)
        found[debit.id] = one
    return found


def _why(row: ReasonCode, chosen: NextStep | None) -> str:
    if chosen is not None:
        source = "the creditor chose this step"
    else:
        source = "this step follows from it" if row.known else "only a person can find out what follows"
    return f"{row.code}: {row.meaning.removesuffix('.')}; {source}."


def _after_limit(row: ReasonCode, step: NextStep, why: str, before: int) -> Consequence:
    """A code that says too little is tried again only so often."""
    if step == NextStep.RETRY and row.most_retries is not None and before >= row.most_retries:
        tried = "once" if before == 1 else f"{before} times"
        return Consequence(NextStep.STOP, row, f"{why} It was tried again {tried}, in vain.")
    return Consequence(step, row, why)


def _after_failures(one: Consequence, count: int, most: int) -> Consequence:
    """A mandate whose debits fail one after another rests."""
    if count < most or one.step in (NextStep.STOP, NextStep.END):
        return one
    why = f"{one.why} {count} debits in a row have failed on this mandate."
    if one.step == NextStep.DISPUTE:
        return replace(one, why=why, suspends=True)
    return replace(one, step=NextStep.STOP, why=why)


def _same_failures(session: Session, failed: Sequence[Debit], row: ReasonCode) -> Counter[str]:
    """By invoice, how many debits failed with this code before and were not cleared by a person since.

    Asked for only where the code limits its retries.
    """
    if row.most_retries is None:
        return Counter()
    ids = [debit.id for debit in failed]
    rows = session.execute(
        select(Debit.invoice_id, func.count())
        .where(
            among(Debit.invoice_id, (debit.invoice_id for debit in failed)),
            Debit.id.not_in(ids),
            Debit.state.in_(FAILED),
            Debit.reason_code == row.code,
            Debit.cleared_at.is_(None),
        )
        .group_by(Debit.invoice_id)
    )
    return Counter(dict(rows.all()))


def _mark(debit: Debit, chosen: Consequence, on: date, act: Act) -> None:
    debit.failed_on, debit.next_step = on, chosen.step
    if chosen.step not in _WAITING:
        debit.followed_up_at, debit.followed_up = act.at, chosen.what_happens


def _event(debit: Debit, chosen: Consequence, reason_code: str | None, act: Act) -> outbox.NewEvent:
    data = {
        "invoice_id": debit.invoice_id, "mandate_id": debit.mandate_id,
        "amount_minor": debit.amount_minor, "currency": debit.currency, "attempt": debit.attempt,
        **chosen.as_data(),
    }  # fmt: skip
    return outbox.NewEvent(
        type=f"debit.{debit.state}", object_id=debit.id, act=act, origin="bank", reason_code=reason_code,
        parent=debit.invoice_id, data=data,
    )  # fmt: skip


def _touch_mandates(
    session: Session,
    failed: Sequence[Debit],
    mandates: Mapping[str, Mandate],
    chosen: Mapping[str, Consequence],
    row: ReasonCode,
    act: Act,
) -> None:
    """Suspend or cancel the mandates whose debits ask for it; those that are out of use already stay as they are."""
    wanted: dict[MandateState, dict[str, Mandate]] = defaultdict(dict)
    for debit in failed:
        mandate, one = mandates[debit.mandate_id], chosen[debit.id]
        if one.step == NextStep.END and mandate.state in MANDATE.before(MandateState.CANCELLED):
            wanted[MandateState.CANCELLED][mandate.id] = mandate
        elif (one.step == NextStep.STOP or one.suspends) and mandate.state == MandateState.ACTIVE:
            wanted[MandateState.SUSPENDED][mandate.id] = mandate
    for to, those in wanted.items():
        suspending.withdraw(
            session, list(those.values()), to, reason=f"debit failed: {row.code}", act=act,
            cause=f"debit.{failed[0].state}", reason_code=row.code,
        )  # fmt: skip


def _stop_customers(session: Session, mandates: Iterable[Mandate], row: ReasonCode, act: Act) -> None:
    """After a death: every other mandate of the customer rests, whatever is scheduled is cancelled."""
    ids = {mandate.customer_id for mandate in mandates}
    customers.stop_automatic(
        session, ids, because=f"{row.code}: {row.meaning.removesuffix('.').lower()}", act=act
    )
    theirs = list(
        session.scalars(
            select(Mandate)
            .where(among(Mandate.customer_id, ids))
            .order_by(Mandate.id)
            .with_for_update(key_share=True)
            .execution_options(populate_existing=True)
        )
    )
    active = [mandate for mandate in theirs if mandate.state == MandateState.ACTIVE]
    suspending.withdraw(
        session, active, MandateState.SUSPENDED, reason=f"debit failed: {row.code}", act=act,
        cause="customer.automatic_stopped", reason_code=row.code,
    )  # fmt: skip
    suspending.drop_scheduled(
        session, [mandate.id for mandate in theirs], reason="the customer is stopped", act=act
    )


def _is_disputed(chosen: Consequence) -> bool:
    return chosen.step == NextStep.DISPUTE and chosen.row.objects


def _hold_disputed(session: Session, disputed: Sequence[Debit], row: ReasonCode, act: Act) -> None:
    """Hold the invoices as disputed that are open; another debit of theirs that waits for a batch is cancelled.

    One that is in a batch or with the bank already goes on, and keeps its invoice as collecting.
    """
    ids = [debit.invoice_id for debit in disputed]
    if not ids:
        return
    cause = f"debit.{disputed[0].state}"
    live = session.scalars(
        select(Debit)
        .where(among(Debit.invoice_id, ids), Debit.state.in_(LIVE))
        .order_by(Debit.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).all()
    waiting = [debit for debit in live if debit.state == DebitState.SCHEDULED]
    debits.drop(session, waiting, reason="the customer objects", act=act)
    busy = {debit.invoice_id for debit in live} - {debit.invoice_id for debit in waiting}
    free = invoices.lock(session, [one for one in ids if one not in busy])
    held = [invoice.id for invoice in free.values() if _can_be_held(invoice)]
    invoices.hold(session, held, CollectionStatus.DISPUTED, act=act, cause=cause)
    for invoice_id in held:
        outbox.emit(
            session,
            outbox.NewEvent(
                type="invoice.disputed", object_id=invoice_id, act=act, cause=cause, reason_code=row.code
            ),
        )


def _can_be_held(invoice: Invoice) -> bool:
    return invoice.open_minor > 0 and invoice.collection_status not in ENDED


def _lock_mandates(session: Session, mandate_ids: Iterable[str]) -> dict[str, Mandate]:
    rows = session.scalars(
        select(Mandate)
        .where(among(Mandate.id, mandate_ids))
        .order_by(Mandate.id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    return {mandate.id: mandate for mandate in rows}
