"""What the bank does with submitted debits: it collects them, returns some, and one day they are settled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import Row, select, text
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import set_committed_value

from ledger import allocations, invoices, outbox, payments, states
from ledger.acts import Act
from ledger.allocations import Wish
from ledger.business_days import add_business_days, roll_forward
from ledger.database import among
from ledger.models import Invoice, Method, Payment
from ledger.payments import Receipt
from ledger.states import PaymentState
from mandates import amending, batches, failures
from mandates.models import Debit, Mandate, Scheme
from mandates.reason_codes import REFUNDS
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Credit:
    """A submitted debit that the bank credited on `on`; `decided_by` names the rule that saw it, and why."""

    debit: Debit
    on: date
    decided_by: str
    evidence: tuple[str, ...]


def collect(session: Session, credited: Sequence[Credit], *, act: Act) -> dict[str, str]:
    """The bank credited these debits: a provisional payment each, allocated to its invoice.

    What an invoice no longer has open stays unallocated on the payment. Gives the payment id of each debit
    id. Raises IllegalMove when one of them is not submitted.
    """
    if not credited:
        return {}
    ordered = sorted(credited, key=lambda credit: credit.debit.id)
    debits = [credit.debit for credit in ordered]
    invoices.lock(session, [debit.invoice_id for debit in debits])
    states.move(session, DEBIT, [debit.id for debit in debits], DebitState.COLLECTED, act=act)
    made = payments.receive(session, _receipts(session, ordered), act=act, cause="debit.collected")
    _note_payments(session, debits, made)
    amending.note_presented(session, debits)
    allocations.allocate(session, _allocations(session, ordered), act=act, cause="debit.collected")
    invoices.hold(session, [debit.invoice_id for debit in debits], None, act=act, cause="debit.collected")
    for debit in debits:
        _emit(session, debit, "debit.collected", act=act)
    batches.note_booked(session, [debit.block_id for debit in debits if debit.block_id], act=act)
    return {debit.id: payment_id for debit, payment_id in zip(debits, made, strict=True)}


def sent_back_minor(session: Session, debits: Sequence[Debit]) -> dict[str, int]:
    """By debit id, how much of collected debits we have refunded to the customer ourselves; zeros are left out.

    Their payments are locked, so that nobody asks for a refund until the transaction ends.
    """
    held = payments.lock(
        session, sorted({debit.payment_id for debit in debits if debit.payment_id is not None})
    )
    return {
        debit.id: held[debit.payment_id].refunded_minor
        for debit in debits
        if debit.payment_id is not None and held[debit.payment_id].refunded_minor
    }


def give_back(
    session: Session, came_back: Sequence[Debit], *, on: date, reason_code: str | None, act: Act
) -> None:
    """The bank took collected debits back: each invoice is open again by exactly what was collected, once.

    A business debit knows no refund (EPC222-07): one that a bank books all the same is a return. Raises IllegalMove
    when one of them is not collected (any more), and StillAllocated when a part of it was sent back to the
    customer already.
    """
    refunds = _refunds(session, came_back) if reason_code in REFUNDS else set()
    for to, payment_state in (
        (DebitState.RETURNED, PaymentState.RETURNED),
        (DebitState.REFUNDED, PaymentState.REFUNDED),
    ):
        those = [debit for debit in came_back if (debit.id in refunds) == (to == DebitState.REFUNDED)]
        if those:
            _take_back(session, those, to, payment_state, on=on, reason_code=reason_code, act=act)


def _refunds(session: Session, came_back: Sequence[Debit]) -> set[str]:
    """Those of the debits that the debtor has a right to claim back without giving a reason."""
    rows = session.scalars(
        select(Debit.id)
        .join(Mandate, Mandate.id == Debit.mandate_id)
        .where(among(Debit.id, (debit.id for debit in came_back)), Mandate.scheme == Scheme.CORE)
    )
    return set(rows)


def _take_back(
    session: Session,
    those: Sequence[Debit],
    to: DebitState,
    payment_state: PaymentState,
    *,
    on: date,
    reason_code: str | None,
    act: Act,
) -> None:
    kind = f"debit.{to}"
    states.move(session, DEBIT, [debit.id for debit in those], to, act=act, reason=reason_code)
    payment_ids = [str(debit.payment_id) for debit in those]
    payments.lock(session, payment_ids)
    standing = [one.id for one in allocations.standing_of(session, payment_ids)]
    allocations.reverse(
        session, standing, because=f"debit came back: {reason_code or 'no reason given'}", on=on,
        act=act, cause=kind, reason_code=reason_code,
    )  # fmt: skip
    payments.take_back(
        session, payment_ids, payment_state, on=on, act=act, reason_code=reason_code, cause=kind
    )
    failures.note(session, those, on=on, reason_code=reason_code, act=act)


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
    failures.forgive(session, [debit for debit, _ in rows])
    for debit, _ in rows:
        _emit(session, debit, "debit.settled", act=act)
    return len(rows)


def _note_payments(session: Session, debits: Sequence[Debit], payment_ids: Sequence[str]) -> None:
    """Write each debit's payment, all in one statement."""
    session.execute(
        text(
            "UPDATE debits SET payment_id = made.payment_id "
            "FROM unnest(CAST(:debits AS text[]), CAST(:payments AS text[])) AS made (debit_id, payment_id) "
            "WHERE debits.id = made.debit_id"
        ),
        {"debits": [debit.id for debit in debits], "payments": list(payment_ids)},
    )
    for debit, payment_id in zip(debits, payment_ids, strict=True):
        set_committed_value(debit, "payment_id", payment_id)


