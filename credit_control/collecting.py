"""Collecting what is due: the gate is asked, then debits are scheduled on the customers' mandates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from credit_control import gate
from credit_control.models import ReturnFee
from ledger import invoices
from ledger.acts import Act
from ledger.errors import Conflict
from ledger.models import Invoice
from mandates import debits, lifecycle
from mandates.collectable import MandateNotActive, Wish
from mandates.models import Debit, Mandate
from mandates.states import MandateState

CHUNK = 2_000


class GateSaysNo(Conflict):
    """The invoice may not be debited now; the message gives the reasons."""


@dataclass
class CollectingReport:
    """What became of the due invoices: debits scheduled, and each refusal with its reason."""

    debit_ids: list[str] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)


def collect_invoice(
    session: Session,
    *,
    invoice_id: str,
    mandate_id: str | None = None,
    collect_on: date | None = None,
    act: Act,
) -> Debit:
    """Schedule a debit of one invoice, on the mandate given or the customer's newest active one.

    Raises InvoiceNotFound, GateSaysNo, MandateNotActive, or what `mandates.debits.schedule` raises.
    """
    invoice = invoices.get(session, invoice_id)
    chosen = mandate_id or _mandate_of(session, invoice)
    wish = Wish(invoice_id=invoice_id, mandate_id=chosen, collect_on=collect_on)
    debits.require_collectable(session, wish, act=act)
    ask_gate(session, invoice, chosen)
    return debits.schedule(session, wish, act=act)


def collect_due(session: Session, *, creditor_id: str, due_until: date, act: Act) -> CollectingReport:
    """Schedule a debit for every open invoice due by `due_until` whose customer has an active mandate.

    Debits scheduled earlier whose invoice or mandate has changed since are cancelled first, so that what is
    open now is collected. Fees of returned debits are left out: they need a person. A customer's newest mandate
    is used, a one-off one only if there is no other.
    """
    report = CollectingReport()
    debits.drop_stale(session, creditor_id=creditor_id, act=act)
    fees = select(ReturnFee.line_id).where(ReturnFee.invoice_id == Invoice.id)
    rows = session.execute(
        select(Invoice.id, Mandate.id)
        .join(Mandate, (Mandate.customer_id == Invoice.customer_id) & (Mandate.creditor_id == creditor_id))
        .where(
            Invoice.creditor_id == creditor_id,
            Invoice.open_minor > 0,
            Invoice.due_on <= due_until,
            Invoice.currency == "EUR",
            Mandate.state == MandateState.ACTIVE,
            ~fees.exists(),
        )
        .order_by(Invoice.id, Mandate.type, Mandate.id)
    ).all()
    newest = {row[0]: row[1] for row in rows}
    wishes = [Wish(invoice_id=invoice_id, mandate_id=mandate_id) for invoice_id, mandate_id in newest.items()]
    for start in range(0, len(wishes), CHUNK):
        _collect_chunk(session, wishes[start : start + CHUNK], report, act)
    return report


def _collect_chunk(session: Session, wishes: Sequence[Wish], report: CollectingReport, act: Act) -> None:
    some = invoices.lock(session, [wish.invoice_id for wish in wishes])
    chosen = {wish.invoice_id: wish.mandate_id for wish in wishes}
    decisions = gate.may_debit(session, list(some.values()), mandate_of=chosen)
    allowed = []
    for wish in wishes:
        decision = decisions[wish.invoice_id]
        if decision.allowed:
            allowed.append(wish)
        else:
            report.refused[wish.invoice_id] = "; ".join(decision.reasons)
    for wish, outcome in zip(allowed, debits.schedule_many(session, allowed, act=act), strict=True):
        if outcome.debit_id is not None:
            report.debit_ids.append(outcome.debit_id)
        elif outcome.refusal is not None:
            report.refused[wish.invoice_id] = outcome.refusal.message


def ask_gate(session: Session, invoice: Invoice, mandate_id: str | None) -> None:
    """Raises GateSaysNo with every reason why the invoice may not be debited on this mandate now."""
    chosen = {} if mandate_id is None else {invoice.id: mandate_id}
    decision = gate.may_debit(session, [invoice], mandate_of=chosen)[invoice.id]
    if not decision.allowed:
        raise GateSaysNo(
            f"Invoice {invoice.id} may not be debited: {'; '.join(decision.reasons)}.", field="invoice_id"
        )


def _mandate_of(session: Session, invoice: Invoice) -> str:
    """The customer's newest active mandate; without one the gate may know a better reason for the refusal."""
    mandate = lifecycle.active_for(session, creditor_id=invoice.creditor_id, customer_id=invoice.customer_id)
    if mandate is None:
        ask_gate(session, invoice, None)
        raise MandateNotActive("The customer has no active mandate.", field="mandate_id")
    return mandate.id
