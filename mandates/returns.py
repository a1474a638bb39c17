"""What the bank does with submitted debits: it collects them, gives some back, and one day they are settled."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from ledger import allocations, invoices, outbox, payments, states
from ledger.acts import Act
from ledger.allocations import Wish
from ledger.business_days import add_business_days, roll_forward
from ledger.models import Invoice, Method, Payment
from ledger.payments import Receipt
from ledger.states import PaymentState
from mandates import batches
from mandates.models import Debit, Mandate, Scheme
from mandates.reason_codes import REFUNDS, look_up
from mandates.states import DEBIT, DebitState

# EPC016-06 and EPC222-07: a consumer may claim a refund for 8 weeks, which may take 2 bank days to arrive;
# a business debit comes back within 3 bank days or not at all.
REFUND_WINDOW = timedelta(weeks=8)
REFUND_PROCESSING_DAYS = 2
BUSINESS_RETURN_DAYS = 3


def reversible_until(scheme: Scheme, collected_on: date) -> date:
    """The last day on which a debit collected on `collected_on` may still come back unasked."""
    if scheme == Scheme.B2B:
        return add_business_days(roll_forward(collected_on), BUSINESS_RETURN_DAYS)
    return add_business_days(roll_forward(collected_on + REFUND_WINDOW), REFUND_PROCESSING_DAYS)


def find(session: Session, end_to_end_ids: Sequence[str]) -> dict[str, Debit]:
    """Our debits by their EndToEndId; those of others are simply not there."""
    rows = session.scalars(select(Debit).where(Debit.end_to_end_id.in_(set(end_to_end_ids))))
    return {debit.end_to_end_id: debit for debit in rows}


def find_blocks(session: Session, payment_information_ids: Sequence[str]) -> dict[str, list[Debit]]:
    """The submitted debits of our payment blocks by PmtInfId, each list in id order."""
    rows = session.execute(
        text(
            "SELECT payment_blocks.payment_information_id AS block, debits.id FROM debits "
            "JOIN payment_blocks ON payment_blocks.id = debits.block_id "
            "WHERE payment_blocks.payment_information_id = ANY(:blocks) AND debits.state = 'submitted'"
        ),
        {"blocks": list(payment_information_ids)},
    ).all()
    ids = [row.id for row in rows]
    known = {debit.id: debit for debit in session.scalars(select(Debit).where(Debit.id.in_(ids)))}
    found: dict[str, list[Debit]] = {}
    for row in sorted(rows, key=lambda row: row.id):
        found.setdefault(row.block, []).append(known[row.id])
    return found


def collect(
    session: Session,
    collected: Sequence[Debit],
    *,
    on: date,
    act: Act,
    decided_by: str,
    evidence: tuple[str, ...],
    cause: str = "debit.collected",
) -> dict[str, str]:
    """The bank credited these submitted debits: a provisional payment each, allocated to its invoice.

    What an invoice no longer has open stays unallocated on the payment. Gives the payment id of each debit id.
    """
    if not collected:
        return {}
    ordered = sorted(collected, key=lambda debit: debit.id)
    invoices.lock(session, [debit.invoice_id for debit in ordered])
    receipts = _receipts(session, ordered, on)
    made = payments.receive(session, receipts, act=act, cause=cause)
    states.move(session, DEBIT, [debit.id for debit in ordered], DebitState.COLLECTED, act=act)
    for debit, payment_id in zip(ordered, made, strict=True):
        debit.payment_id = payment_id
    session.flush()
    wishes = _allocations(session, ordered, on, decided_by, evidence)
    allocations.allocate(session, wishes, act=act, cause=cause)
    invoices.hold(session, [debit.invoice_id for debit in ordered], None, act=act, cause=cause)
    for debit in ordered:
        _emit(session, debit, "debit.collected", act=act)
    batches.note_booked(session, [debit.block_id for debit in ordered if debit.block_id], act=act)
    return {debit.id: payment_id for debit, payment_id in zip(ordered, made, strict=True)}


def give_back(session: Session, debit: Debit, *, on: date, reason_code: str | None, act: Act) -> None:
    """The bank took a collected debit back: its invoice is open again by exactly what was collected, once.

    Raises IllegalMove when the debit is not collected (any more).
    """
    refunded = reason_code in REFUNDS
    kind = "debit.refunded" if refunded else "debit.returned"
    to = DebitState.REFUNDED if refunded else DebitState.RETURNED
    states.move(session, DEBIT, [debit.id], to, act=act, reason=reason_code)
    debit.reason_code = reason_code
    payment_id = str(debit.payment_id)
    payments.lock(session, [payment_id])
    standing = [one.id for one in allocations.standing_of(session, [payment_id])]
    allocations.reverse(
        session, standing, because=f"debit came back: {reason_code or 'no reason given'}", on=on,
        act=act, cause=kind, reason_code=reason_code,
    )  # fmt: skip
    payments.take_back(
        session, [payment_id], PaymentState.REFUNDED if refunded else PaymentState.RETURNED,
        on=on, act=act, reason_code=reason_code, cause=kind,
    )  # fmt: skip
    _emit(session, debit, kind, act=act, reason_code=reason_code)


def settle(session: Session, *, act: Act) -> int:
    """Make everything final whose time to come back ended before `act.today`; gives the number of debits."""
    rows = session.execute(
        select(Debit, Payment.id)
        .join(Payment, Payment.id == Debit.payment_id)
        .where(
            Debit.state == DebitState.COLLECTED,
            Payment.state == PaymentState.PROVISIONAL,
            Payment.reversible_until < act.today,
        )
        .order_by(Payment.id)
        .with_for_update()
    ).all()
    payments.settle(session, [payment_id for _, payment_id in rows], act=act)
    states.move(session, DEBIT, [debit.id for debit, _ in rows], DebitState.SETTLED, act=act)
    invoices.refresh(session, [debit.invoice_id for debit, _ in rows], act=act, cause="debit.settled")
    for debit, _ in rows:
        _emit(session, debit, "debit.settled", act=act)
    return len(rows)


def _receipts(session: Session, ordered: Sequence[Debit], on: date) -> list[Receipt]:
    facts = session.execute(
        select(Mandate.id, Mandate.scheme, Mandate.customer_id).where(
            Mandate.id.in_({debit.mandate_id for debit in ordered})
        )
    )
    by_mandate = {row.id: row for row in facts}
    return [
        Receipt(
            creditor_id=debit.creditor_id, bank_account_id=debit.bank_account_id,
            customer_id=by_mandate[debit.mandate_id].customer_id, method=Method.DIRECT_DEBIT,
            currency=debit.currency, amount_minor=debit.amount_minor, received_on=on,
            reversible_until=reversible_until(Scheme(by_mandate[debit.mandate_id].scheme), on),
            reference=debit.end_to_end_id,
        )
        for debit in ordered
    ]  # fmt: skip


def _allocations(
    session: Session, ordered: Sequence[Debit], on: date, decided_by: str, evidence: tuple[str, ...]
) -> list[Wish]:
    rows = session.execute(
        select(Invoice.id, Invoice.open_minor).where(Invoice.id.in_({debit.invoice_id for debit in ordered}))
    )
    open_minor = {row[0]: row[1] for row in rows}
    wishes = []
    for debit in ordered:
        amount = min(debit.amount_minor, open_minor[debit.invoice_id])
        if amount:
            wishes.append(
                Wish(
                    source_id=str(debit.payment_id), invoice_id=debit.invoice_id, amount_minor=amount,
                    allocated_on=on, decided_by=decided_by, evidence=evidence,
                )
            )  # fmt: skip
    return wishes


def _emit(session: Session, debit: Debit, kind: str, *, act: Act, reason_code: str | None = None) -> None:
    data = {
        "invoice_id": debit.invoice_id, "mandate_id": debit.mandate_id,
        "amount_minor": debit.amount_minor, "currency": debit.currency,
    }  # fmt: skip
    if reason_code is not None:
        reason = look_up(reason_code)
        data |= {"reason": reason.meaning, "next_step": str(reason.step)}
    outbox.emit(
        session,
        outbox.NewEvent(
            type=kind, object_id=debit.id, act=act, origin="bank", reason_code=reason_code,
            parent=debit.invoice_id, data=data,
        ),
    )  # fmt: skip