def _receipts(session: Session, ordered: Sequence[Credit]) -> list[Receipt]:
    facts = session.execute(
        select(Mandate.id, Mandate.scheme, Mandate.customer_id).where(
            among(Mandate.id, (credit.debit.mandate_id for credit in ordered))
        )
    )
    mandates = {row.id: row for row in facts}
    return [_receipt(credit, mandates[credit.debit.mandate_id]) for credit in ordered]


def _receipt(credit: Credit, mandate: Row[str, str, str]) -> Receipt:
    debit = credit.debit
    return Receipt(
        creditor_id=debit.creditor_id, bank_account_id=debit.bank_account_id,
        customer_id=mandate.customer_id, method=Method.DIRECT_DEBIT,
        currency=debit.currency, amount_minor=debit.amount_minor, received_on=credit.on,
        reversible_until=reversible_until(Scheme(mandate.scheme), credit.on),
        reference=debit.end_to_end_id,
    )  # fmt: skip


def _allocations(session: Session, ordered: Sequence[Credit]) -> list[Wish]:
    rows = session.execute(
        select(Invoice.id, Invoice.open_minor).where(
            among(Invoice.id, (credit.debit.invoice_id for credit in ordered))
        )
    )
    left = {row[0]: row[1] for row in rows}
    wishes = []
    for credit in ordered:
        debit = credit.debit
        amount = min(debit.amount_minor, left[debit.invoice_id])
        if amount:
            left[debit.invoice_id] -= amount
            wishes.append(
                Wish(
                    source_id=str(debit.payment_id), invoice_id=debit.invoice_id, amount_minor=amount,
                    allocated_on=credit.on, decided_by=credit.decided_by, evidence=credit.evidence,
                )
            )  # fmt: skip
    return wishes


def _emit(session: Session, debit: Debit, kind: str, *, act: Act) -> None:
    data = {
        "invoice_id": debit.invoice_id, "mandate_id": debit.mandate_id,
        "amount_minor": debit.amount_minor, "currency": debit.currency,
    }  # fmt: skip
    outbox.emit(
        session,
        outbox.NewEvent(
            type=kind, object_id=debit.id, act=act, origin="bank", parent=debit.invoice_id, data=data
        ),
    )
