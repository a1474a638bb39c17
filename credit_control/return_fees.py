"""What the bank takes for a returned debit, charged on to the customer where the creditor wants it and may."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from sqlalchemy import func, select, tuple_
from sqlalchemy.orm import Session

from credit_control.models import ReturnFee
from ledger import audit, invoices, outbox
from ledger.acts import Act
from ledger.database import among
from ledger.invoice_facts import InvoiceFacts
from ledger.models import Invoice
from mandates import terms
from mandates.models import Debit
from mandates.reason_codes import look_up
from reconciliation.models import Match, MatchPart, PartKind, StatementLine

CHUNK = 200
_LONGEST_NUMBER = 60


class _Fee(NamedTuple):
    """A fee that a bank took on one line for one debit, above zero."""

    line_id: str
    debit: Debit
    amount_minor: int
    currency: str


@dataclass
class FeeReport:
    """What became of fees: by debit id the invoice that charges one on, or the reason why none does."""

    charged: dict[str, str] = field(default_factory=dict)
    kept: dict[str, str] = field(default_factory=dict)

    @property
    def looked_at(self) -> int:
        return len(self.charged) + len(self.kept)


def charge(session: Session, *, act: Act, limit: int = CHUNK) -> FeeReport:
    """Decide about the next fees of failed debits, each once; gives `looked_at` 0 at the end.

    A fee is charged on by an invoice of exactly its amount, due at once, if the creditor's terms say so, the reason
    code lays it at the customer's door, and the debit was not one for such a fee itself. Nothing is debited for it
    by itself. Only a fee that the bank took for one debit alone can be charged on.
    """
    fees = _lock_undecided(session, limit)
    report = FeeReport()
    if not fees:
        return report
    owed = invoices.lock(session, [fee.debit.invoice_id for fee in fees])
    of_fees = _fee_invoices(session, list(owed))
    for fee in fees:
        because = _why_not(session, fee, is_fee=fee.debit.invoice_id in of_fees)
        invoice_id = None
        if because is None:
            invoice_id = _issue(session, fee, owed[fee.debit.invoice_id], act).id
            because = f"{fee.debit.reason_code} lies with the customer"
            report.charged[fee.debit.id] = invoice_id
        else:
            report.kept[fee.debit.id] = because
        session.add(
            ReturnFee(
                line_id=fee.line_id, debit_id=fee.debit.id, amount_minor=fee.amount_minor,
                currency=fee.currency, invoice_id=invoice_id, because=because, decided_at=act.at,
            )
        )  # fmt: skip
    session.flush()
    return report


def _lock_undecided(session: Session, limit: int) -> list[_Fee]:
    """Fees nobody decided about yet, with their debits locked in id order; those of other workers are passed over."""
    decided = select(ReturnFee.line_id).where(
        ReturnFee.line_id == Match.line_id, ReturnFee.debit_id == MatchPart.object_id
    )
    rows = session.execute(
        select(Match.line_id, Debit, MatchPart.amount_minor, StatementLine.currency)
        .join(Match, Match.id == MatchPart.match_id)
        .join(StatementLine, StatementLine.id == Match.line_id)
        .join(Debit, Debit.id == MatchPart.object_id)
        .where(
            MatchPart.kind == PartKind.FEE,
            MatchPart.amount_minor < 0,
            Match.undone_at.is_(None),
            Debit.failed_on.is_not(None),
            ~decided.exists(),
        )
        .order_by(Debit.id, Match.line_id)
        .limit(limit)
        .with_for_update(of=Debit, skip_locked=True)
        .execution_options(populate_existing=True)
    ).all()
    # What another worker decided while this one waited for nothing is seen only by a statement of its own.
    pairs = [(row[0], row[1].id) for row in rows]
    known = set(
        session.execute(
            select(ReturnFee.line_id, ReturnFee.debit_id).where(
                tuple_(ReturnFee.line_id, ReturnFee.debit_id).in_(pairs)
            )
        ).all()
    )
    return [_Fee(row[0], row[1], -row[2], row[3]) for row in rows if (row[0], row[1].id) not in known]


def _fee_invoices(session: Session, invoice_ids: Sequence[str]) -> set[str]:
    rows = session.scalars(select(ReturnFee.invoice_id).where(among(ReturnFee.invoice_id, invoice_ids)))
    return {str(one) for one in rows}


def _why_not(session: Session, fee: _Fee, *, is_fee: bool) -> str | None:
    if not terms.of(session, fee.debit.creditor_id).charge_return_fee:
        return "the creditor bears the fees of returned debits"
    if is_fee:
        return "the debit was one for such a fee itself"
    row = look_up(fee.debit.reason_code)
    if not row.fee_is_customers:
        return f"{row.code} does not lie with the customer"
    return None


def _issue(session: Session, fee: _Fee, owed: Invoice, act: Act) -> Invoice:
    facts = InvoiceFacts(
        creditor_id=owed.creditor_id, customer_id=owed.customer_id, number=_number(session, owed),
        currency=fee.currency, total_minor=fee.amount_minor, issued_on=act.today, due_on=act.today,
    )  # fmt: skip
    invoice = invoices.issue(session, facts, act=act)
    audit.record(
        session,
        "return_fee.charged",
        fee.debit.id,
        act=act,
        invoice=invoice.id,
        amount_minor=fee.amount_minor,
    )
    data = {
        "invoice_id": owed.id, "fee_invoice_id": invoice.id, "fee_minor": fee.amount_minor,
        "currency": fee.currency,
    }  # fmt: skip
    outbox.emit(
        session,
        outbox.NewEvent(
            type="debit.fee_charged", object_id=fee.debit.id, act=act, cause=f"debit.{fee.debit.state}",
            reason_code=fee.debit.reason_code, parent=owed.id, data=data,
        ),
    )  # fmt: skip
    return invoice


def _number(session: Session, owed: Invoice) -> str:
    """The number of the invoice with -R1, -R2 and so on; shortened where it would become too long."""
    stem = owed.number[: _LONGEST_NUMBER - 5]
    taken = session.scalar(
        select(func.count()).where(
            Invoice.creditor_id == owed.creditor_id, Invoice.number.like(f"{_escaped(stem)}-R%", escape="\\")
        )
    )
    return f"{stem}-R{(taken or 0) + 1}"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
