"""What speaks against a payback batch, beside each refund and reversal: money that would go twice, or nowhere."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from ledger.acts import Act
from ledger.banking import is_eea_country
from ledger.database import among
from ledger.models import BankAccount, Payment, Refund
from ledger.money import Money
from ledger.states import PaymentState, RefundState
from mandates import paybacks, reversals, terms
from mandates.models import Debit
from mandates.payback_drafting import first_execution_day
from mandates.payback_models import PaybackBatch, PaybackKind
from mandates.returns import sent_back_minor
from mandates.states import DebitState, PaybackState


class Severity(StrEnum):
    """An error hinders approval and release; a warning is for the eye."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing found about a refund or debit, or about the whole batch where `object_id` is None."""

    rule: str
    severity: Severity
    message: str
    object_id: str | None = None


def examine(session: Session, payback: PaybackBatch, *, act: Act) -> list[Finding]:
    """Everything found about a payback batch that has not left, as things are now, errors first."""
    if payback.state not in (PaybackState.DRAFT, PaybackState.APPROVED):
        return []
    session.flush()
    looks = _about_refunds if payback.kind == PaybackKind.REFUNDS else _about_reversals
    found = [*looks(session, payback, act), *_limits(session, payback)]
    return sorted(found, key=lambda one: one.severity != Severity.ERROR)


def _about_refunds(session: Session, payback: PaybackBatch, act: Act) -> Iterator[Finding]:
    account = session.get_one(BankAccount, payback.bank_account_id)
    chosen = paybacks.refunds_of(session, payback.id)
    payments = _payments(session, chosen)
    ours = set(session.scalars(select(BankAccount.iban).where(BankAccount.iban.is_not(None))))
    taken_back = _payments_taken_back(session, list(payments))
    for refund in chosen:
        payment = payments[refund.payment_id]
        yield from _about_payment(refund, payment, accepted=payback.accept_provisional)
        if payment.id in taken_back:
            yield _error(
                "returned_meanwhile",
                "The bank has taken this collection back, and that line waits: the refund would pay it twice.",
                refund.id,
            )
        yield from _about_payee(refund, ours)
    yield from _too_late(payback.execute_on, first_execution_day(account, act.at))


def _payments(session: Session, chosen: Sequence[Refund]) -> dict[str, Payment]:
    rows = session.scalars(
        select(Payment)
        .where(among(Payment.id, (refund.payment_id for refund in chosen)))
        .execution_options(populate_existing=True)
    )
    return {payment.id: payment for payment in rows}


def _about_payment(refund: Refund, payment: Payment, *, accepted: bool) -> Iterator[Finding]:
    if refund.state != RefundState.REQUESTED:
        yield _error("not_waiting", f"The refund is {refund.state}.", refund.id)
    if payment.state == PaymentState.PROVISIONAL:
        until = payment.reversible_until
        yield Finding(
            rule="provisional", severity=Severity.WARNING if accepted else Severity.ERROR, object_id=refund.id,
            message="The bank can take this payment back"
            + (f" until {until.isoformat()}" if until else "") + ": refunding it now may pay it twice.",
        )  # fmt: skip
    elif payment.state != PaymentState.FINAL:
        yield _error("payment_gone", f"The payment is {payment.state}: its money is not here.", refund.id)


def _about_payee(refund: Refund, ours: set[str | None]) -> Iterator[Finding]:
    iban = str(refund.payee_iban or "")
    if iban in ours:
        yield _error("own_account", "The refund would go to an account of our own.", refund.id)
    if not is_eea_country(iban[:2]) and refund.payee_bic is None:
        yield _warning("bic", "Outside the EEA the bank may ask for the BIC of the payee's bank.", refund.id)


def _too_late(day: date | None, first: date) -> Iterator[Finding]:
    if day is not None and day < first:
        yield _error(
            "too_late",
            f"{day.isoformat()} can no longer be met, the first day is {first.isoformat()}: discard the batch and "
            "draft it again.",
        )


def _about_reversals(session: Session, payback: PaybackBatch, act: Act) -> Iterator[Finding]:
    account = session.get_one(BankAccount, payback.bank_account_id)
    there = first_execution_day(account, act.at)
    debits = [debit for _, debit in reversals.of_payback(session, payback.id)]
    sent_back = sent_back_minor(session, debits)
    taken_back = _taken_back(session, [debit.end_to_end_id for debit in debits])
    for debit in debits:
        why = reversals.why_not(debit, act.today, sent_back.get(debit.id, 0))
        if why is not None:
            yield _error("not_reversible", why, debit.id)
        elif there > reversals.last_day(debit.collect_on):
            yield _error(
                "too_late", "The bank would have the file after the last day for a reversal.", debit.id
            )
        if debit.end_to_end_id in taken_back:
            yield _error(
                "returned_meanwhile",
                "The bank has taken this collection back, and that line waits: the reversal would pay it twice.",
                debit.id,
            )
        elif debit.state == DebitState.SUBMITTED:
            yield _warning(
                "not_credited", "No statement has shown the money of this collection yet.", debit.id
            )


def _limits(session: Session, payback: PaybackBatch) -> Iterator[Finding]:
    """The creditor's limits for collections hold for money that goes back as well."""
    agreed = terms.of(session, payback.creditor_id)
    largest = agreed.largest_file_minor
    if largest is not None and payback.total_minor > largest:
        yield _error(
            "largest_file",
            f"{Money(payback.total_minor, 'EUR')} is more than the largest file, {Money(largest, 'EUR')}.",
        )
    if agreed.largest_debit_minor is not None and payback.kind == PaybackKind.REFUNDS:
        for refund in paybacks.refunds_of(session, payback.id):
            if refund.amount_minor > agreed.largest_debit_minor:
                amount = Money(refund.amount_minor, "EUR")
                limit = Money(agreed.largest_debit_minor, "EUR")
                yield _error("largest_line", f"{amount} is more than the largest amount, {limit}.", refund.id)


def _payments_taken_back(session: Session, payment_ids: Iterable[str]) -> set[str]:
    rows = session.execute(
        select(Debit.end_to_end_id, Debit.payment_id).where(among(Debit.payment_id, payment_ids))
    )
    payment_of = {row.end_to_end_id: str(row.payment_id) for row in rows}
    return {payment_of[name] for name in _taken_back(session, payment_of)}


def _taken_back(session: Session, end_to_end_ids: Iterable[str]) -> set[str]:
    """Which of these collections a statement line takes back that nobody has explained yet."""
    return set(session.scalars(text(_WAITING_RETURNS), {"names": sorted(set(end_to_end_ids))}))


_WAITING_RETURNS = """
SELECT named.name FROM statement_lines AS lines
CROSS JOIN LATERAL (
    SELECT lines.end_to_end_id AS name
    UNION ALL SELECT part ->> 'end_to_end_id' FROM jsonb_array_elements(lines.details) AS part
) AS named
WHERE lines.state IN ('new', 'unexplained', 'proposed') AND lines.amount_minor < 0 AND named.name = ANY(:names)
"""


def _error(rule: str, message: str, object_id: str | None = None) -> Finding:
    return Finding(rule=rule, severity=Severity.ERROR, message=message, object_id=object_id)


def _warning(rule: str, message: str, object_id: str | None = None) -> Finding:
    return Finding(rule=rule, severity=Severity.WARNING, message=message, object_id=object_id)
